"""What comes in by mail, each kind to its verb; nothing is believed on the way.

A parcel that doesn't verify, or isn't for us, is dropped for good: the sender's
signature was wrong and no second try would mend it. A parcel that can't be judged
yet, because a document is still under way, is tried again.
"""

from __future__ import annotations

import structlog

from childgrid_node import approve, match, receive
from childgrid_node.courier import Parcel
from childgrid_node.office import Office
from childgrid_wire import envelope, rules, seal
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

log = structlog.get_logger(__name__)
_WELCOME = (
    Kind.REQUEST,
    Kind.APPROVAL,
    Kind.REFUSAL,
    Kind.DISCLOSURE,
    Kind.VOID,
    Kind.RECEIPT,
)


def open_parcel(office: Office, parcel: Parcel) -> str:
    """Verify and take in one parcel; returns the request that it moves on, or ''.

    Raises:
        Untrusted: with `unknown-key` or `old-version`: fetch documents, try again.
    """
    try:
        said = office.hear(parcel.statement, *_WELCOME)
        return _HANDLERS[said.kind](office, said, parcel)
    except (Refused, Untrusted) as error:
        if _may_clear_up(error):
            raise
        _report(parcel, error)
        return ""
    except WireError as error:
        _report(parcel, error)
        return ""


def _may_clear_up(error: WireError) -> bool:
    return isinstance(error, Untrusted) and error.reason in (
        Reason.UNKNOWN_KEY,
        Reason.UNKNOWN_PEER,
        Reason.OLD_VERSION,
    )


def _report(parcel: Parcel, error: WireError) -> None:
    try:
        kind = envelope.read(parcel.statement).kind.value
    except WireError:
        kind = "unreadable"
    log.warning("parcel refused", kind=kind, reason=error.reason.value)


def _request(office: Office, request: Statement, parcel: Parcel) -> str:
    """A request for one of our records: it must fit a query that we answered."""
    if request["holder"] != office.member:
        raise Refused(Reason.TARGET, "request.holder")
    asked = office.journal.get(request["query"], Kind.QUERY)
    own = office.journal.get(request["answer"], Kind.ANSWER)
    if own.issuer != office.member or own.answers != asked.hash:
        raise Refused(Reason.UNKNOWN, "answer")
    found = match.handle(office, asked.hash, request["handle"])
    rules.check_asked(office.view, asked, request, found.hit.category)
    if seal.digest(parcel.content) != request["justification"]:
        raise Refused(Reason.FIELDS, "justification")
    with office.journal.writing() as writing:
        writing.say(request)
        writing.run(
            "INSERT OR IGNORE INTO content VALUES (?, 'justification', ?)",
            (request.hash, parcel.content),
        )
    return request.hash


def _approval(office: Office, approval: Statement, _: Parcel) -> str:
    request = office.journal.get(approval.answers, Kind.REQUEST)
    _from_other_side(office, approval, request)
    with office.journal.writing() as writing:
        writing.say(approval)
    return request.hash


def _refusal(office: Office, refusal: Statement, _: Parcel) -> str:
    request = office.journal.get(refusal.answers, Kind.REQUEST)
    _from_other_side(office, refusal, request)
    if refusal.officer:
        officer = office.view.officer(refusal.issuer, refusal.officer)
        if officer.role not in {s.role for s in approve.slots(office, request)}:
            raise Refused(Reason.WRONG_ROLE, "refusal")
    with office.journal.writing() as writing:
        writing.say(refusal)
    return request.hash


def _from_other_side(office: Office, said: Statement, request: Statement) -> None:
    sides = {request.issuer, request["holder"]}
    if said.issuer not in sides - {office.member} or office.member not in sides:
        raise Refused(Reason.WRONG_ROLE, said.kind.value)


def _disclosure(office: Office, disclosure: Statement, parcel: Parcel) -> str:
    if parcel.proof is None:
        raise Refused(Reason.NO_QUORUM, "disclosure without proof")
    receive.take(office, disclosure, parcel.content, parcel.proof)
    return str(disclosure["request"])


def _void(office: Office, void: Statement, _: Parcel) -> str:
    with office.journal.writing() as writing:
        writing.say(void)
    return ""


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
            "UPDATE spent SET state = 'receipted' WHERE disclosure = ?",
            (disclosure.hash,),
        )
    return ""


_HANDLERS = {
    Kind.REQUEST: _request,
    Kind.APPROVAL: _approval,
    Kind.REFUSAL: _refusal,
    Kind.DISCLOSURE: _disclosure,
    Kind.VOID: _void,
    Kind.RECEIPT: _receipt,
}
