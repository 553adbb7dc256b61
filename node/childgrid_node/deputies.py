"""Deputies at a node: who looks after an approver's inbox, and what they see of it.

An approver names a colleague of the same role by a signed `delegation`, which stays in
the own log. While it counts, the deputy's inbox marks what waits for the other: once it
is overdue, or from the first moment where the approver is away. The rule: it shows and
never decides. What a deputy may sign is what the own role allows, as without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from childgrid_node import inbox, query
from childgrid_node.journal import standing
from childgrid_node.office import Office
from childgrid_wire import deputies, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_SECONDS = 3_600
"""How long the draft that takes a deputy back may be signed."""


@dataclass(frozen=True)
class Wish:
    """Whom an officer names, for how many hours; none takes that deputy back."""

    officer: str
    delegate: str
    hours: int
    at_once: bool = False


def draft(office: Office, wish: Wish) -> bytes:
    """Write a delegation to be signed; returns its exact payload.

    Raises:
        Refused, Untrusted: not this officer. Whether that deputy will do, and for so
            long, says `sign`.
    """
    officer = office.view.officer(office.member, wish.officer)
    earlier, seconds = latest(office, officer.id), wish.hours * 3_600
    away: dict[str, Any] = {"at_once": True} if wish.at_once else {}
    payload = statement.draft(
        Kind.DELEGATION,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=seconds or _SECONDS,
        answers=earlier.hash if earlier else "",
        delegate=wish.delegate,
        role=officer.role,
        valid_from=office.now,
        valid_until=office.now + seconds,
        **away,
    )
    query.keep_draft(office, officer.id, Kind.DELEGATION, payload)
    return payload


def sign(office: Office, said: Statement) -> None:
    """Take in a signed delegation; it goes nowhere else.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    office.own(said)
    with office.journal.writing() as writing:
        query.take_draft(writing, office, said)
        earlier = latest(office, said.officer)
        if said.answers != (earlier.hash if earlier else ""):
            raise Refused(Reason.REPLAYED, "delegation.answers")
        deputies.check_delegation(office.view, said, earlier)
        writing.say(said)


def latest(office: Office, officer: str) -> Statement | None:
    """An officer's last delegation, whether it counts or not."""
    return next((one for one in _last(office) if one.officer == officer), None)


def _last(office: Office) -> list[Statement]:
    """Each officer's last delegation; earlier ones are answered by it."""
    return office.journal.unanswered(Kind.DELEGATION, Kind.DELEGATION)


def _in_force(office: Office) -> list[Statement]:
    view = office.view
    said = standing(view, _last(office))
    return [one for one in said if deputies.is_in_force(view, one)]


def shown(office: Office, officer: Officer) -> dict[str, Any]:
    """Who stands in for an officer and for whom that officer does; for the inbox.

    `deputy` is empty or has `delegate`, `until` (Unix seconds), `at_once`; `stands_in`
    is a list of the same with `officer` in place of `delegate`; `colleagues` are the
    ids of those whom the officer may name.
    """
    if officer.role not in deputies.ROLES:
        return {"deputy": {}, "stands_in": [], "colleagues": []}
    counts = _in_force(office)
    own = [_told(one, "delegate") for one in counts if one.officer == officer.id]
    return {
        "deputy": own[0] if own else {},
        "stands_in": [_told(one, "officer") for one in _for(counts, officer)],
        "colleagues": _colleagues(office, officer),
    }


def _for(said: Sequence[Statement], officer: Officer) -> list[Statement]:
    return [one for one in said if one["delegate"] == officer.id]


def _told(said: Statement, name: str) -> dict[str, Any]:
    return {
        name: said[name],
        "until": said["valid_until"],
        "at_once": bool(said.body.get("at_once")),
    }


def _colleagues(office: Office, officer: Officer) -> list[str]:
    """Those of the same role in the own staff list, by id."""
    staff = office.view.staff.get(office.member)
    return sorted(
        str(one["id"])
        for one in (staff["officers"] if staff else ())
        if one["role"] == officer.role and one["id"] != officer.id
    )


def clock(office: Office, subject: Statement) -> dict[str, Any]:
    """Until when a decision on `subject` is due, and how its clock stands."""
    issued, expires = subject.issued, subject.expires
    return {
        "due": deputies.due(issued, expires),
        "clock": deputies.clock(issued, expires, office.now),
    }


def escalated(
    office: Office, officer: Officer, waiting: Sequence[Statement]
) -> dict[str, list[dict[str, Any]]]:
    """For whom a deputy is shown each thing that waits, by its hash.

    Only what waits for the other person too, and is overdue or theirs who is away.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for said in _for(_in_force(office), officer):
        other = office.view.officer(office.member, said.officer)
        for one in waiting:
            if _is_passed_on(office, said, one) and inbox.waits(office, other, one):
                found.setdefault(one.hash, []).append(_told(said, "officer"))
    return found


def _is_passed_on(office: Office, said: Statement, subject: Statement) -> bool:
    late = deputies.due(subject.issued, subject.expires) <= office.now
    return late or bool(said.body.get("at_once"))
