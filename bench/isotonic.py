"""Weights that never fall with agreement: isotonic regression on a grid of levels.

The raw weight of a cell is ln(m / u). Cells with few true pairs are noisy, and cells
that no true pair fell into say nothing above 0; each counts by its precision, and the
nearest surface that rises (or stays) with Dice and with overlap is taken. Dykstra's
alternating projections between the two directions; pool adjacent violators in each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SWEEPS = 400
SILENT = 1e-3


def weights(true: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return rising weights in nats, ``float64[dice, overlap]``, from counts."""
    raw = np.log((true + 0.5) / (true.sum() + 0.5))
    raw -= np.log((other + 0.5) / (other.sum() + 0.5))
    precision = 1 / (1 / (true + 0.5) + 1 / (other + 0.5))
    precision[(true == 0) & (raw > 0)] = SILENT
    return rising(raw, precision)


def rising(
    values: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the nearest surface that falls in neither direction (least squares)."""
    surface = values.copy()
    down, across = np.zeros_like(values), np.zeros_like(values)
    for _ in range(SWEEPS):
        start = surface + down
        surface = _lines(start.T, precision.T).T
        down = start - surface
        start = surface + across
        surface = _lines(start, precision)
        across = start - surface
    # What the last projection left unequal by rounding is made even.
    return np.maximum.accumulate(np.maximum.accumulate(surface, axis=0), axis=1)


def _lines(
    values: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.stack([_line(*pair) for pair in zip(values, precision, strict=True)])


def _line(
    values: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pool adjacent violators of one line."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), precision.tolist(), strict=True):
        block = (value, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            last = blocks.pop()
            total = last[1] + block[1]
            mean = (last[0] * last[1] + block[0] * block[1]) / total
            block = (mean, total, last[2] + block[2])
        blocks.append(block)
    return np.repeat([b[0] for b in blocks], [b[2] for b in blocks])
