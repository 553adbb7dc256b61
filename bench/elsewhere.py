"""How sure a scheme may be at agencies that taught it nothing.

Each agency in turn is held back, and what the others teach is asked about it: that may
be too sure or too cautious, and otherwise so in a smaller table. Three numbers,
fitted by maximum likelihood to the whole tables and to a quarter of their rows, say
what log-odds are worth there (Platt 1999, on agencies that were held back). Real
queries only; rows that a household's bound speaks about are left out, since that bound
was not learned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench.counting import alone, searches
from childgrid_node import scan, score
from childgrid_node.calibration import household, size_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from bench.tables import Labelled
    from childgrid_node.scheme import Scheme

THINNED = (1, 4)
"""Of the rows that no query should find, one in so many stays."""

FEWEST = 3
"""Agencies; of two, each would be foretold by what a single one teaches: too little."""

LIKELY = -6_000
"""Log-odds from which a row tells something (millinats): one in 400."""

BOUND = 100
"""Millinats that a household may take from a row that is looked at."""

STEPS = 50
STEADY = 1e-9
RIDGE = 1.0
"""Weight of what is assumed where nothing tells: log-odds are worth what they say."""

_Told = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.bool_]"]


def reading(data: Labelled, teach: Callable[[Labelled], Scheme]) -> dict[str, int]:
    """Return ``shift`` (millinats), ``slope`` and ``size`` (per 1,000), as in a scheme.

    Args:
        data: at least ``FEWEST`` tables, queries and truth.
        teach: learns a scheme from tables and queries.
    """
    asked = tuple(query for query in data.queries if not query.home)
    found = []
    for table in data.tables:
        others = tuple(one for one in data.tables if one is not table)
        scheme = teach(replace(data, tables=others))
        found += foretold(replace(data, tables=(table,), queries=asked), scheme)
    logits, offsets, labels = (
        np.concatenate(part) for part in zip(*found, strict=True)
    )
    shift, slope, size = fit(logits / 1000, offsets / 1000, labels)
    return {
        "shift": round(1000 * shift),
        "slope": max(round(1000 * slope), 1),
        "size": max(round(1000 * size), 0),
    }


def foretold(data: Labelled, scheme: Scheme) -> Iterator[_Told]:
    """Yield for each search log-odds, what the table's size adds, and what is true."""
    data = data.under(scheme)
    for table in data.tables:
        wanted = [rows for _, _, rows in searches(replace(data, tables=(table,)))]
        for share in THINNED:
            kept = np.union1d(
                np.concatenate(wanted), np.arange(0, len(table.index), share)
            ).astype(np.int64)
            part = alone(table.index.segments, kept)
            for query, rows in zip(data.queries, wanted, strict=True):
                yield _told(scheme, part, query.encoding, np.searchsorted(kept, rows))


def _told(
    scheme: Scheme,
    part: scan.Segment,
    query: NDArray[np.uint64],
    rows: NDArray[np.int64],
) -> _Told:
    found = scan.survey(scheme, (part,), query)
    weights = score.rarity_weights(scheme, found)
    best = scan.best(scheme, found, weights, score.SURVIVORS)
    parts = score.parts_of(found, weights, best.levels)
    logits = score.second(scheme, parts, best.levels, best.scores, len(found.active))
    offset = size_offset(scheme.calibration, len(part.dead))
    whole = logits + offset
    told = (whole - household(scheme, whole, parts) < BOUND) & (whole > LIKELY)
    sizes = np.full(int(told.sum()), offset)
    return logits[told], sizes, np.isin(best.rows[told], rows)


def fit(
    logits: NDArray[np.float64],
    offsets: NDArray[np.float64],
    labels: NDArray[np.bool_],
) -> tuple[float, float, float]:
    """Return shift, slope and size: ``shift + slope * logits + size * offsets`` is so.

    All in nats; of offsets below 0 all is counted. Newton's steps on the likelihood,
    from 0, 1 and 1, which a weak ridge holds on to.
    """
    grown = np.maximum(offsets, 0.0)
    design = np.column_stack([np.ones(len(logits)), logits, grown])
    start = np.array([0.0, 1.0, 1.0])
    point = start.copy()
    for _ in range(STEPS):
        told = design @ point + np.minimum(offsets, 0.0)
        chance = 1 / (1 + np.exp(-told))
        slope = design.T @ (labels - chance) - RIDGE * (point - start)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design
        move = np.linalg.solve(curve + RIDGE * np.eye(3), slope)
        point += move
        if np.abs(move).max() < STEADY:
            break
    return float(point[0]), float(point[1]), float(point[2])
