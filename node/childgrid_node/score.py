"""From levels to a probability: Fellegi–Sunter weights, then a calibrated second stage.

Stage one: each comparison's level weighs ln m − ln u. For comparisons marked
``rarity``, u is counted in the very table searched: u = (count + a·u₀) / (n + a),
where n rows could be compared and u₀ is the scheme's own. The sum ranks all rows.
Stage two, in ``calibration``, turns the parts of the best rows into a probability.

A probability is a lead's strength, not an identification. Per-field levels are for the
holder's own custodian; they never leave the node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node import scan
from childgrid_node.calibration import (
    PROBABILITY,
    elsewhere,
    features,
    household,
    log_odds,
    probability,
    signs,
    size_offset,
)
from childgrid_node.plan import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from numpy.typing import NDArray

    from childgrid_node.scheme import Bands, Scheme
    from childgrid_node.second_stage import Calibration

    class Searchable(Protocol):
        """What a search needs of an index."""

        @property
        def scheme(self) -> Scheme: ...  # noqa: D102
        @property
        def segments(self) -> Sequence[scan.Segment]: ...  # noqa: D102
        @property
        def living(self) -> int: ...  # noqa: D102


SURVIVORS = 64
BELIEVED = 2
MAX_OTHERS = 1_000_000


@dataclass(frozen=True)
class Candidate:
    """One row that may be the person sought.

    ``probability`` is per 10,000; ``band`` is strong, possible or weak;
    ``expected_others`` says how many other people here are expected to fit as well;
    ``score`` is the first-stage sum in millinats; ``levels`` are by comparison.
    """

    row: int
    probability: int
    band: str
    expected_others: int
    score: int
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Matches:
    """Candidates, best first, and the processor time that the scan took (ns)."""

    candidates: tuple[Candidate, ...]
    cpu_ns: int


def match(
    index: Searchable,
    query: NDArray[np.uint64],
    k: int = 20,
    *,
    floor: int | None = None,
    engine: str | None = None,
    threads: int = 1,
) -> Matches:
    """Search every row of ``index`` for the person encoded in ``query``.

    Args:
        index: rows and their scheme.
        query: one encoding, ``uint64[words]``, under the index's key and epoch.
        k: the greatest number of candidates.
        floor: probability per 10,000 below which nothing is answered; the
            scheme's own by default.
        engine: ``numba`` or ``numpy``.
        threads: how many threads share the rows.
    """
    return match_many(index, [query], k, floor=floor, engine=engine, threads=threads)[0]


def match_many(
    index: Searchable,
    queries: Sequence[NDArray[np.uint64]],
    k: int = 20,
    *,
    floor: int | None = None,
    engine: str | None = None,
    threads: int = 1,
) -> list[Matches]:
    """Answer several queries, each as ``match`` would, in one pass over the rows."""
    if not queries:
        return []
    surveys = scan.survey_many(
        index.scheme, index.segments, queries, engine, threads, all_counts=False
    )
    low = index.scheme.bands.floor if floor is None else floor
    return [_matches(index, found, k, low, engine, threads) for found in surveys]


def _matches(
    index: Searchable,
    found: scan.Survey,
    k: int,
    low: int,
    engine: str | None,
    threads: int,
) -> Matches:
    scheme = index.scheme
    weights = rarity_weights(scheme, found)
    best = scan.best(scheme, found, weights, max(k, SURVIVORS), engine, threads)
    return concluded(scheme, found, weights, best, index.living, k, low)


def concluded(
    scheme: Scheme,
    found: scan.Survey,
    weights: NDArray[np.int64],
    best: scan.Survivors,
    living: int,
    k: int,
    low: int,
) -> Matches:
    """Turn the best rows of a register into candidates: the second stage.

    Args:
        scheme: the second stage's numbers.
        found: which comparisons the query could make.
        weights: millinats by level, ``int64[len(found.active), 256]``.
        best: at least ``SURVIVORS`` rows, where the register has so many.
        living: rows of the register that are not deleted.
        k: the greatest number of candidates.
        low: probability per 10,000 below which nothing is answered.
    """
    parts = parts_of(found, weights, best.levels)
    logits = second(scheme, parts, best.levels, best.scores, len(found.active))
    logits += size_offset(scheme.calibration, living)
    logits = household(scheme, logits, parts)
    return Matches(_candidates(scheme.bands, best, logits, k, low), best.cpu_ns)


def second(
    scheme: Scheme,
    parts: NDArray[np.int64],
    levels: NDArray[np.uint8],
    scores: NDArray[np.int64],
    asked: int,
) -> NDArray[np.int64]:
    """Return log-odds in millinats of survivors, for a table as trained on.

    Args:
        scheme: the second stage's numbers.
        parts: weight per comparison, ``int64[k, comparisons]``.
        levels: levels of the same, ``uint8[k, comparisons]``.
        scores: first-stage sums of all survivors, ``int64[k]``.
        asked: how many comparisons the query could make.
    """
    _, values = features(scheme, parts, levels, scores)
    logits = log_odds(scheme.calibration, values)
    found = signs(scheme, parts, levels, scores, logits, asked)
    logits += scheme.calibration.forest.add(found)
    return elsewhere(scheme.calibration, logits)


def rarity_weights(scheme: Scheme, found: scan.Survey) -> NDArray[np.int64]:
    """Return weights in millinats for this query: ``int64[len(active), 256]``."""
    weights = np.zeros((len(found.active), LEVELS), np.int64)
    for at, position in enumerate(found.active):
        comparison = scheme.comparisons[position]
        counts = found.counts[at, 1 : comparison.levels + 1]
        chance = np.array(comparison.chance, np.float64)
        if comparison.rarity:
            chance = _chance_here(scheme.calibration, chance, counts)
        exact = np.array(comparison.match) - chance
        weights[at, 1 : comparison.levels + 1] = np.rint(exact)
    return weights


def _chance_here(
    calibration: Calibration, chance: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    prior = calibration.rarity_rows
    share = (counts + prior * np.exp(chance / 1000)) / (counts.sum() + prior)
    return np.asarray(1000 * np.log(share), np.float64)


def parts_of(
    found: scan.Survey, weights: NDArray[np.int64], levels: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Return each survivor's weight per comparison: ``int64[k, comparisons]``."""
    parts = np.zeros(levels.shape, np.int64)
    for at, position in enumerate(found.active):
        parts[:, position] = weights[at, levels[:, position]]
    return parts


def band(bands: Bands, per_10000: int) -> str:
    """Return the band of a probability per 10,000."""
    if per_10000 >= bands.strong:
        return "strong"
    return "possible" if per_10000 >= bands.possible else "weak"


def _candidates(
    bands: Bands, best: scan.Survivors, logits: NDArray[np.int64], k: int, low: int
) -> tuple[Candidate, ...]:
    """Return those of the ``k`` likeliest whose probability is not below ``low``."""
    order = np.lexsort((best.rows, -best.scores, -logits))[:k]
    level, as_good = _not_less(best.scores), _not_less(logits)
    found = []
    for at in order.tolist():
        likely = probability(int(logits[at]))
        if likely < low:
            break  # the rest is not likelier
        chance = min(likely, _most(int(level[at])))
        if chance >= low:
            others = int(as_good[at]) - 1
            found.append(_candidate(bands, best, at, chance, others))
    return tuple(found)


def _not_less(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each value how many are not less, itself included."""
    return len(values) - np.searchsorted(np.sort(values), values, "left")


def _most(level: int) -> int:
    """Return the most that a row can have, given how many rows score as well.

    A person may stand twice in a register, so of t rows at or above this score at
    most two are believed; where they fill the survivors, nobody is named. A row's
    own further agreement can only lower t.
    """
    return (
        0 if level >= SURVIVORS else min(PROBABILITY, BELIEVED * PROBABILITY // level)
    )


def _candidate(
    bands: Bands, best: scan.Survivors, at: int, chance: int, as_good: int
) -> Candidate:
    expected = round((PROBABILITY - chance) / max(chance, 1))
    return Candidate(
        row=int(best.rows[at]),
        probability=chance,
        band=band(bands, chance),
        expected_others=min(max(expected, as_good), MAX_OTHERS),
        score=int(best.scores[at]),
        levels=tuple(best.levels[at].tolist()),
    )
