"""The second stage of scoring: from weighed levels to calibrated log-odds.

A logistic model over the positive and negative parts of the first stage's sum, by
group; over products of some of them, since name, birth, relative and place do not
speak independently; over the group of a kind that says most, since who has moved once
differs in all that names a place; over how far the name falls short of full agreement;
over rivals in the table; and over a sign of kinship, which only lowers. On top of it
come trees over the same parts one by one. All in millinats, with integer coefficients
and leaves.
At agencies that taught it nothing it is worth more or less (``elsewhere``). The
log-odds rise by ln(N_trained / N): a larger table holds more strangers. What is left is
set against the rest of a household, whom no table's size makes rarer.

A small table has few rivals, which says nothing: as many strangers as the training
table held always stand behind a row as one more rival (their likelihood ratios sum to
their number). No coefficient and no tree can make an agreeing identifier lower a
probability; ``second_stage`` refuses one that could.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.second_stage import BIRTH, KINDS, OWN, PLACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme
    from childgrid_node.second_stage import Calibration

PROBABILITY = 10_000
CROWD_LIMIT = 10_000
JOINT_SCALE = 10_000
GAP_LIMIT = 20_000
NEAR = 1_000
FAMILY = ("relative", "address")
_KEPT = 64
"""What follows from a scheme alone is worked out once, for a few schemes."""


def features(
    scheme: Scheme,
    parts: NDArray[np.int64],
    levels: NDArray[np.uint8],
    scores: NDArray[np.int64],
) -> tuple[list[str], NDArray[np.int64]]:
    """Return names and values (millinats, ``int64[k, f]``) of the second stage.

    ``+g`` and ``-g`` are the agreeing and disagreeing parts of group g; ``crowd``,
    ``shortfall`` and ``relatives`` follow, then the products, then of each kind of
    ``once`` the group that agrees most and the one that differs most.

    Args:
        scheme: groups, bundles and products.
        parts: weight per comparison, ``int64[k, comparisons]``.
        levels: levels of the same, ``uint8[k, comparisons]``.
        scores: first-stage sums of all survivors, ``int64[k]``.
    """
    calibration = scheme.calibration
    groups, kinds = list(calibration.agreement), list(calibration.once)
    more, less = np.maximum(parts, 0), np.minimum(parts, 0)
    short = shortfall(scheme, calibration.own, levels)
    columns = [more @ scheme.grouping, less @ scheme.grouping]
    once = [column for kind in kinds for column in _once(scheme, kind, *columns)]
    columns += [
        crowd(scores, calibration.trained_rows),
        short,
        np.minimum(_agreed(scheme, calibration.kin, more), short),
    ]
    columns += [*products(scheme, more), *once]
    names = [f"+{g}" for g in groups] + [f"-{g}" for g in groups]
    names += ["crowd", "shortfall", "relatives"]
    names += [f"{first}*{second}" for first, second, _ in calibration.joint]
    names += [f"{sign}once:{kind}" for kind in kinds for sign in "+-"]
    return names, np.column_stack(columns)


def coefficients(calibration: Calibration) -> NDArray[np.int64]:
    """Return the coefficients per 1,000 of ``features``, in the same order."""
    return np.array(
        [
            *calibration.agreement.values(),
            *(calibration.disagreement[group] for group in calibration.agreement),
            calibration.crowd,
            calibration.shortfall,
            calibration.relatives,
            *(coefficient for _, _, coefficient in calibration.joint),
            *(
                weight
                for kind in calibration.once.values()
                for weight in (kind.agreement, kind.disagreement)
            ),
        ],
        np.int64,
    )


def _once(
    scheme: Scheme, kind: str, more: NDArray[np.int64], less: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the most that a group of a kind agrees, and the most that one differs.

    ``more`` and ``less`` are by group, in millinats; the second is at most 0.
    """
    at = _of_kind(scheme, kind)
    return more[:, at].max(axis=1, initial=0), less[:, at].min(axis=1, initial=0)


@lru_cache(_KEPT)
def _of_kind(scheme: Scheme, kind: str) -> list[int]:
    """Return the places of the groups of a kind."""
    groups = enumerate(scheme.calibration.agreement)
    return [place for place, group in groups if group in KINDS[kind]]


def shortfall(scheme: Scheme, own: str, levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how much less a level of ``own`` weighs than full agreement (millinats).

    By the scheme's own weights, not this table's; 0 where it cannot be compared.
    """
    at, missing = _missing(scheme, own)
    return missing[levels[:, at]]


@lru_cache(_KEPT)
def _missing(scheme: Scheme, own: str) -> tuple[int, NDArray[np.int64]]:
    """Return a comparison's place, and what each of its levels lacks."""
    names = [each.name for each in scheme.comparisons]
    each = scheme.comparisons[at := names.index(own)]
    weights = np.subtract(each.match, each.chance)
    missing = np.append(0, np.maximum(int(weights[-1]) - weights, 0))
    return at, missing.astype(np.int64)


def products(scheme: Scheme, more: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the products of agreeing bundles, scaled to nat² / 10 in thousandths."""
    calibration = scheme.calibration
    totals = {
        name: np.minimum(
            more[:, _named(scheme, members)].sum(axis=1), calibration.joint_cap
        )
        for name, members in calibration.bundles.items()
    }
    return [totals[a] * totals[b] // JOINT_SCALE for a, b, _ in calibration.joint]


@lru_cache(_KEPT)
def _named(scheme: Scheme, names: tuple[str, ...]) -> NDArray[np.intp]:
    """Return the places of the comparisons of these names."""
    return np.flatnonzero([each.name in names for each in scheme.comparisons])


def crowd(scores: NDArray[np.int64], strangers: int) -> NDArray[np.int64]:
    """Return ln of the rivals' likelihood over one's own, in millinats.

    Rivals are the other survivors and ``strangers`` unseen rows. Falls as a row's own
    score rises; kept within ±10 nats.
    """
    nats = np.clip(scores, -(2**40), 2**40) / 1000
    rivals = np.broadcast_to(nats, (len(nats), len(nats))).copy()
    np.fill_diagonal(rivals, math.log(strangers))
    top = rivals.max(axis=1, initial=math.log(strangers))
    others = top + np.log(np.exp(rivals - top[:, None]).sum(axis=1))
    raw = np.clip(1000 * (others - nats), -CROWD_LIMIT, CROWD_LIMIT)
    return np.asarray(np.rint(raw), np.int64)


def gap(scores: NDArray[np.int64], strangers: int) -> NDArray[np.int64]:
    """Return how far a score is above the best rival's (millinats, within ±20 nats)."""
    rivals = np.broadcast_to(scores, (len(scores), len(scores))).copy()
    np.fill_diagonal(rivals, round(1000 * math.log(strangers)))
    above = scores - rivals.max(axis=1, initial=-GAP_LIMIT)
    return np.asarray(np.clip(above, -GAP_LIMIT, GAP_LIMIT), np.int64)


def signs(
    scheme: Scheme,
    parts: NDArray[np.int64],
    levels: NDArray[np.uint8],
    scores: NDArray[np.int64],
    logits: NDArray[np.int64],
    asked: int,
) -> NDArray[np.int64]:
    """Return what the trees look at: ``int64[k, features]`` in the scheme's order.

    ``score`` is the first stage's sum, ``gap`` and ``crowd`` set it against rivals,
    ``near`` counts survivors no more than one nat below it; ``known`` counts the
    likenesses compared, ``asked`` the comparisons that the query could make;
    ``family`` is what relative and address agree; ``own``, ``birth`` and ``place`` what
    the person's names, birth and places agree, ``own_birth`` and ``own_place`` two of
    them together and ``whole`` all three; ``place_most`` and ``place_least`` are the
    place that agrees and that differs most; ``logit`` is the logistic model's.
    """
    strangers = scheme.calibration.trained_rows
    more, grouped = np.maximum(parts, 0), parts @ scheme.grouping
    places = {name: at for at, name in enumerate(scheme.calibration.agreement)}
    found = {
        "score": scores,
        "gap": gap(scores, strangers),
        "crowd": crowd(scores, strangers),
        "near": (scores >= scores[:, None] - NEAR).sum(axis=1),
        "known": (levels[:, _blooms(scheme)] > 0).sum(axis=1),
        "asked": np.full(len(scores), asked),
        "logit": logits,
        "family": _agreed(scheme, FAMILY, more),
        **_together(scheme, more),
        **_extremes(scheme, more, np.minimum(parts, 0)),
    }
    columns = []
    for name in scheme.calibration.forest.features:
        kind, _, of = name.partition(":")
        if kind == "part":
            columns.append(grouped[:, places[of]])
        elif kind == "short":
            columns.append(shortfall(scheme, of, levels))
        else:
            columns.append(np.asarray(found[name], np.int64))
    return np.column_stack(columns)


@lru_cache(_KEPT)
def _blooms(scheme: Scheme) -> NDArray[np.intp]:
    """Return the places of the comparisons of filters."""
    return np.flatnonzero([each.kind == "bloom" for each in scheme.comparisons])


def _together(scheme: Scheme, more: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    own, birth, place = (
        _agreed(scheme, groups, more) for groups in (OWN, BIRTH, PLACE)
    )
    return {
        "own": own,
        "birth": birth,
        "place": place,
        "own_birth": own + birth,
        "own_place": own + place,
        "whole": own + birth + place,
    }


def _extremes(
    scheme: Scheme, more: NDArray[np.int64], less: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    grouping = scheme.grouping
    most, least = _once(scheme, "place", more @ grouping, less @ grouping)
    return {"place_most": most, "place_least": least}


def _agreed(
    scheme: Scheme, groups: tuple[str, ...], more: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return what several groups agree, in millinats: ``int64[k]``."""
    return _weighed(scheme, groups, more)


def _weighed(
    scheme: Scheme, groups: tuple[str, ...], parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    return np.asarray(parts[:, _inside(scheme, groups)].sum(axis=1), np.int64)


@lru_cache(_KEPT)
def _inside(scheme: Scheme, groups: tuple[str, ...]) -> NDArray[np.intp]:
    """Return the places of the comparisons of some groups."""
    return np.flatnonzero([each.group in groups for each in scheme.comparisons])


def log_odds(calibration: Calibration, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return log-odds in millinats of ``features``, for a table as trained on."""
    return calibration.intercept + values @ coefficients(calibration) // 1000


def size_offset(calibration: Calibration, rows: int) -> int:
    """Return what a table of ``rows`` rows adds to the log-odds, in millinats.

    The prior stays within what tables of ``least_rows`` to ``most_rows`` would have:
    a register of a handful of rows is not likelier to hold the person.
    """
    counted = min(max(rows, calibration.least_rows), calibration.most_rows)
    added = 1000 * math.log(calibration.trained_rows / counted)
    if calibration.elsewhere and added > 0:
        added *= calibration.elsewhere.size / 1000
    return round(added)


def elsewhere(calibration: Calibration, logits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return log-odds (millinats) as agencies may read them that taught nothing.

    An earlier scheme says nothing about these.
    """
    known = calibration.elsewhere
    return logits if known is None else known.shift + logits * known.slope // 1000


def household(
    scheme: Scheme, logits: NDArray[np.int64], parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return log-odds against strangers and against the household's others together.

    p = M / (M + S + H): ln M/S is ``logits``; ln M/H is the scheme's bound and what a
    person's own parts say. Falls with neither; an earlier scheme has no bound.

    Args:
        scheme: the bound and the groups that are a person's own.
        logits: log-odds against strangers, in millinats, ``int64[k]``.
        parts: weight per comparison, ``int64[k, comparisons]``.
    """
    known = scheme.calibration.household
    if known is None:
        return logits
    own = [_weighed(scheme, (group,), parts) for group in known.own]
    against = known.bound + np.maximum(own, -known.differs).sum(axis=0)
    both = np.logaddexp(-logits / 1000, -against / 1000)
    return np.asarray(-np.rint(1000 * both), np.int64)


def probability(logit: int) -> int:
    """Return the probability per 10,000 of log-odds in millinats."""
    bounded = min(max(logit, -50_000), 50_000)
    return round(PROBABILITY / (1 + math.exp(-bounded / 1000)))
