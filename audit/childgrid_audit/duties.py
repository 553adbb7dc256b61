"""Which logs must hold an event, which may, and which other events it rests on.

    case, query, its approvals   asker, coordinator, each target that answered
    answer                       target, coordinator, asker
    request and what follows     requester, coordinator, holder
    a lifted budget              asker, coordinator, every agency that was reached
    a finding                    station, coordinator, the agency that must answer
    its answer                   that agency, coordinator
    an opening, the second word  station, coordinator, the agency; other stations may
    what was opened              that agency, coordinator, the stations of the two
    view and other notes         the log of whoever made them

What never left its author need be nowhere else, and what never reached an agency that
was away need not be in that agency's log; that it reached the coordinator shows in
any log but the author's. A disclosure that ended in a `void` was never fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from childgrid_audit.conduct import submitted
from childgrid_audit.events import Event, Ledger
from childgrid_audit.openings import opening_of, stations_of
from childgrid_wire import breakglass, findings, lifting, openings, outcomes
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_OF_A_RELEASE = (breakglass.USED, outcomes.SUBJECT)
_PRIVATE = (Kind.VIEW, Kind.MANIFEST, Kind.REVIEW)


@dataclass(frozen=True)
class Duty:
    """`required` logs must hold the event, `expected` ones will if they were reached.

    `allowed` is None where any log may hold it. `rests_on` names statements that a log
    which holds this one must hold before it.
    """

    required: frozenset[str]
    expected: frozenset[str] = frozenset()
    allowed: frozenset[str] | None = None
    rests_on: tuple[str, ...] = ()


def duty_of(ledger: Ledger, event: Event) -> Duty:
    """What double entry asks for this event."""
    said = event.statement
    if said.kind in DOCUMENTS or said.kind is Kind.ENROLMENT:
        return Duty(frozenset(), allowed=ledger.law.coordinators | {said.issuer})
    if said.kind is Kind.REVIEW and said["subject"] in _OF_A_RELEASE:
        return _review(ledger, event)
    if findings.is_reply(said):
        return _reply(ledger, event)
    if said.kind in _PRIVATE:
        own = frozenset({said.issuer})
        read = said.kind is Kind.VIEW and "reader" in said.body
        return Duty(own, allowed=own, rests_on=(said.answers,) if read else ())
    if openings.concerns(said):
        return _opening(ledger, event)
    if said.kind in (Kind.APPROVAL, Kind.REFUSAL):
        return _decision(ledger, event)
    make = _DUTIES.get(said.kind)
    return make(ledger, event) if make else Duty(frozenset())


def _carried(ledger: Ledger, event: Event, author: str) -> frozenset[str]:
    """The coordinator, once the event is known to anybody but its author."""
    others = event.places.keys() - {author}
    return ledger.law.coordinators if others else frozenset()


def _targets(ledger: Ledger, query: Event) -> frozenset[str]:
    """The targets that searched: what they answered rests on the query."""
    return frozenset(
        answer.statement.issuer
        for answer in ledger.answering(query.statement.hash, Kind.ANSWER)
        if answer.statement["outcome"] != "refused"
    )


def _query(ledger: Ledger, event: Event) -> Duty:
    said = event.statement
    required = frozenset({said.issuer})
    if submitted(ledger, event):
        required |= ledger.law.coordinators | _targets(ledger, event)
    allowed = {said.issuer, *said["targets"], *ledger.law.coordinators}
    rests = (said["attestation"],) if submitted(ledger, event) else ()
    return Duty(required, allowed=frozenset(allowed), rests_on=rests)


def _case(ledger: Ledger, event: Event) -> Duty:
    """Wherever a query that names this case is."""
    own = frozenset({event.statement.issuer})
    queries = ledger.naming(event.statement.hash, Kind.QUERY)
    duties = [_query(ledger, query) for query in queries]
    return Duty(
        own.union(*(duty.required for duty in duties)),
        allowed=own.union(*(duty.allowed or () for duty in duties)),
    )


def _answer(ledger: Ledger, event: Event) -> Duty:
    said = event.statement
    query = ledger.get(said.answers, Kind.QUERY)
    asker = {query.statement.issuer} if query else set()
    carried = _carried(ledger, event, said.issuer)
    required = {said.issuer, *carried, *(asker if carried else ())}
    allowed = {said.issuer, *asker, *ledger.law.coordinators}
    return Duty(
        frozenset(required), frozenset(asker), frozenset(allowed), (said.answers,)
    )


def _request(ledger: Ledger, event: Event) -> Duty:
    """The holder must have it once it has done anything about it."""
    said = event.statement
    holder = said["holder"]
    reacted = any(
        one.statement.issuer == holder
        for kind in (Kind.APPROVAL, Kind.REFUSAL, Kind.DISCLOSURE)
        for one in ledger.answering(said.hash, kind)
    )
    carried = _carried(ledger, event, said.issuer)
    if reacted:
        carried = ledger.law.coordinators | {holder}
    return Duty(
        carried | {said.issuer},
        frozenset({holder}) if carried else frozenset(),
        _three(ledger, said),
        (said["query"], said["answer"]),
    )


def _three(ledger: Ledger, request: Statement) -> frozenset[str]:
    return ledger.law.coordinators | {request.issuer, request["holder"]}


def _decision(ledger: Ledger, event: Event) -> Duty:
    """An approval or refusal: of a query, of a request, or of a silent hit."""
    said = event.statement
    own = frozenset({said.issuer})
    if said["subject"] == "silent-hit":
        return Duty(own)
    if said["subject"] == lifting.SLOT:
        return _lifting(ledger, event)
    kind = Kind.QUERY if said["subject"] == "query" else Kind.REQUEST
    subject = ledger.get(said.answers, kind)
    if subject is None:
        return Duty(own, rests_on=(said.answers,))
    carried = _carried(ledger, event, said.issuer)
    if kind is Kind.QUERY:
        rule = _query(ledger, subject)
        required = rule.required if carried else own
        return Duty(required, allowed=rule.allowed, rests_on=())
    three = _three(ledger, subject.statement)
    if _is_used(ledger, event):
        return Duty(three, allowed=three, rests_on=(said.answers,))
    expected = three if carried else own
    return Duty(own | carried, expected, three, (said.answers,))


def _lifting(ledger: Ledger, event: Event) -> Duty:
    """A budget, or what a custodian elsewhere decided on one: told to everybody.

    A refusal is told to the agency that asked, and to nobody else.
    """
    said = event.statement
    agencies = {n for n, at in ledger.law.members.items() if at["kind"] == "agency"}
    rests = () if said.kind is Kind.BUDGET else (said.answers,)
    if said.kind is Kind.REFUSAL:
        asked = ledger.get(said.answers, Kind.BUDGET)
        agencies = {asked.statement.issuer} if asked else set()
    carried = _carried(ledger, event, said.issuer)
    allowed = ledger.law.coordinators | agencies | {said.issuer}
    expected = frozenset(agencies) if carried else frozenset()
    return Duty(carried | {said.issuer}, expected, allowed, rests)


def _review(ledger: Ledger, event: Event) -> Duty:
    """Of a broken glass, or what became of it: both sides, and the coordinator."""
    said = event.statement
    own = frozenset({said.issuer})
    disclosure = ledger.get(said["result"], Kind.DISCLOSURE)
    if disclosure is None:
        return Duty(own)
    given = disclosure.statement
    three = ledger.law.coordinators | {given.issuer, given["requester"]}
    carried = _carried(ledger, event, said.issuer)
    expected = three if carried else own
    return Duty(own | carried, expected, three, (given.hash,))


def _finding(ledger: Ledger, event: Event) -> Duty:
    """A finding: sent by its station at once, and mail that nobody may refuse."""
    said = event.statement
    party = frozenset({said["party"]})
    agency = ledger.law.members.get(said["party"], {}).get("kind") == "agency"
    required = ledger.law.coordinators | {said.issuer}
    answered = ledger.answering(said.hash, Kind.REVIEW)
    if agency and any(one.statement.issuer in party for one in answered):
        required |= party
    carried = agency and _carried(ledger, event, said.issuer)
    return Duty(required, party if carried else frozenset(), required | party)


def _reply(ledger: Ledger, event: Event) -> Duty:
    """The answer to a finding; wherever it is, the finding was before."""
    two = ledger.law.coordinators | {event.statement.issuer}
    return Duty(two, allowed=two, rests_on=(event.statement.answers,))


def _opening(ledger: Ledger, event: Event) -> Duty:
    """A wish, a word on it, or its end: sent at once, and mail that nobody refuses."""
    said = event.statement
    hubs = ledger.law.coordinators
    every = {n for n, at in ledger.law.members.items() if at["kind"] == "auditor"}
    opening = said if said.kind is Kind.OPENING else opening_of(ledger, said)
    if opening is None:
        return Duty(frozenset({said.issuer}), rests_on=(said.answers,))
    party = frozenset({opening["party"]})
    allowed = hubs | every | party
    if said.kind in (Kind.OPENED, Kind.REFUSAL):
        carried = _carried(ledger, event, said.issuer)
        expected = stations_of(ledger, opening) if carried else frozenset[str]()
        rests = (
            opening.hash,
            *(said.body[n] for n in ("agreement",) if n in said.body),
        )
        return Duty(carried | {said.issuer}, expected, allowed, rests)
    required = hubs | {said.issuer}
    told = party if _carried(ledger, event, said.issuer) else frozenset[str]()
    answered = (Kind.OPENED, Kind.REFUSAL)
    if any(ledger.answering(opening.hash, kind) for kind in answered):
        required |= party if said.kind is Kind.OPENING else frozenset()
    rests = () if said is opening else (opening.hash,)
    return Duty(required, told, allowed, rests)


def _shred(ledger: Ledger, event: Event) -> Duty:
    """What a party shredded: its own log's, and told to all whom it binds."""
    said = event.statement
    agencies = {n for n, at in ledger.law.members.items() if at["kind"] == "agency"}
    carried = _carried(ledger, event, said.issuer)
    allowed = ledger.law.coordinators | agencies | {said.issuer}
    expected = frozenset(agencies) if carried else frozenset()
    return Duty(carried | {said.issuer}, expected, allowed)


def _is_used(ledger: Ledger, approval: Event) -> bool:
    """Whether a disclosure rests on this approval."""
    return any(
        approval.statement.hash in one.statement["approvals"] and not ledger.voided(one)
        for one in ledger.answering(approval.statement.answers, Kind.DISCLOSURE)
    )


def _disclosure(ledger: Ledger, event: Event) -> Duty:
    said = event.statement
    three = ledger.law.coordinators | {said.issuer, said["requester"]}
    rests = (said["request"], *said["approvals"])
    carried = _carried(ledger, event, said.issuer)
    if ledger.voided(event):
        return Duty(carried | {said.issuer}, three, three, rests)
    required = three if carried or ledger.ended(event, Kind.RECEIPT) else {said.issuer}
    return Duty(frozenset(required), three, three, rests)


def _after(ledger: Ledger, event: Event) -> Duty:
    """A receipt or a void: of the disclosure it names."""
    said = event.statement
    disclosure = ledger.get(said["disclosure"], Kind.DISCLOSURE)
    if disclosure is None:
        return Duty(frozenset({said.issuer}), rests_on=(said["disclosure"],))
    given = disclosure.statement
    three = ledger.law.coordinators | {given.issuer, given["requester"]}
    carried = _carried(ledger, event, said.issuer)
    if said.kind is Kind.RECEIPT:
        return Duty(three, three, three, (given.hash,))
    return Duty(carried | {said.issuer}, three, three)


def _delegation(ledger: Ledger, event: Event) -> Duty:  # noqa: ARG001 - one shape
    """At home alone, after the one that it takes the place of."""
    said = event.statement
    own = frozenset({said.issuer})
    return Duty(own, allowed=own, rests_on=(said.answers,) if said.answers else ())


_DUTIES: dict[Kind, Callable[[Ledger, Event], Duty]] = {
    Kind.CASE: _case,
    Kind.QUERY: _query,
    Kind.ANSWER: _answer,
    Kind.REQUEST: _request,
    Kind.DISCLOSURE: _disclosure,
    Kind.RECEIPT: _after,
    Kind.VOID: _after,
    Kind.BUDGET: _lifting,
    Kind.DELEGATION: _delegation,
    Kind.SHRED: _shred,
    Kind.FINDING: _finding,
}
