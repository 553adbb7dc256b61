"""Deputies: who is shown what waits too long for an approver, or while they are away.

A `delegation` is signed by a supervising officer or a custodian and names an officer of
the same agency who has that role already. It moves attention, never authority: the
deputy signs in the own name and by the own role or not at all, no rule of `rules` reads
it, and it leaves the agency never. A later one answers the one before it and takes its
place; one whose time is empty takes it back.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from contextlib import suppress

from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, check_time
from childgrid_wire.trust import Officer, View

ROLES = ("supervising-officer", "custodian")
"""Whose signature others wait for."""

MOST_SECONDS = 90 * 86_400
"""How long a deputy may be named for."""

CLOCK_SECONDS = 48 * 3_600
"""So long a decision may wait before it is overdue."""

SOON_SECONDS = 12 * 3_600


def due(issued: int, expires: int) -> int:
    """When a decision is overdue: 48 hours after its subject, or when that ends."""
    return min(issued + CLOCK_SECONDS, expires)


def clock(issued: int, expires: int, now: int) -> str:
    """`over`; `soon` in the last 12 hours; `half`, more than half gone; or `fine`."""
    end = due(issued, expires)
    if now >= end:
        return "over"
    if now >= end - SOON_SECONDS:
        return "soon"
    return "half" if 2 * now >= issued + end else "fine"


def check_delegation(view: View, said: Statement, earlier: Statement | None) -> None:
    """Whether an officer may name, or take back, this deputy.

    `earlier` is the delegation that `said` answers, if it answers one.

    Raises:
        Refused, Untrusted: it counts for nothing.
    """
    if said.kind is not Kind.DELEGATION:
        raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
    check_time(said, view.now)
    officer = view.officer(said.issuer, said.officer)
    if officer.role not in ROLES or said["role"] != officer.role:
        raise Refused(Reason.WRONG_ROLE, "delegation.role")
    if earlier is not None and earlier.person != said.person:
        raise Refused(Reason.WRONG_ROLE, "delegation.answers")
    if said["valid_from"] == said["valid_until"]:
        if earlier is None or earlier["delegate"] != said["delegate"]:
            raise Refused(Reason.UNKNOWN, "delegation.answers")
        return
    _check_deputy(officer, view.officer(said.issuer, said["delegate"]))
    _check_period(said, officer)


def _check_deputy(officer: Officer, deputy: Officer) -> None:
    if deputy.id == officer.id:
        raise Refused(Reason.WRONG_ROLE, "delegation.delegate")
    if deputy.role != officer.role:
        raise Refused(Reason.WRONG_ROLE, "delegation.delegate")


def _check_period(said: Statement, officer: Officer) -> None:
    """Not backdated, not for long, and never beyond the delegator's own time."""
    start, end = said["valid_from"], said["valid_until"]
    if not said.issued <= start < end <= said.expires:
        raise Refused(Reason.EXPIRED, "delegation.valid_until")
    if end - said.issued > MOST_SECONDS or end > officer.valid_until:
        raise Refused(Reason.EXPIRED, "delegation.valid_until")


def is_in_force(view: View, said: Statement) -> bool:
    """Whether a verified delegation counts now: both still stand in that role."""
    if not said["valid_from"] <= view.now < said["valid_until"]:
        return False
    with suppress(Untrusted):
        two = [
            view.officer(said.issuer, said[name]) for name in ("officer", "delegate")
        ]
        return all(one.role == said["role"] for one in two)
    return False
