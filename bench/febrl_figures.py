"""Figures of one method on one scenario, the same for ours and for the peers.

A method scores pairs of a query and a row; pairs that it doesn't return are misses.
The threshold of ``f1`` is the best on the half that was learned from; the measured half
has no say in it. Ties are never broken in a method's favour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.quality import Returned, curve, recall_at_precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRECISION = 0.999
# Scores are compared as integers, fine enough to keep what floating point tells apart.
FINE = 1_000_000_000


@dataclass(frozen=True)
class Pairs:
    """Scored pairs: ``score`` rises with likeness; entities of query and row.

    ``known`` are the queries whose entity stands in the table.
    """

    score: NDArray[np.int64]
    query: NDArray[np.int64]
    row: NDArray[np.int64]
    known: frozenset[int]

    @classmethod
    def of(
        cls,
        score: NDArray[np.float64],
        query: NDArray[np.int64],
        row: NDArray[np.int64],
        known: frozenset[int],
    ) -> Pairs:
        """Return pairs with floating scores as integers."""
        return cls(np.rint(score * FINE).astype(np.int64), query, row, known)

    @property
    def true(self) -> NDArray[np.bool_]:
        """Which pairs are one entity."""
        return np.asarray(self.query == self.row)

    def answerable(self) -> Pairs:
        """Return the pairs of known queries only."""
        kept = np.isin(self.query, sorted(self.known))
        return Pairs(self.score[kept], self.query[kept], self.row[kept], self.known)

    def returned(self) -> Returned:
        """Return the pairs as the measure of quality takes them."""
        nothing = np.zeros(len(self.score), np.int64)
        return Returned(self.score, self.true, self.query, nothing, nothing)


def joined(parts: list[Pairs]) -> Pairs:
    """Return the pairs of several searches as those of one."""
    columns = ((part.score, part.query, part.row) for part in parts)
    score, query, row = (
        np.concatenate(column) for column in zip(*columns, strict=True)
    )
    return Pairs(score, query, row, frozenset().union(*(p.known for p in parts)))


def figures(taught: Pairs, asked: Pairs) -> dict[str, float]:
    """Return a method's figures, shares from 0 to 1.

    ``f1`` is that of one half of A against the same half of B, as record linkage is
    commonly measured; ``f1_search`` counts the queries that nobody answers as well, as
    do ``recall_at_p999`` and ``top1``, which all of B is searched for.
    """
    linkage = best_threshold(taught.answerable())
    recall = recall_at_precision(asked.returned(), len(asked.known), PRECISION)
    return {
        "f1": round(f1(asked.answerable(), linkage), 4),
        "f1_search": round(f1(asked, best_threshold(taught)), 4),
        "recall_at_p999": round(recall, 4),
        "top1": round(top1(asked), 4),
    }


def best_threshold(pairs: Pairs) -> int:
    """Return the score from which F1 is best: the middle of the gap below it."""
    thresholds, true, hits = curve(pairs.returned())
    if not len(thresholds):
        return 0
    at = int(np.argmax(2 * true / (hits + len(pairs.known))))
    below = thresholds[min(at + 1, len(thresholds) - 1)]
    return int((thresholds[at] + below + 1) // 2)


def f1(pairs: Pairs, threshold: int) -> float:
    """Return F1 of the pairs at or above a threshold."""
    kept = pairs.score >= threshold
    whole = int(kept.sum()) + len(pairs.known)
    return float(2 * (pairs.true & kept).sum() / max(whole, 1))


def top1(pairs: Pairs) -> float:
    """Return the share of known queries whose own row scores above all others."""
    true = pairs.true
    own = dict(zip(pairs.query[true].tolist(), pairs.score[true].tolist(), strict=True))
    others = zip(pairs.query[~true].tolist(), pairs.score[~true].tolist(), strict=True)
    beaten = {query for query, score in others if score >= own.get(query, score + 1)}
    return (len(own) - len(beaten)) / max(len(pairs.known), 1)
