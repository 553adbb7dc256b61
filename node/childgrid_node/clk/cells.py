"""A stretch of one column as code points, from Python strings or Arrow arrays.

Arrow is recognised by its own types and never imported; its buffers are read in place.
A null or None is an empty cell, as it would be in a CSV file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from childgrid_node.clk import cell_kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Column = Any
    """Strings in a sequence, a numpy array or an Arrow array, chunked or not."""

_TEXT_TYPES = {"string": "<i4", "large_string": "<i8"}


@dataclass(slots=True)
class Cells:
    """Values as slices of one array of code points.

    Attributes:
        codes: code points, ``uint32``; lone surrogates stand for themselves.
        starts: where each value begins, ``int64``.
        lengths: its code points, ``int64``.
    """

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, values: Sequence[str]) -> Cells:
        """Lay out strings.

        Raises:
            TypeError: one of them is no string.
        """
        lengths = np.fromiter(map(len, values), np.int64, len(values))
        return cls(code_points("".join(values)), _starts(lengths), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def text(self, row: int) -> str:
        """Return one value as a string."""
        start = self.starts[row]
        run = self.codes[start : start + self.lengths[row]]
        return run.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def rows_of(self, found: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the rows, in order, that hold a marked code point."""
        places = np.flatnonzero(found)
        rows = np.searchsorted(self.starts, places, "right") - 1
        return np.unique(rows).astype(np.int64)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return a string's code points."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8).astype(np.uint32)
    raw = text.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(raw, "<u4").astype(np.uint32, copy=False)


def texts(codes: NDArray[np.uint32], lengths: NDArray[np.int64]) -> list[str]:
    """Return values that stand one after the other as strings."""
    text = codes.astype("<u4", copy=False).tobytes()
    whole = text.decode("utf-32-le", "surrogatepass")
    ends = np.cumsum(lengths).tolist()
    return [whole[low:high] for low, high in zip([0, *ends], ends, strict=False)]


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    starts: NDArray[np.int64] = np.cumsum(lengths) - lengths
    return starts


def is_arrow(column: Column) -> bool:
    """Whether a column is an Arrow array of strings, chunked or not."""
    module = type(column).__module__.partition(".")[0]
    return module == "pyarrow" and str(column.type) in _TEXT_TYPES


def arrow_cells(column: Column, first: int, last: int) -> Cells:
    """Lay out rows ``first`` to ``last`` of an Arrow array without Python strings."""
    array = _arrow_part(column, first, last)
    if not len(array):
        return Cells.of([])
    _, offsets, data = array.buffers()
    kind = _TEXT_TYPES[str(array.type)]
    ends = np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1]
    raw = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    places = (ends - ends[0]).astype(np.int64)
    if raw.size and raw.max() > 127:
        cell_kernels.characters(raw, places)
        codes = code_points(raw.tobytes().decode("utf-8"))
    else:
        codes = raw.astype(np.uint32)
    return Cells(codes, places[:-1], np.diff(places))


def _arrow_part(column: Column, first: int, last: int) -> Any:  # noqa: ANN401
    array = column.slice(first, last - first)
    if hasattr(array, "combine_chunks"):
        array = array.combine_chunks()
    return array.fill_null("") if array.null_count else array


def strings(column: Column, first: int, last: int) -> list[Any]:
    """Return rows ``first`` to ``last`` as a list, members as they are."""
    part = column[first:last]
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(part, name):
            return list(getattr(part, name)())
    return list(part)
