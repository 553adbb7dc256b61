"""First-stage weights without labels: expectation maximisation over the best rows.

Each search's survivors are true with a probability from their first-stage sum and a
prior that is re-estimated; levels are counted by it (Winkler 1988; Fellegi and Sunter
1969). Rows that did not survive are taken for strangers. Nothing is said about the
second stage, which needs truth.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from bench.counting import FOLDS, Counts, log_tables
from bench.document import render
from childgrid_node import scan, score
from childgrid_node.plan import LEVELS
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.tables import Labelled

ROUNDS = 4
FIRST_PRIOR = 0.2
# What full and no agreement weigh, in millinats, before anything is known.
GUESS = (-3_000, 6_000)


def blank(base: Scheme) -> Scheme:
    """Return ``base`` with weights that know nothing: they rise alike for all."""
    document = json.loads(base.raw)
    low, high = GUESS
    for each in base.comparisons:
        rising = np.linspace(low - high, 0, each.levels)
        document["weights"]["match"][each.name] = np.rint(rising).astype(int).tolist()
        document["weights"]["chance"][each.name] = [-high] * each.levels
    return Scheme.parse(render(document))


def adapted(data: Labelled, base: Scheme, source: str) -> bytes:
    """Return the document of ``base`` with weights fitted to unlabelled ``data``."""
    scheme, prior = base, FIRST_PRIOR
    for _ in range(ROUNDS):
        counts, prior = _expected(data.under(scheme), scheme, prior)
        match, chance = log_tables(scheme, counts)
        document = json.loads(scheme.raw)
        document["weights"] |= {"match": match, "chance": chance, "source": source}
        scheme = Scheme.parse(render(document))
    return scheme.raw


def _expected(data: Labelled, scheme: Scheme, prior: float) -> tuple[Counts, float]:
    """Return expected counts, and the expected share of searches with a true row."""
    shape = (FOLDS, len(scheme.comparisons), LEVELS)
    match, other = np.zeros(shape), np.zeros(shape)
    believed, searches = 0.0, 0
    for table in data.tables:
        for query in data.queries:
            fold = query.number % FOLDS
            found = scan.survey(scheme, table.index.segments, query.encoding)
            weights = score.rarity_weights(scheme, found)
            best = scan.best(scheme, found, weights, score.SURVIVORS)
            chances = _chances(best.scores, prior, len(table.index))
            other[fold][list(found.active)] += found.counts
            for at in found.active:
                true = np.bincount(best.levels[:, at], chances, LEVELS)
                match[fold, at] += true
                other[fold, at] -= true
            believed += float(chances.sum())
            searches += 1
    whole = Counts(*(np.rint(part).astype(np.int64) for part in (match, other)))
    return whole, min(believed / searches, 0.9)


def _chances(scores: NDArray[np.int64], prior: float, rows: int) -> NDArray[np.float64]:
    """Return each survivor's chance to be the one true row, if there is one."""
    ratios = np.exp(np.clip(scores / 1000, -50, 50))
    nobody = (1 - prior) * rows / prior
    return np.asarray(ratios / (ratios.sum() + nobody), np.float64)
