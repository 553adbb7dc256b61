"""Clerical review: what people's judgements say of this register's probabilities. Pure.

Officers of an agency judge pairs of its own records, and from them one register is
calibrated: log-odds are shifted and stretched so that they follow the judgements (Platt
1999). Two numbers, drawn towards "as the scheme says", are all that 300 pairs can bear;
they won over a step function and over three numbers.

A record has a second entry far more rarely than a suspect who is asked about is known,
so a share of true pairs cannot be shown as it is. How often a record has one follows
from the review itself, and the odds are moved from there to how often a query was known
where the scheme was learned (Saerens, Latinne and Decaestecker 2002).

Nothing is said from fewer than 300 judged pairs, from a stratum that hardly anybody
looked at, or from judgements that are all alike or do not follow the agreement: until
then a band is shown and no percentage.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.calibration import PROBABILITY, probability
from childgrid_node.source_errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Bands

LEAST_PAIRS = 300
LEAST_STRATUM = 10
LEAST_ALIKE = 20
LEAST_SLOPE = 200
MOST = 9_900
"""Never more is shown, however well a register does (per 10,000)."""

STEP = 100
_SLOPE_RIDGE, _SHIFT_RIDGE = 1.0, 0.05
_ROUNDS = 100


class ReviewRefused(SourceError):
    """A register that can't be calibrated by this; says what is still needed."""


@dataclass(frozen=True)
class Judged:
    """One judged pair: the scheme's probability per 10,000, and what people said."""

    probability: int
    same: bool


@dataclass(frozen=True)
class Curve:
    """From the scheme's probability to this register's, both per 10,000.

    Log-odds times ``slope`` (per 1,000) plus ``intercept`` (millinats). Whole per cent,
    never below 1 % nor above ``most``: finer figures would claim more than was seen,
    and would tell an asker more about a row. Never falls.
    """

    intercept: int
    slope: int
    most: int

    def at(self, per_10000: int) -> int:
        """Return the calibrated probability per 10,000, a multiple of 100."""
        inside = min(max(per_10000, 1), PROBABILITY - 1)
        odds = round(1000 * math.log(inside / (PROBABILITY - inside)))
        exact = probability(self.intercept + self.slope * odds // 1000)
        return min(max((exact + STEP // 2) // STEP * STEP, STEP), self.most)


@dataclass(frozen=True)
class Sample:
    """Judged pairs, and out of how many searches they come.

    ``edges`` are where strata begin, per 10,000; ``sought`` counts the records that
    were sought, ``met`` those for which a stratum held a pair. ``asked`` is how many of
    10,000 searches found somebody where the scheme was learned (``Calibration.asked``).
    """

    edges: tuple[int, ...]
    judged: tuple[Judged, ...]
    sought: int
    met: tuple[int, ...]
    asked: int

    def counts(self) -> list[tuple[int, int]]:
        """Return (judged, judged the same) of each stratum."""
        found = [[0, 0] for _ in self.edges]
        for one in self.judged:
            at = max(stratum(self.edges, one.probability), 0)
            found[at][0] += 1
            found[at][1] += one.same
        return [(all_, same) for all_, same in found]

    def known(self) -> float:
        """Return the share of records that have another entry (0 to 1, neither)."""
        pairs = zip(self.met, self.counts(), strict=True)
        expected = sum(met * _share(count) for met, count in pairs)
        return min(max(expected / self.sought, 1 / (self.sought + 2)), 0.99)


def strata(bands: Bands) -> tuple[int, ...]:
    """Return where strata begin, per 10,000: the bands, the weak one cut in two."""
    return tuple(
        sorted(
            {
                bands.floor,
                max(bands.floor, bands.possible // 5),
                bands.possible,
                bands.strong,
            }
        )
    )


def stratum(edges: Sequence[int], per_10000: int) -> int:
    """Return a probability's stratum; -1 below the first."""
    return bisect_right(edges, per_10000) - 1


def fit(sample: Sample) -> Curve:
    """Calibrate from judged pairs.

    Raises:
        ReviewRefused: too few, in all or in a stratum; judgements that are all alike;
            or that do not rise with the probability.
    """
    check(sample)
    odds = np.array([_odds(one.probability) for one in sample.judged])
    same = np.array([one.same for one in sample.judged], np.float64)
    rarer = _log_odds(sample.known()) - _log_odds(sample.asked / PROBABILITY)
    shift, slope = _platt(odds, same, rarer)
    curve = Curve(round(1000 * shift), round(1000 * slope), _most(sample, rarer))
    if curve.slope < LEAST_SLOPE:
        raise ReviewRefused(
            "the judgements do not follow how far the records agree; let somebody else "
            "judge these pairs (--restart)"
        )
    return curve


def check(sample: Sample) -> None:
    """Refuse judgements that say too little; raises `ReviewRefused`."""
    pairs = len(sample.judged)
    if pairs < LEAST_PAIRS:
        raise ReviewRefused(
            f"{pairs} pairs are judged, {LEAST_PAIRS} are needed; go on judging, "
            "or draw more (--pairs)"
        )
    alike = sum(one.same for one in sample.judged)
    if min(alike, pairs - alike) < LEAST_ALIKE:
        raise ReviewRefused(
            f"of {pairs} pairs {alike} are judged the same; at least "
            f"{LEAST_ALIKE} must be the same and {LEAST_ALIKE} different"
        )
    counts = sample.counts()
    for low, (here, _) in zip(sample.edges, counts, strict=True):
        if here < LEAST_STRATUM:
            raise ReviewRefused(
                f"from {low / 100:g} % upwards {here} pairs are judged, "
                f"{LEAST_STRATUM} are needed; draw more (--pairs)"
            )
    if _share(counts[-1]) <= _share(counts[0]):
        raise ReviewRefused(
            "the best pairs are no oftener judged the same than the weakest; let "
            "somebody else judge these pairs (--restart)"
        )


def _share(count: tuple[int, int]) -> float:
    return count[1] / max(count[0], 1)


def _odds(per_10000: int) -> float:
    return _log_odds(min(max(per_10000, 1), PROBABILITY - 1) / PROBABILITY)


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _most(sample: Sample, rarer: float) -> int:
    """Return the most that so many pairs of the best stratum bear (Laplace's rule)."""
    best, same = sample.counts()[-1]
    odds = _log_odds((same + 1) / (best + 2)) - rarer
    return min(max(probability(round(1000 * odds)) // STEP * STEP, STEP), MOST)


def _platt(
    odds: NDArray[np.float64], same: NDArray[np.float64], rarer: float
) -> tuple[float, float]:
    """Return shift and slope in nats: logistic regression, drawn towards (0, 1).

    ``rarer`` is what true pairs are rarer among ``odds`` than where they will be used.
    """
    table = np.column_stack([np.ones_like(odds), odds])
    goal, ridge = np.array([0.0, 1.0]), np.array([_SHIFT_RIDGE, _SLOPE_RIDGE])
    found = goal.copy()
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(rarer + table @ found, -50, 50)))
        slope = table.T @ (chance - same) + ridge * (found - goal)
        bend = table.T @ (table * (chance * (1 - chance))[:, None]) + np.diag(ridge)
        step = np.clip(np.linalg.solve(bend, slope), -1, 1)
        found -= step
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(found[0]), float(found[1])
