"""The synthetic year: all that was planted is found, and false alarms are counted."""

from __future__ import annotations

from bench.year import SEED, judge, live, measure
from bench.year_abuse import Abuse
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.patterns import PATTERNS

QUERIES = 5_000
MOST_FALSE = 14
"""Two of them are namesakes of declared people, whom no pattern can tell from these."""


def test_every_planted_abuse_is_found_in_a_year_of_five_thousand_queries() -> None:
    """With the pattern that it is meant for, and with the right person."""
    found = measure(QUERIES)
    assert found["missed"] == []
    assert found["found"] == found["planted"] == 20
    assert found["false_alarms"] <= MOST_FALSE
    assert found["statements"] > 7 * QUERIES


def test_the_twenty_abuses_are_of_every_kind() -> None:
    """No pattern is there that no abuse is planted for."""
    truth = live(0).truth
    assert len(truth) == len({one.id for one in truth}) == 20
    assert {one.pattern for one in truth} == set(PATTERNS)


def test_one_seed_gives_one_year() -> None:
    """Every statement's name is the same again; another seed gives another year."""
    names = [
        [said.hash for said, _ in live(50, seed).pen.said]
        for seed in (SEED, SEED, SEED + 1)
    ]
    assert names[0] == names[1]
    assert not set(names[0]) & set(names[2])


def test_a_flag_counts_only_with_pattern_person_and_statements() -> None:
    """A right guess for a wrong reason is no find; a stranger is a false alarm."""
    truth = [Abuse("A01", "idle", "a/x"), Abuse("A02", "lifted", "a/y", ("11",))]
    flags = [
        Flag("misses", "a/x"),
        Flag("lifted", "a/y", events=("22",)),
        Flag("idle", "a/z"),
    ]
    told = judge(flags, truth)
    assert (told["found"], told["false_alarms"]) == (0, 1)
    assert told["false_alarms_by_pattern"] == {"idle": 1}
    assert told["other_flags_of_planted_persons"] == {"misses": 1, "lifted": 1}
    right = [Flag("idle", "a/x"), Flag("lifted", "a/y", events=("11", "12"))]
    assert judge(right, truth)["found"] == 2
