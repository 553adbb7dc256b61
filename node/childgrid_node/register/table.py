"""A table or view of a database as a source, through SQLAlchemy Core.

Read-only: PostgreSQL by a read-only transaction at one snapshot, SQLite by opening the
file read-only; elsewhere give an account that may only read. Names reach SQL only as
`table` and `column` constructs. Errors carry the kind of failure and the address
without password, never a driver's message, which may quote values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    ColumnClause,
    Connection,
    Engine,
    Select,
    String,
    cast,
    column,
    create_engine,
    func,
    inspect,
    make_url,
    or_,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..mapping import Mapping
from ..source_errors import AmbiguousKey, RegisterError
from .marks import Mark
from .rows import Change, Faults, Row, admits, require, text

_FETCH = 5_000
_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Table:
    """One relation of a database, read in order of its key."""

    def __init__(self, mapping: Mapping, base: Path) -> None:
        self.faults = Faults()
        self._mapping = mapping
        self._columns = mapping.columns()
        url = _url(mapping)
        self._where = url.set(query={}).render_as_string(hide_password=True)
        self._engine = self._connectable(url, base)
        self._check()

    def read(self) -> Iterator[Row]:
        """Every usable row, in the key's order; counts the others in `faults`."""
        self.faults = Faults()
        key: ColumnClause[Any] = column(self._mapping.key)
        before = ""
        for number, cells in enumerate(self._stream(self._select().order_by(key)), 1):
            values = self._values(cells)
            kind = self._fault(values, before)
            if kind:
                self.faults.add(number, kind)
                continue
            before = values[self._mapping.key]
            if admits(self._mapping, values):
                yield Row(before, number, values)

    def mark(self) -> Mark | None:
        """The greatest time of change; None without such a column, or without rows."""
        name = self._mapping.updated
        if name is None:
            return None
        query: Select[Any] = self._select(name).with_only_columns(
            func.max(column(name))
        )
        ((greatest,),) = self._stream(query)
        if greatest is None:
            return None
        return Mark.of(greatest, f"{self._mapping.path}: updated")

    def changes(self, since: Mark, lag_seconds: int) -> Iterator[Change]:
        """Rows with a time of change from so long before `since` on, or without one."""
        own: ColumnClause[Any] = column(self._mapping.updated or "")
        query = (
            self._select(*self._columns)
            .where(or_(own >= since.back(lag_seconds), own.is_(None)))
            .order_by(own, column(self._mapping.key))
        )
        for number, cells in enumerate(self._stream(query), 1):
            values = self._values(cells)
            if kind := self._fault(values, ""):
                self.faults.add(number, kind)
                continue
            key = values[self._mapping.key]
            row = Row(key, number, values) if admits(self._mapping, values) else None
            yield Change(key, row)

    def keys(self) -> Iterator[str]:
        """Keys of the rows that pass the filters; reads nothing but those columns."""
        names = tuple(
            dict.fromkeys((self._mapping.key, *(w.column for w in self._mapping.where)))
        )
        for cells in self._stream(self._select(*names)):
            try:
                values = dict(zip(names, map(text, cells), strict=True))
            except ValueError:
                continue
            if admits(self._mapping, values):
                yield values[self._mapping.key]

    def find(self, key: str) -> Row | None:
        """The row under `key` as it is now (filters applied)."""
        found = [
            values
            for cells in self._stream(self._by_key(key))
            if (values := self._values(cells)).get(self._mapping.key) == key
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

    def _fault(self, values: dict[str, str], before: str) -> str:
        if not values:
            return "undecodable"
        key = values[self._mapping.key]
        if not key.strip():
            return "missing key"
        return "duplicate key" if key == before else ""

    def _values(self, cells: tuple[Any, ...]) -> dict[str, str]:
        """A row's mapped columns as text; nothing if one cannot be decoded."""
        try:
            return dict(zip(self._columns, map(text, cells), strict=True))
        except ValueError:
            return {}

    def _select(self, *names: str) -> Select[Any]:
        """A query for these columns, by default all that the mapping names."""
        schema, _, name = (self._mapping.relation or "").rpartition(".")
        columns: list[ColumnClause[Any]] = [
            column(one) for one in names or self._columns
        ]
        return select(*columns).select_from(
            table(name, *columns, schema=schema or None)
        )

    def _by_key(self, key: str) -> Select[Any]:
        """A query for one key that can use an index on the key's own type."""
        own = column(self._mapping.key, self._key_type)
        try:
            python = self._key_type.python_type
        except NotImplementedError:
            python = str
        if python is str:
            return self._select().where(own == key)
        if python is int and key.lstrip("-").isdecimal():
            return self._select().where(own == int(key))
        return self._select().where(cast(own, String) == key)

    def _stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        with self._connection() as connection:
            result = connection.execution_options(yield_per=_FETCH).execute(query)
            for part in result.partitions():
                yield from map(tuple, part)

    def _check(self) -> None:
        relation = self._mapping.relation
        if not relation:
            raise RegisterError(
                f"{self._mapping.path}: relation is missing; name the table or view"
            )
        schema, _, name = relation.rpartition(".")
        with self._connection() as connection:
            try:
                found = inspect(connection).get_columns(name, schema=schema or None)
            except NoSuchTableError:
                raise RegisterError(self._no_relation(connection, schema)) from None
        require(self._mapping, [c["name"] for c in found], f"relation {relation!r}")
        types = {c["name"]: c["type"] for c in found}
        self._key_type = types[self._mapping.key]

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
        try:
            with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            raise RegisterError(
                f"{self._mapping.path}: cannot read {self._where} ({kind}); check "
                "address, account, permissions and that the server runs"
            ) from None

    def _connectable(self, url: URL, base: Path) -> Engine:
        name = url.get_backend_name()
        try:
            if name == "sqlite":
                path = base / (url.database or "")
                return create_engine(
                    "sqlite://", creator=lambda: _sqlite(path), poolclass=NullPool
                )
            options = _READ_ONLY if name == "postgresql" else {}
            return create_engine(url, poolclass=NullPool, execution_options=options)
        except (SQLAlchemyError, ImportError) as error:
            raise RegisterError(
                f"{self._mapping.path}: no driver for {url.drivername} "
                f"({type(error).__name__}); install it or name another"
            ) from None


def _url(mapping: Mapping) -> URL:
    try:
        return make_url(mapping.source)
    except (ArgumentError, ValueError):
        raise RegisterError(
            f"{mapping.path}: source is no database URL; write "
            "dialect+driver://account@host/database"
        ) from None


def _sqlite(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    return sqlite3.connect(address, uri=True, check_same_thread=False)
