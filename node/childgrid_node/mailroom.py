"""What comes in by mail, each kind to its verb; nothing is believed on the way.

A parcel that doesn't verify, or isn't for us, is dropped for good: the sender's
signature was wrong and no second try would mend it. A parcel that can't be judged
yet, because a document is still under way, is tried again.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from childgrid_node import (
    aftermath,
    approve,
    current,
    findings,
    lift,
    match,
    openings,
    outcomes,
    query,
    receive,
    shred,
)
from childgrid_node.courier import Parcel
from childgrid_node.office import Office
from childgrid_wire import envelope, lifting, probation, rules, seal
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.openings import is_agreement
from childgrid_wire.outcomes import is_outcome
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

log = structlog.get_logger(__name__)
_WELCOME = (
    Kind.ANSWER,
    Kind.REQUEST,
    Kind.APPROVAL,
    Kind.REFUSAL,
    Kind.DISCLOSURE,
    Kind.VOID,
    Kind.RECEIPT,
    Kind.BUDGET,
    Kind.REVIEW,
    Kind.SHRED,
    Kind.FINDING,
    Kind.OPENING,
)


def open_parcel(office: Office, parcel: Parcel, *, last: bool = False) -> str:
    """Verify and take in one parcel; returns the request that it moves on, or ''.

    With `last` nothing is raised: what still can't be judged is dropped, so that one
    parcel never holds up those behind it.

    Raises:
        Untrusted, Refused: a document may be under way: fetch them, try again.
    """
    try:
        said = office.hear(parcel.statement, *_WELCOME)
        return _HANDLERS[said.kind](office, said, parcel)
    except (Refused, Untrusted) as error:
        if _may_clear_up(error) and not last:
            raise
        _report(parcel, error)
        return ""
    except WireError as error:
        _report(parcel, error)
        return ""


def moves(parcel: Parcel) -> bool:
    """Whether anything may move on by a parcel; nothing does by an answer."""
    try:
        return envelope.read(parcel.statement).kind is not Kind.ANSWER
    except WireError:
        return False


_LAGGING = {
    Untrusted: (
        *(Reason.UNKNOWN_KEY, Reason.UNKNOWN_PEER),
        *(Reason.OLD_VERSION, Reason.UNKNOWN),
    ),
    Refused: (Reason.OLD_VERSION,),
}
"""What may be said of a good parcel by who has not read the newest documents.

An unknown document is one of these: founders sign a directory, its first reader
releases a record under it, and the record is here before the directory.
"""


def _may_clear_up(error: WireError) -> bool:
    return error.reason in _LAGGING.get(type(error), ())


def _report(parcel: Parcel, error: WireError) -> None:
    try:
        kind = envelope.read(parcel.statement).kind.value
    except WireError:
        kind = "unreadable"
    log.warning("parcel refused", kind=kind, reason=error.reason.value)


def _answer(office: Office, answer: Statement, _: Parcel) -> str:
    """What a target says to our query; a later one may replace it (a silent hit)."""
    asked = office.own(office.journal.get(answer.answers, Kind.QUERY))
    current.insist(office, asked)
    if answer.issuer not in asked["targets"]:
        raise Refused(Reason.TARGET, "answer")
    if not asked["rehearsal"]:
        probation.check(office.view, answer.issuer, ())
    with office.journal.writing() as writing:
        writing.say(answer)
    return ""


def _request(office: Office, request: Statement, parcel: Parcel) -> str:
    """A request for one of our records: it must fit a query that we answered."""
    if request["holder"] != office.member:
        raise Refused(Reason.TARGET, "request.holder")
    asked = office.journal.get(request["query"], Kind.QUERY)
    own = office.journal.get(request["answer"], Kind.ANSWER)
    if own.issuer != office.member or own.answers != asked.hash:
        raise Refused(Reason.UNKNOWN, "answer")
    if request.answers not in ("", own.hash, asked.hash):
        raise Refused(Reason.UNKNOWN, "request.answers")
    found = match.handle(office, asked.hash, request["handle"])
    rules.check_asked(office.view, asked, request, found.hit.category)
    current.insist(office, request)
    if seal.digest(parcel.content) != request["justification"]:
        raise Refused(Reason.FIELDS, "justification")
    if len(parcel.content) > approve.MOST_PROSE:
        # It could be handed to no auditor (`openings`).
        raise Refused(Reason.TOO_LARGE, "justification")
    if not seal.usable(request["recipient_key"]):
        raise Refused(Reason.FIELDS, "request.recipient_key")
    with office.journal.writing() as writing:
        _check_crowd(office, request)
        writing.say(request)
        writing.run(
            "INSERT OR IGNORE INTO content VALUES (?, 'justification', ?)",
            (request.hash, parcel.content),
        )
    return request.hash


_WAITS = (
    "answers = ?3 AND NOT EXISTS (SELECT 1 FROM said AS word"
    " WHERE word.answers = said.hash AND word.kind IN ('refusal', 'disclosure'))"
)


def _check_crowd(office: Office, request: Statement) -> None:
    """Insist that not too many requests on its query wait for our custodians."""
    waiting = office.journal.lasting_where(Kind.REQUEST, _WAITS, (request.answers,))
    others = {one.hash for one in waiting if one["query"] == request["query"]}
    if len(others - {request.hash}) >= rules.MOST_WAITING:
        raise Refused(Reason.BUDGET, "requests on one query")


def _approval(office: Office, approval: Statement, _: Parcel) -> str:
    """One person's approval; what could never count is not kept beside those that do.

    A stray one would otherwise be judged with the others at the release and spoil it.
    """
    if approval["subject"] == lifting.SLOT:
        lift.hear_decision(office, approval)
        return ""
    if is_agreement(approval):
        return openings.hear_agreement(office, approval)
    request = office.journal.get(approval.answers, Kind.REQUEST)
    _from_other_side(office, approval, request)
    if office.journal.find(approval.hash):
        return request.hash
    asked = office.journal.get(request["query"], Kind.QUERY)
    view = _view_of(office, request)
    category = query.category_of(office, request)
    rules.check_approval(view, asked, request, approval, category)
    said = office.journal.answers(request.hash, Kind.APPROVAL)
    if approval.person in {one.person for one in said}:
        raise Refused(Reason.DECIDED, "approval")
    with office.journal.writing() as writing:
        writing.say(approval)
    return request.hash


def _view_of(office: Office, request: Statement) -> View:
    """The newest documents with the policy that the request names, while it lives.

    What was said in time about a request still counts where it arrives late.
    """
    view = office.view
    policy = office.shelf.book.document(request["policy"])
    return replace(
        view,
        now=min(view.now, request.expires - 1),
        policies={**view.policies, request["holder"]: policy},
    )


def _refusal(office: Office, refusal: Statement, _: Parcel) -> str:
    if refusal["subject"] == lifting.SLOT:
        lift.hear_decision(office, refusal)
        return ""
    request = office.journal.get(refusal.answers, Kind.REQUEST)
    _from_other_side(office, refusal, request)
    if refusal["subject"] != Kind.REQUEST.value:
        raise Refused(Reason.UNKNOWN, "refusal.subject")
    _check_may_refuse(office, refusal, request)
    with office.journal.writing() as writing:
        writing.say(refusal)
    return request.hash


def _check_may_refuse(office: Office, refusal: Statement, request: Statement) -> None:
    """An officer with a slot to fill may refuse, or the holder's own node."""
    side = "holder" if refusal.issuer == request["holder"] else "requester"
    if not refusal.officer:
        if side == "requester":
            raise Refused(Reason.WRONG_ROLE, "refusal")
        return
    view = _view_of(office, request)
    officer = view.officer(refusal.issuer, refusal.officer)
    category = query.category_of(office, request)
    slots = rules.slots_for(view, request, category)
    if (side, officer.role) not in {(slot.side, slot.role) for slot in slots}:
        raise Refused(Reason.WRONG_ROLE, "refusal")


def _from_other_side(office: Office, said: Statement, request: Statement) -> None:
    sides = {request.issuer, request["holder"]}
    if said.issuer not in sides - {office.member} or office.member not in sides:
        raise Refused(Reason.WRONG_ROLE, said.kind.value)
    current.hear(office, said, request)


def _disclosure(office: Office, disclosure: Statement, parcel: Parcel) -> str:
    if parcel.proof is None:
        raise Refused(Reason.NO_QUORUM, "disclosure without proof")
    receive.take(office, disclosure, parcel.content, parcel.proof)
    return str(disclosure["request"])


def _void(office: Office, void: Statement, _: Parcel) -> str:
    """A holder takes back what it never handed over: once for each of our requests."""
    journal = office.journal
    request = office.own(journal.get(void.answers, Kind.REQUEST))
    if void.issuer != request["holder"] or journal.find(void["disclosure"]):
        raise Refused(Reason.UNKNOWN, "void")
    earlier = {one.hash for one in journal.answers(request.hash, Kind.VOID)}
    if earlier - {void.hash} or receive.record(office, request.hash) is not None:
        raise Refused(Reason.CLOSED, "void")
    with journal.writing() as writing:
        writing.say(void)
    return request.hash


def _receipt(office: Office, receipt: Statement, _: Parcel) -> str:
    disclosure = office.own(office.journal.get(receipt["disclosure"], Kind.DISCLOSURE))
    if (
        receipt.issuer != disclosure["requester"]
        or receipt["ciphertext"] != disclosure["ciphertext"]
        or receipt.answers != disclosure.hash
    ):
        raise Refused(Reason.UNKNOWN, "receipt")
    with office.journal.writing() as writing:
        writing.say(receipt)
        writing.run(
            "UPDATE spent SET state = 'receipted'"
            " WHERE disclosure = ? AND state = 'released'",
            (disclosure.hash,),
        )
    return ""


def _budget(office: Office, budget: Statement, _: Parcel) -> str:
    lift.hear(office, budget)
    return ""


def _review(office: Office, review: Statement, _: Parcel) -> str:
    if is_outcome(review):
        outcomes.take(office, review, own=False)
    else:
        aftermath.take_review(office, review, own=False)
    return ""


def _shred(office: Office, said: Statement, _: Parcel) -> str:
    shred.hear(office, said)
    return ""


def _finding(office: Office, finding: Statement, _: Parcel) -> str:
    findings.hear(office, finding)
    return ""


def _opening(office: Office, opening: Statement, _: Parcel) -> str:
    openings.hear(office, opening)
    return ""


_HANDLERS = {
    Kind.ANSWER: _answer,
    Kind.REQUEST: _request,
    Kind.APPROVAL: _approval,
    Kind.REFUSAL: _refusal,
    Kind.DISCLOSURE: _disclosure,
    Kind.VOID: _void,
    Kind.RECEIPT: _receipt,
    Kind.BUDGET: _budget,
    Kind.REVIEW: _review,
    Kind.SHRED: _shred,
    Kind.FINDING: _finding,
    Kind.OPENING: _opening,
}
