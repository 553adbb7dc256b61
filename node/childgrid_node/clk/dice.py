"""Compiled loops of ``search``: each query over blocks of rows that stay in the cache.

The best rows so far are kept with whole numbers: common bits and a + b.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from childgrid_node.bitwise import Kernel, common_4, common_16, popcount, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

BLOCK = 1024
AHEAD = 384


@njit(nogil=True)
def keep(row, common, size, rows, shared, sizes) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Insert a row before all that are less similar, or as similar and later.

    The last one falls off, which may be the row itself.
    """
    at = len(rows)
    while at > 0:
        before, after = shared[at - 1] * size, common * sizes[at - 1]
        if rows[at - 1] >= 0 and (
            before > after or (before == after and rows[at - 1] < row)
        ):
            break
        at -= 1
        if at + 1 < len(rows):
            rows[at + 1], shared[at + 1] = rows[at], shared[at]
            sizes[at + 1] = sizes[at]
    if at < len(rows):
        rows[at], shared[at], sizes[at] = row, common, size


@lru_cache(maxsize=16)
def _top(words: int) -> Kernel:
    """Return the loops for filters of ``words`` words, with all widths as constants."""
    sixteens, fours = words // 16 * 16, words // 4 * 4

    @njit(nogil=True, cache=True)
    def loops(rows, filled, queries, own, least, found, shared, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        last = found.shape[1] - 1
        for low in range(0, len(filled), BLOCK):
            high = min(low + BLOCK, len(filled))
            for q in range(len(own)):
                query = queries[q]
                worst, worst_size = shared[q, last], sizes[q, last]
                full = found[q, last] >= 0
                for i in range(low, high):
                    start = np.uint64(i) * np.uint64(words)
                    for w in range(0, words, 8):
                        prefetch(rows, start + np.uint64(AHEAD + w))
                    bits = np.uint64(0)
                    for w in range(0, sixteens, 16):
                        bits += common_16(
                            rows, start + np.uint64(w), query, np.uint64(w)
                        )
                    for w in range(sixteens, fours, 4):
                        bits += common_4(
                            rows, start + np.uint64(w), query, np.uint64(w)
                        )
                    for w in range(fours, words):
                        bits += popcount(rows[start + np.uint64(w)] & query[w])
                    common, size = np.int64(bits), own[q] + np.int64(filled[i])
                    if common < least[q, filled[i]] or (
                        full and common * worst_size <= worst * size
                    ):
                        continue
                    keep(i, common, size, found[q], shared[q], sizes[q])
                    worst, worst_size = shared[q, last], sizes[q, last]
                    full = found[q, last] >= 0

    made: Kernel = loops
    return made


def blank(queries: int, k: int) -> Found:
    """Return rows (-1 for none), common bits and a + b of nothing found yet."""
    shape = queries, k
    return (
        np.full(shape, -1, np.int64),
        np.zeros(shape, np.int64),
        np.ones(shape, np.int64),
    )


def top(
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    queries: NDArray[np.uint64],
    least: NDArray[np.int64],
    k: int,
) -> Found:
    """Return rows (-1 for none), common bits and a + b of the best: ``[queries, k]``.

    ``least`` is ``int64[queries, bits + 1]``: the fewest common bits by popcount.
    """
    found, shared, sizes = blank(len(queries), k)
    own = np.bitwise_count(queries).sum(axis=1, dtype=np.int64)
    flat = np.ascontiguousarray(rows).reshape(-1)
    _top(rows.shape[1])(flat, filled, queries, own, least, found, shared, sizes)
    return found, shared, sizes
