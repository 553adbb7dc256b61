"""The loops of the scan in numpy, for machines without numba: same answers, slower.

The same functions as ``kernels``, with the same arguments. Levels are computed from
their definition, without tables, so that each engine is a check on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.levels import CUT_SCALE, SHIFT
from childgrid_node.plan import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.plan import Pair, Plan

DICE = np.uint64(2 * CUT_SCALE)
OVER = np.uint64(CUT_SCALE)


def prepare(plans: Sequence[Plan], counted: NDArray[np.bool_]) -> Prepared:
    """Return what the first pass reads of these queries; ``counted`` by comparison."""
    return Prepared(tuple(plans), counted)


@dataclass(frozen=True)
class Prepared:
    """Queries of one scheme, and of which comparisons levels are counted."""

    plans: tuple[Plan, ...]
    counted: NDArray[np.bool_]


def room(prepared: Prepared, many: int) -> int:  # noqa: ARG001
    """Return 0: numpy takes the space that it needs itself."""
    return 0


def survey(
    prepared: Prepared,
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
    counts: NDArray[np.int64],
    space: NDArray[np.uint8],  # noqa: ARG001
) -> list[NDArray[np.uint8]]:
    """Return levels ``uint8[active, n]`` by query; add to ``counts``."""
    found = []
    for plan, count in zip(prepared.plans, counts, strict=True):
        levels = _levels(plan, rows, filled, dead)
        for row, position in zip(levels, plan.active, strict=True):
            if prepared.counted[position]:
                count[position] += np.bincount(row[dead == 0], minlength=LEVELS)
        found.append(levels)
    return found


def _levels(
    plan: Plan,
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    out = np.zeros((len(plan.active), len(rows)), np.uint8)
    names = [comparison.name for comparison in plan.scheme.comparisons]
    for at, position in enumerate(plan.active):
        comparison = plan.scheme.comparisons[position]
        open_ = dead == 0
        if comparison.unless:
            column = plan.column[names.index(comparison.unless)]
            open_ &= (out[column] == 0) | (column < 0)
        levels = (
            _tag_levels(plan, position, rows)
            if comparison.kind == "tag"
            else _bloom_levels(plan, position, rows, filled)
        )
        out[at] = np.where(open_, levels, 0)
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


def weigh(
    weights: NDArray[np.int64],
    sizes: Sequence[int],  # noqa: ARG001
) -> NDArray[np.int64]:
    """Return the weights, as ``best`` takes them."""
    return weights


def best(
    levels: NDArray[np.uint8],
    weights: NDArray[np.int64],
    dead: NDArray[np.uint8],
    first: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.int64],
) -> None:
    """Sum ``weights`` over each row's levels; keep the best in ``rows``, ``scores``."""
    total = np.zeros(levels.shape[1], np.int64)
    for row, weight in zip(levels, weights, strict=True):
        total += weight[row]
    hopeful = np.flatnonzero((dead == 0) & (total > scores[-1]))
    all_scores = np.concatenate([scores, total[hopeful]])
    all_rows = np.concatenate([rows, hopeful + first])
    order = np.argsort(-all_scores, kind="stable")[: len(scores)]
    scores[:], rows[:] = all_scores[order], all_rows[order]
