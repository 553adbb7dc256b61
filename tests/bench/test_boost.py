"""Boosted trees: they learn what a line cannot, and keep to their directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.boost import Forest, Growth, as_table, grow

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = Growth(trees=30, depth=2, rate=0.2, ridge=1.0, least=1.0)


def total(forest: Forest, values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum the trees, one row and one tree at a time."""
    inner = forest.feature.shape[1]
    sums = np.zeros(len(values))
    for number, row in enumerate(values):
        for feature, cut, leaf in zip(
            forest.feature, forest.cut, forest.leaf, strict=True
        ):
            at = 0
            while at < inner:
                at = 2 * at + 1 + int(row[feature[at]] > cut[at])
            sums[number] += leaf[at - inner]
    return sums


def examples(seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """True where exactly one of two features is high: no line tells it."""
    values = np.random.default_rng(seed).integers(0, 1_000, (2_000, 3))
    return values, (values[:, 0] > 500) != (values[:, 1] > 500)


def test_trees_learn_what_no_line_can() -> None:
    """Exclusive or, from even odds."""
    values, labels = examples(1)
    free = np.zeros(3, np.int64)
    growth = Growth(trees=60, depth=3, rate=0.2, ridge=1.0, least=1.0)
    found = total(grow(values, labels, np.zeros(len(labels)), free, growth), values)

    assert ((found > 0) == labels).mean() > 0.95


def test_a_direction_is_kept_against_the_examples() -> None:
    """Where the examples fall, a rising feature stays flat rather than fall."""
    values, _ = examples(2)
    labels = values[:, 0] < 500
    start = np.zeros(len(labels))
    rising = grow(values, labels, start, np.array([1, 0, 0]), SMALL)
    raised = values.copy()
    raised[:, 0] = 999

    assert (total(rising, raised) >= total(rising, values) - 1e-12).all()


def test_growing_is_repeatable() -> None:
    """The same examples give the same trees."""
    values, labels = examples(3)
    one, two = (
        as_table(grow(values, labels, np.zeros(len(labels)), np.zeros(3, int), SMALL))
        for _ in range(2)
    )

    assert one == two
    assert any(any(tree["leaf"]) for tree in one)


def test_a_good_start_needs_no_trees() -> None:
    """Where the given log-odds say it all, leaves are near nothing."""
    values, labels = examples(4)
    start = np.where(labels, 9.0, -9.0)
    found = grow(values, labels, start, np.zeros(3, np.int64), SMALL)

    assert np.abs(total(found, values)).max() < 0.2
