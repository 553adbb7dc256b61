"""The log's tables, and the hashes in them.

Entries, tree nodes, signed and cosigned checkpoints only grow, until a part of them is
archived (`archive_tables`). The salt and envelope beside a leaf may be shredded once,
by a later leaf that says so; the tree stays whole. It opens no file. The rule: triggers
refuse what the tables must never see, even from a statement written by mistake.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain

from childgrid_log.errors import LogAltered, ProofError, StoreError
from childgrid_log.merkle import Frontier, Nodes, leaf_hash
from childgrid_log.tiles import TILE_HEIGHT

_TABLES = """
CREATE TABLE log_leaf (
  idx INTEGER PRIMARY KEY,
  entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
) STRICT;
CREATE TABLE log_node (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_opening (
  idx INTEGER PRIMARY KEY REFERENCES log_leaf,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  envelope BLOB NOT NULL
) STRICT;
CREATE TABLE log_shredded (
  idx INTEGER PRIMARY KEY REFERENCES log_leaf,
  told_by INTEGER NOT NULL REFERENCES log_leaf CHECK (told_by > idx)
) STRICT;
CREATE TABLE log_signed (
  size INTEGER PRIMARY KEY,
  note BLOB NOT NULL
) STRICT;
CREATE TABLE log_cosigned (
  id INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  note BLOB NOT NULL
) STRICT;
CREATE INDEX log_cosigned_size ON log_cosigned (size, id);
CREATE TRIGGER log_leaf_gapless BEFORE INSERT ON log_leaf
WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_leaf)
BEGIN SELECT RAISE(ABORT, 'log_leaf grows by one index at a time'); END;
CREATE TRIGGER log_opening_kept BEFORE DELETE ON log_opening
WHEN NOT EXISTS (SELECT 1 FROM log_shredded WHERE idx = OLD.idx)
BEGIN SELECT RAISE(ABORT, 'log_opening is shredded by a later leaf only'); END;
"""


def _refusing(verb: str, table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END;\n"
    )


_GROWING = ("log_leaf", "log_node", "log_shredded", "log_signed", "log_cosigned")

SCHEMA = (
    _TABLES
    + "".join(_refusing("UPDATE", table) for table in (*_GROWING, "log_opening"))
    + "".join(_refusing("DELETE", table) for table in _GROWING)
)

ARCHIVING = "SELECT 1 FROM sqlite_master WHERE name = 'log_archive'"
ARCHIVED = "SELECT coalesce(max(stop), 0) FROM log_archive"


def statements(ddl: str) -> Iterator[str]:
    """Cut DDL into statements: a semicolon inside a trigger's body does not end one.

    Raises StoreError where the last one has none.
    """
    *parts, rest = ddl.split(";")
    statement = ""
    for part in parts:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + rest).strip():
        raise StoreError("each statement of a schema ends with a semicolon")


def archived(db: sqlite3.Connection) -> int:
    """Return how many leaves' entries lie in archived tiles, a multiple of 256."""
    if db.execute(ARCHIVING).fetchone() is None:
        return 0
    return int(db.execute(ARCHIVED).fetchone()[0])


def leaf_count(db: sqlite3.Connection) -> int:
    """Return the number of leaves that `db` sees.

    Raises LogAltered if the tree counts others: the last leaf was taken or planted.
    """
    leaves, nodes = db.execute(
        "SELECT (SELECT coalesce(max(idx) + 1, 0) FROM log_leaf), "
        "(SELECT coalesce(max(idx) + 1, 0) FROM log_node WHERE level = 0)"
    ).fetchone()
    if leaves != nodes:
        raise _altered(min(leaves, nodes))
    return int(leaves)


def nodes_of(db: sqlite3.Connection, lower: Nodes | None = None) -> Nodes:
    """Return the hash source over stored perfect subtrees; ProofError if one lacks.

    `lower` gives the hashes that were archived.
    """
    stop = archived(db) if lower else 0

    def node(level: int, index: int) -> bytes:
        if lower and is_archived(stop, level, index):
            return lower(level, index)
        row = db.execute(
            "SELECT hash FROM log_node WHERE level = ? AND idx = ?", (level, index)
        ).fetchone()
        return stored_hash(row, level, index)

    return node


def is_archived(stop: int, level: int, index: int) -> bool:
    """Whether a subtree's hash lies in the tiles of the first `stop` leaves alone."""
    return level < TILE_HEIGHT and index < stop >> level


def stored_hash(row: tuple[bytes] | None, level: int, index: int) -> bytes:
    """Return the hash in `row`; ProofError if the log has no such subtree yet."""
    if row is None:
        raise ProofError(f"the log has no complete subtree {index} at level {level}")
    return row[0]


def insert_leaf(
    db: sqlite3.Connection,
    frontier: Frontier,
    entry: bytes,
    salt: bytes,
    envelope: bytes,
) -> int:
    """Write one leaf, its opening and the subtrees it completes; return its index."""
    index = frontier.size
    db.execute("INSERT INTO log_leaf VALUES (?, ?)", (index, entry))
    db.execute("INSERT INTO log_opening VALUES (?, ?, ?)", (index, salt, envelope))
    made = frontier.push(leaf_hash(entry))
    db.executemany("INSERT INTO log_node VALUES (?, ?, ?)", made)
    return index


def rehash(
    db: sqlite3.Connection,
    start: int,
    old: Iterable[bytes] = (),
    lower: Nodes | None = None,
) -> Frontier:
    """Hash the entries from `start` on anew and compare every node that they make.

    `old` are the archived entries from `start` on, `lower` the hashes archived with
    them; without, it begins behind what is archived. Return the frontier of the whole
    log. Raises LogAltered at the first difference.
    """
    nodes = nodes_of(db, lower)
    start = start if lower else max(start, archived(db))
    frontier = Frontier()
    rows = db.execute(
        "SELECT idx, entry FROM log_leaf WHERE idx >= ? ORDER BY idx", (start,)
    )
    try:
        frontier = Frontier.at(nodes, start)
        for index, entry in chain(enumerate(old, start), rows):
            _compare(nodes, frontier, index, entry)
    except ProofError:
        raise _altered(frontier.size) from None
    if frontier.size != leaf_count(db):
        raise _altered(frontier.size)
    return frontier


def _compare(nodes: Nodes, frontier: Frontier, index: int, entry: bytes) -> None:
    if index != frontier.size:
        raise _altered(frontier.size)
    for level, at, value in frontier.push(leaf_hash(entry)):
        if nodes(level, at) != value:
            raise _altered(index)


def _altered(index: int) -> LogAltered:
    return LogAltered(
        f"leaf {index} or a node above it is not what was written: sign nothing, keep "
        "the file and compare it with a mirror"
    )
