"""A table or view of a database as a source, through SQLAlchemy Core.

Each reading is one statement, streamed by a server-side cursor: one snapshot, in the
order of the key or of the time of change. The account is proved unable to write
(`rights`) at the opening and before each whole reading of rows or keys. Errors carry
the kind of failure and the address without password, never a driver's message, which
may quote values.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, inspect
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from ..mapping import Mapping
from ..source_errors import AmbiguousKey, RegisterError, SourceAway, SourceUnreached
from . import engines, rights
from .kinds import refuse
from .looking import columns_of
from .marks import Mark, bound, moment
from .queries import Queries, python_type, unfit
from .rows import Change, Faults, Row, Unreadable, admits, barring, require, texts

_FETCH = 5_000
_SIGNS = re.compile(r"[\W_]+")


class Table:
    """One relation of a database, read in order of its key."""

    def __init__(self, mapping: Mapping, base: Path) -> None:
        self.faults = Faults()
        self._mapping = mapping
        self._columns = mapping.columns()
        url = engines.address(mapping, base)
        self._where = engines.shown(url)
        self._engine = engines.connectable(mapping, url, base)
        self._backend = url.get_backend_name()
        self._prove()
        if self._backend == "mssql":
            self._engine = self._at_snapshot()
        self._texts: frozenset[str] = frozenset()
        self._queries = self._checked()

    def read(self) -> Iterator[Row]:
        """Every usable row, in the key's order; counts the others in `faults`."""
        self.faults = Faults()
        self._prove()
        self._insist()
        run = _Run()
        for number, cells in enumerate(self._stream(self._queries.whole()), 1):
            values = self._values(number, cells)
            if values is None:
                continue
            key = values[self._mapping.key]
            if run.repeats(key):
                self.faults.add(number, "duplicate key", self._mapping.key)
                continue
            barred = barring(self._mapping, values)
            self.faults.barred.update(barred)
            if not barred:
                yield Row(key, number, values)

    def mark(self, now: int) -> Mark | None:
        """The greatest time of change that has come; None where there is none."""
        name = self._mapping.updated
        greatest = self._greatest(name) if name else None
        if name and isinstance(greatest, str | date):
            until = bound(greatest, now, as_text=name in self._texts)
            come = greatest if until is None else self._greatest(name, until)
            # Where no row holds a time, the message about that is what is needed.
            greatest = come if come or moment(greatest) else greatest
        if greatest is None:
            return None
        return Mark.of(greatest, f"{self._mapping.path}: updated")

    def _greatest(self, name: str, until: object = None) -> object:
        ((greatest,),) = self._stream(self._queries.greatest(name, until))
        return greatest

    def changes(self, since: Mark, lag_seconds: int) -> Iterator[Change]:
        """Rows with a time of change from so long before `since` on, or without one."""
        self._insist()
        updated = self._mapping.updated or ""
        query = self._queries.since(updated, since, lag_seconds)
        for number, cells in enumerate(self._stream(query), 1):
            values = self._values(number, cells)
            if values is None:
                continue
            key = values[self._mapping.key]
            row = Row(key, number, values) if admits(self._mapping, values) else None
            yield Change(key, row)

    def keys(self) -> Iterator[str]:
        """Keys of the rows that pass the filters; reads nothing but those columns."""
        self._prove()
        self._insist()
        names = self._queries.key_columns()
        for cells in self._stream(self._queries.keys()):
            try:
                values = texts(names, cells)
            except Unreadable:
                continue
            if admits(self._mapping, values):
                yield values[self._mapping.key]

    def find(self, key: str) -> Row | None:
        """The row under `key` as it is now (filters applied)."""
        self._insist()
        found = [
            values
            for cells in self._stream(self._queries.one(key))
            if (values := self._readable(cells)).get(self._mapping.key) == key
        ]
        if len(found) > 1:
            raise AmbiguousKey(
                f"{self._mapping.path}: key column {self._mapping.key!r} does not "
                "name one row; map a column that is unique"
            )
        if not found or not admits(self._mapping, found[0]):
            return None
        return Row(key, 0, found[0])

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _values(self, number: int, cells: tuple[Any, ...]) -> dict[str, str] | None:
        """A row's mapped columns as text; None, and a fault, if it can't be used."""
        try:
            values = texts(self._columns, cells)
            if not values[self._mapping.key].strip():
                raise Unreadable("missing key", self._mapping.key)
        except Unreadable as fault:
            self.faults.add(number, fault.kind, fault.column)
            return None
        return values

    def _readable(self, cells: tuple[Any, ...]) -> dict[str, str]:
        try:
            return texts(self._columns, cells)
        except Unreadable:
            return {}

    def _stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        with self._connection() as connection:
            result = connection.execution_options(yield_per=_FETCH).execute(query)
            for part in result.partitions():
                yield from map(tuple, part)

    def _prove(self) -> None:
        """Refuse an account that may write, or that nobody can tell of."""
        if self._backend == "sqlite":
            return
        with self._connection() as connection:
            found = rights.ask(connection, self._backend)
        rights.judge(self._mapping, found)

    def _insist(self) -> None:
        """Refuse a relation that has lost a column since it was opened.

        Other databases refuse the statement; SQLite takes the quoted name of a column
        that is not there for a text, and would give it as every row's value.
        """
        if self._backend == "sqlite":
            self._queries = self._checked()

    def _at_snapshot(self) -> Engine:
        with self._connection() as connection:
            return engines.at_snapshot(self._engine, connection)

    def _checked(self) -> Queries:
        """The statements, once relation and columns are what the mapping says."""
        relation = self._mapping.relation
        if not relation:
            raise RegisterError(
                f"{self._mapping.path}: relation is missing; name the table or view"
            )
        schema, _, name = relation.rpartition(".")
        with self._connection() as connection:
            found = columns_of(connection, schema, name)
            if not found:
                raise RegisterError(self._no_relation(connection, schema))
        require(self._mapping, list(found), f"relation {relation!r}")
        key = self._mapping.key
        self._texts = frozenset(n for n, kind in found.items() if self._is_text(kind))
        refuse(self._mapping, {n: unfit(t, is_key=n == key) for n, t in found.items()})
        return Queries(self._mapping, found[key])

    def _is_text(self, kind: TypeEngine[Any]) -> bool:
        """Whether the database compares a column as text; SQLite does all times so."""
        return self._backend == "sqlite" or python_type(kind) is str

    def _no_relation(self, connection: Connection, schema: str) -> str:
        look = inspect(connection)
        names = look.get_table_names(schema or None) + look.get_view_names(
            schema or None
        )
        return (
            f"{self._mapping.path}: relation {self._mapping.relation!r} does not exist "
            f"at {self._where}; it has: {', '.join(sorted(names)) or 'none'}"
        )

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        reached = False
        try:
            with self._engine.connect() as connection:
                reached = True
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            away = isinstance(error, OperationalError | InterfaceError)
            seen = SourceAway if reached else SourceUnreached
            raise (seen if away else RegisterError)(
                f"{self._mapping.path}: cannot read {self._where} ({kind}); check "
                "address, account, permissions and that the server runs"
            ) from None


class _Run:
    """The keys that a database may hold for equal, which come next to each other.

    Where "a1", "A1" and "Á1" are one to its collation they come in any order, so a key
    that stands twice need not follow itself at once.
    """

    def __init__(self) -> None:
        self._like, self._keys = "", set[str]()

    def repeats(self, key: str) -> bool:
        """Whether this key was met before; keys come in the database's order."""
        like = _alike(key)
        if like != self._like:
            self._like = like
            self._keys.clear()
        known = key in self._keys
        self._keys.add(key)
        return known


def _alike(key: str) -> str:
    """What is left of a key where case, accents, width and signs are nothing."""
    return _SIGNS.sub("", unicodedata.normalize("NFKD", key).casefold())
