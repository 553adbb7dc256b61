"""The one door to raw identities.

Everything that reads a row of an agency's own table goes through `Register`; only the
indexer, disclosure and the review desk may import this package, and a contract in the
tests keeps it so.
It reads and never writes, copies nothing to disk, and keeps in memory no more than a
batch of rows and, for a file, where each key's row begins (a workbook is held whole).
Its faults and errors name columns, row numbers and settings, never a value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..mapping import Mapping
from ..source_errors import RegisterError, SourceAway
from .marks import Mark
from .rows import Batch, Change, Fault, Faults, Row
from .sheet import Sheet

if TYPE_CHECKING:
    from .filed import Filed
    from .table import Table

__all__ = ["Batch", "Change", "Fault", "Faults", "Mark", "Register", "Row"]

_T = TypeVar("_T")
_SHEETS = {".csv", ".tsv", ".tab", ".txt"}
_BOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_PARQUET = {".parquet", ".pq"}
_FILES_EXTRA = "it comes with the extra `files`: pip install 'childgrid[files]'"


class Register:
    """An agency's source, opened for reading under one mapping.

    `faults` tells which rows the last full reading could not use. Use it as a context
    manager, or call `close`.
    """

    def __init__(self, mapping: Mapping, opener: Callable[[], Filed | Table]) -> None:
        self.mapping = mapping
        self.away = "not opened yet"
        """Why the source is not open; empty where it is."""
        self._opener, self._opening = opener, threading.Lock()
        self._source: Filed | Table | None = None

    @classmethod
    def open(
        cls, mapping: Mapping, base: Path | None = None, *, patient: bool = False
    ) -> Register:
        """Open the mapping's source; files are looked for in `base`.

        `base` is the mapping's own folder unless given. Raises `RegisterError` if the
        source cannot be read or lacks a column that the mapping names. With `patient`,
        one that is only away is opened when it is used; see `away`.
        """
        base = mapping.path.parent if base is None else Path(base)
        register = cls(mapping, partial(_opened, mapping, base))
        try:
            register._there()
        except SourceAway as error:
            if not patient:
                raise
            register.away = str(error)
        return register

    def _there(self) -> Filed | Table:
        """The source, opened now if it was away; opening it proves it."""
        with self._opening:
            if self._source is None:
                self._source, self.away = self._opener(), ""
            return self._source

    @property
    def faults(self) -> Faults:
        """What the last full reading could not use, by row number."""
        return Faults() if self._source is None else self._source.faults

    def rows(self, batch: int = 10_000) -> Iterator[Batch]:
        """Every usable row that passes the mapping's filters, `batch` at a time.

        Streams: memory does not grow with the rows of a database; for a file it holds
        one position per key.
        """
        return _batches(self._there().read(), batch)

    def mark(self, now: int) -> Mark | None:
        """How far the source goes now; None where it can only be read whole.

        Take it before reading: what comes in meanwhile is then met again next time.
        A time of change ahead of `now` (Unix seconds) does not count: what is written
        before it comes would be passed over.
        Raises `RegisterError` where `updated` names a column that holds no times.
        """
        return self._there().mark(now)

    def changes(
        self, since: Mark, lag_seconds: int, batch: int = 10_000
    ) -> Iterator[tuple[Change, ...]]:
        """Keys that were written since `lag_seconds` before a mark, and their rows.

        A row whose time of change is missing is always among them. Rows that are gone
        from the source are not: see `keys`. A file that changed is read whole.
        """
        return _batches(self._there().changes(since, lag_seconds), batch)

    def keys(self) -> Iterator[str]:
        """The key of every row that passes the filters, read without its identity."""
        return self._there().keys()

    def reread(self, key: str) -> Row | None:
        """The row under `key` as it is now, or None if it is gone or filtered out.

        Raises `AmbiguousKey` if the key names several rows.
        """
        return self._there().find(key)

    def close(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            self._source.close()

    def __enter__(self) -> Register:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _batches(items: Iterator[_T], size: int) -> Iterator[tuple[_T, ...]]:
    if size < 1:
        raise ValueError("a batch holds at least one row")
    while batch := tuple(islice(items, size)):
        yield batch


def _opened(mapping: Mapping, base: Path) -> Filed | Table:
    if "://" in mapping.source:
        # SQLAlchemy is slow to import, and most sources are files.
        from .table import Table

        return Table(mapping, base)
    return _file(mapping, base / mapping.source)


def _file(mapping: Mapping, path: Path) -> Filed:
    kind = path.suffix.lower()
    try:
        if kind in _BOOKS:
            from .workbook import Workbook

            return Workbook(mapping, path)
        if kind in _PARQUET:
            from .parquet import Parquet

            return Parquet(mapping, path)
    except ModuleNotFoundError as error:
        raise RegisterError(
            f"{mapping.path}: source {path.name}: nothing installed here reads {kind} "
            f"files ({error.name} is missing); {_FILES_EXTRA}; or save it as CSV in "
            "UTF-8"
        ) from None
    if kind in _SHEETS:
        return Sheet(mapping, path)
    known = ", ".join(sorted(_SHEETS | _BOOKS | _PARQUET))
    raise RegisterError(
        f"{mapping.path}: source {path.name}: unknown kind of file; "
        f"give one of {known}, or a database URL"
    )
