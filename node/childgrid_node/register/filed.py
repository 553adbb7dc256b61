"""What all files have in common as sources, whatever their format.

A file is read whole, in order; it remembers where each key's row lies, so that one row
can be read again, and trusts the memory only while the file is the same (device, inode,
size, time of change). A file that changes while it is read is refused. How bytes become
cells is each format's own business; the rule for all: where a column stands is read
from the very file that is open, since the next one may have another order.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..mapping import Mapping
from ..source_errors import RegisterError, SourceUnreached
from .marks import Mark
from .rows import Change, Faults, Row, Unreadable, admits, barring, require, texts


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file: the mapping's cells and its place; `kind` names its fault."""

    cells: Sequence[object]
    place: int
    kind: str = ""


class Filed(ABC):
    """A file with named columns, one row a record."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        self.faults = Faults()
        self._mapping = mapping
        self._path = path
        self._columns = mapping.columns()
        self._positions: dict[str, int] = {}
        self._state: tuple[int, ...] = ()

    @abstractmethod
    def _lines(self, stream: BinaryIO) -> Iterator[Line]:
        """Every row in order, as the file is now."""

    @abstractmethod
    def _line(self, stream: BinaryIO, place: int) -> Line | None:
        """The row at a place that `_lines` gave while the file was the same."""

    def read(self) -> Iterator[Row]:
        """Every usable row, in order; counts the others in `faults`."""
        self.faults = Faults()
        with self._open() as stream:
            state = _state(stream)
            positions: dict[str, int] = {}
            yield from self._rows(stream, positions)
            if _state(stream) != state:
                raise RegisterError(
                    f"{self._path}: changed while it was read; write a new file "
                    "and rename it into place"
                )
        self._positions, self._state = positions, state

    def mark(self, now: int) -> Mark | None:  # noqa: ARG002 - as of a table
        """The file as it is."""
        return self._as_it_is()

    def _as_it_is(self) -> Mark:
        with self._open() as stream:
            return Mark("file", " ".join(map(str, _state(stream))))

    def changes(self, since: Mark, lag_seconds: int) -> Iterator[Change]:  # noqa: ARG002
        """Nothing while the file is the same, or else every row."""
        if self._as_it_is() != since:
            for row in self.read():
                yield Change(row.key, row)

    def keys(self) -> Iterator[str]:
        """Keys of the rows that pass the filters."""
        for row in self.read():
            yield row.key

    def find(self, key: str) -> Row | None:
        """The row under `key` as the file is now (filters applied)."""
        with self._open() as stream:
            if self._state == _state(stream):
                return self._at(stream, key)
        faults = self.faults
        try:
            for _ in self.read():
                pass
        finally:
            self.faults = faults
        with self._open() as stream:
            return self._at(stream, key)

    def close(self) -> None:
        """Forget where the rows are."""
        self._positions, self._state = {}, ()

    def _at(self, stream: BinaryIO, key: str) -> Row | None:
        place = self._positions.get(key)
        line = None if place is None else self._line(stream, place)
        if line is None or line.kind:
            return None
        try:
            values = self._values(line)
        except Unreadable:
            return None
        if values[self._mapping.key] != key or not admits(self._mapping, values):
            return None
        return Row(key, 0, values)

    def _rows(self, stream: BinaryIO, positions: dict[str, int]) -> Iterator[Row]:
        for number, line in enumerate(self._lines(stream), 1):
            try:
                values = self._values(line)
                self._judge(values[self._mapping.key], positions)
            except Unreadable as fault:
                self.faults.add(number, fault.kind, fault.column)
                continue
            key = values[self._mapping.key]
            positions[key] = line.place
            barred = barring(self._mapping, values)
            self.faults.barred.update(barred)
            if not barred:
                yield Row(key, number, values)

    def _judge(self, key: str, positions: dict[str, int]) -> None:
        if not key:
            raise Unreadable("missing key", self._mapping.key)
        if key in positions:
            raise Unreadable("duplicate key", self._mapping.key)

    def _values(self, line: Line) -> dict[str, str]:
        if line.kind:
            raise Unreadable(line.kind, "")
        values = texts(self._columns, line.cells)
        values[self._mapping.key] = values[self._mapping.key].strip()
        return values

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SourceUnreached(
                f"{self._path}: cannot be opened ({type(error).__name__}); check the "
                "name beside the mapping and that this account may read it"
            ) from None

    def _places(self, header: Sequence[str]) -> list[int]:
        """Where the mapping's columns stand; refuses a header that lacks one."""
        columns = [cell.strip() for cell in header]
        if not set(map(_bare, columns)) & set(map(_bare, self._columns)):
            # It may be a row of somebody's, so nothing of it is shown.
            raise RegisterError(
                f"{self._path}: its first row names no column of the mapping "
                f"({', '.join(self._columns)}); let it be the header, with no title "
                "above it, and correct the mapping if its names are others"
            )
        for column in self._columns:
            if columns.count(column) > 1:
                raise RegisterError(
                    f"{self._path}: the header names column {column!r} twice; "
                    "rename one of them"
                )
        require(self._mapping, columns, self._path.name)
        return [columns.index(column) for column in self._columns]


def _bare(name: str) -> str:
    """A column's name without case, blanks and signs: by it a header is known."""
    return "".join(filter(str.isalnum, name.casefold()))


def _state(stream: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
