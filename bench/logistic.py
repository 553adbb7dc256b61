"""A small logistic regression with bounds on coefficients, by projected Newton steps.

Pure numpy. The bounds are what keeps a learned score monotone. A weak ridge keeps
coefficients finite where classes separate; the intercept is free of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 200
TOLERANCE = 1e-7


def fit(
    values: NDArray[np.float64],
    labels: NDArray[np.bool_],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    ridge: float = 1.0,
) -> tuple[float, NDArray[np.float64]]:
    """Return (intercept, coefficients) that maximise the penalised likelihood.

    Args:
        values: ``float64[n, f]``.
        labels: ``bool[n]``.
        low, high: bounds of each coefficient, ``float64[f]``.
        ridge: weight of the sum of squared coefficients.
    """
    design = np.column_stack([np.ones(len(values)), values])
    lower, upper = np.append(-np.inf, low), np.append(np.inf, high)
    penalty = np.append(0.0, np.full(values.shape[1], ridge))
    share = (labels.sum() + 0.5) / (len(labels) + 1.0)
    point = np.zeros(design.shape[1])
    point[0] = np.log(share / (1 - share))
    point[1:] = np.clip(point[1:], low, high)
    loss = _loss(design, labels, penalty, point)
    for _ in range(STEPS):
        point, better = _step(design, labels, penalty, point, lower, upper, loss)
        if loss - better < TOLERANCE * abs(loss):
            break
        loss = better
    return float(point[0]), point[1:]


def _loss(
    design: NDArray[np.float64],
    labels: NDArray[np.bool_],
    penalty: NDArray[np.float64],
    point: NDArray[np.float64],
) -> float:
    logits = design @ point
    unlikely = np.logaddexp(0.0, np.where(labels, -logits, logits)).sum()
    return float(unlikely + 0.5 * (penalty * point**2).sum())


def _step(
    design: NDArray[np.float64],
    labels: NDArray[np.bool_],
    penalty: NDArray[np.float64],
    point: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    loss: float,
) -> tuple[NDArray[np.float64], float]:
    """Take one Newton step on the coefficients that no bound holds, then clip."""
    chance = 1 / (1 + np.exp(-np.clip(design @ point, -40, 40)))
    slope = design.T @ (chance - labels) + penalty * point
    held = ((point <= lower) & (slope > 0)) | ((point >= upper) & (slope < 0))
    free = np.flatnonzero(~held)
    part = design[:, free]
    curve = (part * (chance * (1 - chance))[:, None]).T @ part
    curve += np.diag(penalty[free] + 1e-9)
    move = np.zeros_like(point)
    move[free] = -np.linalg.solve(curve, slope[free])
    for halving in range(30):
        tried = np.clip(point + move / 2**halving, lower, upper)
        if (found := _loss(design, labels, penalty, tried)) < loss:
            return tried, found
    return point, loss
