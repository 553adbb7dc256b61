"""Every statement that is sent to a database as a source: five, and all read.

Names reach SQL only as `table` and `column` constructs, values only as parameters, so
that one spelling serves every dialect; the tests compile each for all of them. Nothing
is executed here.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnClause,
    Select,
    String,
    cast,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.mysql import BIT as MYSQL_BIT
from sqlalchemy.dialects.oracle import TIMESTAMP as ORACLE_TIMESTAMP
from sqlalchemy.types import CHAR, NullType, TypeEngine

from ..mapping import Mapping
from .kinds import BINARY, NO_KEY, ZONED
from .marks import Mark

_KEY_CHARACTERS = 4_000
_NUMBER = re.compile(r"-?\d{1,38}(?:\.\d{1,38})?", re.A)
_NO_KEYS = (datetime, date, time, timedelta, bool, list, dict)


class Queries:
    """The statements for one mapping; `key` is the type of its key column."""

    def __init__(self, mapping: Mapping, key: TypeEngine[Any] | None = None) -> None:
        self._mapping = mapping
        self._key = NullType() if key is None else key

    def whole(self) -> Select[Any]:
        """Every row of the mapped columns, in the order of its key."""
        key: ColumnClause[Any] = column(self._mapping.key)
        return self._select(*self._mapping.columns()).order_by(key)

    def greatest(self, updated: str, until: object = None) -> Select[Any]:
        """The greatest time of change, up to a bound if there is one."""
        own: ColumnClause[Any] = column(updated)
        query = self._select(updated).with_only_columns(func.max(own))
        return query if until is None else query.where(own <= until)

    def since(self, updated: str, mark: Mark, lag_seconds: int) -> Select[Any]:
        """Rows that changed from so long before a mark on, and those without a time."""
        own: ColumnClause[Any] = column(updated)
        timeless = [own.is_(None), *([own == ""] if mark.kind == "text" else ())]
        return (
            self._select(*self._mapping.columns())
            .where(or_(own >= mark.back(lag_seconds), *timeless))
            .order_by(own, column(self._mapping.key))
        )

    def keys(self) -> Select[Any]:
        """The key of every row, and the columns that filters look at."""
        return self._select(*self.key_columns())

    def key_columns(self) -> tuple[str, ...]:
        """The columns of `keys`, in order."""
        filtered = (rule.column for rule in self._mapping.where)
        return tuple(dict.fromkeys((self._mapping.key, *filtered)))

    def one(self, key: str) -> Select[Any]:
        """Rows that may be the one under `key`, by an index on the key's own type.

        A database may take other spellings for equal; who reads compares once more.
        """
        query = self._select(*self._mapping.columns())
        own: ColumnClause[Any] = column(self._mapping.key, self._key)
        value = _typed(key, python_type(self._key))
        if value is None:
            return query.where(cast(own, String(_KEY_CHARACTERS)) == key)
        if isinstance(self._key, CHAR):  # padded with blanks, which text loses
            own = column(self._mapping.key)
        return query.where(own == value)

    def _select(self, *names: str) -> Select[Any]:
        schema, _, name = (self._mapping.relation or "").rpartition(".")
        # Bare names: SQL Server is about to drop columns in three parts.
        columns: list[ColumnClause[Any]] = [column(one) for one in names]
        return select(*columns).select_from(table(name, schema=schema or None))


def _typed(key: str, python: type) -> object | None:
    """A key as its column holds it; nothing where it must be compared as text."""
    if python is str:
        return key
    if python is int and key.lstrip("-").isdecimal():
        return int(key)
    if python in (int, float, Decimal) and _NUMBER.fullmatch(key):
        return Decimal(key)
    if python is UUID:
        try:
            return UUID(key)
        except ValueError:
            return None
    return None


def python_type(kind: TypeEngine[Any]) -> type:
    """What a column's values are in Python; `object` where nobody says."""
    try:
        return kind.python_type
    except NotImplementedError:
        return object


def unfit(kind: TypeEngine[Any], *, is_key: bool = False) -> str:
    """Why a column of this type is refused (see `kinds`), or nothing."""
    if isinstance(kind, MYSQL_BIT) or python_type(kind) is bytes:
        return BINARY
    if isinstance(kind, ORACLE_TIMESTAMP) and (kind.timezone or kind.local_timezone):
        return ZONED
    return NO_KEY if is_key and python_type(kind) in _NO_KEYS else ""
