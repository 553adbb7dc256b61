"""Rank alignment: the most frequent filter is taken for the most frequent value.

Where several are equally frequent, the fullest filter is taken for the value that
would fill most bits. It knows neither key nor truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.attack_data import Listed, Seen


def attack(seen: Seen, listed: Listed) -> NDArray[np.int64]:
    """Return for each distinct filter the number of a listed value, or -1."""
    claims = np.full(len(seen.counts), -1, np.int64)
    ours = ranked(seen.counts, seen.bits.mean(axis=1))
    theirs = ranked(listed.counts, listed.bits.mean(axis=1))
    both = min(len(ours), len(theirs))
    claims[ours[:both]] = theirs[:both]
    return claims


def ranked(counts: NDArray[np.int64], filled: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return positions, the most frequent first, then the fullest."""
    return np.lexsort((-filled, -counts)).astype(np.int64)
