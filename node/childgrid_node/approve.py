"""The verb *approve*: persons decide, at their own node, on exactly what they sign.

A supervising officer decides on queries and requests of the own agency, a custodian
on requests for the own agency's records, field by field, and on budgets that another
agency wants lifted. Each person decides once on each subject and the decision is
final. Custodians also release silent hits. Nothing here counts approvals: `rules`
does, at every party.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_node import breakglass as glass
from childgrid_node import current, match, onward, query
from childgrid_node.journal import Writing, standing, verified
from childgrid_node.office import Office
from childgrid_wire import breakglass, canonical, lifting, rules, seal, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import Slot
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_DAY = 86_400
MOST_PROSE = 32 * 1_024
"""Bytes of a sealed justification: 2,000 characters of any script, and no more."""


@dataclass(frozen=True)
class Wish:
    """What an officer asks to be told: one candidate's fields, and why."""

    officer: str
    query: str
    holder: str
    handle: str
    fields: Sequence[str]
    justification: str
    hours: int
    break_glass: bool = False


@dataclass(frozen=True)
class Decision:
    """What a person decides; `fields` empty means all that are asked for."""

    officer: str
    subject: str
    approve: bool
    slot: str
    fields: Sequence[str]
    reason: str


def draft_request(office: Office, wish: Wish) -> bytes:
    """Write the request to be signed; returns its exact payload.

    Whether the holder's policy could grant it at all is judged when it is signed.

    Raises:
        Refused: no such query or candidate, somebody refused the query, or its case
            is over.
        Untrusted: the holder has no policy or sealing key in force.
    """
    asked = office.own(office.journal.get(wish.query, Kind.QUERY))
    current.insist(office, asked)
    onward.check_case(office, asked)
    if closed(office, asked.hash):
        raise Refused(Reason.CLOSED, Kind.QUERY.value)
    answer, category = candidate(office, asked.hash, wish.holder, wish.handle)
    private, public = seal.new_key()
    name = secrets.token_hex(16)
    sealed = _seal_prose(office, wish, name)
    payload = statement.draft(
        Kind.REQUEST,
        issuer=office.member,
        officer=wish.officer,
        now=office.now,
        seconds=wish.hours * 3_600,
        answers=answer.hash,
        id=name,
        query=asked.hash,
        answer=answer.hash,
        handle=wish.handle,
        holder=wish.holder,
        purpose=asked["purpose"],
        sections=asked["sections"],
        case=asked["case"],
        fields=list(wish.fields),
        policy=office.view.policy(wish.holder).hash,
        directory=office.view.directory["version"],
        recipient_key=canonical.to_b64(public),
        justification=seal.digest(sealed),
        **({"break_glass": True} if wish.break_glass else {}),
    )
    secret = canonical.dumps({"private": private.hex(), "category": category})
    query.keep_draft(
        office, wish.officer, Kind.REQUEST, payload, secret, {wish.holder: sealed}
    )
    return payload


def _seal_prose(office: Office, wish: Wish, name: str) -> bytes:
    """The justification, sealed for the request `name` to the holder alone."""
    key = office.shelf.book.sealing_key(wish.holder, office.now)
    binding = Binding("request", name, office.member, wish.holder, 0)
    prose = canonical.dumps({"justification": wish.justification[:2000]})
    return seal.seal(prose, canonical.from_b64(key["key"]), binding)


def candidate(
    office: Office, asked: str, holder: str, handle: str
) -> tuple[Statement, str]:
    """The answer that shows `handle`, and the candidate's category."""
    for answer in office.journal.answers(asked, Kind.ANSWER):
        for one in answer["candidates"] if answer.issuer == holder else ():
            if one["handle"] == handle:
                return answer, str(one["category"])
    raise Refused(Reason.UNKNOWN, "candidate")


def sign_request(office: Office, request: Statement) -> None:
    """Take in an officer's signed request; it waits for its own side's approvals."""
    office.own(request)
    asked = office.journal.get(request["query"], Kind.QUERY)
    onward.check_case(office, asked)
    with office.journal.writing() as writing:
        secret = canonical.loads(query.take_draft(writing, office, request))
        rules.check_asked(office.view, asked, request, secret["category"])
        office.journal.keep_secret(
            writing, f"request:{request.hash}", bytes.fromhex(secret["private"])
        )
        writing.say(request)
        told = _declared(writing, office, request)
    for notice in told:
        office.shelf.add(notice.data)


def _declared(writing: Writing, office: Office, request: Statement) -> list[Statement]:
    """The notice that goes before a request that breaks the glass."""
    if not breakglass.declared(request):
        return []
    return [glass.declare(writing, office, request)]


def slots(office: Office, subject: Statement) -> tuple[Slot, ...]:
    """The slots that must be filled for a query, request or budget."""
    view = office.view
    if subject.kind is Kind.BUDGET:
        return (lifting.slot(view),)
    if subject.kind is Kind.QUERY:
        return rules.query_slots(view, subject)
    return rules.slots_for(view, subject, query.category_of(office, subject))


def side_of(office: Office, subject: Statement) -> str:
    """On which side of `subject` this agency stands."""
    holds = subject.kind is Kind.REQUEST and subject["holder"] == office.member
    asked = subject.kind is Kind.BUDGET and subject.issuer != office.member
    return "holder" if holds or asked else "requester"


def fitting_slot(
    office: Office, officer: Officer, subject: Statement, named: str = ""
) -> Slot:
    """The slot that `officer` may fill: the one named, or one that lacks a person.

    Raises:
        Refused: there is none for this officer.
    """
    side = side_of(office, subject)
    fitting = [
        slot
        for slot in slots(office, subject)
        if slot.side == side
        and slot.role == officer.role
        and officer.rank >= slot.min_rank
        and named in ("", slot.slot)
    ]
    if not fitting:
        raise Refused(Reason.WRONG_ROLE, subject.kind.value)
    lacking = [slot for slot in fitting if lacks(office, subject, slot)]
    return (lacking or fitting)[0]


def lacks(office: Office, subject: Statement, slot: Slot) -> bool:
    """Whether `slot` still lacks a person of this agency, as far as is known here."""
    said = standing(office.view, office.journal.answers(subject.hash, Kind.APPROVAL))
    filled = {
        one.person
        for one in said
        if one["slot"] == slot.slot and one.issuer == office.member
    }
    return len(filled) < slot.persons


def draft_decision(office: Office, decision: Decision) -> bytes:
    """Write an approval or refusal to be signed; returns its exact payload.

    Raises:
        Refused: unknown, closed, the person's own, decided already, no slot fits,
            fields that nobody asked for, or an approval though the case is over.
    """
    subject = _subject(office, decision.subject)
    officer = office.view.officer(office.member, decision.officer)
    _check_may_decide(office, officer, subject)
    if not decision.approve:
        payload = _refusal(office, officer, subject, decision.reason)
        kind = Kind.REFUSAL
    else:
        payload = _approval(office, officer, subject, decision)
        kind = Kind.APPROVAL
    query.keep_draft(office, officer.id, kind, payload)
    return payload


def _subject(office: Office, name: str) -> Statement:
    found = office.journal.find(name)
    if found is None or found.kind not in (Kind.QUERY, Kind.REQUEST, Kind.BUDGET):
        raise Refused(Reason.UNKNOWN, "subject")
    return current.insist(office, found)


def _check_may_decide(office: Office, officer: Officer, subject: Statement) -> None:
    person = f"{office.member}/{officer.id}"
    askers = {subject.person}
    if subject.kind is Kind.REQUEST:
        askers.add(office.journal.get(subject["query"], Kind.QUERY).person)
    if person in askers:
        raise Refused(Reason.OWN_REQUEST, subject.kind.value)
    if closed(office, subject.hash) or onward.is_withdrawn(office, subject):
        raise Refused(Reason.CLOSED, subject.kind.value)
    for kind in (Kind.APPROVAL, Kind.REFUSAL):
        for said in office.journal.answers(subject.hash, kind):
            if said.person == person and said.body["subject"] == subject.kind.value:
                raise Refused(Reason.DECIDED, subject.kind.value)
    statement.check_time(subject, office.now)


def closed(office: Office, subject: str) -> bool:
    """Whether somebody refused `subject`; one refusal closes it."""
    return bool(office.journal.answers(subject, Kind.REFUSAL))


def _refusal(
    office: Office, officer: Officer, subject: Statement, reason: str
) -> bytes:
    fitting_slot(office, officer, subject)
    return statement.draft(
        Kind.REFUSAL,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=30 * _DAY,
        answers=subject.hash,
        subject=subject.kind.value,
        reason=reason,
    )


def _approval(
    office: Office, officer: Officer, subject: Statement, decision: Decision
) -> bytes:
    if decision.slot == "silent-hit":
        return _silent_approval(office, officer, subject)
    onward.check_case(office, subject)
    side = side_of(office, subject)
    if breakglass.declared(subject) and decision.slot != breakglass.SLOT:
        raise Refused(Reason.WRONG_ROLE, "name the slot break-glass")
    grants = subject.kind is Kind.REQUEST and side == "holder"
    asked = subject["fields"] if subject.kind is Kind.REQUEST else []
    if not set(decision.fields) <= set(asked):
        raise Refused(Reason.FIELDS, "decision.fields")
    fields = [name for name in asked if not decision.fields or name in decision.fields]
    return statement.draft(
        Kind.APPROVAL,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=max(subject.expires - office.now, 1),
        answers=subject.hash,
        subject=subject.kind.value,
        side=side,
        slot=fitting_slot(office, officer, subject, decision.slot).slot,
        fields=fields,
        policy=office.view.policy(office.member).hash if grants else "",
    )


def _check_may_release(officer: Officer, asked: Statement) -> None:
    if officer.role != "custodian" or asked.kind is not Kind.QUERY:
        raise Refused(Reason.WRONG_ROLE, "silent-hit")


def _silent_approval(office: Office, officer: Officer, asked: Statement) -> bytes:
    _check_may_release(officer, asked)
    return statement.draft(
        Kind.APPROVAL,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=max(asked.expires - office.now, 1),
        answers=asked.hash,
        subject="silent-hit",
        side="holder",
        slot="silent-hit",
        fields=[],
        policy=office.view.policy(office.member).hash,
    )


def sign_decision(office: Office, said: Statement) -> Statement:
    """Take in a signed decision; returns the subject that it moves on.

    Raises:
        Refused: the bytes were never drafted here, or things changed meanwhile.
    """
    office.own(said)
    subject = _subject(office, said.answers)
    officer = office.view.officer(office.member, said.officer)
    # Judged inside the transaction: of two decisions that a person signs at the same
    # moment, the second must see the first.
    with office.journal.writing() as writing:
        query.take_draft(writing, office, said)
        if said.body["subject"] == "silent-hit":
            _check_may_release(officer, subject)
            writing.say(said)
            match.release_silent(writing, office, subject)
        else:
            _check_may_decide(office, officer, subject)
            if said.kind is Kind.APPROVAL:
                onward.check_case(office, subject)
            _keep_decision(writing, office, said, subject)
    return subject


def _keep_decision(
    writing: Writing, office: Office, said: Statement, subject: Statement
) -> None:
    writing.say(said)
    if subject.kind is Kind.BUDGET or (
        subject.kind is Kind.REQUEST and onward.is_out(office, subject)
    ):
        writing.send(said)


def advance(office: Office, request: Statement) -> bool:
    """Send our own request once our side's slots are filled; then its approvals.

    Returns whether it goes out now.

    Raises:
        Refused, Untrusted: it may no longer go out, whoever approves.
    """
    if (
        request.issuer != office.member
        or closed(office, request.hash)
        or onward.is_out(office, request)
    ):
        return False
    ours = [slot for slot in slots(office, request) if slot.side == "requester"]
    view = office.view
    approvals = standing(view, office.journal.answers(request.hash, Kind.APPROVAL))
    asked = office.journal.get(request["query"], Kind.QUERY)
    try:
        rules.check_side(view, asked, verified(view, request), approvals, ours)
    except Refused as refusal:
        if refusal.reason is Reason.NOT_APPROVED:
            return False
        raise
    onward.check_case(office, request)
    with office.journal.writing() as writing:
        if closed(office, request.hash):
            return False
        writing.send(request)
        for approval in approvals:
            writing.send(approval)
    return True
