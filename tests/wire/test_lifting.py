"""Lifting a budget: two people of two agencies, each rule broken alone, and any mix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from childgrid_wire import lifting
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Revoked, View
from wire import samples
from wire.story import STORY, VIEW, heard, refused_for
from wire.world import DAY, NOW, Json, altered

FLOOR = 50


def budget(**changes: Json) -> Statement:
    """A supervisor wants the investigator's budget lifted for a day."""
    body = {"scope": "officer", "subject": "io-7", "queries": 80}
    until = NOW - 60 + DAY
    return heard(Kind.BUDGET, "police/sho-1", **body, until=until, **changes)


def countersigned(who: str, what: Statement, **changes: Json) -> Statement:
    """An approval of a budget."""
    body: dict[str, Json] = {"subject": "budget", "side": "holder", "slot": "budget"}
    body |= {"answers": what.hash, "fields": [], "policy": ""}
    return heard(Kind.APPROVAL, who, **(body | changes))


BUDGET = budget()
APPROVAL = countersigned("transport/nodal-1", BUDGET)


def limit(view: View, *lifts: Lift, scope: str = "officer", holder: str = "") -> int:
    """What the story's query may spend at a holder."""
    found = lifting.limits(view, STORY.query, lifts, {holder or "transport"})
    return found[scope]


def test_two_people_lift_one_budget_and_no_other() -> None:
    """The officer's limit is lifted; the case's and the agency's are the floor's."""
    found = lifting.limits(
        VIEW, STORY.query, [Lift(BUDGET, (APPROVAL,))], {"transport"}
    )

    assert found == {"officer": 80, "case": FLOOR, "agency": 500}


@pytest.mark.parametrize(
    ("scope", "subject", "queries"),
    [("case", STORY.query["case"], 60), ("agency", "police", 4_000)],
)
def test_each_scope_is_named_by_what_it_counts(
    scope: str, subject: str, queries: int
) -> None:
    """A case by its commitment, an agency by its id."""
    made = altered(BUDGET, scope=scope, subject=subject, queries=queries)
    lift = Lift(made, (altered(APPROVAL, answers=made.hash),))

    assert limit(VIEW, lift, scope=scope) == queries


BUDGETS: dict[str, tuple[dict[str, Json], Reason]] = {
    "signed by an investigator": ({"officer": "io-7"}, Reason.WRONG_ROLE),
    "signed by a custodian": (
        {"issuer": "transport", "officer": "nodal-1"},
        Reason.WRONG_ROLE,
    ),
    "signed by a stranger": ({"officer": "nobody"}, Reason.UNKNOWN_KEY),
    "for oneself": ({"subject": "sho-1"}, Reason.OWN_REQUEST),
    "for a colleague who may not ask": ({"subject": "sho-2"}, Reason.WRONG_ROLE),
    "for nobody": ({"subject": "nobody"}, Reason.UNKNOWN_KEY),
    "for a case that is an officer": ({"scope": "case"}, Reason.TARGET),
    "for an agency that is a case": (
        {"scope": "agency", "subject": samples.H, "queries": 600},
        Reason.TARGET,
    ),
    "for another agency": (
        {"scope": "agency", "subject": "transport", "queries": 600},
        Reason.TARGET,
    ),
    "for longer than a week": (
        {"until": NOW + 8 * DAY, "expires": NOW + 8 * DAY},
        Reason.EXPIRED,
    ),
    "until before it was signed": ({"until": NOW - 60}, Reason.EXPIRED),
    "beyond its own life": ({"until": NOW + 2 * DAY}, Reason.EXPIRED),
    "run out": ({"until": NOW, "expires": NOW}, Reason.EXPIRED),
    "from the future": ({"issued": NOW + 121}, Reason.NOT_YET),
    "no more than the floor's": ({"queries": FLOOR}, Reason.BUDGET),
    "more than ten times the floor's": ({"queries": 501}, Reason.BUDGET),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_that_breaks_one_rule_lifts_nothing(name: str) -> None:
    """Each is refused for its own reason, and countersigned it still lifts nothing."""
    changes, reason = BUDGETS[name]
    made = altered(BUDGET, **changes)
    lift = Lift(made, (altered(APPROVAL, answers=made.hash),))

    assert refused_for(lambda: lifting.check_budget(VIEW, made)) is reason
    assert limit(VIEW, lift) == FLOOR


APPROVALS: dict[str, tuple[dict[str, Json], Reason]] = {
    "by the asking agency": (
        {"issuer": "police", "officer": "sho-2"},
        Reason.OWN_REQUEST,
    ),
    "by whoever signed it": (
        {"issuer": "police", "officer": "sho-1"},
        Reason.OWN_REQUEST,
    ),
    "by a clerk": ({"officer": "clerk-1"}, Reason.WRONG_ROLE),
    "by a stranger": ({"officer": "nobody"}, Reason.UNKNOWN_KEY),
    "of another budget": ({"answers": samples.H}, Reason.NOT_APPROVED),
    "of a request": ({"subject": "request"}, Reason.NOT_APPROVED),
    "from the other side": ({"side": "requester"}, Reason.WRONG_ROLE),
    "in another slot": ({"slot": "custodian"}, Reason.WRONG_ROLE),
    "with fields": ({"fields": ["owner"]}, Reason.WRONG_ROLE),
    "older than the budget": ({"issued": NOW - 200}, Reason.NOT_APPROVED),
    "run out": ({"expires": NOW}, Reason.EXPIRED),
}


@pytest.mark.parametrize("name", APPROVALS)
def test_a_countersignature_that_breaks_one_rule_lifts_nothing(name: str) -> None:
    """Each is refused for its own reason, and lifts nothing."""
    changes, reason = APPROVALS[name]
    made = altered(APPROVAL, **changes)

    found = refused_for(lambda: lifting.check_countersign(VIEW, BUDGET, made))

    assert found is reason
    assert limit(VIEW, Lift(BUDGET, (made,))) == FLOOR


def test_a_holder_whose_custodian_was_silent_keeps_its_limit() -> None:
    """What one holder lifted is lifted there and nowhere else."""
    assert limit(VIEW, Lift(BUDGET, (APPROVAL,)), holder="customs") == FLOOR
    assert limit(VIEW, Lift(BUDGET, ())) == FLOOR


def test_whoever_was_revoked_since_lifts_nothing() -> None:
    """Authority is judged when it is used, for both people and for the officer."""
    for person in ("police/sho-1", "transport/nodal-1", "police/io-7"):
        view = replace(VIEW, revoked=Revoked(officers={person}))
        assert limit(view, Lift(BUDGET, (APPROVAL,))) == FLOOR, person


def test_another_officers_query_is_not_lifted() -> None:
    """A lift is one officer's, and one agency's."""
    for changes in ({"officer": "io-8"}, {"issuer": "transport"}):
        query = altered(STORY.query, **changes)
        found = lifting.limits(VIEW, query, [Lift(BUDGET, (APPROVAL,))], {"transport"})
        assert found["officer"] == FLOOR


@given(
    st.lists(
        st.tuples(
            st.integers(1, 700),
            st.integers(-9 * DAY, 9 * DAY),
            st.sampled_from(["transport/nodal-1", "police/sho-2", "transport/clerk-1"]),
            st.sampled_from(["io-7", "sho-1", "nobody"]),
        ),
        max_size=4,
    ),
    st.integers(-2 * DAY, 9 * DAY),
)
@example(lifts=[(FLOOR + 1, -60, "transport/nodal-1", "io-7")], later=-61)
@example(lifts=[(FLOOR + 1, 0, "transport/nodal-1", "io-7")], later=-61)
def test_a_limit_is_the_floors_or_the_highest_that_stands(
    lifts: list[tuple[int, int, str, str]], later: int
) -> None:
    """Whatever is handed in at whatever time: never less than the floor, never more
    than ten times it, and nothing but what two people signed for this very moment."""
    view = replace(VIEW, now=NOW + later)
    made, stands = [], [FLOOR]
    for queries, seconds, who, subject in lifts:
        until = NOW + seconds
        one = altered(
            BUDGET, queries=queries, until=until, expires=until, subject=subject
        )
        issuer, _, person = who.partition("/")
        signed = altered(APPROVAL, answers=one.hash, issuer=issuer, officer=person)
        made.append(Lift(one, (signed,)))
        if (
            FLOOR < queries <= 10 * FLOOR
            and view.now < until <= one.issued + 7 * DAY
            and one.issued < until
            and one.issued <= view.now + 120
            and view.now < signed.expires
            and who == "transport/nodal-1"
            and subject == "io-7"
        ):
            stands.append(queries)

    assert limit(view, *made) == max(stands)
