"""Migrating one database: all of its chains, in one transaction, or not at all.

A SQLite file is copied first. The copy goes when the migrated file has been found sound
and is kept where anything failed: beyond that it would keep what the file may have lost
on purpose since, keys that were destroyed and leaves that were shredded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from childgrid_migrate.base import Base, raw
from childgrid_migrate.chain import Chain
from childgrid_wire.errors import ConfigurationRefused


@dataclass(frozen=True)
class Step:
    """A chain in a database: where it stands and where it is to go.

    `found` is empty without a stamp, None where the chain's tables are not there yet:
    the program makes them when it starts.
    """

    chain: Chain
    found: str | None
    goal: str

    @property
    def due(self) -> bool:
        """Whether there is anything to be done."""
        return self.found is not None and self.found != self.goal

    def __str__(self) -> str:
        """`journal 0001 → 0002`, or `journal 0002` where nothing is due."""
        if self.found is None:
            return f"{self.chain.name} not made yet"
        start = self.found or "without a stamp"
        return f"{self.chain.name} {start}" + (f" → {self.goal}" if self.due else "")


def look(base: Base, to: str = "") -> list[Step]:
    """Where every chain of a database stands; nothing is changed.

    Raises:
        WrongVersion: a newer release's schema, or `to` is none.
        ConfigurationRefused: it can't be opened.
    """
    with base.opened(writing=False) as db, db.begin():
        return _steps(db, base, to)


def move(base: Base, to: str = "") -> list[Step]:
    """Bring a database to the newest revisions, or to those of `to`.

    Raises:
        WrongVersion: as `look`, or it is not as its release makes it.
        ConfigurationRefused: another process is in it, the disk refuses, or it would
            not be sound afterwards; it is as it was. Where a move had begun, a copy of
            a SQLite file stands beside it.
    """
    with base.opened(writing=True) as db:
        with db.begin():
            base.alone(db)
            steps = _steps(db, base, to)
        if not any(step.due for step in steps):
            return steps
        copy = base.copy(db, max(step.goal for step in steps))
        with db.begin():
            base.alone(db)
            _move_all(db, base, steps)
        if copy is not None:
            # No page of before stays in the write-ahead log.
            raw(db).execute("PRAGMA wal_checkpoint(TRUNCATE)")
            base.tidy()
    return steps


def _steps(db: Connection, base: Base, to: str) -> list[Step]:
    return [Step(one, one.found(db), one.goal(to)) for one in base.chains]


def _move_all(db: Connection, base: Base, steps: Sequence[Step]) -> None:
    before = _sound(base, db)
    for step in steps:
        if not step.due:
            continue
        if not step.found:
            step.chain.adopt(db)
        step.chain.move(db, step.goal)
    if _sound(base, db) != before:
        raise ConfigurationRefused(
            f"{base.name} would not be sound afterwards, and was left as it was: bring"
            " it and this line to whoever makes the program"
        )


def _sound(base: Base, db: Connection) -> object:
    """What a migration must not change: PostgreSQL sees to it by itself."""
    if base.path is None:
        return None
    whole = db.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    astray = db.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return whole, len(astray), base.sound(raw(db))
