"""Lifting a budget: two people of two agencies, for a while, and never without bound.

A `budget` statement is signed by a supervising officer of the agency that wants to ask
more, and countersigned (an `approval` of subject `budget`) by a custodian of an agency
that is asked. It lifts the limit at the holders whose own custodian countersigned; the
coordinator lifts it for queries that go to one of those. Nobody else can raise a
number: limits are the founders' floor and what stands here.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import Slot
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import View

SCOPES = ("officer", "case", "agency")
SLOT = "budget"
MOST_SECONDS = 7 * 86_400
"""How long a budget may stay lifted: as long as the longest query lives."""

MOST_TIMES = 10
"""How far a budget may be lifted, in multiples of the floor's own limit."""


@dataclass(frozen=True)
class Lift:
    """A verified `budget` with the verified approvals that answer it."""

    budget: Statement
    approvals: tuple[Statement, ...]


MOST_LASTING = 200
"""Budgets of one agency that may last at a time: each waits for every custodian."""


def subject_of(query: Statement, scope: str) -> str:
    """Whose budget of this scope a query spends, as a `budget` names it."""
    subjects = {
        "officer": query.officer,
        "case": str(query["case"]),
        "agency": query.issuer,
    }
    return subjects[scope]


def slot(view: View) -> Slot:
    """The place that a countersigning custodian fills, at the floor's rank."""
    rank = _rank(view, "release_slots", "custodian")
    return Slot(SLOT, "holder", "custodian", rank, 1)


def check_budget(view: View, budget: Statement) -> None:
    """Whether a `budget` may be put before those who could countersign it.

    Raises:
        Refused, Untrusted: it could lift nothing, whoever countersigns.
    """
    if budget.kind is not Kind.BUDGET:
        raise Refused(Reason.UNKNOWN_KIND, budget.kind.value)
    check_time(budget, view.now)
    _check_signer(view, budget)
    _check_subject(view, budget)
    if not budget.issued < budget["until"] <= budget.issued + MOST_SECONDS:
        raise Refused(Reason.EXPIRED, "budget.until")
    if budget.expires != budget["until"]:
        raise Refused(Reason.EXPIRED, "budget.expires")
    floor = view.rules()[f"{budget['scope']}_queries_day"]
    if not floor < budget["queries"] <= floor * MOST_TIMES:
        raise Refused(Reason.BUDGET, "budget.queries")


def _check_signer(view: View, budget: Statement) -> None:
    officer = view.officer(budget.issuer, budget.officer)
    if (
        officer.role != "supervising-officer"
        or officer.rank < _rank(view, "query_slots", "supervising-officer")
        or "user" not in view.member(budget.issuer)["uses"]
    ):
        raise Refused(Reason.WRONG_ROLE, "budget")


def _rank(view: View, slots: str, role: str) -> int:
    """The rank that the floor demands of this role."""
    ranks = [one["min_rank"] for one in view.rules()[slots] if one["role"] == role]
    return max(ranks, default=0)


def _check_subject(view: View, budget: Statement) -> None:
    """It names an own investigator, a case, or the own agency."""
    scope, subject = budget["scope"], budget["subject"]
    if scope == "officer":
        if subject == budget.officer:
            raise Refused(Reason.OWN_REQUEST, "budget.subject")
        if view.officer(budget.issuer, subject).role != "investigator":
            raise Refused(Reason.WRONG_ROLE, "budget.subject")
        return
    named = len(subject) == 64 if scope == "case" else subject == budget.issuer
    if not named:
        raise Refused(Reason.TARGET, "budget.subject")


def check_countersign(view: View, budget: Statement, approval: Statement) -> None:
    """Whether `approval` countersigns `budget`: another agency's custodian, in time.

    Raises:
        Refused, Untrusted: it countersigns nothing.
    """
    if approval.kind is not Kind.APPROVAL:
        raise Refused(Reason.UNKNOWN_KIND, approval.kind.value)
    check_time(approval, view.now)
    if approval.answers != budget.hash or approval["subject"] != SLOT:
        raise Refused(Reason.NOT_APPROVED, "approval answers something else")
    if predates(approval, budget):
        raise Refused(Reason.NOT_APPROVED, "approval is older than its subject")
    check_countersigner(view, budget, approval)
    if (approval["side"], approval["slot"]) != ("holder", SLOT) or approval["fields"]:
        raise Refused(Reason.WRONG_ROLE, "approval.slot")


def check_countersigner(view: View, budget: Statement, said: Statement) -> None:
    """Whether who said this may decide on `budget`: a custodian of another holder.

    Raises:
        Refused, Untrusted: not this person.
    """
    if said.issuer == budget.issuer:
        raise Refused(Reason.OWN_REQUEST, said.kind.value)
    officer = view.officer(said.issuer, said.officer)
    place = slot(view)
    if (
        officer.role != place.role
        or officer.rank < place.min_rank
        or "provider" not in view.member(said.issuer)["uses"]
    ):
        raise Refused(Reason.WRONG_ROLE, said.kind.value)


def limits(
    view: View, query: Statement, lifts: Iterable[Lift], holders: Collection[str]
) -> dict[str, int]:
    """How many queries a day each scope of `query` has now.

    Args:
        view: the documents in force, with the time.
        query: the verified query that wants to be counted.
        lifts: whatever was lifted for its agency; what doesn't stand is left out.
        holders: the members whose custodian's countersignature counts here.
    """
    found = {scope: int(view.rules()[f"{scope}_queries_day"]) for scope in SCOPES}
    for lift in lifts:
        scope = lift.budget["scope"]
        concerns = lift.budget.issuer == query.issuer and lift.budget[
            "subject"
        ] == subject_of(query, scope)
        if concerns and stands(view, lift, holders):
            found[scope] = max(found[scope], lift.budget["queries"])
    return found


def stands(view: View, lift: Lift, holders: Collection[str]) -> bool:
    """Whether a lift holds now: both people still may, and its time is not over."""
    try:
        check_budget(view, lift.budget)
    except (Refused, Untrusted):
        return False
    return any(
        one.issuer in holders and _countersigns(view, lift.budget, one)
        for one in lift.approvals
    )


def _countersigns(view: View, budget: Statement, approval: Statement) -> bool:
    try:
        check_countersign(view, budget, approval)
    except (Refused, Untrusted):
        return False
    return True
