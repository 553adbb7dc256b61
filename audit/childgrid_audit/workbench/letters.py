"""Findings put to a party: by when it must reply, and whether it has.

A finding is a statement: topic, party, the statement that it is about, a deadline. A
reply is any later statement of that party that answers the finding by its hash; what it
says in words goes its own way, since no statement holds prose.
"""

from __future__ import annotations

from dataclasses import dataclass

from childgrid_audit.events import Ledger
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Letter:
    """One finding; times in Unix seconds, `reply` is the hash of the answer or empty.

    `state` is `answered`, `late` (answered after the deadline), `waiting` or `overdue`.
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


def letters(ledger: Ledger, now: int) -> list[Letter]:
    """All findings in the logs, the latest first; `now` decides what is overdue."""
    found = [_letter(ledger, e.statement, now) for e in ledger.of(Kind.FINDING)]
    return found[::-1]


def _letter(ledger: Ledger, said: Statement, now: int) -> Letter:
    replies = [
        event.statement
        for kind in Kind
        for event in ledger.answering(said.hash, kind)
        if event.statement.issuer == said["party"]
    ]
    first = min(replies, key=lambda one: (one.issued, one.hash), default=None)
    return Letter(
        said.hash,
        said.person,
        said["topic"],
        said["party"],
        said["subject"],
        said.issued,
        said["reply_by"],
        first.hash if first else "",
        _state(first, said["reply_by"], now),
    )


def _state(reply: Statement | None, due: int, now: int) -> str:
    if reply is not None:
        return "answered" if reply.issued <= due else "late"
    return "waiting" if now <= due else "overdue"
