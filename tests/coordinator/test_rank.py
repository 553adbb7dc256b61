"""Merging answers: the order of arrival doesn't matter and nothing is added up."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from childgrid_coordinator import rank
from childgrid_coordinator.query import State
from childgrid_coordinator.rank import Thresholds
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

GRID = Thresholds(hit=100, possible=5_000, strong=9_000)


def answer(*candidates: tuple[int, bool]) -> Statement:
    """An answer whose candidates have these probabilities and calibrations."""
    found = [
        {
            "handle": f"{place:032x}",
            "probability": probability,
            "band": "possible",
            "calibrated": calibrated,
        }
        for place, (probability, calibrated) in enumerate(candidates)
    ]
    return Statement(Kind.ANSWER, {"candidates": found}, "", b"", ())


answers = st.dictionaries(
    st.sampled_from(["prisons", "transport", "wards", "courts"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), max_size=5).map(
        lambda found: answer(*found)
    ),
)


@given(answers, st.randoms())
def test_the_ranking_does_not_depend_on_the_order_of_arrival(
    said: dict[str, Statement], random: Random
) -> None:
    """Any order of the same answers gives the same list."""
    names = list(said)
    random.shuffle(names)
    assert rank.merge({name: said[name] for name in names}, GRID) == rank.merge(
        said, GRID
    )


@given(answers)
def test_ranks_count_from_one_and_probabilities_fall(
    said: dict[str, Statement],
) -> None:
    """Likeliest first; equal ones by member; everything below the floor is gone."""
    ranked = rank.merge(said, GRID)
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))
    keys = [(-one.probability, one.member, one.handle) for one in ranked]
    assert keys == sorted(keys)
    assert all(one.probability >= GRID.hit for one in ranked)


@given(answers)
def test_every_candidate_is_its_holders_own(said: dict[str, Statement]) -> None:
    """What holders said above the floor comes out unchanged, once each."""
    given_ = {
        (name, one["handle"], one["probability"])
        for name, spoken in said.items()
        for one in spoken["candidates"]
        if one["probability"] >= GRID.hit
    }
    ranked = rank.merge(said, GRID)
    assert {(one.member, one.handle, one.probability) for one in ranked} == given_
    assert len(ranked) == len(given_)


def test_bands_are_the_grids_where_a_register_is_calibrated() -> None:
    """The same probability has the same band everywhere; uncalibrated ones don't."""
    said = {"prisons": answer((9_000, True), (8_999, True), (4_999, True))}
    bands = [one.band for one in rank.merge(said, GRID)]
    assert bands == ["strong", "possible", "weak"]
    (raw,) = rank.merge({"prisons": answer((9_900, False))}, GRID)
    assert raw.band == "possible"


def test_a_hit_below_the_floor_is_none_for_the_grid() -> None:
    """The state follows the grid's floor, and silence stays silence."""
    assert rank.decide(State.HIT, answer((99, True)), GRID) is State.NO_HIT
    assert rank.decide(State.HIT, answer((99, True), (100, True)), GRID) is State.HIT
    assert rank.decide(State.OFFLINE, None, GRID) is State.OFFLINE
