"""What may be erased: whole stories, old enough, that an auditor holds; any mix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from childgrid_log.retention import (
    DAY,
    KEPT,
    LEAST_DAYS,
    Held,
    Retention,
    due,
    stories,
)
from childgrid_wire.kinds import Kind

NOW = 1_800_000_000


def told(leaf: int, kind: Kind = Kind.QUERY, *links: str, days: int = 400) -> Held:
    """A statement named by its leaf, so many days old."""
    return Held(str(leaf), kind, leaf, NOW - days * DAY, links)


STORY = (
    told(0, Kind.CASE),
    told(1, Kind.QUERY, "0"),
    told(2, Kind.APPROVAL, "1"),
    told(3, Kind.ANSWER, "1"),
    told(4, Kind.REQUEST, "3", "1"),
    told(5, Kind.DISCLOSURE, "4"),
    told(6, Kind.RECEIPT, "5"),
    told(7, Kind.VIEW, "4"),
)
YEAR = Retention(search_days=365)


def names(found: list[Held]) -> str:
    """The chosen leaves."""
    return "".join(one.name for one in found)


def test_a_story_is_erased_as_a_whole_or_not_at_all() -> None:
    """One young view keeps all of it: nothing is left that rests on something gone."""
    young = replace(STORY[7], logged=NOW - 364 * DAY)

    assert names(due(STORY, YEAR, NOW, 8)) == "01234567"
    assert due((*STORY[:7], young), YEAR, NOW, 8) == []


def test_nothing_is_erased_that_no_auditor_holds() -> None:
    """The last leaf is beyond the copy: the story waits for the next one."""
    assert due(STORY, YEAR, NOW, 7) == []
    assert due(STORY, YEAR, NOW, 0) == []


def test_without_a_period_nothing_is_erased() -> None:
    """The default keeps everything for ever."""
    assert due(STORY, Retention(), NOW, 8) == []


def test_each_kind_of_story_has_its_own_period() -> None:
    """Views, budgets and reviews of a register stand alone, all else is a search."""
    held = (
        told(0, Kind.VIEW),
        told(1, Kind.BUDGET),
        told(2, Kind.APPROVAL, "1"),
        told(3, Kind.REVIEW),
        told(4, Kind.QUERY),
    )

    assert names(due(held, Retention(view_days=365), NOW, 5)) == "0"
    assert names(due(held, Retention(budget_days=365), NOW, 5)) == "12"
    assert names(due(held, Retention(review_days=365), NOW, 5)) == "3"
    assert names(due(held, Retention(search_days=365), NOW, 5)) == "4"


def test_what_is_still_in_force_stays() -> None:
    """A review of a register that has not run out counts on."""
    lasting = replace(told(0, Kind.REVIEW), until=NOW + 1)
    over = replace(lasting, until=NOW)

    assert due([lasting], Retention(review_days=365), NOW, 1) == []
    assert names(due([over], Retention(review_days=365), NOW, 1)) == "0"


def test_what_a_counterparty_erased_binds_once_it_is_old_enough() -> None:
    """With no period of one's own, and not before half a year."""
    assert names(due(STORY, Retention(), NOW, 8, {"1"})) == "01234567"
    young = [replace(one, logged=NOW - (LEAST_DAYS - 1) * DAY) for one in STORY]
    assert due(young, Retention(), NOW, 8, {"1"}) == []
    assert due(STORY, Retention(), NOW, 7, {"1"}) == []


def test_both_words_on_an_opening_stay_whoever_erased_them() -> None:
    """No party's word makes others forget who opened what."""
    words = told(0, Kind.OPENING), told(1, Kind.APPROVAL, "0")

    assert due(words, YEAR, NOW, 2) == []
    assert due(words, YEAR, NOW, 2, {"1"}) == []


def test_two_queries_of_one_case_hang_together() -> None:
    """Also where the case itself isn't held any more."""
    young = told(9, Kind.QUERY, "0", days=10)

    assert due((*STORY[1:], young), YEAR, NOW, 10) == []


@pytest.mark.parametrize("days", [-1, 1, 179, 36_601])
def test_a_period_that_is_too_short_is_refused(days: int) -> None:
    """Nobody destroys what auditors have not had half a year to look at."""
    with pytest.raises(ValidationError):
        Retention(search_days=days)


KINDS = st.sampled_from(
    [
        *(Kind.CASE, Kind.QUERY, Kind.APPROVAL, Kind.VIEW, Kind.BUDGET, Kind.REVIEW),
        *(Kind.SHRED, Kind.MANIFEST, Kind.STAFF, Kind.NOTICE),
    ]
)


@given(
    st.lists(
        st.tuples(KINDS, st.integers(0, 800), st.sets(st.integers(0, 15), max_size=3)),
        max_size=16,
    ),
    st.integers(0, 16),
    st.sets(st.integers(0, 15), max_size=4),
    st.sampled_from([0, 180, 365]),
)
def test_any_mix_leaves_whole_stories_behind(
    said: list[tuple[Kind, int, set[int]]], size: int, named: set[int], days: int
) -> None:
    """Nothing young, nothing unseen, no document; and never a part of a story."""
    held = [
        Held(str(n), kind, n, NOW - age * DAY, tuple(str(one) for one in links))
        for n, (kind, age, links) in enumerate(said)
    ]
    retention = Retention(
        search_days=days, view_days=days, budget_days=days, review_days=days
    )

    chosen = due(held, retention, NOW, size, {str(one) for one in named})

    least = min(days or LEAST_DAYS, LEAST_DAYS) * DAY
    assert all(one.leaf < size and one.kind not in KEPT for one in chosen)
    assert all(one.logged <= NOW - least for one in chosen)
    gone = {one.name for one in chosen}
    for one in held:
        for link in one.links:
            other = next((o for o in held if o.name == link), None)
            if other and {one.kind, other.kind}.isdisjoint(KEPT):
                assert (one.name in gone) == (other.name in gone)
    assert sorted(n.name for s in stories(held) for n in s) == sorted(
        one.name for one in held
    )
