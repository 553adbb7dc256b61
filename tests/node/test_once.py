"""Several fields that speak of one thing: whoever has moved has moved once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node import calibration
from childgrid_node.index_errors import SchemeError
from childgrid_node.scheme import Scheme
from childgrid_node.second_stage import Once

GRID = Scheme.load("childgrid-2")
NAMES = [comparison.name for comparison in GRID.comparisons]
PLACES = ("pin", "district", "address", "state")
WEIGHTS = st.integers(-6_000, 9_000)


def row(**weights: int) -> NDArray[np.int64]:
    """Parts of one candidate that agrees and differs in these comparisons only."""
    return np.array([[weights.get(name, 0) for name in NAMES]], np.int64)


def odds(scheme: Scheme, parts: NDArray[np.int64]) -> int:
    """The logistic model's log-odds of one candidate, in millinats."""
    levels = np.zeros(parts.shape, np.uint8)
    _, values = calibration.features(scheme, parts, levels, parts.sum(axis=1))
    return int(calibration.log_odds(scheme.calibration, values)[0])


def only_once(**kinds: Once) -> Scheme:
    """The grid's scheme with these kinds, and no other weight on them or on places."""
    known = GRID.calibration
    nothing = dict.fromkeys(known.agreement, 0)
    quiet = replace(known, agreement=nothing, disagreement=nothing, joint=(), crowd=0)
    return replace(GRID, calibration=replace(quiet, once=kinds))


def test_who_has_moved_differs_once() -> None:
    """The field that differs most counts; the others of its kind add nothing to it."""
    scheme = only_once(place=Once(agreement=0, disagreement=1_000))
    nothing = odds(scheme, row())

    assert odds(scheme, row(district=-2_700)) == nothing - 2_700
    assert odds(scheme, row(district=-2_700, state=-2_000, pin=-100)) == nothing - 2_700


def test_one_place_is_agreed_upon_once() -> None:
    """An address includes its district and state: the one that tells most counts."""
    scheme = only_once(place=Once(agreement=500, disagreement=0))
    nothing = odds(scheme, row())

    assert odds(scheme, row(address=8_000)) == nothing + 4_000
    assert odds(scheme, row(address=8_000, district=6_000, state=2_000)) == (
        nothing + 4_000
    )


def test_kinds_count_side_by_side_each_by_its_own_weights() -> None:
    """Names and places speak of two things."""
    scheme = only_once(own=Once(100, 200), place=Once(300, 400))
    nothing = odds(scheme, row())

    assert odds(scheme, row(name=5_000, skeleton=6_000)) == nothing + 600
    assert odds(scheme, row(given=-5_000, skeleton=6_000)) == nothing + 600 - 1_000
    assert odds(scheme, row(name=5_000, pin=2_000)) == nothing + 500 + 600
    assert odds(scheme, row(name=5_000, state=-2_000)) == nothing + 500 - 800


@given(
    st.fixed_dictionaries(dict.fromkeys(PLACES, WEIGHTS)),
    st.sampled_from(PLACES),
    st.integers(0, 9_000),
)
def test_a_place_that_agrees_more_never_lowers_what_places_say_once(
    weights: dict[str, int], place: str, more: int
) -> None:
    """Whichever speaks loudest before and after."""
    scheme = only_once(place=Once(agreement=400, disagreement=700))
    raised = weights | {place: weights[place] + more}

    assert odds(scheme, row(**raised)) >= odds(scheme, row(**weights))


def test_the_shipped_scheme_takes_a_move_for_one_thing() -> None:
    """What is learned weighs the strongest; trees are shown it too."""
    learned = GRID.calibration.once["place"]

    assert learned.disagreement > 0
    assert {"place_most", "place_least"} <= set(GRID.calibration.forest.features)


def test_trees_see_the_place_that_agrees_and_the_one_that_differs_most() -> None:
    """At one row both stand side by side, whatever else agrees."""
    parts = row(pin=-1_000, district=-2_500, state=900, name=7_000)
    levels = np.zeros(parts.shape, np.uint8)
    seen = calibration.signs(
        GRID, parts, levels, parts.sum(axis=1), np.zeros(1, np.int64), 5
    )
    told = dict(zip(GRID.calibration.forest.features, seen[0].tolist(), strict=True))

    assert told["place_most"] == 900
    assert told["place_least"] == -2_500


def test_an_earlier_scheme_knows_no_kinds() -> None:
    """It was released without, and gives what it gave."""
    assert Scheme.load("childgrid-1").calibration.once == {}


@pytest.mark.parametrize(
    ("kind", "weights"),
    [
        ("place", {"agreement": -1, "disagreement": 0}),
        ("place", {"agreement": 0, "disagreement": -1}),
        ("place", {"agreement": 0}),
        ("place", {"agreement": 0, "disagreement": 0, "more": 1}),
        ("phone", {"agreement": 0, "disagreement": 0}),
    ],
)
def test_what_would_turn_agreement_round_is_refused(
    kind: str, weights: dict[str, Any]
) -> None:
    """No weight below nothing, no kind that is none."""
    document = json.loads(GRID.raw)
    document["calibration"]["once"][kind] = weights

    with pytest.raises(SchemeError, match="once"):
        Scheme.parse(json.dumps(document).encode())
