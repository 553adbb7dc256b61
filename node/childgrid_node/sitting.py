"""A sitting: an officer signs once that the desk is open, and reads until it closes.

A web session can't ask for a signature at every page. So the officer signs one `view`
of the object `desk`, which says until when; the node answers with a token, and writes a
`view` under its own key for whatever is then read by that token, with the reader's id
and the hash of what was signed. A portal that is broken into can read what officers
with an open sitting could read, and nothing in the name of anybody else.

Tokens are kept as hashes. The rule: nothing is signed in a sitting. A query, request
or decision needs the officer's own key each time.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from childgrid_node import query
from childgrid_node.journal import Journal, verified
from childgrid_node.office import Office
from childgrid_wire import readings, statement
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

DESK = "desk"
"""The object of the `view` that opens a sitting."""

LONGEST_SECONDS = 8 * 3_600
VIEW_SECONDS = 300
"""For so long one logged `view` covers looking at the same thing again."""


@dataclass(frozen=True)
class Sitting:
    """Who reads, and the signed `view` by which the sitting was opened."""

    officer: Officer
    opened: Statement


def draft(office: Office, officer: str, minutes: int) -> bytes:
    """Write the `view` by which an officer opens the desk; returns its payload.

    Raises:
        Untrusted: no such officer stands.
        Refused: in a role that reads nothing at a desk.
        Malformed: longer than a working day.
    """
    if not 0 < minutes * 60 <= LONGEST_SECONDS:
        raise Malformed("sitting.minutes")
    readings.check_role(office.view.officer(office.member, officer).role, DESK)
    payload = statement.draft(
        Kind.VIEW,
        issuer=office.member,
        officer=office.view.officer(office.member, officer).id,
        now=office.now,
        seconds=minutes * 60,
        object=DESK,
        subject="",
    )
    query.keep_draft(office, officer, Kind.VIEW, payload)
    return payload


def sit(office: Office, said: Statement) -> str:
    """Log a signed opening; returns the token that reads by it (64 hex digits).

    Raises:
        Refused: it was not drafted here, is over, or opened a sitting before.
    """
    office.own(said)
    statement.check_time(said, office.now)
    token = secrets.token_hex(32)
    with office.journal.writing() as writing:
        query.take_draft(writing, office, said)
        writing.run("DELETE FROM sitting WHERE until <= ?", (office.now,))
        writing.say(said)
        writing.run(
            "INSERT INTO sitting VALUES (?, ?, ?)",
            (_hash(token), said.hash, said.expires),
        )
    return token


def find(office: Office, token: str) -> Sitting:
    """The sitting of a token, judged anew: a revoked officer's is over at once.

    Raises:
        Refused: unknown or over.
        Untrusted: the officer or the key no longer stands.
    """
    rows = office.journal.rows(
        "SELECT opened FROM sitting WHERE token = ? AND until > ?",
        (_hash(token), office.now),
    )
    if not rows:
        raise Refused(Reason.EXPIRED, "sitting")
    view = office.view
    opened = verified(view, office.journal.get(rows[0][0], Kind.VIEW))
    return Sitting(view.officer(office.member, opened.officer), opened)


def note(office: Office, at: Sitting, object_: str, subject: str) -> None:
    """Log that something is read, unless it was in the last five minutes."""
    if _covered(office.journal, at, object_, subject):
        return
    made = office.speak(
        Kind.VIEW,
        seconds=VIEW_SECONDS,
        answers=at.opened.hash,
        object=object_,
        subject=subject,
        reader=at.officer.id,
    )
    with office.journal.writing() as writing:
        writing.say(made)


def _covered(journal: Journal, at: Sitting, object_: str, subject: str) -> bool:
    known = journal.since(at.opened.hash, Kind.VIEW, journal.now - VIEW_SECONDS)
    return any(
        (one["object"], one["subject"]) == (object_, subject)
        and one.expires > journal.now
        for one in known
    )


def rise(office: Office, token: str) -> None:
    """Close a sitting; harmless where it is over."""
    with office.journal.writing() as writing:
        writing.run("DELETE FROM sitting WHERE token = ?", (_hash(token),))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
