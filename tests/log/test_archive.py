"""Archived tiles: a log's old part in files, and nothing that is proven changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_log import backup
from childgrid_log import log as log_module
from childgrid_log.archive import Archive
from childgrid_log.backup import Owner
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import ArchiveDamaged, LogAltered, LogError, StoreError
from childgrid_log.log import Log
from childgrid_log.merkle import leaf_hash, verify_consistency, verify_inclusion
from childgrid_log.tiles import Tile, nodes_from_tiles, unpack_entries
from childgrid_wire.identity import Identity
from log.stock import (
    BEGUN,
    LATER,
    ORIGIN,
    SEED,
    copied,
    drafts,
    opened,
    stocked,
    told,
)

SIZE = 1_000


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log of a thousand leaves; tests work on copies."""
    path = tmp_path_factory.mktemp("stock") / "log.db"
    stocked(path, SIZE)
    return path


@pytest.fixture(scope="module")
def pair(
    stock: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Log, Log]]:
    """The same log twice: whole, and with 768 leaves in the archive."""
    folder = tmp_path_factory.mktemp("pair")
    with opened(stock) as whole, opened(copied(stock, folder / "moved")) as moved:
        assert moved.archive(LATER) == 768
        yield whole, moved


@pytest.fixture
def path(stock: Path, tmp_path: Path) -> Path:
    """A copy of the log, nothing archived yet."""
    return copied(stock, tmp_path / "own")


@pytest.fixture
def archived(path: Path) -> Path:
    """A copy of the log with all that can be in the archive; closed."""
    with opened(path) as log:
        log.archive(LATER)
    return path


def rows(path: Path, table: str) -> int:
    """How many rows a table has."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def flip(path: Path, at: int) -> None:
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, SIZE), st.integers(0, SIZE), st.integers(0, SIZE - 1))
def test_every_proof_is_the_same_bytes(
    pair: tuple[Log, Log], one: int, other: int, index: int
) -> None:
    """Inclusion, consistency and roots, within the archive, across its end, beyond."""
    whole, moved = pair
    old, new = sorted((one, other))
    assert moved.consistency(old, new) == whole.consistency(old, new)
    assert moved.root(new) == whole.root(new)
    if old:
        proof = moved.consistency(old, new)
        verify_consistency(old, new, proof, whole.root(old), whole.root(new))
    if index < new:
        proof = moved.inclusion(index, new)
        assert proof == whole.inclusion(index, new)
        leaf = leaf_hash(moved.entries(index, index + 1)[0])
        verify_inclusion(leaf, index, new, proof, whole.root(new))
    assert moved.entries(old, new) == whole.entries(old, new)


def test_a_log_grows_and_is_archived_on(path: Path, stock: Path) -> None:
    """Leaves come after the archive, more are moved; all that is told is as without."""
    twin = copied(stock, path.parent.parent / "twin")
    with opened(path) as log, opened(twin) as whole:
        for start in range(SIZE, SIZE + 900, 300):
            log.archive(LATER)
            with log.transaction() as tx:
                made = [tx.seal(one) for one in drafts(300, start)]
            with whole.transaction() as tx:
                for index in made:
                    salt, envelope = log.opening(index) or (b"", b"")
                    tx.append(log.entries(index, index + 1)[0], salt, envelope)
            log.keep_cosigned(log.checkpoint())
            whole.keep_cosigned(whole.checkpoint())
        assert log.archive(LATER) > 0
        assert told(log) == told(whole)
        assert log.verify() == whole.verify() == SIZE + 900
        assert log.archived == 1792
        assert log.check_archive() == 1792


@pytest.mark.parametrize(
    ("size", "moved"), [(1, 0), (255, 0), (256, 0), (257, 256), (512, 256)]
)
def test_a_log_keeps_its_last_leaf(tmp_path: Path, size: int, moved: int) -> None:
    """Full tiles go, and at least one leaf stays, from which the log grows."""
    stocked(tmp_path / "log.db", size)
    with opened(tmp_path / "log.db") as log:
        before = told(log)
        assert log.archive(LATER) == moved
        assert told(log) == before
        assert log.append(drafts(1, size)) == [size]
        assert log.verify() == size + 1


@pytest.mark.parametrize(
    ("hours", "early", "moved"),
    [(0, 0, 0), (5, 1, 0), (5, 0, 256), (9, 1, 256), (9, 0, 512), (13, 0, 768)],
)
def test_only_what_is_old_goes(path: Path, hours: int, early: int, moved: int) -> None:
    """A tile is as old as its last leaf, whose hour must be over; to the second."""
    before = BEGUN + hours * 3600 - early
    with opened(path) as log:
        assert log.archivable(before) == moved
        assert log.archive(before) == moved
        assert rows(path, "log_leaf") == SIZE - moved


def test_what_no_witness_has_seen_stays(tmp_path: Path) -> None:
    """Only below the cosigned size; signing alone is not enough."""
    path = tmp_path / "log.db"
    with Log.create(path, ORIGIN, SEED) as log:
        log.append(drafts(300))
        log.keep_cosigned(log.checkpoint())
        log.append(drafts(300, 300))
        log.checkpoint()
        assert log.archive(LATER) == 256
        assert rows(path, "log_leaf") == 600 - 256


def test_the_database_keeps_only_what_is_needed(archived: Path) -> None:
    """Entries, lower hashes and old checkpoints are gone from it; openings are not."""
    with closing(sqlite3.connect(archived)) as db:
        low = "SELECT count(*) FROM log_node WHERE (idx + 1) << level <= 768 AND level"
        assert db.execute(f"{low} < 8").fetchone() == (0,)
        assert db.execute(f"{low} >= 8").fetchone() == (4,)
        assert db.execute("SELECT min(size) FROM log_signed").fetchone() == (800,)
        assert db.execute("SELECT min(size) FROM log_cosigned").fetchone() == (800,)
    assert rows(archived, "log_leaf") == SIZE - 768
    assert rows(archived, "log_opening") == SIZE


def test_the_files_are_tiles_that_others_can_read(archived: Path, stock: Path) -> None:
    """C2SP paths and packing: a reader of tiles alone finds entries and hashes."""
    folder = archived.with_suffix(".tiles")
    with opened(stock) as whole:
        nodes = nodes_from_tiles(lambda tile: (folder / tile.path).read_bytes(), 768)
        assert nodes(7, 5) == whole._node(7, 5)
        bundle = (folder / Tile(None, 2).path).read_bytes()
        assert unpack_entries(bundle, 256) == whole.entries(512, 768)
    modes = {one.stat().st_mode & 0o777 for one in folder.rglob("*") if one.is_file()}
    assert modes == {0o600}


def test_old_checkpoints_are_kept_in_the_archive(archived: Path, stock: Path) -> None:
    """Every note of a smaller size, in order, each still verifying."""
    with closing(sqlite3.connect(archived)) as db:
        ((stop, digest),) = db.execute("SELECT stop, notes FROM log_archive")
    tiles = Archive(archived.with_suffix(".tiles"), lambda _: b"")
    with opened(stock) as whole:
        sizes = [
            open_checkpoint(note, whole.vkey).checkpoint.size
            for note in tiles.notes(stop, digest)
        ]
    assert sizes == [size for size in range(100, 768, 100) for _ in "ab"]


@pytest.mark.parametrize("name", ["tile/0/001", "tile/entries/001"])
def test_a_log_whose_archive_lacks_a_file_does_not_open(
    archived: Path, name: str
) -> None:
    """It is named; once it is back, all is as before."""
    file = archived.with_suffix(".tiles") / name
    data = file.read_bytes()
    file.unlink()
    with pytest.raises(ArchiveDamaged, match=f"log.tiles/{name} is missing"):
        opened(archived)
    file.write_bytes(data)
    with opened(archived) as log:
        assert log.verify() == SIZE


@pytest.mark.parametrize("name", ["tile/0/001", "tile/entries/001", "notes/768"])
@pytest.mark.parametrize("at", [0, 2, -1])
def test_an_altered_file_is_named_and_proves_nothing(
    archived: Path, name: str, at: int
) -> None:
    """Not a byte of it is given out; the other tiles are as good as before."""
    flip(archived.with_suffix(".tiles") / name, at)
    with opened(archived) as log:
        with pytest.raises(ArchiveDamaged, match=f"log.tiles/{name}"):
            log.check_archive()
        if name != "notes/768":
            with pytest.raises(ArchiveDamaged, match=f"log.tiles/{name}"):
                log.entries(256, 512)
            with pytest.raises(ArchiveDamaged):
                log.verify()
        if name == "tile/0/001":
            with pytest.raises(ArchiveDamaged, match=f"log.tiles/{name}"):
                log.inclusion(300, SIZE)
        assert len(log.entries(0, 256)) == 256
        assert log.inclusion(900, SIZE)
        assert log.append(drafts(1, SIZE)) == [SIZE]


def test_a_whole_other_tile_is_no_substitute(archived: Path) -> None:
    """A real tile of the same log in another's place is found out."""
    for level in ("0", "entries"):
        there = archived.with_suffix(".tiles") / "tile" / level
        (there / "001").write_bytes((there / "002").read_bytes())
    with opened(archived) as log, pytest.raises(ArchiveDamaged, match="001"):
        log.entries(300, 301)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE log_leaf SET entry = x'00' WHERE idx = 700",
        "UPDATE log_node SET hash = zeroblob(32) WHERE level = 8 AND idx = 0",
        "DELETE FROM log_leaf WHERE idx = 600",
    ],
)
def test_what_was_altered_is_not_archived(path: Path, sql: str) -> None:
    """The step is refused, and its leaves stay in the database as evidence."""
    with closing(sqlite3.connect(path)) as db, db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(sql)
    before = rows(path, "log_leaf")
    with opened(path) as log:
        with pytest.raises(LogAltered):
            log.archive(LATER)
        assert log.archived == 0
    assert rows(path, "log_leaf") == before


def test_what_is_archived_can_still_be_shredded(archived: Path) -> None:
    """Salt and envelope of an archived leaf go from every file; its proof stays."""
    needle = b"envelope 000300."

    def found() -> bool:
        files = (one for one in archived.parent.rglob("*") if one.is_file())
        return any(needle in one.read_bytes() for one in files)

    assert found()
    with opened(archived) as log:
        proof = log.inclusion(300, SIZE)
        with log.transaction() as tx:
            leaf = tx.seal(drafts(1, SIZE)[0])
            tx.shred(300, leaf)
        assert log.opening(300) is None
        assert log.inclusion(300, SIZE) == proof
        assert log.verify() == SIZE + 1
    assert not found()


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM log_leaf WHERE idx = 768",
        "DELETE FROM log_node WHERE level = 8 AND idx = 0",
        "DELETE FROM log_node WHERE level = 0 AND idx = 768",
        "DELETE FROM log_opening WHERE idx = 1",
        "DELETE FROM log_cosigned",
        "DELETE FROM log_signed",
        "DELETE FROM log_archive",
        "UPDATE log_archive SET stop = 256",
        "INSERT INTO log_archive VALUES (512, zeroblob(32))",
        "INSERT INTO log_archive VALUES (1024, zeroblob(32))",
        "INSERT OR REPLACE INTO log_archive VALUES (768, zeroblob(32))",
        "INSERT INTO log_leaf VALUES (5, x'00')",
        "INSERT INTO log_opening VALUES (2000, zeroblob(32), x'00')",
        "INSERT INTO log_shredded VALUES (3, 2000)",
    ],
)
def test_the_tables_forget_nothing_else(archived: Path, sql: str) -> None:
    """Plain SQL can delete what is in the archive, and no row beyond."""
    with opened(archived) as log:
        with log.transaction() as tx, pytest.raises(sqlite3.IntegrityError):
            tx._db.execute(sql)
        assert log.verify() == SIZE


def test_a_program_that_knows_no_archive_refuses_the_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would miss what is gone. Until something is, it goes on with the file."""
    tables = "SELECT sql FROM sqlite_master ORDER BY name"
    with opened(path) as log:
        before = log.query(tables)
        assert log.archive(0) == 0
        assert log.query(tables) == before
    with monkeypatch.context() as patch:
        patch.setattr(log_module, "MARK", {})
        with opened(path) as log:
            assert log.verify() == SIZE
    with opened(path) as log:
        log.archive(LATER)
    monkeypatch.setattr(log_module, "MARK", {})
    with pytest.raises(StoreError, match="belongs to another"):
        opened(path)
    assert rows(path, "log_leaf") == SIZE - 768


def test_compacting_gives_room_back_in_place(archived: Path) -> None:
    """The same file, smaller; nothing that is told changes, and nothing lies about."""
    inode, before = archived.stat().st_ino, archived.stat().st_size
    with opened(archived) as log:
        said = told(log)
        log.compact()
        assert told(log) == said
        assert log.append(drafts(1, SIZE)) == [SIZE]
    assert archived.stat().st_ino == inode
    assert archived.stat().st_size < before
    assert {one.name for one in archived.parent.iterdir()} == {"log.db", "log.tiles"}


def test_a_backup_holds_the_archive(stock: Path, tmp_path: Path) -> None:
    """What comes back opens, and tells the same; without the files it would not."""
    state, owner = tmp_path / "state", Owner("node", "police")
    Identity.create(state / "keys", "police", b"correct horse battery")
    path = copied(stock, state / "log")
    with opened(path) as log:
        log.archive(LATER)
        said = told(log)
        file = tmp_path / "police.backup"
        backup.backup(state, file, b"correct horse battery", owner, 0)
    backup.restore(file, tmp_path / "fresh", b"correct horse battery", owner)
    with opened(tmp_path / "fresh/log/log.db") as log:
        assert log.archived == log.check_archive() == 768
        assert told(log) == said


def test_a_held_log_is_not_archived(path: Path) -> None:
    """What came from a backup waits for its witnesses first."""
    with opened(path) as log:
        log.hold(LogError, "held")  # type: ignore[arg-type]
        with pytest.raises(LogError, match="held"):
            log.archive(LATER)
        assert log.archived == 0
