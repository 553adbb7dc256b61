"""Compiled loops of ``search`` for many queries at once, over columns of bits.

Rows are taken by tiles, within a tile by popcount, and turned into columns (``planes``)
once for all queries. A query's columns are added up from the rarest on, and a block of
rows is left as soon as none of them can reach what the query needs at their fewest
bits. The few rows left are compared exactly, so that answers are those of ``dice``.

Memory: one tile's order and one block's columns, whatever the number of rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numba import literally, njit  # type: ignore[attr-defined]

from childgrid_node.bitwise import Kernel
from childgrid_node.clk.dice import blank, keep
from childgrid_node.clk.planes import (
    LANES,
    ROWS,
    STEP,
    reach,
    tally,
    turn_far,
    turn_near,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 2048
"""Rows put in order of popcount: the more, the more alike are those of a block, the
fewer, the surer they are still in the cache when it takes them."""

STRIDE = ROWS + 8
"""Words from one word's columns to the next's; no power of two, which share lines."""

SAMPLE = 512
LIKELY = 3.0

_U = np.uint64


@njit(nogil=True)
def _order(filled, low, high, starts, order):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """List rows from ``low`` to ``high`` by popcount, earlier ones first."""
    starts[:] = 0
    for row in range(low, high):
        starts[filled[row] + 1] += 1
    for bits in range(1, len(starts)):
        starts[bits] += starts[bits - 1]
    for row in range(low, high):
        order[starts[filled[row]]] = row
        starts[filled[row]] += 1


@njit(nogil=True)
def _fetch(rows, low, high):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Read one word of every line in order, which is how memory is fast."""
    seen = _U(0)
    for at in range(_U(low), _U(high), _U(8)):
        seen |= rows[at]
    return seen


@njit(nogil=True)
def _turn(rows, members, words, columns):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Make the columns of up to ``ROWS`` rows; where there are fewer, others stay."""
    for i in range(len(members)):
        place = _U((i & 63) * LANES + (i >> 6))
        start = _U(members[i]) * _U(words)
        for word in range(_U(words)):
            columns[place] = rows[start + word]
            place += _U(STRIDE)
    for word in range(words):
        start = _U(word * STRIDE)
        for at in range(8):
            turn_far(columns, start + _U(LANES * at))
        for at in range(8):
            turn_near(columns, start + _U(LANES * 8 * at))


@njit(nogil=True)
def _level(least, own, fewest, rows, shared, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the fewest common bits that a row of ``fewest`` or more bits needs."""
    level = least[fewest]
    if rows[-1] >= 0:
        worst, size = shared[-1] * (own + fewest), sizes[-1]
        level = max(level, (worst + size - 1) // size)
    return level


@njit(nogil=True)
def _sum(planes, lane, bit):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    found = 0
    for digit in range(len(planes) // LANES):
        if planes[digit * LANES + lane] & bit:
            found |= 1 << digit
    return found


@njit(nogil=True)
def _settle(members, marks, planes, filled, own, least, rows, shared, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Compare the marked rows exactly, and keep those among the best."""
    for i in range(len(members)):
        lane, bit = i >> 6, _U(1) << _U(i & 63)
        if not marks[lane] & bit:
            continue
        common, row = _sum(planes, lane, bit), members[i]
        if common >= least[filled[row]]:
            keep(row, common, own + np.int64(filled[row]), rows, shared, sizes)


@njit(nogil=True)
def _reached(columns, places, base, own, level, hopes, planes, marks, digits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add a query's columns while any row can reach the level; mark those that do."""
    literally(digits)
    planes[:] = 0
    done, stop = 0, (own + STEP - 1) // STEP * STEP
    while done < stop:
        first, done = done, done + STEP
        while done < stop and level + done - own <= hopes[done // STEP - 1]:
            done += STEP
        tally(columns, places, base + first, base + done, planes, digits)
        if reach(planes, level - max(own - done, 0), marks, digits) == 0:
            return False
    return True


@lru_cache(maxsize=16)
def _top(words: int) -> Kernel:
    """Return the loops for filters of ``words`` words."""
    bits, digits = 64 * words, (64 * words).bit_length()

    @njit(nogil=True, cache=True)
    def loops(rows, filled, places, hopes, own, least, found, shared, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        order, starts = np.empty(TILE, np.int64), np.empty(bits + 2, np.int64)
        columns = np.zeros(words * STRIDE + LANES, np.uint64)
        planes, marks = np.empty(digits * LANES, np.uint64), np.empty(LANES, np.uint64)
        width, seen = STEP * hopes.shape[1], _U(0)
        for low in range(0, len(filled), TILE):
            high = min(low + TILE, len(filled))
            seen |= _fetch(rows, low * words, high * words)
            _order(filled, low, high, starts, order)
            for first in range(0, high - low, ROWS):
                members = order[first : min(first + ROWS, high - low)]
                _turn(rows, members, words, columns)
                fewest, most = filled[members[0]], filled[members[-1]]
                for q in range(len(own)):
                    best = found[q], shared[q], sizes[q]
                    level = _level(least[q], own[q], fewest, *best)
                    if level <= min(own[q], most) and _reached(
                        columns,
                        places,
                        q * width,
                        own[q],
                        level,
                        hopes[q],
                        planes,
                        marks,
                        digits,
                    ):
                        _settle(members, marks, planes, filled, own[q], least[q], *best)
        return seen

    made: Kernel = loops
    return made


def _bits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return a byte for each bit, the lowest of a word first."""
    octets = words.astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=1, bitorder="little")


def _plans(
    rows: NDArray[np.uint64], queries: NDArray[np.uint64], own: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """Return each query's columns, rarest first, and what may be hoped of them.

    That is ``uint32[queries * width]``, ended by a column without bits, and
    ``float64[queries, width / STEP]``: common bits after so many steps that few rows
    exceed, by a sample of them. A wrong guess costs time only.
    """
    bits = 64 * rows.shape[1]
    steps = max(-(-int(own.max()) // STEP), 1)
    rate = _bits(rows[:: max(len(rows) // SAMPLE, 1)].copy()).mean(axis=0)
    rare = np.argsort(rate, kind="stable")
    columns = np.arange(bits) % 64 * LANES + np.arange(bits) // 64 * STRIDE
    places = np.full((len(queries), steps * STEP), bits // 64 * STRIDE, np.uint32)
    rates = np.zeros(places.shape)
    for at, has in enumerate(_bits(queries)):
        listed = rare[has[rare] > 0]
        places[at, : len(listed)] = columns[listed]
        rates[at, : len(listed)] = rate[listed]
    spread = np.sqrt((rates * (1 - rates)).cumsum(axis=1))
    # Never below 0: a level that every sum reaches is not asked about.
    hopes = np.maximum(rates.cumsum(axis=1) + LIKELY * spread, 0)
    return places.reshape(-1), np.ascontiguousarray(hopes[:, STEP - 1 :: STEP])


def top(
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    queries: NDArray[np.uint64],
    least: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return what ``dice.top`` returns; for many queries in less time."""
    found, shared, sizes = blank(len(queries), k)
    own = np.bitwise_count(queries).sum(axis=1, dtype=np.int64)
    if len(rows):
        plans = _plans(rows, np.ascontiguousarray(queries), own)
        flat = np.ascontiguousarray(rows).reshape(-1)
        loops = _top(rows.shape[1])
        loops(flat, filled, *plans, own, least, found, shared, sizes)
    return found, shared, sizes
