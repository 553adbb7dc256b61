"""From levels to a probability: rarity counts, agreement helps, relatives don't."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node import calibration, score
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.scheme import Scheme

GRID = Scheme.load("childgrid-2")
ENCODER = Encoder(GRID, bytes(32), 1)
ORIGIN = Origin("a", "b", 0, 0)
WORDS = ["murugan", "sunita", "aslam", "gurpreet", "pratima", "hasmukh", "anita"]
TAGS = [tag.name for tag in GRID.tags if tag.bits == 64]
Tokens = dict[str, tuple[str, ...]]


def grams(*words: str) -> tuple[str, ...]:
    """Return padded bigrams of words."""
    padded = [f" {word} " for word in words]
    return tuple(word[at : at + 2] for word in padded for at in range(len(word) - 1))


def stranger(seed: int) -> Tokens:
    """Return an invented person."""
    random = np.random.default_rng(seed)
    first, second, father = (str(word) for word in random.choice(WORDS, 3))
    year = str(random.integers(1950, 2005))
    return {
        "name": grams(first, second + str(seed % 37)),
        "relative": grams(father, second),
        "dob": (f"y{year}", f"m{seed % 12}", f"d{seed % 28}"),
        "address": grams("ward" + str(seed % 53), second),
        "sex": ("mf"[seed % 2],),
    }


def index_of(people: list[Tokens]) -> Index:
    """Return an index of these people, in memory."""
    keys = [str(number) for number in range(len(people))]
    guards = np.zeros(len(people), np.uint8)
    return Index.of(GRID, ORIGIN, [Block(keys, ENCODER.encode_many(people), guards)])


def found(index: Index, query: Mapping[str, tuple[str, ...]]) -> score.Matches:
    """Search without a floor."""
    return score.match(index, ENCODER.encode(query), floor=0)


CROWD = [stranger(number) for number in range(400)]


def test_the_person_is_first_and_surely_above_strangers() -> None:
    """An exact repetition of one row is ranked first, far ahead."""
    best, second = found(index_of(CROWD), CROWD[123]).candidates[:2]

    assert best.row == 123
    assert best.score > second.score
    assert best.probability > second.probability


def test_both_engines_answer_alike() -> None:
    """Candidates do not depend on the engine."""
    index, query = index_of(CROWD), ENCODER.encode(CROWD[7])
    numba = score.match(index, query, engine="numba", floor=0)
    numpy = score.match(index, query, engine="numpy", floor=0)

    assert numba.candidates == numpy.candidates


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 399),
    st.sampled_from(TAGS),
    st.integers(0, 399),
)
def test_an_agreeing_identifier_never_lowers_a_probability(
    row: int, tag: str, asked: int
) -> None:
    """Whatever else agrees or not, a shared identifier helps."""
    query = CROWD[asked] | {tag: ("X123",)}
    with_it = list(CROWD)
    with_it[row] = CROWD[row] | {tag: ("X123",)}
    index, other = index_of(CROWD), index_of(with_it)
    before = {one.row: one for one in found(index, query).candidates}
    after = {one.row: one for one in found(other, query).candidates}

    if row in before:
        assert after[row].probability >= before[row].probability


def test_no_coefficient_can_turn_agreement_round() -> None:
    """The shipped calibration keeps the signs that monotony rests on."""
    table = GRID.calibration

    assert min(table.agreement.values()) >= 0
    assert min(table.disagreement.values()) >= 0
    assert max(table.crowd, table.shortfall, table.relatives) <= 0
    assert table.agreement["identifier"] > 0


def test_an_agreement_that_is_rare_here_weighs_more() -> None:
    """The same full agreement of names is worth less where everyone has the name."""
    rare = [stranger(number) for number in range(1, 300)]
    common = [one | {"name": grams("ram", "kumar")} for one in rare[:150]] + rare[150:]
    query = {"name": grams("ram", "kumar")}
    target: Tokens = {"name": grams("ram", "kumar")}
    alone = found(index_of([target, *rare]), query).candidates[0]
    among = found(index_of([target, *common]), query).candidates[0]

    assert alone.row == 0
    assert alone.score > among.score
    assert alone.probability > among.probability
    assert among.expected_others >= 63


def test_a_query_that_fits_many_equally_names_nobody() -> None:
    """With 64 rows alike none is shown; with five alike, none beyond two in five."""
    people = [stranger(number) for number in range(300)]
    many = [CROWD[5]] * 64 + people
    few = [CROWD[5]] * 5 + people

    assert score.match(index_of(many), ENCODER.encode(CROWD[5])).candidates == ()
    for one in found(index_of(few), CROWD[5]).candidates[:5]:
        assert one.probability <= 4_000
        assert one.expected_others >= 4


def odds(scheme: Scheme, parts: NDArray[np.int64], levels: NDArray[np.uint8]) -> Any:
    """Return log-odds of survivors with these parts and levels."""
    _, values = calibration.features(scheme, parts, levels, parts.sum(axis=1))
    return calibration.log_odds(scheme.calibration, values)


def survivors(seed: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return random parts and levels of 64 rows."""
    random = np.random.default_rng(seed)
    parts = random.integers(-6000, 9000, (64, len(GRID.comparisons)))
    tops = [comparison.levels + 1 for comparison in GRID.comparisons]
    return parts, random.integers(0, tops, parts.shape).astype(np.uint8)


def with_more(
    seed: int, tag: str, more: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Random parts, the same with more of a tag in the first row, and levels."""
    parts, levels = survivors(seed)
    raised = parts.copy()
    raised[0, [comparison.name for comparison in GRID.comparisons].index(tag)] += more
    return parts, raised, levels


def test_kinship_only_lowers() -> None:
    """With the rule off, no candidate's log-odds is lower."""
    parts, levels = survivors(4)
    off = replace(GRID, calibration=replace(GRID.calibration, relatives=0))
    lowered, plain = odds(GRID, parts, levels), odds(off, parts, levels)

    assert GRID.calibration.relatives < 0
    assert (lowered <= plain).all()
    assert (lowered < plain).any()


@given(st.integers(0, 99), st.sampled_from(TAGS), st.integers(0, 20_000))
def test_more_agreement_of_any_identifier_never_lowers_the_odds(
    seed: int, tag: str, more: int
) -> None:
    """Phones too, although relatives share them: the discount stays below the gain."""
    parts, raised, levels = with_more(seed, tag, more)

    assert odds(GRID, raised, levels)[0] >= odds(GRID, parts, levels)[0]


@given(st.integers(0, 99), st.sampled_from(TAGS), st.integers(0, 20_000))
def test_no_stage_makes_a_person_less_likely_for_an_identifier_that_agrees_more(
    seed: int, tag: str, more: int
) -> None:
    """Sums, rivals, trees and the household together, as a search computes them."""
    parts, raised, levels = with_more(seed, tag, more)

    def likely(weights: NDArray[np.int64]) -> int:
        logits = score.second(GRID, weights, levels, weights.sum(axis=1), 12)
        return int(calibration.household(GRID, logits, weights)[0])

    assert likely(raised) >= likely(parts)


def test_a_relative_shares_the_phone_but_not_the_name() -> None:
    """The sign of kinship needs both: something shared, and a name that falls short."""
    names = [comparison.name for comparison in GRID.comparisons]
    top = GRID.comparisons[0].levels

    def sign(level: int, **shared: int) -> int:
        parts = np.array([[shared.get(name, 0) for name in names]])
        levels = np.zeros(parts.shape, np.uint8)
        levels[0, 0] = level
        found, values = calibration.features(GRID, parts, levels, np.zeros(1, np.int64))
        return int(values[0, found.index("relatives")])

    assert sign(10, phone=9000) > 0
    assert sign(10, relative=4000) > 0
    assert sign(10) == 0
    assert sign(top, phone=9000) == 0


def test_a_larger_table_lowers_a_probability() -> None:
    """Ten times as many rows: ln 10 less, below the taught size as it was learned."""
    taught = GRID.calibration.trained_rows
    small, same, large = (
        calibration.size_offset(GRID.calibration, rows)
        for rows in (taught // 10, taught, 10 * taught)
    )
    assert GRID.calibration.elsewhere
    told = GRID.calibration.elsewhere.size / 1000

    assert same == 0
    assert large == pytest.approx(-1000 * np.log(10), abs=1)
    assert small == pytest.approx(told * 1000 * np.log(10), abs=2)


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_handful_of_rows_is_no_evidence(rows: int) -> None:
    """In a tiny register a stranger is not likelier to be the person."""
    index = index_of(CROWD[:rows])
    stranger_here = found(index, CROWD[300]).candidates
    himself = found(index, CROWD[0]).candidates[0]

    assert max(one.probability for one in stranger_here) < GRID.bands.possible
    assert {one.band for one in stranger_here} == {"weak"}
    assert (himself.row, himself.band) == (0, "strong")


def test_the_prior_of_a_table_is_bounded() -> None:
    """Below and above what the scheme names, the size of a table changes no more."""
    table = GRID.calibration
    offsets = [
        calibration.size_offset(table, rows)
        for rows in (0, 3, table.least_rows, table.most_rows, 10 * table.most_rows)
    ]

    assert offsets[0] == offsets[1] == offsets[2] > 0 > offsets[3] == offsets[4]


def test_rivals_beyond_the_table_are_reckoned_with() -> None:
    """A lone row has as many unseen rivals as the training tables had rows."""
    lone = np.array([5_000])
    among = np.array([5_000, 2_000, 1_000])
    strangers = GRID.calibration.trained_rows

    assert calibration.gap(lone, strangers)[0] < 0
    assert calibration.crowd(lone, strangers)[0] > 4_000
    assert calibration.gap(among, strangers)[0] == calibration.gap(lone, strangers)[0]
    assert calibration.crowd(among, strangers)[0] == pytest.approx(
        calibration.crowd(lone, strangers)[0], abs=20
    )


def test_nothing_below_the_floor_is_answered() -> None:
    """The scheme's floor holds unless another is given."""
    index, query = index_of(CROWD), ENCODER.encode({"sex": ("m",)})

    assert score.match(index, query).candidates == ()
    assert score.match(index_of(CROWD[:9]), query, floor=1).candidates
    assert len(score.match(index, query, floor=0).candidates) == 20
    assert len(score.match(index, query, k=3, floor=0).candidates) == 3


def test_bands_follow_the_schemes_thresholds() -> None:
    """Strong, possible and weak start where the scheme says."""
    bands = GRID.bands

    assert score.band(bands, bands.strong) == "strong"
    assert score.band(bands, bands.strong - 1) == "possible"
    assert score.band(bands, bands.possible - 1) == "weak"


@given(st.integers(-(10**7), 10**7), st.integers(0, 10**6))
def test_probability_is_bounded_and_never_falls_with_the_log_odds(
    logit: int, more: int
) -> None:
    """An integer per 10,000, monotone in the log-odds."""
    low, high = calibration.probability(logit), calibration.probability(logit + more)

    assert 0 <= low <= high <= 10_000


def test_a_deleted_row_is_never_a_candidate() -> None:
    """After deletion the same query answers without the row."""
    index = index_of(CROWD)
    index = index.changed(deletes=["123"])

    assert 123 not in {one.row for one in found(index, CROWD[123]).candidates}


def test_the_scans_processor_time_is_told() -> None:
    """The result carries the thread's own time, for the measure."""
    assert found(index_of(CROWD), CROWD[0]).cpu_ns > 0


def test_levels_are_told_per_comparison() -> None:
    """The custodian's explanation has one level for each comparison."""
    best = found(index_of(CROWD), CROWD[5]).candidates[0]
    document = json.loads(GRID.raw)

    assert len(best.levels) == len(document["comparing"]["comparisons"])
    assert best.levels[0] == GRID.comparisons[0].levels
