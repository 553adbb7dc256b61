"""What offices do to the registers that nodes have indexed: rows come, change and go.

Customs keep a file, which they replace; prisons a database, which they write to while
the node reads it. The node is told nothing.
"""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from process.arms import suspect
from process.yardstick import Grid

RETAINED_YEARS = 30
"""How long customs keep a row searchable, from the arrival on."""


@dataclass(frozen=True)
class Person:
    """Somebody invented, as an officer knows the person."""

    name: str
    relative: str
    phone: str

    @classmethod
    def new(cls, chance: random.Random) -> Person:
        """Somebody in no register."""
        known = suspect(chance)
        return cls(known["name"][0], known["relative"][0], known["phone"][0])

    @property
    def at_customs(self) -> dict[str, list[str]]:
        """What is asked of customs, who know telephones."""
        return {"name": [self.name], "phone": [self.phone]}

    @property
    def in_prison(self) -> dict[str, list[str]]:
        """What is asked of prisons, who know fathers."""
        return {"name": [self.name], "relative": [self.relative]}


class Customs:
    """Customs' register: one file."""

    def __init__(self, grid: Grid) -> None:
        self._path = grid.folder / "customs" / "sources" / "customs.csv"

    def put(self, key: str, person: Person, arrived: dt.date | None = None) -> None:
        """Add a row, or write another in the place of the one with that key."""
        # Day or month first would be one date too many, and the earlier one counts.
        day = (arrived or _today()).isoformat()
        number = f"Z{key[-7:]}"
        row = f"{key},{person.name.upper()},{number},03.04.1969,M,IND,"
        row += f"{person.phone},,AI101,{day}"
        self._write([*self._without(key), row])

    def drop(self, key: str) -> None:
        """Remove a row."""
        self._write(self._without(key))

    def _without(self, key: str) -> list[str]:
        lines = self._path.read_text("utf-8").splitlines()
        return [line for line in lines if not line.startswith(f"{key},")]

    def _write(self, lines: list[str]) -> None:
        """Write a new file and rename it into place, as its office would."""
        draft = self._path.with_suffix(".new")
        draft.write_text("\n".join([*lines, ""]), "utf-8")
        draft.replace(self._path)


class Prisons:
    """The prisons' register: a table in a database, with times of writing."""

    def __init__(self, grid: Grid) -> None:
        self._path = grid.folder / "prisons" / "sources" / "prisons.db"

    def put(self, key: str, person: Person) -> None:
        """Add a row, or write another in the place of the one with that key."""
        row = {
            "pid": key,
            "prisoner_name": person.name,
            "father_name": person.relative,
            "age_on_admission": "44",
            "admitted_on": _today().isoformat(),
            "sex": "Male",
            "home_district": "Purulia",
            "state": "West Bengal",
            "sections": "IPC 370",
            "updated_at": f"{dt.datetime.fromtimestamp(time.time(), dt.UTC):%F %T}",
        }
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT OR REPLACE INTO prisoners ({names}) VALUES ({marks})"
        self._run(sql, tuple(row.values()))

    def drop(self, key: str) -> None:
        """Remove a row."""
        self._run("DELETE FROM prisoners WHERE pid = ?", (key,))

    def _run(self, sql: str, params: tuple[str, ...]) -> None:
        with closing(sqlite3.connect(self._path, timeout=20)) as db, db:
            db.execute(sql, params)


def runs_out(days: int) -> dt.date:
    """The arrival whose retention is over in so many days."""
    return _today().replace(year=_today().year - RETAINED_YEARS) + dt.timedelta(days)


def limit(mapping: Path) -> None:
    """Let the rows of customs' mapping be searched for that long, and no longer."""
    rule = f'retain = {{ column = "arrival_date", years = {RETAINED_YEARS} }}\n'
    mapping.write_text(rule + mapping.read_text("utf-8"), "utf-8")


def _today() -> dt.date:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
