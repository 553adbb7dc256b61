"""Record-level filters searched: the rows most similar to a query, exactly.

Dice = 2c / (a + b) of popcounts a, b and common bits c; two filters without a bit have
Dice 0. Order and threshold are exact: a row is kept by comparing whole numbers, and a
threshold means the quotient in float64, which is monotone in the exact one. Every row
is looked at: popcounts of such filters are too alike for a bound to skip any.

Several queries go over the rows in one pass: a few row by row (``dice``), more by
columns of bits (``batch``). Without numba the numpy loops give the same answers. This
module knows filters only, not whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from childgrid_node.scan import engine

CHUNK = 1 << 16
SEVERAL = 10
"""From so many queries on, turning the rows into columns pays."""

NEEDED_BYTES = 2**21
"""Bounds what is kept for the queries of one pass: more of them take several."""

Rows = NDArray[np.uint64]
Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
Loops = Callable[[Rows, NDArray[np.uint16], Rows, NDArray[np.int64], int], Found]


@dataclass(frozen=True)
class Filters:
    """Filters side by side: ``uint64[n, words]`` and popcounts ``uint16[n]``."""

    rows: Rows
    filled: NDArray[np.uint16]

    @classmethod
    def of(cls, rows: Rows) -> Filters:
        """Count the bits of ``rows``, ``uint64[n, words]`` of at most 65,535 bits."""
        filled = np.empty(len(rows), np.uint16)
        for low in range(0, len(rows), CHUNK):
            part = np.bitwise_count(rows[low : low + CHUNK])
            filled[low : low + CHUNK] = part.sum(axis=1, dtype=np.uint16)
        return cls(np.ascontiguousarray(rows), filled)


@dataclass(frozen=True)
class Similar:
    """Rows by falling Dice (``float64``), earlier rows first among equals."""

    rows: NDArray[np.int64]
    dice: NDArray[np.float64]


def needed(query: Rows, threshold: float, bits: int) -> NDArray[np.int64]:
    """Return the fewest common bits that reach ``threshold``, by a row's popcount.

    The result is ``int64[bits + 1]``; ``bits + 1`` where none do. Without a common
    bit no row is similar.
    """
    filled = int(np.bitwise_count(query).sum())
    sizes = np.maximum(filled + np.arange(bits + 1, dtype=np.float64), 1)
    common = np.maximum(np.floor(threshold * sizes / 2).astype(np.int64) - 1, 1)
    for _ in range(4):
        common += 2 * common / sizes < threshold
    return np.where(2 * common / sizes < threshold, bits + 1, common)


def search(
    filters: Filters,
    queries: Rows,
    k: int,
    threshold: float = 0.0,
    *,
    engine_name: str | None = None,
    threads: int = 1,
) -> list[Similar]:
    """Return the ``k`` rows most similar to each query, of Dice ``threshold`` or more.

    Args:
        filters: the rows.
        queries: ``uint64[queries, words]``.
        k: the greatest number of rows for each query, at least 1.
        threshold: Dice from 0 to 1; rows without a common bit are never returned.
        engine_name: ``numba`` or ``numpy``.
        threads: how many threads share the rows.
    """
    bits = 64 * filters.rows.shape[1]
    most = max(SEVERAL, NEEDED_BYTES // (8 * bits))
    found: list[Similar] = []
    for first in range(0, len(queries), most):
        part = queries[first : first + most]
        least = np.stack([needed(query, threshold, bits) for query in part])
        run = _loops(engine_name, len(part))
        found += _pass(filters, part, least, k, run, threads)
    return found


def _pass(
    filters: Filters,
    queries: Rows,
    least: NDArray[np.int64],
    k: int,
    run: Loops,
    threads: int,
) -> list[Similar]:
    """Go over the rows once."""
    cuts = [len(filters.rows) * at // threads for at in range(threads + 1)]

    def work(at: int) -> Found:
        low, high = cuts[at], cuts[at + 1]
        part = filters.rows[low:high], filters.filled[low:high]
        rows, common, sizes = run(*part, queries, least, k)
        return np.where(rows >= 0, rows + low, -1), common, sizes

    if threads == 1:
        return _answers([work(0)], k)
    with ThreadPoolExecutor(threads) as pool:
        return _answers(list(pool.map(work, range(threads))), k)


def _loops(engine_name: str | None, queries: int) -> Loops:
    if engine(engine_name).__name__.endswith("fallback"):
        return numpy_top
    from childgrid_node.clk import batch, dice

    return batch.top if queries >= SEVERAL else dice.top


def _answers(parts: Sequence[Found], k: int) -> list[Similar]:
    rows, common, sizes = (
        np.concatenate(each, axis=1) for each in zip(*parts, strict=True)
    )
    answers = []
    for row, shared, size in zip(rows, common, sizes, strict=True):
        dice = 2 * shared / np.maximum(size, 1)
        order = np.lexsort((row, -dice))
        order = order[row[order] >= 0][:k]
        answers.append(Similar(row[order], dice[order]))
    return answers


def numpy_top(
    rows: Rows,
    filled: NDArray[np.uint16],
    queries: Rows,
    least: NDArray[np.int64],
    k: int,
) -> Found:
    """Return rows (-1 for none), common bits, a + b of the best: ``[queries, k]``."""
    found = tuple(np.full((len(queries), k), fill, np.int64) for fill in (-1, 0, 1))
    for at, query in enumerate(queries):
        own = int(np.bitwise_count(query).sum())
        shared = np.concatenate(
            [np.empty(0, np.int64)]
            + [
                np.bitwise_count(rows[low : low + CHUNK] & query).sum(1, np.int64)
                for low in range(0, len(rows), CHUNK)
            ]
        )
        close = np.flatnonzero(shared >= least[at, filled])
        sizes = own + filled[close].astype(np.int64)
        order = np.lexsort((close, -(2 * shared[close] / sizes)))[:k]
        for each, values in zip(found, (close, shared[close], sizes), strict=True):
            each[at, : len(order)] = values[order]
    return found[0], found[1], found[2]
