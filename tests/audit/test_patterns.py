"""The workbench's patterns: each points at what it is for, and at nothing beside it."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.casebooks import ANN, BEA, BOSS, CAI, CHIEF, DAY, HOUR, MONDAY, Told
from childgrid_audit.workbench import chance, deeds, rates
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.limits import LIMITS
from childgrid_audit.workbench.patterns import PATTERNS, find, rule

NIGHT = 12 * HOUR


def flags(told: Told, pattern: str) -> list[Flag]:
    """What one pattern says of a story."""
    return [one for one in find(told.book()) if one.pattern == pattern]


@pytest.mark.threat("T6")
def test_an_approver_who_signs_at_a_glance_is_flagged() -> None:
    """Five approvals within seconds, where others read a minute; four are too few."""
    told = Told()
    told.colleagues()
    told.search(decisions=[told.decision(CHIEF, looked=10)])
    quick = [told.decision(CHIEF, MONDAY + n, looked=9) for n in range(5)]
    for one in quick[:4]:
        told.search(decisions=[one])
    assert not flags(told, "hasty")
    told.search(decisions=quick[4:])

    (found,) = flags(told, "hasty")

    assert (found.who, found.count, found.trials) == (CHIEF, 5, 6)
    assert set(found.events) == {one.hash for one in quick}


def test_approving_without_opening_counts_as_a_glance() -> None:
    """No logged view is no reading; a log that isn't at hand proves nothing."""
    for looked, expected in ((0, [CHIEF]), (-1, [])):
        told = Told()
        told.colleagues()
        for number in range(9):
            unseen = told.decision(CHIEF, MONDAY + number, looked=looked)
            told.search(decisions=[unseen])
        assert [one.who for one in flags(told, "hasty")] == expected


def test_where_everybody_is_quick_nobody_stands_out() -> None:
    """A rate is compared with colleagues: a habit of the house is no flag."""
    told = Told()
    for number in range(200):
        who = (BOSS, CHIEF)[number % 2]
        told.search(decisions=[told.decision(who, MONDAY + number, looked=2)])
    assert not flags(told, "hasty")


def test_a_pair_that_always_signs_is_flagged_unless_nobody_else_could() -> None:
    """Who goes past the unit's other approver; in a unit with one there is no pair."""
    for others in ((BOSS, CHIEF), (BOSS,)):
        told = Told()
        for number in range(240):
            approver = others[number // 2 % len(others)]
            who = (BEA, CAI)[number % 2]
            told.search(who, decisions=[told.decision(approver)])
        for _ in range(40):
            told.search(ANN, decisions=[told.decision(BOSS)])
        expected = [f"{ANN} + {BOSS}"] if len(others) == 2 else []
        assert [one.who for one in flags(told, "pairs")] == expected


@pytest.mark.threat("T6")
def test_two_people_who_sign_for_each_other_are_flagged() -> None:
    """Three times each way; twice one way is not yet a habit."""
    for back in (3, 2):
        told = Told()
        for _ in range(3):
            told.search(ANN, decisions=[told.decision(BEA)])
        for _ in range(back):
            told.search(BEA, decisions=[told.decision(ANN)])
        found = flags(told, "mutual")
        assert [one.who for one in found] == ([f"{ANN} + {BEA}"] if back == 3 else [])


def test_searching_at_night_is_flagged_only_where_the_unit_works_by_day() -> None:
    """Fifteen nights of one officer; the same nights in a unit on night duty."""
    for shift, expected in ((0, [ANN]), (NIGHT, [])):
        told = Told()
        for number in range(60):
            told.search(BEA, MONDAY + shift + number * 7 * DAY)
        for number in range(15):
            told.search(ANN, MONDAY + NIGHT + number * 7 * DAY)
        assert [one.who for one in flags(told, "hours")] == expected


@pytest.mark.parametrize(
    ("seconds", "working"),
    [
        (0, True),
        (-2 * HOUR - HOUR // 2, True),
        (-2 * HOUR - HOUR // 2 - 1, False),
        (9 * HOUR + HOUR // 2 - 1, True),
        (9 * HOUR + HOUR // 2, False),
        (5 * DAY, True),
        (6 * DAY, False),
    ],
)
def test_working_hours_are_local(seconds: int, working: bool) -> None:
    """From 8 to 20 o'clock in India, Sundays excepted."""
    assert rates.at_work(MONDAY + seconds, LIMITS) is working


def test_too_many_hits_and_too_few_are_both_flagged() -> None:
    """Colleagues find somebody every third time; one always does, one never."""
    told = Told()
    for number in range(150):
        told.search(BEA, outcome="hit" if number % 3 == 0 else "none")
    for number in range(30):
        told.search(ANN, outcome="hit")
        if number < 19:
            told.search(CAI, outcome="none")
    assert [one.who for one in flags(told, "hits")] == [ANN]
    assert [one.who for one in flags(told, "misses")] == []
    for _ in range(60):
        told.search(CAI, outcome="none")
    assert [one.who for one in flags(told, "misses")] == [CAI]


def test_searches_that_nobody_answered_say_nothing_of_hits() -> None:
    """An officer whose targets were away has not missed anybody."""
    told = Told()
    for number in range(150):
        told.search(BEA, outcome="hit" if number % 3 == 0 else "none")
    for _ in range(90):
        told.search(CAI, outcome="away")
        told.search(ANN, outcome="refused", reason="epoch")
    assert not flags(told, "misses")


def test_hits_that_lead_nowhere_are_flagged_once_their_time_is_over() -> None:
    """An officer who only looks; while the queries live nothing is said."""
    for now, expected in ((MONDAY + 8 * DAY, [ANN]), (MONDAY + 6 * DAY, [])):
        told = Told(now=now)
        told.colleagues(outcome="hit", requests=[told.asked(BEA)])
        for _ in range(10):
            told.search(ANN, outcome="hit")
        assert [one.who for one in flags(told, "idle")] == expected


def test_requests_that_nobody_decides_are_flagged() -> None:
    """Ten ran out; those of colleagues were refused or released."""
    told = Told()
    no = told.decision("prison-c/cu", granted=False, side="holder")
    told.colleagues(outcome="hit", requests=[told.asked(BEA, decisions=[no])])
    for _ in range(10):
        told.search(ANN, outcome="hit", requests=[told.asked()])
    assert [one.who for one in flags(told, "undecided")] == [ANN]


def test_records_without_an_outcome_are_flagged_after_ninety_days() -> None:
    """Colleagues told what became of theirs; before the time is over nobody must."""
    for now, expected in ((MONDAY + 91 * DAY, [ANN]), (MONDAY + 89 * DAY, [])):
        told = Told(now=now)
        good = told.asked(BEA, releases=[told.released()])
        told.colleagues(outcome="hit", requests=[good])
        for _ in range(10):
            kept = told.asked(releases=[told.released(reported=False)])
            told.search(ANN, outcome="hit", requests=[kept])
        assert [one.who for one in flags(told, "unreported")] == expected


@pytest.mark.parametrize(
    ("second", "after", "outcome", "flagged"),
    [
        (CHIEF, DAY, "hit", True),
        (BOSS, DAY, "hit", False),
        (CHIEF, 8 * DAY, "hit", False),
        (CHIEF, DAY, "away", False),
        (CHIEF, -DAY, "hit", False),
    ],
)
def test_a_refused_query_that_another_superior_grants_is_flagged(
    second: str, after: int, outcome: str, flagged: bool
) -> None:
    """Not a second thought of the first one, not weeks later, not without effect."""
    told = Told()
    no = told.decision(BOSS, MONDAY, granted=False)
    yes = told.decision(second, MONDAY + after)
    told.search(case="ca" * 32, decisions=[no], outcome="away")
    told.search(case="ca" * 32, decisions=[yes], outcome=outcome, when=MONDAY + after)
    expected = [(ANN, (no.hash, yes.hash))] if flagged else []
    assert [(f.who, f.events) for f in flags(told, "overruled")] == expected


def test_a_refused_request_that_another_custodian_grants_is_flagged() -> None:
    """The same candidate asked for again; a release must rest on the second word."""
    told = Told()
    no = told.decision("prison-c/one", MONDAY, granted=False, side="holder")
    yes = told.decision("prison-c/two", MONDAY + HOUR, side="holder")
    given = told.released(MONDAY + 2 * HOUR, approvals=[yes])
    first = told.asked(handle="ab" * 16, decisions=[no])
    second = told.asked(handle="ab" * 16, decisions=[yes], releases=[given])
    told.search(outcome="hit", requests=[first, second])
    (found,) = flags(told, "overruled")
    assert found.events == (no.hash, yes.hash)


def test_break_glass_needs_two_reviewers_within_three_days() -> None:
    """Reviewed in time: no flag. Too late, by one person, twice by one: a flag."""
    told = Told()
    told.broken(MONDAY, ("a/x", 20), ("b/y", 71))
    late = told.broken(MONDAY + 10 * DAY, ("a/x", 20), ("b/y", 73))
    alone = told.broken(MONDAY + 20 * DAY, ("a/x", 20), ("a/x", 30))
    found = {one.events for one in flags(told, "unreviewed")}
    assert found == {(late.hash,), (alone.hash,)}


def test_a_second_break_glass_before_the_first_review_is_flagged() -> None:
    """Even where both are reviewed in time."""
    told = Told()
    told.broken(MONDAY, ("a/x", 60), ("b/y", 61))
    upon = told.broken(MONDAY + DAY, ("a/x", 2), ("b/y", 3))
    assert [one.events for one in flags(told, "unreviewed")] == [(upon.hash,)]


def test_a_review_that_is_not_due_yet_is_no_flag() -> None:
    """Seventy-two hours are given."""
    told = Told(now=MONDAY + 72 * HOUR)
    told.broken(MONDAY)
    assert not flags(told, "unreviewed")
    told.now += 1
    assert len(flags(told, "unreviewed")) == 1


def test_budgets_lifted_beyond_measure_are_flagged() -> None:
    """By whom it binds, to more than five times, three times in a season; not once."""
    told = Told()
    told.lifted(BEA)
    told.lifted(CAI, MONDAY, queries=250)
    assert not flags(told, "lifted")
    own = told.lifted(BOSS, by=BOSS)
    much = told.lifted(CAI, MONDAY + DAY, queries=251)
    often = [told.lifted(ANN, MONDAY + n * 40 * DAY).hash for n in range(3)]
    found = {(one.who, one.events) for one in flags(told, "lifted")}
    assert found == {(BOSS, (own.hash,)), (CAI, (much.hash,)), (ANN, tuple(often))}


def test_a_sweep_is_three_spent_budgets_or_eight_searches_of_a_case_in_a_day() -> None:
    """Spread over days, the same searches are ordinary work."""
    for gap, expected in ((HOUR, [ANN, BEA]), (13 * HOUR, [])):
        told = Told()
        for number in range(3):
            told.search(ANN, MONDAY + number * gap, outcome="refused", reason="budget")
        for number in range(8):
            told.search(BEA, MONDAY + number * gap, case="ca" * 32)
        assert [one.who for one in flags(told, "sweeps")] == expected


def test_an_ordinary_unit_has_no_flag_at_all() -> None:
    """Hundreds of searches that look alike point at nobody."""
    told = Told()
    for number in range(300):
        who, boss = (ANN, BEA, CAI)[number % 3], (BOSS, CHIEF)[number // 3 % 2]
        when = MONDAY + number % 5 * DAY + number
        asked = told.asked(who, decisions=[told.decision(boss)])
        told.search(
            who,
            when,
            decisions=[told.decision(boss, when)],
            outcome="hit" if number % 4 == 0 else "none",
            requests=[asked] if number % 8 == 0 else [],
        )
    assert find(told.book()) == []


def test_every_pattern_has_its_finder_and_its_words() -> None:
    """A rule names its thresholds; no placeholder is left over."""
    for one in PATTERNS.values():
        assert "{" not in rule(one)
        assert one.ask.endswith("?")


@given(st.integers(1, 40), st.data())
def test_tails_are_those_of_exact_arithmetic(trials: int, data: st.DataObject) -> None:
    """Compared with sums of fractions."""
    count = data.draw(st.integers(0, trials))
    parts = data.draw(st.integers(1, 99))
    rate = Fraction(parts, 100)
    exact = sum(
        comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
        for k in range(count, trials + 1)
    )
    assert chance.at_least(count, trials, float(rate)) == pytest.approx(float(exact))


@given(st.floats(0.001, 0.999), st.floats(0.1, 10))
def test_scaled_odds_are_scaled(rate: float, factor: float) -> None:
    """The rate's odds times the factor."""
    made = chance.scaled(rate, factor)
    assert made / (1 - made) == pytest.approx(factor * rate / (1 - rate))


@given(
    st.lists(st.integers(0, 1_000), max_size=40),
    st.integers(1, 5),
    st.integers(0, 200),
)
def test_crowds_are_those_that_trying_every_window_finds(
    moments: list[int], least: int, seconds: int
) -> None:
    """The sliding window against looking at every event's own window."""
    times = [(when, str(n)) for n, when in enumerate(sorted(moments))]
    expected = []
    for when, name in times:
        windows = (
            [other for other, _ in times if start <= other <= start + seconds]
            for start, _ in times
            if start <= when <= start + seconds
        )
        if any(len(window) >= least for window in windows):
            expected.append(name)
    assert list(deeds._crowded(times, least, seconds)) == expected
