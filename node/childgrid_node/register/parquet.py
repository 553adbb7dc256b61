"""A Parquet file as a source: the mapped columns alone are read, batch by batch.

Columns must be plain text, numbers, dates or times; binary and nested ones are refused
by name. Memory holds one batch, and where each key's row stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..mapping import Mapping
from ..source_errors import RegisterError
from .filed import Filed, Line
from .kinds import BINARY, NESTED, refuse

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_ROWS = 4_096


class Parquet(Filed):
    """One Parquet file."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        super().__init__(mapping, path)
        with self._open() as stream:
            self._fitting(stream)

    def _lines(self, stream: BinaryIO) -> Iterator[Line]:
        yield from self._from(stream, 0, None)

    def _line(self, stream: BinaryIO, place: int) -> Line | None:
        """Reads the row's own row group alone."""
        file, first = self._file(stream), 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if place < first + rows:
                found = self._from(stream, first, [group])
                return next(islice(found, place - first, None))
            first += rows
        return None

    def _from(
        self, stream: BinaryIO, first: int, groups: list[int] | None
    ) -> Iterator[Line]:
        parts = self._fitting(stream).iter_batches(
            _ROWS, row_groups=groups, columns=list(self._columns), use_threads=False
        )
        place = first
        for part in self._read(parts):
            named = [_values(part.column(name)) for name in self._columns]
            for cells in zip(*named, strict=True):
                yield Line(cells, place)
                place += 1

    def _fitting(self, stream: BinaryIO) -> ParquetFile:
        """This very file, once its columns are what the mapping says."""
        file = self._file(stream)
        schema = file.schema_arrow
        self._places(schema.names)
        unfit = {name: _unfit(schema.field(name).type) for name in self._columns}
        refuse(self._mapping, unfit)
        return file

    def _file(self, stream: BinaryIO) -> ParquetFile:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile

        try:
            return ParquetFile(stream)
        except (ArrowException, OSError, ValueError) as error:
            raise self._broken(error) from None

    def _read(self, parts: Iterator[Any]) -> Iterator[Any]:
        """The parts of a file; what is damaged in its middle is an error, no end."""
        try:
            yield from parts
        except (OSError, ValueError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> RegisterError:
        return RegisterError(
            f"{self._path}: is no Parquet file that can be read "
            f"({type(error).__name__}); write it anew"
        )


def _values(column: Any) -> list[object]:  # noqa: ANN401 - pyarrow has no types
    """A column's values; times that Python does not hold as text, wrong text as bytes.

    Either costs at most its own row, where the library would refuse the whole column.
    """
    from pyarrow import binary, string

    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast(binary()).to_pylist())
    except (OverflowError, ValueError):
        return list(column.cast(string()).to_pylist())


def _unfit(kind: Any) -> str:  # noqa: ANN401 - pyarrow has no types
    from pyarrow import types

    if kind.num_fields or (types.is_dictionary(kind) and kind.value_type.num_fields):
        return NESTED
    binary = types.is_binary(kind) or types.is_large_binary(kind)
    return BINARY if binary or types.is_fixed_size_binary(kind) else ""
