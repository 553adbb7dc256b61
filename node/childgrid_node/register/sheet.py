"""A CSV or TSV file as a source.

Remembers where each key's record begins, so that one row can be read again; trusts the
memory only while the file is the same (device, inode, size, time of change). Which cell
is which is the mapping's to say; nothing is guessed from values.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..mapping import Mapping
from ..source_errors import RegisterError
from .marks import Mark
from .records import Record, records
from .rows import Change, Faults, Row, admits, require

_DELIMITERS = (",", "\t", ";", "|")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_HEADER = 1 << 20


class Sheet:
    """A delimited text file with a header, in UTF-8."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        self.faults = Faults()
        self._mapping = mapping
        self._path = path
        with self._open() as stream:
            self._header, self._delimiter, self._body = self._head(stream)
        require(mapping, self._header, path.name)
        self._places = {c: self._header.index(c) for c in mapping.columns()}
        self._positions: dict[str, int] = {}
        self._state: tuple[int, ...] = ()

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

    def mark(self) -> Mark | None:
        """The file as it is now."""
        with self._open() as stream:
            return Mark("file", " ".join(map(str, _state(stream))))

    def changes(self, since: Mark, lag_seconds: int) -> Iterator[Change]:  # noqa: ARG002
        """Nothing while the file is the same, or else every row."""
        if self.mark() != since:
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
        start = self._positions.get(key)
        if start is None:
            return None
        stream.seek(start)
        record = next(records(stream, self._delimiter, start, len(self._header)))
        values = self._values(record.cells)
        if values.get(self._mapping.key) != key or not admits(self._mapping, values):
            return None
        return Row(key, 0, values)

    def _rows(self, stream: BinaryIO, positions: dict[str, int]) -> Iterator[Row]:
        stream.seek(self._body)
        width = len(self._header)
        found = records(stream, self._delimiter, self._body, width)
        for number, record in enumerate(found, 1):
            values = self._values(record.cells)
            key = values.get(self._mapping.key, "")
            kind = record.kind or self._fault(key, positions)
            if kind:
                self.faults.add(number, kind)
                continue
            positions[key] = record.start
            if admits(self._mapping, values):
                yield Row(key, number, values)

    def _fault(self, key: str, positions: dict[str, int]) -> str:
        if not key:
            return "missing key"
        return "duplicate key" if key in positions else ""

    def _values(self, cells: tuple[str, ...]) -> dict[str, str]:
        if not cells:
            return {}
        values = {column: cells[place] for column, place in self._places.items()}
        values[self._mapping.key] = values[self._mapping.key].strip()
        return values

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise RegisterError(
                f"{self._path}: cannot be opened ({type(error).__name__}); check the "
                "name beside the mapping and that this account may read it"
            ) from None

    def _head(self, stream: BinaryIO) -> tuple[list[str], str, int]:
        """The header's columns, the delimiter, and where the first record begins."""
        first = stream.readline(_LONGEST_HEADER)
        if first.startswith(_WIDE):
            raise RegisterError(f"{self._path}: is UTF-16; save it as CSV in UTF-8")
        mark = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
        line = first[mark:].decode("utf-8", "surrogateescape")
        delimiter = max(_DELIMITERS, key=lambda sign: self._known(line, sign))
        stream.seek(mark)
        empty = Record((), mark, mark, "missing")
        record = next(records(stream, delimiter, mark, None), empty)
        if record.kind:
            raise RegisterError(f"{self._path}: has no header row in UTF-8")
        return self._columns(record.cells), delimiter, record.end

    def _known(self, line: str, delimiter: str) -> int:
        cells = {cell.strip().strip('"') for cell in line.strip().split(delimiter)}
        return len(cells & set(self._mapping.columns()))

    def _columns(self, cells: tuple[str, ...]) -> list[str]:
        columns = [cell.strip() for cell in cells]
        for column in self._mapping.columns():
            if columns.count(column) > 1:
                raise RegisterError(
                    f"{self._path}: the header names column {column!r} twice; "
                    "rename one of them"
                )
        return columns


def _state(stream: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
