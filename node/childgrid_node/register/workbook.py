"""A sheet of an Excel or OpenDocument workbook as a source.

The first row that is not blank is the header; `relation` names the sheet where there
are several. A workbook is held in memory while it is read: a sheet has at most
1,048,576 rows. Excel keeps fifteen digits of a number and no leading zeros, so columns
of identifiers must be formatted as text there; what it has cut off can't be seen here.
Formulas count as their last result, errors (#N/A) as empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from ..mapping import Mapping
from ..source_errors import RegisterError
from .filed import Filed, Line
from .rows import text


class Workbook(Filed):
    """One sheet of a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods)."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        super().__init__(mapping, path)
        with self._open() as stream:
            self._own(self._cells(stream))

    def _lines(self, stream: BinaryIO) -> Iterator[Line]:
        rows = self._cells(stream)
        own = self._own(rows)
        for place, cells in enumerate(rows):
            if any(cell != "" for cell in cells):
                yield Line([cells[at] for at in own], place)

    def _line(self, stream: BinaryIO, place: int) -> Line | None:
        rows = self._cells(stream)
        own = self._own(rows)
        cells = next(islice(rows, place, None))
        return Line([cells[at] for at in own], place)

    def _own(self, rows: Iterator[Sequence[object]]) -> list[int]:
        """Where our columns stand in this very file, by its first row with anything."""
        header = next(filter(any, rows), ())
        if not header:
            raise RegisterError(f"{self._path}: the sheet has no header row")
        return self._places([text(cell) for cell in header])

    def _cells(self, stream: BinaryIO) -> Iterator[Sequence[object]]:
        stream.seek(0)
        try:
            yield from self._sheet(CalamineWorkbook.from_filelike(stream)).iter_rows()
        except CalamineError as error:
            raise RegisterError(
                f"{self._path}: is no workbook that can be read "
                f"({type(error).__name__}); take its password off, or save it anew"
            ) from None

    def _sheet(self, book: CalamineWorkbook) -> CalamineSheet:
        names, wanted = book.sheet_names, self._mapping.relation
        if wanted is None and len(names) == 1:
            return book.get_sheet_by_index(0)
        if wanted not in names:
            fault = "is missing" if wanted is None else f"{wanted!r} is no sheet"
            raise RegisterError(
                f"{self._mapping.path}: relation {fault} of {self._path.name}; "
                f"it has: {', '.join(names)}"
            )
        return book.get_sheet_by_name(wanted)
