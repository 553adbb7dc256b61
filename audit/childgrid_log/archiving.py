"""Moving the old part of a log from its database to tiles in files beside it.

Step by step: the files of a step are written, made durable and read back, and only
then one transaction notes them in the database and deletes there what they hold. So
after a crash at any moment the database has a leaf, or the files have it, or both; a
step that was not noted is done again.

It does not move salts and envelopes, nor the hashes over whole tiles, by which every
file is judged. The rule: only full tiles that a quorum of witnesses has cosigned.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from childgrid_log.archive import Archive
from childgrid_log.archive_tables import prepare
from childgrid_log.database import Database
from childgrid_log.entry import HOUR, parse_entry
from childgrid_log.errors import LogAltered, LogUnavailable
from childgrid_log.merkle import leaf_hash
from childgrid_log.schema import ARCHIVED, ARCHIVING
from childgrid_log.tiles import TILE_HEIGHT, TILE_WIDTH, pack_entries, tile_root
from childgrid_wire import keyfile

STEP = 64 * TILE_WIDTH
"""Leaves moved in one transaction."""


def stop_of(database: Database) -> int:
    """How many leaves' entries lie in the archive."""
    return int(database.query(ARCHIVED)[0][0]) if database.query(ARCHIVING) else 0


def due(database: Database, before: int) -> int:
    """Up to which leaf everything is older than `before`, cosigned, and a full tile.

    A tile is as old as its last leaf; the hour of a leaf is over at its end.
    """
    sql = (
        "SELECT min((SELECT coalesce(max(size), 0) FROM log_cosigned),"
        " (SELECT coalesce(max(size), 0) FROM log_signed),"
        " (SELECT coalesce(max(idx), 0) FROM log_leaf))"
    )
    seen, stop = int(database.query(sql)[0][0]), stop_of(database)
    while stop + TILE_WIDTH <= seen and _ended(database, stop) <= before:
        stop += TILE_WIDTH
    return stop


def _ended(database: Database, start: int) -> int:
    """When the last leaf of the tile from `start` on was surely written."""
    sql = "SELECT entry FROM log_leaf WHERE idx = ?"
    rows = database.query(sql, (start + TILE_WIDTH - 1,))
    if not rows:
        raise _altered(start)
    return parse_entry(rows[0][0]).bucket + HOUR


def move(database: Database, tiles: Archive, before: int) -> int:
    """Move what is due; return how many leaves.

    Raises:
        LogAltered: an entry is not what was written; its step has moved nothing.
        ArchiveDamaged: a file can't be read back; likewise.
        LogUnavailable, OSError: the disk refuses, or another run is at work; likewise.
    """
    if due(database, before) == stop_of(database):
        return 0
    tiles.folder.mkdir(exist_ok=True, mode=0o700)
    with _alone(tiles.folder):
        return _moved(database, tiles, before)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep out a second run: it would write over what the first has noted."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise LogUnavailable(
            f"another program archives to {folder.name}: wait for it"
        ) from error
    finally:
        os.close(opened)


def _moved(database: Database, tiles: Archive, before: int) -> int:
    stop = due(database, before)
    first = start = stop_of(database)
    if stop > first:
        _tidy(tiles.folder)
        with database.transaction() as db:
            prepare(db)
    while start < stop:
        end = min(stop, start + STEP)
        digest = _write(database, tiles, start, end)
        tiles.check(start, end)
        tiles.notes(end, digest)
        _drop(database, end, digest)
        start = end
    return stop - first


def check(database: Database, tiles: Archive) -> int:
    """Read every file anew and compare; return for how many leaves. ArchiveDamaged."""
    stop = stop_of(database)
    tiles.check(0, stop)
    if stop:
        for end, digest in database.query("SELECT stop, notes FROM log_archive"):
            tiles.notes(end, digest)
    return stop


def _write(database: Database, tiles: Archive, start: int, stop: int) -> bytes:
    """Write the files of leaves start..stop-1, durably; return the notes' SHA-256."""
    written = [tiles.notes_path(stop)]
    for first in range(start, stop, TILE_WIDTH):
        number = first // TILE_WIDTH
        entries = _entries(database, first)
        hashes = b"".join(map(leaf_hash, entries))
        if tile_root(hashes) != _root(database, number):
            raise _altered(first)
        written += [tiles.path(None, number), tiles.path(0, number)]
        _put(written[-2], pack_entries(entries))
        _put(written[-1], hashes)
    notes = pack_entries(_notes(database, stop))
    _put(written[0], notes)
    _make_names_durable(written, database.path.parent)
    return hashlib.sha256(notes).digest()


def _entries(database: Database, first: int) -> list[bytes]:
    rows = database.query(
        "SELECT entry FROM log_leaf WHERE idx >= ? AND idx < ? ORDER BY idx",
        (first, first + TILE_WIDTH),
    )
    if len(rows) != TILE_WIDTH:
        raise _altered(first)
    return [row[0] for row in rows]


def _root(database: Database, number: int) -> bytes:
    rows = database.query(
        "SELECT hash FROM log_node WHERE level = ? AND idx = ?", (TILE_HEIGHT, number)
    )
    return bytes(rows[0][0]) if rows else b""


def _notes(database: Database, stop: int) -> list[bytes]:
    rows = database.query(
        "SELECT size, 0, 0, note FROM log_signed WHERE size < ?1"
        " UNION ALL SELECT size, 1, id, note FROM log_cosigned WHERE size < ?1"
        " ORDER BY 1, 2, 3",
        (stop,),
    )
    return [row[3] for row in rows]


def _drop(database: Database, stop: int, digest: bytes) -> None:
    """Note in one transaction that the files stand, and delete what they hold."""
    with database.transaction() as db:
        db.execute("INSERT INTO log_archive VALUES (?, ?)", (stop, digest))
        db.execute("DELETE FROM log_leaf WHERE idx < ?", (stop,))
        for level in range(TILE_HEIGHT):
            db.execute(
                "DELETE FROM log_node WHERE level = ? AND idx < ?",
                (level, stop >> level),
            )
        for table in ("log_signed", "log_cosigned"):
            db.execute(f"DELETE FROM {table} WHERE size < ?", (stop,))  # noqa: S608


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keyfile.write_private(path, data)


def _tidy(folder: Path) -> None:
    """Drop what an interrupted run left half written."""
    for path in folder.rglob(".*"):
        path.unlink()


def _make_names_durable(files: Iterable[Path], top: Path) -> None:
    """Sync every folder on the way from `top`, which was there, to the files."""
    below = {one for file in files for one in file.parents if one.is_relative_to(top)}
    for folder in sorted(below):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _altered(first: int) -> LogAltered:
    return LogAltered(
        f"a leaf between {first} and {first + TILE_WIDTH - 1} is not what was written:"
        " nothing of it is archived; keep the file and compare it with a mirror"
    )
