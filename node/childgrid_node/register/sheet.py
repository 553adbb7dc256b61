"""A CSV or TSV file as a source, in UTF-8, read as a stream.

Which cell is which is the mapping's to say; of the file's own look only the delimiter
is found out, by the header. Nothing is guessed from values.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..mapping import Mapping
from ..source_errors import RegisterError
from .filed import Filed, Line
from .records import Record, records

_DELIMITERS = (",", "\t", ";", "|")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True, slots=True)
class _Head:
    """What a header says: how to cut, where records begin, where our columns stand."""

    delimiter: str
    body: int
    width: int
    own: list[int]


class Sheet(Filed):
    """A delimited text file with a header, in UTF-8."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        super().__init__(mapping, path)
        with self._open() as stream:
            self._head(stream)

    def _lines(self, stream: BinaryIO) -> Iterator[Line]:
        head = self._head(stream)
        for record in self._records(stream, head, head.body):
            yield _cut(record, head)

    def _line(self, stream: BinaryIO, place: int) -> Line | None:
        head = self._head(stream)
        return _cut(next(self._records(stream, head, place)), head)

    def _records(self, stream: BinaryIO, head: _Head, start: int) -> Iterator[Record]:
        stream.seek(start)
        return records(stream, head.delimiter, start, head.width)

    def _head(self, stream: BinaryIO) -> _Head:
        """Read the header of this very file: the next one may have other columns."""
        stream.seek(0)
        first = stream.readline(_LONGEST_HEADER)
        if first.startswith(_WIDE):
            raise RegisterError(f"{self._path}: is UTF-16; save it as CSV in UTF-8")
        mark = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
        first = first[mark:]
        while first and not first.strip(
            b"\r\n"
        ):  # blank lines are passed over, here as below
            first = stream.readline(_LONGEST_HEADER)
        line = first.decode("utf-8", "surrogateescape")
        delimiter = max(_DELIMITERS, key=lambda sign: self._known(line, sign))
        stream.seek(mark)
        empty = Record((), mark, mark, "missing")
        record = next(records(stream, delimiter, mark, None), empty)
        if record.kind:
            raise RegisterError(f"{self._path}: has no header row in UTF-8")
        self._insist_on_utf8(record.cells)
        own = self._places(record.cells)
        return _Head(delimiter, record.end, len(record.cells), own)

    def _insist_on_utf8(self, header: tuple[str, ...]) -> None:
        """Refuse a header in another code page, where a column of ours is not found."""
        found = {cell.strip() for cell in header}
        if set(self._columns) - found and any(
            isinstance(_raw(cell), bytes) for cell in header
        ):
            raise RegisterError(
                f"{self._path}: its header is not UTF-8; save it as CSV in UTF-8"
            )

    def _known(self, line: str, delimiter: str) -> int:
        cells = {cell.strip().strip('"') for cell in line.strip().split(delimiter)}
        return len(cells & set(self._columns))


def _cut(record: Record, head: _Head) -> Line:
    if record.kind:
        return Line((), record.start, record.kind)
    return Line([_raw(record.cells[at]) for at in head.own], record.start)


def _raw(cell: str) -> str | bytes:
    """A cell, or its bytes where they are not UTF-8: then it is no text."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return cell.encode("utf-8", "surrogateescape")
    return cell
