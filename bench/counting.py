"""How often each level occurs among true pairs and among all others: m and u.

Counted by the node's own scan over every pair of query and row. What the tables cannot
teach (identifiers that no pair shares) is pooled or fixed here, and named below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.isotonic import weights
from childgrid_node import scan
from childgrid_node.plan import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.tables import Labelled, Query, Table
    from childgrid_node.scheme import Comparison, Scheme
    from childgrid_node.segments import Segment

FOLDS = 2
ENOUGH_PAIRS = 40
# Chance that two strangers share a value, where the tables are too small to show it.
CHANCE = {
    "identifier": 1e-7,
    "contact": 1e-6,
    "part": 1e-4,
    "case": 1e-3,
}
# How often one person's two records agree, where no pair in the tables tells: a FIR
# joins accomplices too, and a person has many handles, so disagreement says little.
UNTAUGHT = {"contact": 0.5, "case": 0.2, "part": 0.9}
# A level that hardly any pair of strangers reaches; rarer ones cannot be told apart.
LEAST_CHANCE = 1e-7


@dataclass(frozen=True)
class Counts:
    """How often each level occurs: ``int64[folds, comparisons, 256]``."""

    match: NDArray[np.int64]
    other: NDArray[np.int64]

    def without(self, fold: int) -> Counts:
        """Return the counts of all folds but one (all, if ``fold`` is none of them)."""
        kept = [at for at in range(FOLDS) if at != fold]
        return Counts(self.match[kept], self.other[kept])


def searches(data: Labelled) -> Iterator[tuple[Table, Query, NDArray[np.int64]]]:
    """Yield every table and query with the rows that the query should find."""
    for table in data.tables:
        rows = {table.index.key(row): row for row in range(len(table.index))}
        for query in data.queries:
            if query.home == table.agency:
                continue
            wanted = sorted(rows[key] for key in query.truth if key in rows)
            yield table, query, np.array(wanted, np.int64)


def count(data: Labelled, scheme: Scheme) -> Counts:
    """Count levels over all pairs of query and row, true pairs apart.

    A record asked besides adds its true pairs only: of strangers there are plenty.
    """
    shape = (FOLDS, len(scheme.comparisons), LEVELS)
    counts = Counts(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for table, query, rows in searches(data):
        fold = query.number % FOLDS
        segments = table.index.segments
        if query.home:
            segments, rows = (alone(segments, rows),), np.arange(len(rows))
        found = scan.survey(scheme, segments, query.encoding)
        levels = scan.levels_of(scheme, found, rows)
        counts.other[fold][list(found.active)] += found.counts
        for position in found.active:
            true = np.bincount(levels[:, position], minlength=LEVELS)
            counts.match[fold, position] += true
            counts.other[fold, position] -= true
    return counts


def alone(segments: Sequence[Segment], rows: NDArray[np.int64]) -> Segment:
    """Return chosen rows as a segment of their own, in the order of the table."""
    inside = [
        rows[(rows >= s.first) & (rows < s.first + len(s.dead))] for s in segments
    ]
    parts = [(s, at - s.first) for s, at in zip(segments, inside, strict=True)]
    return replace(
        segments[0],
        first=0,
        rows=np.concatenate([s.rows[at] for s, at in parts]),
        filled=np.concatenate([s.filled[at] for s, at in parts]),
        dead=np.concatenate([s.dead[at] for s, at in parts]),
    )


def log_tables(
    scheme: Scheme, counts: Counts
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return ln m and ln u in millinats for each comparison and level."""
    match, chance = {}, {}
    for position, comparison in enumerate(scheme.comparisons):
        part = slice(1, comparison.levels + 1)
        true = counts.match[:, position, part].sum(axis=0)
        other = counts.other[:, position, part].sum(axis=0)
        if comparison.kind == "tag" and comparison.group in CHANCE:
            pooled = _pooled(scheme, counts, comparison.group)
            m, u = _tag_shares(comparison.group, true, pooled)
        else:
            m, u = _bloom_shares(comparison, true, other)
        match[comparison.name], chance[comparison.name] = _logs(m), _logs(u)
    return match, chance


def _pooled(scheme: Scheme, counts: Counts, group: str) -> NDArray[np.int64]:
    inside = [at for at, c in enumerate(scheme.comparisons) if c.group == group]
    return counts.match[:, inside, 1:3].sum(axis=(0, 1))  # type: ignore[no-any-return]


def _tag_shares(
    group: str, true: NDArray[np.int64], pooled: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.array([1 - CHANCE[group], CHANCE[group]])
    if group in UNTAUGHT and true.sum() < ENOUGH_PAIRS:
        return np.array([1 - UNTAUGHT[group], UNTAUGHT[group]]), u
    return _shares(pooled if true.sum() < ENOUGH_PAIRS else true), u


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return frequencies with half a case added to each level."""
    return np.asarray((counts + 0.5) / (counts + 0.5).sum())


def _bloom_shares(
    comparison: Comparison, true: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return m and u whose ratio never falls as Dice or overlap rises."""
    u = np.maximum(_shares(other), LEAST_CHANCE)
    grid = (-1, len(comparison.overlap) + 1)
    nats = weights(true.reshape(grid), other.reshape(grid)).ravel()
    return np.exp(nats) * u, u


def _logs(shares: NDArray[np.float64]) -> list[int]:
    return [int(value) for value in np.rint(1000 * np.log(np.clip(shares, 1e-20, 1)))]
