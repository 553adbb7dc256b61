"""The second stage of scoring: from weighed levels to calibrated log-odds.

A logistic model over the positive and negative parts of the first stage's sum, by
group; over products of some of them, since name, birth, relative and place do not
speak independently; over how far the name falls short of full agreement; over rivals
in the table; and over a sign of kinship, which only lowers. All in millinats and
integer coefficients. The log-odds rise by ln(N_trained / N): a larger table holds
more strangers.

No coefficient can make an agreeing identifier lower a probability; ``scheme``
refuses one that could.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Calibration, Comparison, Scheme

PROBABILITY = 10_000
CROWD_LIMIT = 10_000
JOINT_SCALE = 10_000


def features(
    scheme: Scheme,
    parts: NDArray[np.int64],
    levels: NDArray[np.uint8],
    scores: NDArray[np.int64],
) -> tuple[list[str], NDArray[np.int64]]:
    """Return names and values (millinats, ``int64[k, f]``) of the second stage.

    ``+g`` and ``-g`` are the agreeing and disagreeing parts of group g; ``crowd``,
    ``shortfall`` and ``relatives`` follow, then the products.

    Args:
        scheme: groups, bundles and products.
        parts: weight per comparison, ``int64[k, comparisons]``.
        levels: levels of the same, ``uint8[k, comparisons]``.
        scores: first-stage sums of all survivors, ``int64[k]``.
    """
    calibration, comparisons = scheme.calibration, scheme.comparisons
    groups = list(calibration.agreement)
    more, less = np.maximum(parts, 0), np.minimum(parts, 0)
    short = shortfall(comparisons, calibration.own, levels)
    shared = sum(_grouped(comparisons, group, more) for group in calibration.kin)
    columns = [_grouped(comparisons, group, more) for group in groups]
    columns += [_grouped(comparisons, group, less) for group in groups]
    columns += [crowd(scores), short, np.minimum(shared, short)]
    columns += products(calibration, comparisons, more)
    names = [f"+{g}" for g in groups] + [f"-{g}" for g in groups]
    names += ["crowd", "shortfall", "relatives"]
    names += [f"{first}*{second}" for first, second, _ in calibration.joint]
    return names, np.column_stack(columns)


def coefficients(calibration: Calibration) -> NDArray[np.int64]:
    """Return the coefficients per 1,000 of ``features``, in the same order."""
    return np.array(
        [
            *calibration.agreement.values(),
            *(calibration.disagreement[group] for group in calibration.agreement),
            calibration.crowd,
            calibration.shortfall,
            calibration.relatives,
            *(coefficient for _, _, coefficient in calibration.joint),
        ],
        np.int64,
    )


def _grouped(
    comparisons: tuple[Comparison, ...], group: str, parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    inside = [c.group == group for c in comparisons]
    return np.asarray(parts[:, inside].sum(axis=1), np.int64)


def shortfall(
    comparisons: tuple[Comparison, ...], own: str, levels: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Return how much less a level of ``own`` weighs than full agreement (millinats).

    By the scheme's own weights, not this table's; 0 where it cannot be compared.
    """
    at = next(i for i, c in enumerate(comparisons) if c.name == own)
    weights = np.subtract(comparisons[at].match, comparisons[at].chance)
    missing = np.append(0, np.maximum(int(weights[-1]) - weights, 0))
    return np.asarray(missing[levels[:, at]], np.int64)


def products(
    calibration: Calibration,
    comparisons: tuple[Comparison, ...],
    more: NDArray[np.int64],
) -> list[NDArray[np.int64]]:
    """Return the products of agreeing bundles, scaled to nat² / 10 in thousandths."""
    totals = {
        name: np.minimum(
            more[:, [c.name in members for c in comparisons]].sum(axis=1),
            calibration.joint_cap,
        )
        for name, members in calibration.bundles.items()
    }
    return [totals[a] * totals[b] // JOINT_SCALE for a, b, _ in calibration.joint]


def crowd(scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ln of the other survivors' likelihood over one's own, in millinats.

    Falls as a row's own score rises; kept within ±10 nats.
    """
    nats = np.clip(scores, -(2**40), 2**40) / 1000
    others = np.full(len(nats), -np.inf)
    for at in range(len(nats)):
        rest = np.delete(nats, at)
        if len(rest):
            top = rest.max()
            others[at] = top + math.log(np.exp(rest - top).sum())
    raw = np.clip(1000 * (others - nats), -CROWD_LIMIT, CROWD_LIMIT)
    return np.rint(raw).astype(np.int64)


def log_odds(calibration: Calibration, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return log-odds in millinats of ``features``, for a table as trained on."""
    return calibration.intercept + values @ coefficients(calibration) // 1000


def size_offset(calibration: Calibration, rows: int) -> int:
    """Return what a table of ``rows`` rows adds to the log-odds, in millinats."""
    return round(1000 * math.log(calibration.trained_rows / max(rows, 1)))


def probability(logit: int) -> int:
    """Return the probability per 10,000 of log-odds in millinats."""
    bounded = min(max(logit, -50_000), 50_000)
    return round(PROBABILITY / (1 + math.exp(-bounded / 1000)))
