"""Rows, batches and what was wrong with a row.

Values become text in one way here, whatever the source: NULL and "not a number" are the
empty text, dates are ISO, whole numbers have no decimals. A value that is no text, or a
very long one, costs its row, which is counted with the column's name.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from ..mapping import Mapping as SourceMapping
from ..source_errors import RegisterError

_LISTED = 1_000
LONGEST = 131_072
"""Characters of one value; a longer one is no name, number or date of anybody."""


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
    """A row that could not be used: its number, why, and in which column if in one."""

    number: int
    kind: str
    column: str = ""


@dataclass(slots=True)
class Faults:
    """All unusable rows counted by kind, the first thousand listed.

    `barred` are no faults: rows that a filter keeps out, by its column.
    """

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[Fault] = field(default_factory=list)
    barred: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many rows could not be used."""
        return sum(self.counts.values())

    def add(self, number: int, kind: str, column: str = "") -> None:
        """Count one row."""
        self.counts[kind] += 1
        if len(self.listed) < _LISTED:
            self.listed.append(Fault(number, kind, column))


class Unreadable(ValueError):
    """A value that is no text: why, and its column. Used inside the register only."""

    def __init__(self, kind: str, column: str) -> None:
        super().__init__(kind)
        self.kind, self.column = kind, column


def texts(columns: Sequence[str], cells: Iterable[object]) -> dict[str, str]:
    """A row's values as text, by column; raises `Unreadable`."""
    found: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        try:
            found[column] = text(cell)
        except (ValueError, OverflowError):
            raise Unreadable("undecodable", column) from None
        if len(found[column]) > LONGEST:
            raise Unreadable("too long", column)
    return found


def admits(mapping: SourceMapping, values: Mapping[str, str]) -> bool:
    """Whether the mapping's filters let a row into the index."""
    return not barring(mapping, values)


def barring(mapping: SourceMapping, values: Mapping[str, str]) -> list[str]:
    """The columns whose filters keep a row out of the index."""
    rules = mapping.where
    return [rule.column for rule in rules if not rule.admits(values[rule.column])]


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
    if isinstance(value, timedelta):
        return str(value)
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
    if not math.isfinite(value):  # how some tables write that there is no number
        return ""
    if value == int(value):
        return str(int(value))
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
