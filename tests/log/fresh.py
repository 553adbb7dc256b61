"""An empty log, drafts for it, and an enemy's hand on its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from childgrid_log.entry import Draft

ORIGIN = "node.example/log"
SEED = bytes(range(32))
SPENT = "CREATE TABLE IF NOT EXISTS spent (request TEXT PRIMARY KEY) STRICT;"


def drafts(count: int, start: int = 0) -> list[Draft]:
    """Return drafts with distinct envelopes."""
    return [
        Draft("query", 1_700_000_000, b"envelope %d" % (start + i))
        for i in range(count)
    ]


def tamper(path: Path, *statements: str) -> None:
    """Write to the file as an enemy with root would: triggers first."""
    with closing(sqlite3.connect(path)) as db, db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for sql in statements:
            db.execute(sql)
