"""Parts on the disk: whole, in their places, opened by a key that came sealed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from childgrid_node.index_errors import (
    Damaged,
    IndexFileError,
    NotAnIndex,
    ShardLocked,
    WrongEpoch,
    WrongLinkageKey,
)
from childgrid_node.shards import files
from childgrid_node.shards.files import Manifest
from childgrid_node.shards.fleet import Parts
from childgrid_node.shards.near import Near
from childgrid_node.shards.shard import Shard, handed, sealed
from parted import (
    CHECK,
    INDEX_KEY,
    SCHEME,
    Both,
    answers,
    blocks,
    both,
    queries,
    settings,
    told,
)

ROWS = 600


@pytest.fixture(name="register", params=[False, True], ids=["sealed", "clear"])
def _register(request: pytest.FixtureRequest, tmp_path: Path) -> Both:
    return both(tmp_path, ROWS, 3, clear=request.param)


def parts_of(register: Both) -> list[Path]:
    """The files of the parts, in order."""
    manifest = files.manifest_of(register.path)
    found = Manifest.read(manifest, files.key_of(INDEX_KEY))
    return found.paths(register.path)


def again(register: Both, count: int = 3) -> Parts:
    """Another process' way to the same parts."""
    return Parts(settings(count, register.path.parent), Near())


def test_the_one_file_is_gone_once_its_parts_are_there(register: Both) -> None:
    """Each of mode 600, no other left behind, and a process beside reads them too."""
    folder = register.path.parent
    kept = {one.name for one in [*parts_of(register), files.manifest_of(register.path)]}

    assert {one.name for one in folder.iterdir()} == kept | {
        "whole.index",
        ".parts.lock",
    }
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in parts_of(register))
    beside = again(register).open(register.path, register.ring)
    assert told(beside) == told(register.one)
    beside.verify()
    assert not beside.damaged


def test_what_is_indexed_anew_takes_the_place_of_the_parts(register: Both) -> None:
    """Who searches the parts before ends on them; their files go."""
    before, asked = parts_of(register), queries(register.encodings, 6, 1)
    old = answers(register.parts, asked)
    shutil.copy(register.path.parent / "whole.index", register.path)
    register.one = register.one.changed((), ["K1"])

    fresh = register.fleet.open(register.path, register.ring)

    assert fresh.living == register.parts.living
    assert not any(one.exists() for one in before)
    assert answers(register.parts, asked) == old


def test_a_crash_before_the_manifest_leaves_the_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is split again, and what the crash left is removed."""
    register = both(tmp_path, ROWS, 3)
    shutil.copy(tmp_path / "whole.index", register.path)
    before = parts_of(register)

    def crash(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", crash)
        with pytest.raises(OSError, match="no space"):
            files.split(register.path, register.ring, 3)
    assert register.path.exists()
    assert parts_of(register) == before

    found = again(register).open(register.path, register.ring)

    assert told(found) == told(register.one)
    assert len(list(tmp_path.glob("*.part"))) == 3


def test_a_manifest_that_was_altered(register: Both) -> None:
    """A part can't be left out unnoticed."""
    path, key = files.manifest_of(register.path), files.key_of(INDEX_KEY)
    good = Manifest.read(path, key)
    short = Manifest(good.build, good.files[:2])
    short.write(path, bytes(32))

    with pytest.raises(Damaged, match="manifest"):
        again(register, 2).open(register.path, register.ring)

    path.write_bytes(b"nothing of ours")
    with pytest.raises(NotAnIndex):
        again(register).open(register.path, register.ring)
    path.unlink()
    with pytest.raises(IndexFileError, match="manifest can't be read"):
        again(register).open(register.path, register.ring)


def test_parts_in_each_others_places(register: Both) -> None:
    """Are refused: the numbering of rows would be another."""
    first, second, _ = parts_of(register)
    spare = first.with_name("spare")
    first.rename(spare)
    second.rename(first)
    spare.rename(second)

    with pytest.raises(Damaged, match="not those of its manifest"):
        again(register).open(register.path, register.ring)


def test_a_part_that_is_missing_or_of_another_number(register: Both) -> None:
    """Nothing is served from the rest."""
    with pytest.raises(IndexFileError, match="in 3 parts and the settings say 4"):
        again(register, 4).open(register.path, register.ring)
    parts_of(register)[1].unlink()

    with pytest.raises(IndexFileError, match="cannot be read"):
        again(register).open(register.path, register.ring)


def test_a_part_that_was_altered_on_the_disk(register: Both) -> None:
    """Is seen when it is opened, in the clear when it is read, and not forgotten."""
    path = parts_of(register)[1]
    data = bytearray(path.read_bytes())
    data[9_000] ^= 1
    path.write_bytes(data)

    with pytest.raises(Damaged):
        found = Parts(settings(3, path.parent), Near(3)).open(
            register.path, register.ring
        )
        assert not found.damaged
        try:
            found.verify()
        finally:
            assert found.damaged
            assert found.changed(as_of=99).damaged


def test_a_damaged_file_is_not_split(tmp_path: Path) -> None:
    """New checksums would hide what was altered; the one file stays to be looked at."""
    register = both(tmp_path, ROWS, 2, clear=True)
    shutil.copy(tmp_path / "whole.index", register.path)
    data = bytearray(register.path.read_bytes())
    data[9_000] ^= 1
    register.path.write_bytes(data)
    before = parts_of(register)

    with pytest.raises(Damaged):
        again(register, 2).open(register.path, register.ring)

    assert register.path.exists()
    assert all(one.exists() for one in before)


def test_a_part_opens_for_a_key_that_was_sealed_to_it(register: Both) -> None:
    """Not before, not for another process' message, not for the node's own key."""
    path, key = parts_of(register)[0], files.key_of(INDEX_KEY)
    made, other = (Shard(str(path)) for _ in range(2))
    good = handed(key, CHECK, 3)
    for call in (made.told, lambda: made.rows_of(1, ["K1"])):
        with pytest.raises(ShardLocked):
            call()

    with pytest.raises(Damaged, match="another process"):
        made.open(sealed(good, other.public()), SCHEME.raw)
    with pytest.raises(Damaged, match="what opens"):
        made.open(sealed(good[:-1], made.public()), SCHEME.raw)
    for secret, error in (
        (handed(INDEX_KEY, CHECK, 3), Damaged),
        (handed(key, bytes(32), 3), WrongLinkageKey),
        (handed(key, CHECK, 4), WrongEpoch),
    ):
        with pytest.raises(error):
            made.open(sealed(secret, made.public()), SCHEME.raw)
    with pytest.raises(ShardLocked):
        made.told()

    assert made.open(sealed(good, made.public()), SCHEME.raw).rows > 0
    assert key not in sealed(good, made.public())
    assert sealed(good, made.public()) != sealed(good, made.public())


def test_the_parts_key_opens_no_other_file(register: Both) -> None:
    """A host that holds a part learns nothing of the node's other files."""
    key = files.key_of(INDEX_KEY)

    assert key != INDEX_KEY
    with pytest.raises(Damaged):
        made = Shard(str(register.path.parent / "whole.index"))
        made.open(sealed(handed(key, CHECK, 3), made.public()), SCHEME.raw)
    assert blocks(register.encodings)
