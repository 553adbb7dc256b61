"""Pattern mining: bits that always come together are one token's.

The hash count is public: a frequent token leaves that many columns which are set in
the same filters. In a part of the rows the most frequent such pattern is taken for the
most frequent token that the list has there; then both are split by it and the parts
are mined in turn. What tokens a filter was found to hold picks the listed value. After
Christen, Vidanage, Ranbaduge and Schnell (2018).

It knows neither key nor truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.attack_data import Listed, Seen

TOKENS = 60
"""The most frequent tokens of the list, which are looked for."""

SMALLEST = 0.02
"""The smallest part, as a share of all rows, that is mined."""

NEAR = 0.2
"""How far a pattern's frequency may be from its token's, relatively."""

ALWAYS = 0.98
MOST_ALIKE = 5
"""Listed values that may fit equally well where one is still named."""


@dataclass(frozen=True)
class Part:
    """A part of the filters and the part of the list that should be the same."""

    filters: NDArray[np.int64]
    values: NDArray[np.int64]


class Mine:
    """One mining run: which columns each token was found to set."""

    def __init__(self, seen: Seen, listed: Listed, hashes: int) -> None:
        self._bits = seen.bits.astype(bool)
        self._counts = seen.counts.astype(np.float64)
        self._listed = listed.counts.astype(np.float64)
        self._hashes = hashes
        self.holds = _tokens(listed)
        self.columns: dict[int, NDArray[np.int64]] = {}

    def run(self) -> None:
        """Mine parts, the largest first, until they are too small."""
        least = SMALLEST * self._counts.sum()
        every = Part(np.arange(len(self._counts)), np.arange(len(self._listed)))
        waiting = [every]
        while waiting:
            waiting.sort(key=lambda part: float(self._counts[part.filters].sum()))
            part = waiting.pop()
            if self._counts[part.filters].sum() >= least and len(part.values) > 1:
                waiting += self._split(part)

    def found(self) -> NDArray[np.bool_]:
        """Return which mined token each filter holds, ``bool[filters, mined]``."""
        found = [
            self._bits[:, columns].all(axis=1) for columns in self.columns.values()
        ]
        return np.array(found, bool).reshape(len(found), len(self._bits)).T

    def _split(self, part: Part) -> list[Part]:
        """The two halves of a part by its most frequent token, or nothing."""
        weight = self._listed[part.values]
        shares = weight @ self.holds[part.values] / weight.sum()
        shares[[*self.columns]] = 0
        shares[shares > ALWAYS] = 0
        token = int(shares.argmax())
        columns, share = self._pattern(part)
        if not len(columns) or abs(share - shares[token]) > NEAR * shares[token]:
            return []
        self.columns[token] = columns
        inside = self._bits[np.ix_(part.filters, columns)].all(axis=1)
        holding = self.holds[part.values, token]
        return [
            Part(part.filters[inside], part.values[holding]),
            Part(part.filters[~inside], part.values[~holding]),
        ]

    def _pattern(self, part: Part) -> tuple[NDArray[np.int64], float]:
        """The most frequent set of columns that one token could set, and its share."""
        bits, weight = self._bits[part.filters], self._counts[part.filters]
        weight = weight / weight.sum()
        shares = weight @ bits
        best, share = np.zeros(0, np.int64), 0.0
        known = {int(one) for columns in self.columns.values() for one in columns}
        usual = (shares > ALWAYS) | np.isin(np.arange(bits.shape[1]), list(known))
        for first in np.argsort(-np.where(usual, 0, shares))[: 4 * self._hashes]:
            columns, together = self._grown(bits, weight, int(first), shares > ALWAYS)
            if together > share:
                best, share = columns, together
        return best, share

    def _grown(
        self,
        bits: NDArray[np.bool_],
        weight: NDArray[np.float64],
        first: int,
        usual: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int64], float]:
        """The columns that come most often with ``first``, as many as are hashed."""
        columns, inside = [first], bits[:, first]
        for _ in range(self._hashes - 1):
            joint = np.where(usual, 0, (weight * inside) @ bits)
            joint[columns] = 0
            columns.append(int(joint.argmax()))
            inside = inside & bits[:, columns[-1]]
        return np.array(columns, np.int64), float(weight @ inside)


def attack(seen: Seen, listed: Listed, hashes: int) -> NDArray[np.int64]:
    """Return for each distinct filter the number of a listed value, or -1."""
    mine = Mine(seen, listed, hashes)
    mine.run()
    tokens = list(mine.columns)
    if not tokens:
        return np.full(len(seen.counts), -1, np.int64)
    found, said = mine.found().astype(np.float32), mine.holds[:, tokens]
    said = said.astype(np.float32)
    differ = found @ (1 - said).T + (1 - found) @ said.T
    fits = differ == differ.min(axis=1, keepdims=True)
    claims = (fits * listed.counts).argmax(axis=1)
    return np.where(fits.sum(axis=1) <= MOST_ALIKE, claims, -1)


def _tokens(listed: Listed) -> NDArray[np.bool_]:
    """Which frequent token each listed value holds, ``bool[values, tokens]``."""
    weights: dict[str, int] = {}
    for value, count in zip(listed.values, listed.counts.tolist(), strict=True):
        for token in value:
            weights[token] = weights.get(token, 0) + count
    frequent = sorted(weights, key=lambda token: (-weights[token], token))[:TOKENS]
    place = {token: number for number, token in enumerate(frequent)}
    holds = np.zeros((len(listed.values), len(place)), bool)
    for number, value in enumerate(listed.values):
        holds[number, [place[token] for token in value if token in place]] = True
    return holds
