"""A CSV or TSV file as a source, in UTF-8, read as a stream.

Which cell is which is the mapping's to say; of the file's own look only the delimiter
is found out, by the header. Nothing is guessed from values.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..mapping import Mapping
from ..source_errors import RegisterError
from .filed import Filed, Line
from .records import Record, records

_DELIMITERS = (",", "\t", ";", "|")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_HEADER = 1 << 20


class Sheet(Filed):
    """A delimited text file with a header, in UTF-8."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        super().__init__(mapping, path)
        with self._open() as stream:
            header, self._delimiter, self._body = self._head(stream)
        self._width = len(header)
        self._own = self._places(header)

    def _lines(self, stream: BinaryIO) -> Iterator[Line]:
        yield from map(self._cut, self._records(stream, self._body))

    def _line(self, stream: BinaryIO, place: int) -> Line | None:
        return self._cut(next(self._records(stream, place)))

    def _records(self, stream: BinaryIO, start: int) -> Iterator[Record]:
        stream.seek(start)
        return records(stream, self._delimiter, start, self._width)

    def _cut(self, record: Record) -> Line:
        if record.kind:
            return Line((), record.start, record.kind)
        return Line([_raw(record.cells[at]) for at in self._own], record.start)

    def _head(self, stream: BinaryIO) -> tuple[tuple[str, ...], str, int]:
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
        return record.cells, delimiter, record.end

    def _known(self, line: str, delimiter: str) -> int:
        cells = {cell.strip().strip('"') for cell in line.strip().split(delimiter)}
        return len(cells & set(self._columns))


def _raw(cell: str) -> str | bytes:
    """A cell, or its bytes where they are not UTF-8: then it is no text."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return cell.encode("utf-8", "surrogateescape")
    return cell
