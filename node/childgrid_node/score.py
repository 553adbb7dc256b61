"""From levels to a probability: Fellegi–Sunter weights, then a calibrated second stage.

Stage one: each comparison's level weighs ln m − ln u. For comparisons marked
``rarity``, u is counted in the very table searched: u = (count + a·u₀) / (n + a),
where n rows could be compared and u₀ is the scheme's own. The sum ranks all rows.
Stage two, on the best rows: a logistic model over the positive and negative parts of
that sum, by group; over how crowded the table is with rivals; and over a sign of
kinship (family evidence agrees, the person's own does not), which only lowers. The
log-odds rise by ln(N_trained / N), since a larger table holds more strangers.

No coefficient can make an agreeing identifier lower a probability. A probability is
a lead's strength, not an identification. Per-field levels are for the holder's own
custodian; they never leave the node.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node import scan
from childgrid_node.plan import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from numpy.typing import NDArray

    from childgrid_node.scheme import Bands, Calibration, Comparison, Scheme

    class Searchable(Protocol):
        """What a search needs of an index."""

        @property
        def scheme(self) -> Scheme: ...  # noqa: D102
        @property
        def segments(self) -> Sequence[scan.Segment]: ...  # noqa: D102
        @property
        def living(self) -> int: ...  # noqa: D102


SURVIVORS = 64
PROBABILITY = 10_000
CROWD_LIMIT = 10_000
MAX_OTHERS = 1_000_000
FAMILY = ("relative", "address", "district", "pin", "state")
OWN = ("name", "skeleton", "dob", "yob", "sex")


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
) -> Matches:
    """Search every row of ``index`` for the person encoded in ``query``.

    Args:
        index: rows and their scheme.
        query: one encoding, ``uint64[words]``, under the index's key and epoch.
        k: the greatest number of candidates.
        floor: probability per 10,000 below which nothing is answered; the
            scheme's own by default.
        engine: ``numba`` or ``numpy``.
    """
    scheme = index.scheme
    found = scan.survey(scheme, index.segments, query, engine)
    weights = rarity_weights(scheme, found)
    best = scan.best(scheme, found, weights, max(k, SURVIVORS), engine)
    parts = parts_of(found, weights, best.levels)
    logits = log_odds(scheme, parts, best.scores, index.living)
    low = scheme.bands.floor if floor is None else floor
    ordered = _ordered(scheme.bands, best, logits)
    kept = tuple(one for one in ordered[:k] if one.probability >= low)
    return Matches(kept, best.cpu_ns)


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


def features(
    scheme: Scheme, parts: NDArray[np.int64], scores: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return names and values (millinats, ``int64[k, f]``) of the second stage.

    ``+g`` and ``-g`` are the agreeing and disagreeing parts of group g; ``crowd``
    and ``relatives`` follow.
    """
    groups = list(scheme.calibration.agreement)
    more, less = np.maximum(parts, 0), np.minimum(parts, 0)
    columns = [_grouped(scheme.comparisons, group, more) for group in groups]
    columns += [_grouped(scheme.comparisons, group, less) for group in groups]
    columns += [crowd(scores), kinship(scheme.comparisons, parts)]
    names = [f"+{g}" for g in groups] + [f"-{g}" for g in groups]
    return [*names, "crowd", "relatives"], np.column_stack(columns)


def _grouped(
    comparisons: tuple[Comparison, ...], group: str, parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    inside = [c.group == group for c in comparisons]
    return np.asarray(parts[:, inside].sum(axis=1), np.int64)


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


def kinship(
    comparisons: tuple[Comparison, ...], parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how much a row looks like a relative's, in millinats, 0 or more.

    The lesser of what the family shares (relative's name, place) and what speaks
    against the person (name, birth, sex). Identifiers take no part, so that one
    more agreement of a phone can never raise this sign.
    """
    names = [comparison.name for comparison in comparisons]
    family = [name in FAMILY for name in names]
    own = [name in OWN for name in names]
    shared = np.maximum(parts[:, family], 0).sum(axis=1)
    against = np.maximum(-parts[:, own], 0).sum(axis=1)
    return np.asarray(np.minimum(shared, against), np.int64)


def log_odds(
    scheme: Scheme,
    parts: NDArray[np.int64],
    scores: NDArray[np.int64],
    living: int,
) -> NDArray[np.int64]:
    """Return each survivor's log-odds in millinats, for a table of ``living`` rows."""
    calibration = scheme.calibration
    _, values = features(scheme, parts, scores)
    size = round(1000 * math.log(calibration.trained_rows / max(living, 1)))
    return size + combine(calibration, values)


def combine(calibration: Calibration, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return log-odds in millinats of ``features``, for a table as trained on."""
    coefficients = np.array(
        [
            *calibration.agreement.values(),
            *(calibration.disagreement[group] for group in calibration.agreement),
            calibration.crowd,
            calibration.relatives,
        ],
        np.int64,
    )
    return calibration.intercept + values @ coefficients // 1000


def probability(logit: int) -> int:
    """Return the probability per 10,000 of log-odds in millinats."""
    bounded = min(max(logit, -50_000), 50_000)
    return round(PROBABILITY / (1 + math.exp(-bounded / 1000)))


def band(bands: Bands, per_10000: int) -> str:
    """Return the band of a probability per 10,000."""
    if per_10000 >= bands.strong:
        return "strong"
    return "possible" if per_10000 >= bands.possible else "weak"


def _ordered(
    bands: Bands, best: scan.Survivors, logits: NDArray[np.int64]
) -> list[Candidate]:
    order = np.lexsort((best.rows, -best.scores, -logits))
    return [_candidate(bands, best, logits, at) for at in order]


def _candidate(
    bands: Bands, best: scan.Survivors, logits: NDArray[np.int64], at: int
) -> Candidate:
    chance = probability(int(logits[at]))
    expected = round((PROBABILITY - chance) / max(chance, 1))
    as_good = int((logits >= logits[at]).sum()) - 1
    return Candidate(
        row=int(best.rows[at]),
        probability=chance,
        band=band(bands, chance),
        expected_others=min(max(expected, as_good), MAX_OTHERS),
        score=int(best.scores[at]),
        levels=tuple(int(level) for level in best.levels[at]),
    )
