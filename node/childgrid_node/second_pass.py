"""The second pass: each row's sum of weights, and the rows with the greatest sums.

Levels of several comparisons are joined into one number, as digits are, and looked up
together: few look-ups a row. Sums are exact, in as many bits as they can need. What a
level weighs the caller says; ties are settled by row order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from childgrid_node.bitwise import BLOCK
from childgrid_node.compiled import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST = 4096
"""Entries of a joint table at most, unless one comparison has more: it stays in L1."""

_U = np.uint64


@dataclass(frozen=True)
class Weights:
    """Joint tables of weights, for ``best``.

    ``ends`` is ``int64[groups + 1]``, which comparisons are joined; ``factors``
    ``uint16[active]``, what a level counts in its group's number; ``starts``
    ``int64[groups]``, where in ``table`` (``int32`` or ``int64``) each begins.
    """

    ends: NDArray[np.int64]
    factors: NDArray[np.uint16]
    starts: NDArray[np.int64]
    table: NDArray[Any]


def weigh(weights: NDArray[np.int64], sizes: Sequence[int]) -> Weights:
    """Join the weights (``int64[active, 256]``) of levels from 0 to below ``sizes``."""
    ends, factors, tables = [0], [], [np.zeros(1, np.int64)]
    for at, (row, size) in enumerate(zip(weights, sizes, strict=True)):
        if len(tables[-1]) * size > MOST and at > ends[-1]:
            ends.append(at)
            tables.append(np.zeros(1, np.int64))
        factors.append(len(tables[-1]))
        tables[-1] = np.add.outer(row[:size], tables[-1]).reshape(-1)
    starts = np.cumsum([0, *map(len, tables[:-1])], dtype=np.int64)
    most = np.abs(weights).max(axis=1, initial=0).sum()
    kind = np.int32 if most < 2**31 else np.int64
    return Weights(
        np.array([*ends, len(weights)], np.int64),
        np.array(factors, np.uint16),
        starts,
        np.concatenate(tables).astype(kind),
    )


@kept
def _sums(levels, low, many, ends, factors, starts, table, codes, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the sums of a block of rows; return the greatest."""
    sums[:] = 0
    for group in range(len(starts)):
        codes[:] = 0
        for c in range(ends[group], ends[group + 1]):
            factor = factors[c]
            for i in range(many):
                codes[i] += np.uint16(levels[c, low + i]) * factor
        start = _U(starts[group])
        for i in range(many):
            sums[i] += table[start + _U(codes[i])]
    greatest = sums[_U(0)]
    for i in range(many):
        greatest = max(greatest, sums[i])
    return greatest


@njit(nogil=True)
def _keep(total, row, rows, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    at = len(scores) - 1
    while at > 0 and scores[at - 1] < total:
        scores[at] = scores[at - 1]
        rows[at] = rows[at - 1]
        at -= 1
    scores[at] = total
    rows[at] = row


@kept
def _best(levels, ends, factors, starts, table, dead, first, rows, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    codes, sums = np.empty(BLOCK, np.uint16), np.empty(BLOCK, table.dtype)
    for low in range(0, len(dead), BLOCK):
        many = min(BLOCK, len(dead) - low)
        greatest = _sums(
            levels, _U(low), _U(many), ends, factors, starts, table, codes, sums
        )
        if greatest <= scores[-1]:
            continue
        for i in range(many):
            if sums[i] > scores[-1] and dead[low + i] == 0:
                _keep(np.int64(sums[i]), first + low + i, rows, scores)


def best(
    levels: NDArray[np.uint8],
    weights: Weights,
    dead: NDArray[np.uint8],
    first: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.int64],
) -> None:
    """Sum the weights of each row's levels and keep the best in ``rows``, ``scores``.

    ``levels`` is ``uint8[active, n or more]``; ``scores`` falls; of equal sums the
    earlier row stays ahead. ``first`` is the number of the first row.
    """
    of = weights.ends, weights.factors, weights.starts, weights.table
    _best(levels, *of, dead, first, rows, scores)
