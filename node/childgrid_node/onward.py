"""Whether what our officers asked may go on: its asker stands, and its case is open.

An own query or request goes no further once the register of cases says that its case is
closed or not there, nor while nobody can read the register. One that waits here is
withdrawn once its asker was revoked, left the staff list or has another key: no
signature moves it any more, so it waits for none. What went out is the other side's
too, and stays as it is; what others asked is not judged here.
"""

from __future__ import annotations

from childgrid_node import cases
from childgrid_node.journal import standing
from childgrid_node.office import Office
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def check_case(office: Office, subject: Statement) -> None:
    """Insist that the case of an own query or request is open.

    Raises:
        Refused: `case-over`.
        ConfigurationRefused: the register can't be read, so nobody can tell.
    """
    if not _is_ours(office, subject):
        return
    asked = subject.hash if subject.kind is Kind.QUERY else str(subject["query"])
    if not cases.is_open(cases.of_query(office, office.cases, asked)):
        raise Refused(Reason.CASE_OVER, "the register of cases")


def may_leave(office: Office, subject: Statement) -> bool:
    """Whether an own query or request that is queued may still be sent.

    Raises:
        ConfigurationRefused: it must wait, since the register can't be read.
    """
    try:
        check_case(office, subject)
    except Refused:
        return False
    return bool(standing(office.view, [subject]))


def may_follow(office: Office, approval: Statement) -> bool:
    """Whether a queued approval may be sent: not that of an own request that may not.

    Raises:
        ConfigurationRefused: as `may_leave`, of its request.
    """
    subject = office.journal.find(approval.answers)
    if not subject or not _is_ours(office, subject):
        return True
    state = _queued(office, subject.hash)
    return may_leave(office, subject) if state == "waiting" else state != "withdrawn"


def is_withdrawn(office: Office, subject: Statement) -> bool:
    """Whether an own query or request was taken back, or waits here for nothing."""
    if not _is_ours(office, subject):
        return False
    state = _queued(office, subject.hash)
    return state == "withdrawn" or not (state or standing(office.view, [subject]))


def is_turned_away(office: Office, subject: Statement) -> bool:
    """Whether the coordinator refused an own query or request, which stays here."""
    return _is_ours(office, subject) and _queued(office, subject.hash).startswith(
        "refused:"
    )


def is_out(office: Office, request: Statement) -> bool:
    """Whether the other side knows a request, so that decisions follow it."""
    return request.issuer != office.member or bool(_queued(office, request.hash))


def _queued(office: Office, name: str) -> str:
    """The state of a statement in the outbox; empty where it was never put there."""
    rows = office.journal.rows("SELECT state FROM outbox WHERE hash = ?", (name,))
    return str(rows[0][0]) if rows else ""


def _is_ours(office: Office, subject: Statement) -> bool:
    return subject.issuer == office.member and subject.kind in (
        Kind.QUERY,
        Kind.REQUEST,
    )
