"""Records of a delimited text file, with their place in it.

The file is read as bytes, so that one undecodable cell costs no other and each record's
first byte is known; such a cell holds escaped bytes (surrogates). Quotes are taken
strictly; where that fails, the record's first line is read alone and reading goes on
behind it, so that one open quote cannot swallow its neighbours.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """One record's cells, first byte and end; `kind` names its fault, if any."""

    cells: tuple[str, ...]
    start: int
    end: int
    kind: str = ""


class _Lines:
    """The lines of one record, decoded as they are asked for."""

    def __init__(self, stream: BinaryIO, position: int) -> None:
        self._stream = stream
        self.raw: list[bytes] = []
        self.start = position
        stream.seek(position)

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(_LONGEST):
            self.raw.append(line)
            yield _decoded(line)

    def keep_first(self) -> None:
        """Give all lines but the first back to the file."""
        del self.raw[1:]
        self._stream.seek(self.end)

    @property
    def end(self) -> int:
        return self.start + sum(map(len, self.raw))

    def next_record(self) -> None:
        self.start = self.end
        self.raw.clear()


def records(
    stream: BinaryIO, delimiter: str, position: int, width: int | None
) -> Iterator[Record]:
    """Records from byte `position` on; those of other than `width` cells are faulty.

    Blank lines are passed over.
    """
    lines = _Lines(stream, position)
    while True:
        record = _record(lines, delimiter, width)
        if record.end == record.start:
            return
        lines.next_record()
        if record.cells or record.kind:
            yield record


def _record(lines: _Lines, delimiter: str, width: int | None) -> Record:
    cells = _cells(iter(lines), delimiter, strict=True)
    whole = cells is not None and (width is None or len(cells) in (0, width))
    if not whole and lines.raw:
        lines.keep_first()
        cells = _cells(iter([_decoded(lines.raw[0])]), delimiter, strict=False)
    end = lines.end
    if cells is None:
        return Record((), lines.start, end, "unreadable")
    if cells and width is not None and len(cells) != width:
        return Record((), lines.start, end, "ragged")
    return Record(tuple(cells), lines.start, end)


def _cells(lines: Iterator[str], delimiter: str, *, strict: bool) -> list[str] | None:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return None


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")
