"""Numbers distinct cells in the order of their first use, within a bound.

Cells are compared as code points by a compiled loop, so that one seen before costs no
Python string. What no longer fits is refused; the owner then clears. Cells are personal
data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk import cell_kernels
from childgrid_node.clk.cells import Cells, texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_CELLS = 2**12
FIRST_CODES = 2**15
MOST_CODES = 2**22
"""Code points kept at once; one longer cell is kept alone."""


class Known:
    """The cells seen so far, at most ``room``."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.clear()

    def __len__(self) -> int:
        return int(self._sizes[cell_kernels.CELLS])

    def clear(self) -> None:
        """Forget every cell."""
        self._keys = np.zeros(2 * FIRST_CELLS, np.uint64)
        self._numbers = np.zeros(2 * FIRST_CELLS, np.int32)
        self._ends = np.zeros(min(self._room, FIRST_CELLS) + 1, np.int64)
        self._codes = np.empty(FIRST_CODES, np.uint32)
        self._sizes = np.zeros(1, np.int64)

    def number(
        self, cells: Cells, first: int
    ) -> tuple[int, NDArray[np.int64], list[str]]:
        """Number cells ``first`` onwards, as many as fit.

        Returns the cell to go on with (``first`` if none fitted and ``clear`` is due),
        their numbers, and the texts of the new ones.
        """
        before, last = len(self), first
        out = np.empty(len(cells) - first, np.int64)
        while last < len(cells):
            last = int(self._fill(cells, last, out[last - first :]))
            if last < len(cells) and not self._grow(int(cells.lengths[last])):
                break
        return last, out[: last - first], self._texts(before)

    def _fill(self, cells: Cells, first: int, out: NDArray[np.int64]) -> int:
        reached: int = cell_kernels.number_cells(
            cells.codes,
            cells.starts,
            cells.lengths,
            first,
            self._keys,
            self._numbers,
            self._codes,
            self._ends,
            self._sizes,
            out,
        )
        return reached

    def _grow(self, length: int) -> bool:
        """Make room for a cell of ``length``, unless there must be no more."""
        count = len(self)
        used = int(self._ends[count])
        if used + length > len(self._codes):
            if used and used + length > MOST_CODES:
                return False
            more = max(min(4 * len(self._codes), MOST_CODES), used + length)
            codes = np.empty(more, np.uint32)
            codes[:used] = self._codes[:used]
            self._codes = codes
        if count + 1 == len(self._ends):
            if count == self._room:
                return False
            self._more_cells(min(self._room, 4 * count))
        return True

    def _more_cells(self, cells: int) -> None:
        self._ends = np.pad(self._ends, (0, cells + 1 - len(self._ends)))
        keys = np.zeros(2 << (cells - 1).bit_length(), np.uint64)
        numbers = np.zeros(len(keys), np.int32)
        cell_kernels.rehash_cells(self._keys, self._numbers, keys, numbers)
        self._keys, self._numbers = keys, numbers

    def _texts(self, first: int) -> list[str]:
        ends = self._ends[first : len(self) + 1]
        return texts(self._codes[ends[0] : ends[-1]], np.diff(ends))
