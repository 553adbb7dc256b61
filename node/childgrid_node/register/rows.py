"""Rows, batches and what was wrong with a row.

Values become text in one way here, whatever the source: NULL is the empty text, dates
are ISO, whole numbers have no decimals.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from ..mapping import Mapping as SourceMapping
from ..source_errors import RegisterError

_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its `key`, its `number` (1 is the first) and the mapped columns."""

    key: str
    number: int
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Row(number={self.number})"


Batch = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a key: its row as it is now, or None where filters bar it."""

    key: str
    row: Row | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that could not be used: its number and why, without values."""

    number: int
    kind: str


@dataclass(slots=True)
class Faults:
    """All unusable rows counted by kind, the first thousand listed."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[Fault] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows could not be used."""
        return sum(self.counts.values())

    def add(self, number: int, kind: str) -> None:
        """Count one row."""
        self.counts[kind] += 1
        if len(self.listed) < _LISTED:
            self.listed.append(Fault(number, kind))


def admits(mapping: SourceMapping, values: Mapping[str, str]) -> bool:
    """Whether the mapping's filters let a row into the index."""
    return all(rule.admits(values[rule.column]) for rule in mapping.where)


def require(mapping: SourceMapping, present: list[str], where: str) -> None:
    """Refuse a source that lacks a mapped column."""
    for setting, column in mapping.uses():
        if column not in present:
            raise RegisterError(
                f"{mapping.path}: {setting} names column {column!r}, which {where} "
                f"does not have; it has: {', '.join(present)}"
            )


def text(value: object) -> str:
    """One value of a database as text; bytes that are not UTF-8 raise `ValueError`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return _number(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value)
    if isinstance(value, int | UUID):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(value: Decimal | float) -> str:
    if value == int(value):
        return str(int(value))
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
