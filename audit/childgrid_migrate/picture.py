"""What a schema looks like, in terms that hold for SQLite and PostgreSQL alike.

Two databases that were made in different ways, or by different programs, are compared
by it. Rows are not looked at, nor names of constraints that nobody gave a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, text

Look = Mapping[str, object]


@dataclass(frozen=True)
class Picture:
    """`tables`: name → columns, keys and indexes; `triggers`: name → their SQL.

    Triggers, and whether a table is strict and has a row id, are SQLite's alone and
    are compared where both are SQLite's.
    """

    dialect: str
    tables: Mapping[str, Look]
    triggers: Mapping[str, str]
    kinds: Mapping[str, str]

    def unlike(self, other: Picture) -> str:
        """The first thing in which the two differ; empty where they are alike."""
        pairs: list[tuple[Mapping[str, object], Mapping[str, object]]]
        pairs = [(self.tables, other.tables)]
        if self.dialect == other.dialect:
            pairs += [(self.triggers, other.triggers), (self.kinds, other.kinds)]
        for mine, theirs in pairs:
            for name in sorted(mine.keys() | theirs.keys()):
                if mine.get(name) != theirs.get(name):
                    return name
        return ""


def picture(db: Connection, names: list[str]) -> Picture:
    """Look at the tables of these names."""
    found = inspect(db)
    lite = db.dialect.name == "sqlite"
    return Picture(
        db.dialect.name,
        {name: _table(found, name) for name in names},
        _triggers(db, names) if lite else {},
        _kinds(db, names) if lite else {},
    )


def _table(found: Inspector, name: str) -> Look:
    key = found.get_pk_constraint(name)["constrained_columns"]
    unique = found.get_unique_constraints(name)
    checks = found.get_check_constraints(name)
    return {
        "columns": {one["name"]: _column(one) for one in found.get_columns(name)},
        "key": list(key),
        "unique": sorted(list(one["column_names"]) for one in unique),
        "indexes": sorted(
            _index(one)
            for one in found.get_indexes(name)
            if "duplicates_constraint" not in one
        ),
        "checks": sorted(_flat(one["sqltext"]) for one in checks),
        "foreign": sorted(
            (one["constrained_columns"], one["referred_table"])
            for one in found.get_foreign_keys(name)
        ),
    }


def _column(one: Any) -> tuple[str, bool, str]:  # noqa: ANN401 - a typed dict of theirs
    return str(one["type"].as_generic()), bool(one["nullable"]), str(one["default"])


def _index(one: Any) -> tuple[str, list[str], bool, str]:  # noqa: ANN401 - as above
    options = one.get("dialect_options", {})
    part = next((_flat(str(options[key])) for key in options if "where" in key), "")
    return str(one["name"]), list(one["column_names"]), bool(one["unique"]), part


def _triggers(db: Connection, names: list[str]) -> dict[str, str]:
    sql = text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {
        row.name: _flat(row.sql) for row in db.execute(sql) if row.tbl_name in names
    }


def _kinds(db: Connection, names: list[str]) -> dict[str, str]:
    """Strict or not, with a row id or without."""
    rows = db.exec_driver_sql("PRAGMA table_list").mappings()
    return {
        row["name"]: f"strict {row['strict']}, without row id {row['wr']}"
        for row in rows
        if row["name"] in names
    }


def _flat(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
