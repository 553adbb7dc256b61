"""The loops of the scan in numpy, for machines without numba: same answers, slower.

The same two functions as ``kernels``, with the same arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.levels import CUT_SCALE, SHIFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.plan import Pair, Plan

DICE = np.uint64(2 * CUT_SCALE)
OVER = np.uint64(CUT_SCALE)


def survey(
    plan: Plan,
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return levels ``uint8[n, active]``; add how often each occurs to ``counts``."""
    out = np.zeros((len(rows), len(plan.active)), np.uint8)
    living = dead == 0
    names = [comparison.name for comparison in plan.scheme.comparisons]
    for at, position in enumerate(plan.active):
        comparison = plan.scheme.comparisons[position]
        open_ = living
        if (
            comparison.unless
            and (column := plan.column[names.index(comparison.unless)]) >= 0
        ):
            open_ = living & (out[:, column] == 0)
        levels = (
            _tag_levels(plan, position, rows)
            if comparison.kind == "tag"
            else _bloom_levels(plan, position, rows, filled)
        )
        out[:, at] = np.where(open_, levels, 0)
        counts[at] += np.bincount(out[living, at], minlength=counts.shape[1])
    return out


def _bloom_levels(
    plan: Plan, position: int, rows: NDArray[np.uint64], filled: NDArray[np.uint16]
) -> NDArray[np.uint8]:
    best = np.zeros(len(rows), np.uint8)
    rank = plan.shape.rank[position]
    for number, pair in enumerate(plan.shape.pairs):
        if pair.comparison == position and plan.used[number]:
            found = _pair_levels(plan, number, pair, rows)
            found[filled[:, pair.field] == 0] = 0
            np.copyto(best, found, where=rank[found] > rank[best])
    return best


def _pair_levels(
    plan: Plan, number: int, pair: Pair, rows: NDArray[np.uint64]
) -> NDArray[np.uint8]:
    stop = pair.start + pair.words * pair.folds
    field = rows[:, pair.start : stop].reshape(len(rows), pair.folds, pair.words)
    folded = np.bitwise_or.reduce(field, axis=1)
    query = plan.words[number, : pair.words]
    size = np.bitwise_count(folded).sum(axis=1, dtype=np.uint64)
    common = np.bitwise_count(folded & query).sum(axis=1, dtype=np.uint64)
    near = (DICE * common * plan.by_dice[number, size]) >> np.uint64(SHIFT)
    over = (OVER * common * plan.by_overlap[number, size]) >> np.uint64(SHIFT)
    shape = plan.shape
    dice: NDArray[np.uint8] = shape.dice[pair.comparison, near]
    levels: NDArray[np.uint8] = dice + shape.overlap[pair.comparison, over]
    return levels


def _tag_levels(
    plan: Plan, position: int, rows: NDArray[np.uint64]
) -> NDArray[np.uint8]:
    place = plan.scheme.layout[plan.scheme.comparisons[position].pairs[0][0]]
    values = rows[:, place.start : place.stop] & np.uint64(place.mask)
    sought = plan.tags[position, : plan.tag_counts[position]]
    known = (values != 0).any(axis=1)
    equal = ((values[:, :, None] == sought) & (values != 0)[:, :, None]).any(
        axis=(1, 2)
    )
    levels: NDArray[np.uint8] = known.astype(np.uint8) + equal
    return levels


def best(
    levels: NDArray[np.uint8],
    weights: NDArray[np.int64],
    dead: NDArray[np.uint8],
    first: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.int64],
) -> None:
    """Sum ``weights`` over each row's levels; keep the best in ``rows``, ``scores``."""
    total = np.zeros(len(levels), np.int64)
    for column, weight in enumerate(weights):
        total += weight[levels[:, column]]
    hopeful = np.flatnonzero((dead == 0) & (total > scores[-1]))
    all_scores = np.concatenate([scores, total[hopeful]])
    all_rows = np.concatenate([rows, hopeful + first])
    order = np.argsort(-all_scores, kind="stable")[: len(scores)]
    scores[:], rows[:] = all_scores[order], all_rows[order]
