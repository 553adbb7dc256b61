"""What a log's database needs once a part of it is in archived tiles.

A log of which nothing is archived has the tables of `schema` and no others, so an
earlier release works on with it. The first archiving changes them, and marks the file,
so that such a release, which would miss what is gone, refuses it: `prepare` is the way
there, and there is none back.

    log_archive    one row for each step: up to which leaf, SHA-256 of its checkpoints
    log_leaf, log_node, log_signed, log_cosigned    rows below the last step may go
    log_opening, log_shredded    refer no longer to rows of log_leaf, which may be gone
"""

from __future__ import annotations

import sqlite3

from childgrid_log.schema import ARCHIVED, ARCHIVING, statements

MARK = {"archive": "c2sp.org/tlog-tiles"}
"""What stands in `log_meta` then."""

_STAYS = {
    "log_leaf": f"OLD.idx >= ({ARCHIVED})",
    "log_node": f"OLD.level >= 8 OR (OLD.idx + 1) << OLD.level > ({ARCHIVED})",
    "log_signed": f"OLD.size >= ({ARCHIVED})",
    "log_cosigned": f"OLD.size >= ({ARCHIVED})",
}
"""What may not be deleted of a table."""

_ALWAYS = (
    *(("log_archive", verb) for verb in ("UPDATE", "DELETE")),
    *(("log_shredded", verb) for verb in ("UPDATE", "DELETE")),
    ("log_opening", "UPDATE"),
)

_TABLES = """
CREATE TABLE log_archive (
  stop INTEGER PRIMARY KEY CHECK (stop > 0 AND stop % 256 = 0),
  notes BLOB NOT NULL CHECK (length(notes) = 32)
) STRICT;
CREATE TABLE log_opening_free (
  idx INTEGER PRIMARY KEY,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  envelope BLOB NOT NULL
) STRICT;
CREATE TABLE log_shredded_free (
  idx INTEGER PRIMARY KEY,
  told_by INTEGER NOT NULL CHECK (told_by > idx)
) STRICT;
INSERT INTO log_opening_free SELECT * FROM log_opening;
INSERT INTO log_shredded_free SELECT * FROM log_shredded;
DROP TRIGGER IF EXISTS log_opening_kept;
DROP TABLE log_opening;
DROP TABLE log_shredded;
ALTER TABLE log_opening_free RENAME TO log_opening;
ALTER TABLE log_shredded_free RENAME TO log_shredded;
CREATE TRIGGER log_opening_kept BEFORE DELETE ON log_opening
WHEN NOT EXISTS (SELECT 1 FROM log_shredded WHERE idx = OLD.idx)
BEGIN SELECT RAISE(ABORT, 'log_opening is shredded by a later leaf only'); END;
CREATE TRIGGER log_opening_beside BEFORE INSERT ON log_opening
WHEN NEW.idx <> (SELECT coalesce(max(idx), -1) FROM log_leaf)
BEGIN SELECT RAISE(ABORT, 'log_opening is written with its leaf'); END;
CREATE TRIGGER log_shredded_told BEFORE INSERT ON log_shredded
WHEN NEW.told_by > (SELECT coalesce(max(idx), -1) FROM log_leaf)
BEGIN SELECT RAISE(ABORT, 'log_shredded names a leaf that there is'); END;
CREATE TRIGGER log_archive_proven BEFORE INSERT ON log_archive
WHEN NEW.stop <= (SELECT coalesce(max(stop), 0) FROM log_archive)
OR NEW.stop > (SELECT coalesce(max(idx), 0) FROM log_leaf)
OR NEW.stop > (SELECT coalesce(max(size), 0) FROM log_signed)
OR NEW.stop > (SELECT coalesce(max(size), 0) FROM log_cosigned)
BEGIN SELECT RAISE(ABORT, 'log_archive grows by what was cosigned'); END;
"""


def _refusing(table: str, verb: str, rows: str = "TRUE") -> str:
    return (
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} WHEN {rows} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END;\n"
    )


_PREPARE = (
    _TABLES
    + "".join(f"DROP TRIGGER IF EXISTS {table}_delete;\n" for table in _STAYS)
    + "".join(_refusing(table, "DELETE", rows) for table, rows in _STAYS.items())
    + "".join(_refusing(*both) for both in _ALWAYS)
)


def prepare(db: sqlite3.Connection) -> None:
    """Change the tables for the first archiving, within a transaction; else nothing.

    Every opening is copied once: with many it takes its time and as much room.
    """
    if db.execute(ARCHIVING).fetchone() is not None:
        return
    for statement in statements(_PREPARE):
        db.execute(statement)
    db.executemany("INSERT INTO log_meta VALUES (?, ?)", MARK.items())
