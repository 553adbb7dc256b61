"""Lifting a budget at a node: a wish is signed here, decided elsewhere, and counted.

A supervising officer of the asking agency signs; a custodian of each holder that is to
answer more countersigns at the own node. What a query may spend is worked out anew each
time, from the statements themselves and under the documents in force. There is no
setting and no row that raises a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

from childgrid_node import query
from childgrid_node.journal import verified
from childgrid_node.office import Office
from childgrid_wire import lifting, statement
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


@dataclass(frozen=True)
class Wish:
    """Whose budget is to be lifted: to how many queries a day, for how many hours."""

    officer: str
    scope: str
    subject: str
    queries: int
    hours: int


def draft(office: Office, wish: Wish) -> bytes:
    """Write the `budget` to be signed; returns its exact payload.

    Whether it could lift anything is judged when it is signed.

    Raises:
        Untrusted: no such officer.
        Malformed: a scope, subject or number that the schema doesn't hold.
    """
    officer = office.view.officer(office.member, wish.officer)
    seconds = wish.hours * 3_600
    payload = statement.draft(
        Kind.BUDGET,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=seconds,
        scope=wish.scope,
        subject=wish.subject,
        queries=wish.queries,
        until=office.now + seconds,
    )
    query.keep_draft(office, officer.id, Kind.BUDGET, payload)
    return payload


def sign(office: Office, budget: Statement) -> None:
    """Take in an own officer's signed `budget` and let every agency know of it.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    office.own(budget)
    with office.journal.writing() as writing:
        query.take_draft(writing, office, budget)
        lifting.check_budget(office.view, budget)
        writing.say(budget)
        writing.send(budget)


def hear(office: Office, budget: Statement) -> None:
    """Take in another agency's `budget`; it lifts nothing before it is countersigned.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    if budget.issuer == office.member:
        raise Refused(Reason.WRONG_ROLE, "budget")
    lifting.check_budget(office.view, budget)
    with office.journal.writing() as writing:
        _check_crowd(office, budget)
        writing.say(budget)


def _check_crowd(office: Office, budget: Statement) -> None:
    """Insist that not too many of its agency's lie before our custodians."""
    lasting = office.journal.lasting_where(Kind.BUDGET, "issuer = ?3", (budget.issuer,))
    others = [
        one for one in lasting if one.hash != budget.hash and not _refused(office, one)
    ]
    if len(others) >= lifting.MOST_LASTING:
        raise Refused(Reason.BUDGET, "budgets of one agency")


def hear_decision(office: Office, said: Statement) -> None:
    """Take in what a custodian elsewhere decided on a `budget` that is known here.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    budget = office.journal.get(said.answers, Kind.BUDGET)
    if said.issuer == office.member:
        raise Refused(Reason.WRONG_ROLE, said.kind.value)
    if said.kind is Kind.APPROVAL:
        lifting.check_countersign(office.view, budget, said)
    else:
        lifting.check_countersigner(office.view, budget, said)
    with office.journal.writing() as writing:
        writing.say(said)


def standing(office: Office, view: View, query_: Statement) -> list[Lift]:
    """What this agency's custodians lifted for the asker of a query.

    Every signature is verified again: whoever was revoked since lifts nothing.
    """
    return [
        lift
        for budget in office.journal.lasting(Kind.BUDGET)
        if budget.issuer == query_.issuer
        and not _refused(office, budget)
        and (lift := _lift(office, view, budget))
    ]


def _refused(office: Office, budget: Statement) -> bool:
    said = office.journal.answers(budget.hash, Kind.REFUSAL)
    return any(one.issuer == office.member for one in said)


def _lift(office: Office, view: View, budget: Statement) -> Lift | None:
    own = [
        one
        for one in office.journal.answers(budget.hash, Kind.APPROVAL)
        if one.issuer == office.member
    ]
    try:
        return Lift(verified(view, budget), tuple(verified(view, one) for one in own))
    except WireError:
        return None
