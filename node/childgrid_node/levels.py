"""Level tables: from two popcounts and their overlap to a level, in integers.

Dice = 2c / (a + b) and overlap = c / min(a, b) are cut at the scheme's values per
10,000, rounded down. Division is by multiplication with a rounded-up reciprocal:
exact for every filter the scheme allows, since 10,000 · 4,096 · 2 · 8,192 < 2**40.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Comparison

CUT_SCALE = 10_000
SHIFT = 40


def steps(comparison: Comparison) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return summands by Dice and by overlap, each ``uint8[10_001]``.

    Their sum is the comparison's level, from 1 up.
    """
    scale = np.arange(CUT_SCALE + 1)
    wide = len(comparison.overlap) + 1
    dice = 1 + wide * np.searchsorted(comparison.dice, scale, side="right")
    overlap = np.searchsorted(comparison.overlap, scale, side="right")
    return dice.astype(np.uint8), overlap.astype(np.uint8)


@lru_cache(512)
def reciprocals(
    filled: int, bits: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return 2**40 / (a + b) and 2**40 / min(a, b), rounded up, for b = 0 to ``bits``.

    ``filled`` is a, the query's popcount, above 0. The result for b = 0 is unused.
    What is returned is shared: nobody may write to it.
    """
    sizes = np.arange(bits + 1, dtype=np.int64)
    smaller = np.maximum(np.minimum(sizes, filled), 1)
    return _up(sizes + filled), _up(smaller)


def _up(divisor: NDArray[np.int64]) -> NDArray[np.uint64]:
    found = (-(-(1 << SHIFT) // divisor)).astype(np.uint64)
    found.flags.writeable = False
    return found
