"""The book on disk: what was altered or lost makes it refuse, never believe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from wire import world
from wire.world import NOW, ROOT

NAMES = [f"{number + 1:08d}.dsse" for number in range(len(world.DOCUMENTS))]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A shelf that holds a working grid's documents."""
    made = Shelf.create(tmp_path / "documents", ROOT)
    for data in world.DOCUMENTS:
        made.add(data)
    return made


def folder_of(tmp_path: Path) -> Path:
    """Where `shelf` keeps its documents."""
    return tmp_path / "documents"


def staff(version: int) -> bytes:
    """A later staff list."""
    return world.said(Kind.STAFF, "police", version=version, officers=[])


def test_opening_again_gives_the_same_book(shelf: Shelf, tmp_path: Path) -> None:
    """Order, bytes and standing are as they were; repeated papers add no file."""
    for data in world.DOCUMENTS:
        shelf.add(data)
    again = Shelf.open(folder_of(tmp_path))
    assert again.documents() == shelf.documents() == list(world.DOCUMENTS)
    assert again.book.standing() == shelf.book.standing()
    assert again.book.latest(NOW) == shelf.book.latest(NOW)
    again.add(staff(2))
    third = Shelf.open(folder_of(tmp_path))
    assert third.documents() == [*world.DOCUMENTS, third.documents()[-1]]
    assert third.book.standing()["staff"]["police"] == 2


def test_a_refused_document_leaves_no_trace(shelf: Shelf, tmp_path: Path) -> None:
    """Neither in the book nor on the disk."""
    before = sorted(path.name for path in folder_of(tmp_path).iterdir())
    for bad in (b"", world.said(Kind.STAFF, "hub/x", version=1, officers=[])):
        with pytest.raises(WireError):
            shelf.add(bad)
    assert sorted(path.name for path in folder_of(tmp_path).iterdir()) == before
    assert shelf.documents() == list(world.DOCUMENTS)


@pytest.mark.parametrize("name", NAMES)
def test_an_altered_document_is_noticed(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    """Any flipped, cut or emptied file makes the shelf refuse to open."""
    path = folder_of(tmp_path) / name
    whole = path.read_bytes()
    for at in range(0, len(whole), len(whole) // 7):
        flipped = bytearray(whole)
        flipped[at] ^= 1
        path.write_bytes(bytes(flipped))
        with pytest.raises(WireError):
            Shelf.open(folder_of(tmp_path))
    for torn in (whole[:-1], b""):
        path.write_bytes(torn)
        with pytest.raises(WireError):
            Shelf.open(folder_of(tmp_path))
    path.write_bytes(whole)
    assert Shelf.open(folder_of(tmp_path)).documents() == shelf.documents()


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_document_is_noticed(shelf: Shelf, tmp_path: Path, name: str) -> None:
    """First, last or in between: a revocation can't be made undone by `rm`."""
    path = folder_of(tmp_path) / name
    whole = path.read_bytes()
    path.unlink()
    with pytest.raises(WireError):
        Shelf.open(folder_of(tmp_path))
    with pytest.raises(Untrusted):
        shelf.documents()
    path.write_bytes(whole)
    assert Shelf.open(folder_of(tmp_path)).documents() == list(world.DOCUMENTS)


def test_documents_that_changed_places_are_noticed(
    shelf: Shelf, tmp_path: Path
) -> None:
    """Order decides which version is the newest, so it is part of the book."""
    first, second = (folder_of(tmp_path) / name for name in NAMES[:2])
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    with pytest.raises(WireError):
        Shelf.open(folder_of(tmp_path))
    first.write_bytes(one)
    second.write_bytes(one)
    with pytest.raises(WireError):
        Shelf.open(folder_of(tmp_path))
    assert shelf.book.standing()["directory"] == 1


def test_a_document_under_another_number_is_noticed(
    shelf: Shelf, tmp_path: Path
) -> None:
    """A renamed file would change the order without changing the count."""
    first = folder_of(tmp_path) / NAMES[0]
    for name in ("00000099.dsse", "0.dsse", "a.dsse"):
        moved = first.rename(folder_of(tmp_path) / name)
        with pytest.raises(Untrusted):
            Shelf.open(folder_of(tmp_path))
        moved.rename(first)
    last = folder_of(tmp_path) / NAMES[-1]
    moved = last.rename(folder_of(tmp_path) / "00000099.dsse")
    with pytest.raises(Untrusted):
        Shelf.open(folder_of(tmp_path))
    moved.rename(last)
    assert Shelf.open(folder_of(tmp_path)).documents() == shelf.documents()


def test_a_crash_between_two_writes_is_survived(shelf: Shelf, tmp_path: Path) -> None:
    """A document that was written before its count is there when opened again."""
    shelf.add(staff(2))
    (folder_of(tmp_path) / "newest").write_text(str(len(NAMES)), "ascii")
    again = Shelf.open(folder_of(tmp_path))
    assert again.book.standing()["staff"]["police"] == 2
    again.add(staff(3))
    assert Shelf.open(folder_of(tmp_path)).book.standing()["staff"]["police"] == 3


def test_who_reads_beside_the_writer_sees_a_whole_book(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is added between any two of the reader's looks at the folder."""
    later = [staff(version) for version in range(2, 8)]
    read, exists, glob = Path.read_text, Path.exists, Path.glob

    def listed(path: Path, pattern: str) -> list[Path]:
        return list(glob(path, pattern))

    def beside(look: Callable[..., Any]) -> Callable[..., Any]:
        def looked(path: Path, *asked: Any) -> Any:
            found = look(path, *asked)
            if later and path in (folder, folder / "newest"):
                shelf.add(later.pop(0))
                shelf.add(later.pop(0))
            return found

        return looked

    folder = folder_of(tmp_path)
    for name, look in (("read_text", read), ("glob", listed), ("exists", exists)):
        monkeypatch.setattr(Path, name, beside(look))
    held = Shelf.open(folder).documents()
    assert not later
    assert list(world.DOCUMENTS) == held[: len(NAMES)]


@pytest.mark.parametrize("said", ["", "all", "-1", "1e1"])
def test_a_count_that_is_none_is_refused(
    shelf: Shelf, tmp_path: Path, said: str
) -> None:
    """An altered count can't make the shelf believe that nothing was lost."""
    (folder_of(tmp_path) / "newest").write_text(said, "ascii")
    with pytest.raises(Untrusted):
        Shelf.open(folder_of(tmp_path))
    with pytest.raises(Untrusted):
        shelf.documents()


def test_a_full_disk_loses_nothing_that_was_acknowledged(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed addition is an error; the next one writes both, in order."""
    write = keyfile.write_private

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "no space left")

    second, third = staff(2), staff(3)
    monkeypatch.setattr(keyfile, "write_private", full)
    for data in (second, second):
        with pytest.raises(OSError, match="no space"):
            shelf.add(data)
    assert Shelf.open(folder_of(tmp_path)).documents() == list(world.DOCUMENTS)
    monkeypatch.setattr(keyfile, "write_private", write)
    shelf.add(third)
    again = Shelf.open(folder_of(tmp_path))
    assert again.documents() == [*world.DOCUMENTS, second, third]
    assert again.book.standing() == shelf.book.standing()


def test_another_grid_is_not_shelved_here(shelf: Shelf, tmp_path: Path) -> None:
    """The pinned fingerprint stays; another one, or none, is refused."""
    folder = folder_of(tmp_path)
    with pytest.raises(ConfigurationRefused):
        Shelf.create(folder, "0" * 64)
    assert Shelf.create(folder, ROOT).documents() == shelf.documents()
    with pytest.raises(ConfigurationRefused):
        Shelf.open(tmp_path / "elsewhere")
    (folder / "root").write_text("0" * 64, "ascii")
    with pytest.raises(Untrusted):
        Shelf.open(folder)
