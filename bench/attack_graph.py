"""Graph matching: likeness among filters laid over likeness among names.

Both sides become graphs whose nodes are distinct values and whose edges are Dice
similarities; the attacker encodes the list under a key of his own, since only the key
is secret. Nodes get features that no key changes (how frequent, how full, how like
their neighbours). The most frequent nodes are assigned by a soft quadratic assignment
(Gold and Rangarajan 1996); those agreed on become anchors, and every other node is
embedded by its similarities to the anchors, again and again. After Vidanage et al.
(2020) and Schäfer et al. (2024), in numpy alone.

It knows neither key nor truth.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.attack_data import Listed, Seen

    Matrix = NDArray[np.float32]

STARTS = (60, 100, 200, 400)
"""Nodes of each side that the quadratic assignment takes, one start after another."""

STEPS = 60
ROUNDS = 8
TRUST = 4.0
"""What features weigh beside edges at first; in the end, nothing."""
SINKHORN = 20
QUANTILES = 24
TINY = 1e-9
FEWEST = 3


def attack(seen: Seen, listed: Listed) -> NDArray[np.int64]:
    """Return for each distinct filter the number of a listed value.

    Of several starts the one is kept under which the two graphs agree best.
    """
    ours, theirs = likeness(seen.bits), likeness(listed.bits)
    cost = _distance(
        _features(ours, seen.bits, seen.counts),
        _features(theirs, listed.bits, listed.counts),
    )
    left, right = _order(seen.bits, seen.counts), _order(listed.bits, listed.counts)
    best, found = -1.0, np.full(len(ours), -1, np.int64)
    largest = max(len(left), len(right))
    for core in sorted({min(core, largest) for core in STARTS}):
        start = _start(ours, theirs, cost, left[:core], right[:core])
        claims, agreement = _spread(ours, theirs, cost, *start)
        if agreement > best:
            best, found = agreement, claims
    return found


def likeness(bits: NDArray[np.uint8]) -> Matrix:
    """Return Dice similarities of filters, ``float32[n, n]``, 0 on the diagonal."""
    table = bits.astype(np.float32)
    filled = table.sum(axis=1)
    dice = 2 * (table @ table.T) / np.maximum(filled[:, None] + filled[None, :], 1)
    np.fill_diagonal(dice, 0)
    found: Matrix = dice.astype(np.float32, copy=False)
    return found


def _features(
    dice: Matrix, bits: NDArray[np.uint8], counts: NDArray[np.int64]
) -> Matrix:
    """Frequency, fullness and likeness to neighbours, then the neighbours' own."""
    places = (len(dice) - 1) * np.geomspace(0.002, 1, QUANTILES)
    ranked = -np.sort(-dice, axis=1)[:, places.astype(np.int64)]
    share = np.log(counts / counts.sum())[:, None]
    own = np.hstack([3 * share, 100 * bits.mean(axis=1)[:, None], 20 * ranked])
    near = dice**4
    near /= np.maximum(near.sum(axis=1, keepdims=True), TINY)
    return np.hstack([own, near @ own]).astype(np.float32)


def _distance(ours: Matrix, theirs: Matrix) -> Matrix:
    both = np.vstack([ours, theirs])
    scale = both.std(axis=0) + 1e-6
    a, b = ours / scale, theirs / scale
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    found: Matrix = np.sqrt(np.maximum(square, 0)).astype(np.float32)
    return found


def _order(bits: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most frequent nodes first, and the fullest where equally frequent."""
    return np.lexsort((-bits.sum(axis=1, dtype=np.int64), -counts))


def _start(
    ours: Matrix,
    theirs: Matrix,
    cost: Matrix,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs on which the assignment of some nodes of either side is agreed."""
    a, b = ours[np.ix_(left, left)], theirs[np.ix_(right, right)]
    one, other = _mutual(_assign(a, b, cost[np.ix_(left, right)]))
    return left[one], right[other]


def _assign(a: Matrix, b: Matrix, cost: Matrix) -> Matrix:
    """A doubly stochastic matrix that lays graph ``a`` over ``b``."""
    a, b = a - a.mean(), b - b.mean()
    prior = -(cost - cost.mean()) / (cost.std() + TINY)
    soft = _balanced(2 * prior)
    for step in range(STEPS):
        done = step / STEPS
        pull = a @ soft @ b
        pull /= pull.std() + TINY
        soft = _balanced((1 + 9 * done) * pull + TRUST * (1 - done) * prior)
    return soft


def _balanced(score: Matrix) -> Matrix:
    """Sinkhorn's balancing of exp(score); the shorter side is filled to 1."""
    table: Matrix = np.exp(score - score.max(axis=1, keepdims=True)) + 1e-12
    rows, columns = table.shape
    for _ in range(SINKHORN):
        table /= table.sum(axis=1, keepdims=True) / max(1, columns / rows)
        table /= table.sum(axis=0, keepdims=True) / max(1, rows / columns)
    return table


def _mutual(score: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that are each other's best."""
    best = score.argmax(axis=1)
    rows = np.flatnonzero(score.argmax(axis=0)[best] == np.arange(len(best)))
    return rows, best[rows]


def _spread(
    ours: Matrix,
    theirs: Matrix,
    cost: Matrix,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> tuple[NDArray[np.int64], float]:
    """Embed every node by its likeness to the anchors; better pairs become anchors."""
    tie = 0.02 * (cost - cost.mean()) / (cost.std() + TINY)
    score = -cost
    for _ in range(ROUNDS):
        if len(left) < FEWEST:
            break
        score = _correlation(ours[:, left], theirs[:, right]) - tie
        left, right = _mutual(score)
    return score.argmax(axis=1), _agreement(ours, theirs, left, right)


def _agreement(
    ours: Matrix, theirs: Matrix, left: NDArray[np.int64], right: NDArray[np.int64]
) -> float:
    """How well the edges among paired nodes agree, more for more nodes."""
    if len(left) < FEWEST:
        return 0.0
    a, b = ours[np.ix_(left, left)].ravel(), theirs[np.ix_(right, right)].ravel()
    together = float(((a - a.mean()) * (b - b.mean())).mean())
    return together / (float(a.std() * b.std()) + TINY) * math.sqrt(len(left))


def _correlation(a: Matrix, b: Matrix) -> Matrix:
    mean = (a.mean(axis=0) + b.mean(axis=0)) / 2
    a, b = a - mean, b - mean
    a /= np.linalg.norm(a, axis=1, keepdims=True) + TINY
    b /= np.linalg.norm(b, axis=1, keepdims=True) + TINY
    found: Matrix = a @ b.T
    return found
