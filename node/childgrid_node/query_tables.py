"""What compiled loops read of queries: a table of levels for each pair of fields.

A level depends on the query only through its popcount and the common bits, so a byte
for each possible popcount of a row and each number of common bits says it all: at
``offset + popcount × stride + common``. Popcount 0, a field that is empty, has level 0.
The levels are those of the integer arithmetic in ``levels``; nothing is decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from childgrid_node.compiled import kept
from childgrid_node.levels import CUT_SCALE, SHIFT
from childgrid_node.plan import LEVELS, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from childgrid_node.plan import Plan
    from childgrid_node.scheme import Scheme

DICE = np.uint64(2 * CUT_SCALE)
OVER = np.uint64(CUT_SCALE)
_SHIFT = np.uint64(SHIFT)


@dataclass(frozen=True)
class QueryTables:
    """Queries of one scheme, stacked.

    ``starts`` is ``int64[queries + 1]``: how many comparisons the queries before one
    can make. ``arguments`` follow the rows in a call of the first pass: ``column``
    (``int64[queries, comparisons]``), ``sought`` (levels that can occur), ``words``
    (``uint64[queries, pairs, w]``), the table, its offsets and strides
    (``uint64[queries, pairs]``), ``unrank`` and ``tags``
    (``uint64[queries, comparisons, slots]``). ``many`` says whether the queries are
    compared together, by ``batch_pass``.
    """

    scheme: Scheme
    starts: NDArray[np.int64]
    arguments: tuple[NDArray[Any], ...]
    many: bool

    @classmethod
    def of(
        cls, plans: Sequence[Plan], counted: NDArray[np.bool_], *, many: bool
    ) -> QueryTables:
        """Lay out the queries of ``plans``, at least one, all of one scheme.

        ``counted`` is ``bool[comparisons]``: whose levels are to be counted.
        """
        scheme = plans[0].scheme
        table, offset, stride, seen = _level_tables(plans, ranked=not many)
        arguments = (
            np.stack([plan.column for plan in plans]),
            _sought(scheme, seen & counted[:, None]),
            np.stack([plan.words for plan in plans]),
            table,
            offset,
            stride,
            _unrank(scheme),
            np.stack([plan.tags for plan in plans]),
        )
        starts = np.cumsum([0, *(len(plan.active) for plan in plans)], dtype=np.int64)
        return cls(scheme, starts, arguments, many)


@lru_cache(maxsize=8)
def _unrank(scheme: Scheme) -> NDArray[np.uint8]:
    """Return the level behind a rank + 1, ``uint8[comparisons, 256]``."""
    ranks = shape_of(scheme).rank
    found = np.zeros((len(ranks), LEVELS), np.uint8)
    for row, rank in zip(found, ranks, strict=True):
        known = np.flatnonzero(rank >= 0)
        row[rank[known] + 1] = known
    return found


_Laid = tuple[
    NDArray[np.uint8], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]
]


def _level_tables(plans: Sequence[Plan], *, ranked: bool) -> _Laid:
    """Return the table, offsets and strides, and which levels stand in it.

    Where they are ``ranked``, a comparison of several pairs has ranks + 1 there, of
    which the greatest counts and ``unrank`` tells the level.
    """
    scheme = plans[0].scheme
    pairs = shape_of(scheme).pairs
    offset = np.zeros((len(plans), len(pairs)), np.uint64)
    stride = np.zeros_like(offset)
    seen = np.zeros((len(plans), len(scheme.comparisons), LEVELS), np.bool_)
    seen[:, [each.kind == "tag" for each in scheme.comparisons], 1:3] = True
    # A pair that the query cannot make has stride 0 and so reads the 0 in front.
    size = 1
    for at, number, filled in _used(plans):
        offset[at, number], stride[at, number] = size, filled + 1
        size += (filled + 1) * (64 * pairs[number].words + 1)
    table = np.zeros(size, np.uint8)
    for at, number, filled in _used(plans):
        start, found = int(offset[at, number]), seen[at, pairs[number].comparison]
        _fill(table, plans[at], number, filled, start, found, ranked=ranked)
    return table, offset, stride, seen


def _used(plans: Sequence[Plan]) -> Iterator[tuple[int, int, int]]:
    """Yield query, pair and the query's popcount of all pairs that can be made."""
    for at, plan in enumerate(plans):
        for number in np.flatnonzero(plan.used).tolist():
            yield at, number, int(np.bitwise_count(plan.words[number]).sum())


def _sought(scheme: Scheme, seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return levels to count, 0 after the last: ``uint8[queries, comparisons, w]``."""
    most = max(comparison.levels for comparison in scheme.comparisons)
    found = seen[:, :, : most + 1]
    # Levels that are sought come first, each kind in its order.
    order = np.argsort(~found, axis=2, kind="stable")
    there = np.take_along_axis(found, order, axis=2)
    return np.where(there, order, 0).astype(np.uint8)


def _fill(
    table: NDArray[np.uint8],
    plan: Plan,
    number: int,
    filled: int,
    offset: int,
    seen: NDArray[np.bool_],
    *,
    ranked: bool,
) -> None:
    shape, pair = plan.shape, plan.shape.pairs[number]
    at = pair.comparison
    ranked &= sum(other.comparison == at for other in shape.pairs) > 1
    codes = shape.rank[at] + 1 if ranked else np.arange(LEVELS)
    _fill_loop(
        table,
        offset,
        filled,
        64 * pair.words,
        plan.by_dice[number],
        plan.by_overlap[number],
        shape.dice[at],
        shape.overlap[at],
        codes.astype(np.uint8),
        seen,
    )


@kept
def _fill_loop(  # type: ignore[no-untyped-def]  # noqa: ANN202
    table,  # noqa: ANN001
    at,  # noqa: ANN001
    filled,  # noqa: ANN001
    bits,  # noqa: ANN001
    by_dice,  # noqa: ANN001
    by_overlap,  # noqa: ANN001
    dice,  # noqa: ANN001
    overlap,  # noqa: ANN001
    codes,  # noqa: ANN001
    seen,  # noqa: ANN001
):
    for size in range(1, bits + 1):
        at += filled + 1
        for common in range(min(filled, size) + 1):
            near = DICE * np.uint64(common) * by_dice[size] >> _SHIFT
            over = OVER * np.uint64(common) * by_overlap[size] >> _SHIFT
            level = dice[near] + overlap[over]
            table[at + common] = codes[level]
            seen[level] = True
