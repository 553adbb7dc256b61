"""Sums of weights are exact, whichever way they are looked up."""

from __future__ import annotations

import numpy as np
import pytest

from childgrid_node import scan, second_pass
from childgrid_node.plan import LEVELS


@pytest.mark.parametrize("size", [40, 2**40])
@pytest.mark.parametrize("widths", [[3] * 12, [200, 3, 64, 64, 2, 256], [], [9]])
def test_joint_tables_weigh_as_each_weight(widths: list[int], size: int) -> None:
    """Sums are exact however weights are joined and however great they are."""
    random = np.random.default_rng(len(widths))
    weights = random.integers(-size, size, (len(widths), LEVELS))
    levels = np.array([random.integers(0, width, 2_000) for width in widths], np.uint8)
    levels = levels.reshape(len(widths), 2_000)
    rows, scores = np.full(2_000, -1, np.int64), np.full(2_000, scan.NOTHING)
    joined = second_pass.weigh(weights, widths)
    second_pass.best(levels, joined, np.zeros(2_000, np.uint8), 5, rows, scores)
    sums = np.zeros(2_000, np.int64)
    for row, level in zip(weights, levels, strict=True):
        sums += row[level]
    order = np.argsort(-sums, kind="stable")

    assert rows.tolist() == (order + 5).tolist()
    assert scores.tolist() == sums[order].tolist()
