"""Opening what is kept beside a statement: one auditor asks, another one agrees.

No statement holds a name or a value; what it is about stays with one agency, its
keeper: the description of a suspect at the asker of a query, a justification at the
holder who was asked, a record at the agency that received it. An auditor asks for it by
an `opening`; a second person of an auditing body agrees by an `approval` that answers
exactly that opening. Where the floor says `opening_bodies` 2, the second belongs to
another body. The keeper answers by `opened`: the hash of the content, sealed to both.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.findings import AUDITOR
from childgrid_wire.kinds import Kind
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import Officer, View

SLOT = "opening"
MOST_SECONDS = 72 * 3_600
"""How long the second auditor and the keeper have."""

SHOWN_SECONDS = 7 * 86_400
"""How long what was opened is kept for the two who opened it."""

MOST_BYTES = 3 * 2**20
"""What a keeper hands over, both halves together: more no coordinator carries."""

_KEEPERS = {Kind.REQUEST: "holder", Kind.DISCLOSURE: "requester"}


def is_agreement(said: Statement) -> bool:
    """Whether a statement is meant as the second auditor's word."""
    return said.kind is Kind.APPROVAL and said["subject"] == SLOT


def is_declined(said: Statement) -> bool:
    """Whether a statement is a keeper's word that it does not open."""
    return said.kind is Kind.REFUSAL and said["subject"] == SLOT


def concerns(said: Statement) -> bool:
    """Whether a statement is about an opening."""
    return (
        said.kind in (Kind.OPENING, Kind.OPENED)
        or is_agreement(said)
        or is_declined(said)
    )


def keeper(subject: Statement) -> str:
    """The member that keeps what a statement is about; empty where nobody does."""
    if subject.kind is Kind.QUERY:
        return subject.issuer
    return str(subject.body.get(_KEEPERS.get(subject.kind, ""), ""))


def binding(opening: Statement, said: Statement) -> Binding:
    """What the content is bound to that is sealed to whoever signed `said`."""
    return Binding(SLOT, opening.id, opening["party"], said.person, 0)


def check_opening(view: View, opening: Statement) -> None:
    """Whether this is an enrolled auditor's wish, put to an agency.

    Raises:
        Refused, Untrusted: it opens nothing, whoever agrees.
    """
    if opening.kind is not Kind.OPENING:
        raise Refused(Reason.UNKNOWN_KIND, opening.kind.value)
    check_time(opening, view.now)
    _auditor(view, opening)
    if opening.answers:
        # It is kept for ever, and so would be whatever it answered.
        raise Refused(Reason.FIELDS, "opening.answers")
    if opening.expires - opening.issued > MOST_SECONDS:
        raise Refused(Reason.EXPIRED, "opening lives too long")
    if view.member(opening["party"])["kind"] != "agency":
        raise Refused(Reason.TARGET, "opening.party")


def check_agreement(view: View, opening: Statement, agreement: Statement) -> None:
    """Whether a second person agrees to exactly this opening.

    Raises:
        Refused, Untrusted: it does not count.
    """
    if not is_agreement(agreement):
        raise Refused(Reason.UNKNOWN_KIND, agreement.kind.value)
    check_time(agreement, view.now)
    if agreement.answers != opening.hash:
        raise Refused(Reason.NOT_APPROVED, "approval answers something else")
    if predates(agreement, opening):
        raise Refused(Reason.NOT_APPROVED, "approval is older than its subject")
    if agreement["slot"] != SLOT or agreement["fields"] or agreement["policy"]:
        raise Refused(Reason.WRONG_ROLE, "approval.slot")
    _check_second(view, opening, agreement)


def _check_second(view: View, opening: Statement, agreement: Statement) -> None:
    first, second = _auditor(view, opening), _auditor(view, agreement)
    same_key = first.key.key == second.key.key
    same_reader = agreement["recipient_key"] == opening["recipient_key"]
    if agreement.person == opening.person or same_key or same_reader:
        raise Refused(Reason.OWN_REQUEST, "approval")
    bodies = view.rules().body.get("opening_bodies", 1)
    if len({agreement.issuer, opening.issuer}) < bodies:
        raise Refused(Reason.NOT_APPROVED, "another auditing body must agree")


def _auditor(view: View, said: Statement) -> Officer:
    """The listed auditor of an auditing body who said this."""
    if view.member(said.issuer)["kind"] != AUDITOR:
        raise Refused(Reason.WRONG_ROLE, f"{said.kind.value}.issuer")
    officer = view.officer(said.issuer, said.officer)
    if officer.role != AUDITOR:
        raise Refused(Reason.WRONG_ROLE, f"{said.kind.value}.officer")
    return officer


def check_pair(view: View, opening: Statement, agreement: Statement) -> None:
    """Whether both words stand now: nothing is opened on one alone.

    Raises:
        Refused, Untrusted: nothing may be opened.
    """
    check_opening(view, opening)
    check_agreement(view, opening, agreement)


def check_opened(
    view: View, opening: Statement, agreement: Statement, opened: Statement
) -> None:
    """Whether a keeper's `opened` is exactly what the two agreed on.

    Raises:
        Refused, Untrusted: it differs, or was not allowed.
    """
    if opened.kind is not Kind.OPENED:
        raise Refused(Reason.UNKNOWN_KIND, opened.kind.value)
    check_pair(view, opening, agreement)
    if opened.issuer != opening["party"] or opened.answers != opening.hash:
        raise Refused(Reason.TARGET, "opened.issuer")
    expected = {
        "opening": opening.hash,
        "agreement": agreement.hash,
        "subject": opening["subject"],
    }
    for name, value in expected.items():
        if opened[name] != value:
            raise Refused(Reason.NOT_APPROVED, f"opened.{name}")
    if opened["staff"].keys() != {opening.issuer, agreement.issuer}:
        raise Refused(Reason.NOT_APPROVED, "opened.staff")
