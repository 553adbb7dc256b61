"""Gradient-boosted trees with monotone constraints, on histograms, for a second stage.

Trees of one fixed depth are grown level by level on features cut into at most 64
bins (Friedman 2001; second-order gains as in Chen and Guestrin 2016). A feature bound
to rise (or fall) is only split where the right-hand value is not lower (higher), and
each child keeps to its side of the middle between both, so that whole sums of trees
never fall as the feature rises. Starts from given log-odds. Deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 64
NEVER = 2**31 - 1
FAR = 1e9
LEAST_GAIN = 1e-6


@dataclass(frozen=True)
class Growth:
    """How trees are grown: their number, depth, and what holds them back.

    ``rate`` multiplies every value; ``ridge`` is added to a leaf's second
    derivative; a leaf needs at least ``least`` of it.
    """

    trees: int = 120
    depth: int = 4
    rate: float = 0.08
    ridge: float = 5.0
    least: float = 4.0


@dataclass(frozen=True)
class Forest:
    """Full binary trees: ``feature`` and ``cut`` are ``int64[trees, 2**depth - 1]``.

    A row goes right where its feature is above the cut. ``leaf`` is
    ``float64[trees, 2**depth]`` in nats.
    """

    feature: NDArray[np.int64]
    cut: NDArray[np.int64]
    leaf: NDArray[np.float64]


def as_table(forest: Forest) -> list[dict[str, list[int]]]:
    """Return the trees as they stand in a scheme, leaves in millinats."""
    whole = np.rint(1000 * forest.leaf).astype(np.int64)
    return [
        {"feature": feature.tolist(), "cut": cut.tolist(), "leaf": leaf.tolist()}
        for feature, cut, leaf in zip(forest.feature, forest.cut, whole, strict=True)
    ]


def grow(
    values: NDArray[np.int64],
    labels: NDArray[np.bool_],
    start: NDArray[np.float64],
    direction: NDArray[np.int64],
    growth: Growth,
) -> Forest:
    """Return trees that improve on the log-odds ``start``.

    Args:
        values: ``int64[n, f]``.
        labels: ``bool[n]``.
        start: log-odds in nats, ``float64[n]``.
        direction: 1 rises, -1 falls, 0 is free, ``int64[f]``.
        growth: how trees are grown.
    """
    edges = [_edges(column) for column in values.T]
    binned = np.column_stack(
        [
            np.searchsorted(e, c, side="left")
            for e, c in zip(edges, values.T, strict=True)
        ]
    ).astype(np.uint8)
    counts = np.array([len(e) for e in edges])
    logits = start.copy()
    found = []
    for _ in range(growth.trees):
        chance = 1 / (1 + np.exp(-logits))
        slope, curve = labels - chance, chance * (1 - chance)
        feature, place, leaf, at = _tree(
            binned,
            slope,
            curve,
            counts,
            direction,
            growth.depth,
            growth.ridge,
            growth.least,
        )
        leaf *= growth.rate
        logits += leaf[at]
        found.append((feature, _cuts(edges, feature, place), leaf))
    return Forest(*(np.array(part) for part in zip(*found, strict=True)))


def _cuts(
    edges: list[NDArray[np.int64]],
    feature: NDArray[np.int64],
    place: NDArray[np.int64],
) -> NDArray[np.int64]:
    nodes = zip(feature, place, strict=True)
    return np.array([edges[f][p] if p >= 0 else NEVER for f, p in nodes], np.int64)


def _edges(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cuts between bins: a value goes right of a cut if it is above it."""
    distinct = np.unique(column)
    if len(distinct) > BINS:
        shares = np.arange(1, BINS) / BINS
        distinct = np.unique(np.quantile(column, shares, method="lower"))
    return distinct[:-1] if len(distinct) > 1 else distinct[:0]


# What numba compiles carries no annotations that it would not read.
@njit(cache=True)
def _tree(binned, slope, curve, counts, direction, depth, ridge, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Grow one tree: feature and bin of each node, leaves, and the leaf of each row."""
    inner = 2**depth - 1
    feature = np.zeros(inner, np.int64)
    place = np.full(inner, -1, np.int64)
    low, high = np.full(2 * inner + 1, -FAR), np.full(2 * inner + 1, FAR)
    value = np.zeros(2 * inner + 1)
    at = np.zeros(len(binned), np.int64)
    value[0] = slope.sum() / (curve.sum() + ridge)
    for level in range(depth):
        first = 2**level - 1
        sums = _sums(binned, slope, curve, at - first, 2**level)
        for here in range(first, 2 * first + 1):
            lo, hi = 2 * here + 1, 2 * here + 2
            bounds = (value[here], low[here], high[here])
            feature[here], place[here], value[lo], value[hi] = _split(
                sums[here - first], counts, direction, bounds, ridge, least
            )
            low[lo], low[hi] = low[here], low[here]
            high[lo], high[hi] = high[here], high[here]
            middle = 0.5 * (value[lo] + value[hi])
            way = direction[feature[here]] if place[here] >= 0 else 0
            if way > 0:
                high[lo], low[hi] = middle, middle
            elif way < 0:
                low[lo], high[hi] = middle, middle
        for i in range(len(at)):
            here = at[i]
            above = place[here] >= 0 and binned[i, feature[here]] > place[here]
            at[i] = 2 * here + 1 + above
    return feature, place, value[inner:].copy(), at - inner


@njit(cache=True)
def _sums(binned, slope, curve, node, width):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sums of both derivatives by node, feature and bin."""
    rows, features = binned.shape
    sums = np.zeros((width, features, BINS, 2))
    for i in range(rows):
        for f in range(features):
            sums[node[i], f, binned[i, f], 0] += slope[i]
            sums[node[i], f, binned[i, f], 1] += curve[i]
    return sums


@njit(cache=True)
def _split(sums, counts, direction, bounds, ridge, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The best split of one node: feature, bin (-1: none) and both values."""
    own, low, high = bounds
    g, h = sums[0, :, 0].sum(), sums[0, :, 1].sum()
    before = _worth(g, h, own, ridge) + LEAST_GAIN
    best, feature, place, left, right = before, 0, -1, own, own
    for f in range(len(counts)):
        gl = hl = 0.0
        for b in range(counts[f]):
            gl += sums[f, b, 0]
            hl += sums[f, b, 1]
            if hl < least or h - hl < least:
                continue
            one = min(max(gl / (hl + ridge), low), high)
            two = min(max((g - gl) / (h - hl + ridge), low), high)
            worth = _worth(gl, hl, one, ridge) + _worth(g - gl, h - hl, two, ridge)
            if worth > best and direction[f] * (two - one) >= 0:
                best, feature, place, left, right = worth, f, b, one, two
    return feature, place, left, right


@njit(cache=True)
def _worth(g, h, value, ridge):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return g * value - 0.5 * (h + ridge) * value * value
