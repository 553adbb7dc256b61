"""Judging an attacker's claims: how many are right, and how many would be by luck.

An attacker names a value for whatever he can. Naming the commonest name for everybody
is right now and then, so what he gets right counts as re-identified only where the
same claims, dealt out to the same people at random, would hardly ever do as well: the
chance is below one in a million (Chernoff's bound on a Poisson tail).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bench.attack_data import Listed, Seen, Value

CHANCE = 1e-6


@dataclass(frozen=True)
class Score:
    """Claims on ``targets`` people or rows: right ones, and what luck would give."""

    targets: int
    right: int
    luck: int

    @property
    def share(self) -> float:
        """The share that was named rightly, by whatever means."""
        return self.right / max(self.targets, 1)

    @property
    def reidentified(self) -> float:
        """The share that was named rightly, or 0 where luck explains it."""
        return self.share if self.right > self.luck else 0.0

    def figures(self) -> dict[str, float]:
        """The figures as they are reported."""
        return {
            "targets": self.targets,
            "share": round(self.share, 4),
            "luck": round(self.luck / max(self.targets, 1), 4),
            "reidentified": round(self.reidentified, 4),
        }


def score(claims: Sequence[Value | None], truth: Sequence[Value]) -> Score:
    """Judge one claim for each target; None claims nothing."""
    right = sum(claim == value for claim, value in zip(claims, truth, strict=True))
    claimed, held = Counter(filter(None, claims)), Counter(truth)
    pairs = sum(count * held[value] for value, count in claimed.items())
    return Score(len(truth), right, luck(pairs / max(len(truth), 1)))


def luck(mean: float) -> int:
    """Return the greatest count that may be luck where ``mean`` are expected."""
    if not mean:
        return 0
    count = math.ceil(mean) + 1
    while count * math.log(count / mean) - count + mean < -math.log(CHANCE):
        count += 1
    return count - 1


def of_rows(
    seen: Seen,
    listed: Listed,
    claims: NDArray[np.int64],
    truth: Sequence[Value],
) -> Score:
    """Judge claims on distinct filters over all rows in which the field is filled."""
    filled = [row for row, place in enumerate(seen.rows.tolist()) if place >= 0]
    named = [claims[seen.rows[row]] for row in filled]
    values = [listed.values[one] if one >= 0 else None for one in named]
    return score(values, [truth[row] for row in filled])


def best(scores: Sequence[Score]) -> Score:
    """Return the attack that re-identifies most."""
    return max(scores, key=lambda one: (one.reidentified, one.share))
