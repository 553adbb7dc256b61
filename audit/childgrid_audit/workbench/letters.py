"""Findings put to a party: by when it must reply, and whether it has.

A finding is a statement: topic, party, the statement that it is about, a deadline. An
agency replies by an officer's signed `review` (`childgrid_wire.findings`), any other
party by any later statement that answers the finding by its hash; what is said in words
goes its own way, since no statement holds prose. A date alone does not make a reply
early: it counts from the hour in which the first log took it in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from childgrid_audit.conduct import check_reply
from childgrid_audit.events import Event, Ledger
from childgrid_wire import findings
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Letter:
    """One finding; times in Unix seconds, `reply` is the hash of the answer or empty.

    `state` is `answered`, `late` (answered after the deadline), `waiting` or `overdue`;
    `says` what an agency's officer answered: `in order`, `not in order`, or nothing.
    """

    hash: str
    person: str
    topic: str
    party: str
    subject: str
    issued: int
    reply_by: int
    reply: str
    state: str
    says: str


def letters(ledger: Ledger, now: int) -> list[Letter]:
    """All findings in the logs, the latest first; `now` decides what is overdue."""
    found = [_letter(ledger, e.statement, now) for e in ledger.of(Kind.FINDING)]
    return found[::-1]


def _letter(ledger: Ledger, said: Statement, now: int) -> Letter:
    replies = _replies(ledger, said)
    first = min(replies, key=lambda one: (_when(one), one.statement.hash), default=None)
    return Letter(
        said.hash,
        said.person,
        said["topic"],
        said["party"],
        said["subject"],
        said.issued,
        said["reply_by"],
        first.statement.hash if first else "",
        _state(_when(first) if first else None, said["reply_by"], now),
        _says(first.statement) if first else "",
    )


def _replies(ledger: Ledger, said: Statement) -> Iterator[Event]:
    """What the party answered; of an agency, only what counts as an answer."""
    entry = ledger.law.members.get(said["party"], {})
    for kind in Kind:
        for event in ledger.answering(said.hash, kind):
            if event.statement.issuer != said["party"]:
                continue
            if entry.get("kind") != "agency" or _counts(ledger, event):
                yield event


def _counts(ledger: Ledger, reply: Event) -> bool:
    try:
        check_reply(ledger, reply)
    except WireError:
        return False
    return True


def _when(reply: Event) -> int:
    """When it was given: not before the hour in which it was first logged."""
    hours = [place.bucket for place in reply.places.values()]
    return max(reply.statement.issued, min(hours, default=0))


def _says(reply: Statement) -> str:
    if not findings.is_reply(reply):
        return ""
    return "in order" if reply["agreed"] else "not in order"


def _state(when: int | None, due: int, now: int) -> str:
    if when is not None:
        return "answered" if when <= due else "late"
    return "waiting" if now <= due else "overdue"
