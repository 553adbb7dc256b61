"""What the asker's side says of candidates, kept beside the machine's guess.

An officer who asked, or a supervising officer of the same agency, says of a candidate
that it is not him, or the same person as another candidate, and may take it back; the
last word counts and every earlier one stays in the log. It leaves this agency never,
and changes nothing: no score, no request, no other agency's answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from childgrid_node import query
from childgrid_node.office import Office
from childgrid_wire import candidates, canonical, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_SECONDS = 3_600
"""How long its draft may be signed; once in the log it stands."""


@dataclass(frozen=True)
class Candidate:
    """One candidate: the holder that named it, and its handle."""

    holder: str
    handle: str

    @property
    def name(self) -> str:
        """Its hash in statements."""
        return candidates.name_of(self.holder, self.handle)


@dataclass(frozen=True)
class Word:
    """What an officer says of a candidate; `other` only where both are the same."""

    officer: str
    query: str
    candidate: Candidate
    verdict: str
    other: Candidate | None = None


def draft(office: Office, word: Word) -> bytes:
    """Write a decision to be signed; returns its exact payload.

    Raises:
        Refused, Untrusted: not this officer's query, or no such candidate.
        Malformed: no such verdict, or one that needs another candidate.
    """
    asked = office.own(office.journal.get(word.query, Kind.QUERY))
    officer = office.view.officer(office.member, word.officer)
    other = {"other": word.other.name} if word.other else {}
    payload = statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=_SECONDS,
        answers=asked.hash,
        subject=candidates.SUBJECT,
        pairs=1,
        agreed=int(word.verdict == candidates.SAME),
        result=word.candidate.name,
        verdict=word.verdict,
        **other,
    )
    _check(office, asked, officer, canonical.loads(payload))
    query.keep_draft(office, officer.id, Kind.REVIEW, payload)
    return payload


def sign(office: Office, said: Statement) -> None:
    """Take in a signed decision; it goes nowhere else.

    Raises:
        Refused, Untrusted, Malformed: nothing was kept.
    """
    asked = office.own(office.journal.get(said.answers, Kind.QUERY))
    officer = office.view.officer(office.member, said.officer)
    with office.journal.writing() as writing:
        query.take_draft(writing, office, said)
        _check(office, asked, officer, said.body)
        writing.say(said)


def _check(
    office: Office, asked: Statement, officer: Officer, body: dict[str, Any]
) -> None:
    candidates.check_officer(officer, asked)
    candidates.check_words(body)
    known = {one.name for one in known_of(office, asked.hash)}
    if not {body["result"], body.get("other", body["result"])} <= known:
        raise Refused(Reason.UNKNOWN, candidates.SUBJECT)


def known_of(office: Office, asked: str) -> Iterator[Candidate]:
    """Every candidate that any answer to a query has named."""
    for answer in office.journal.answers(asked, Kind.ANSWER):
        for one in answer["candidates"]:
            yield Candidate(answer.issuer, one["handle"])


class Words:
    """Everything said of the candidates of one query."""

    def __init__(self, office: Office, asked: str) -> None:
        self._known = {one.name: one for one in known_of(office, asked)}
        self._said: dict[str, list[dict[str, Any]]] = {}
        for said in office.journal.answers(asked, Kind.REVIEW):
            if candidates.is_decision(said):
                self._keep(said)

    def _keep(self, said: Statement) -> None:
        other = self._known.get(said.body.get("other", ""))
        word = {
            "verdict": said["verdict"],
            "by": said.person,
            "at": said.issued,
            "hash": said.hash,
            "other": {"holder": other.holder, "handle": other.handle} if other else {},
        }
        self._said.setdefault(said["result"], []).insert(0, word)

    def of(self, holder: str, handle: str) -> list[dict[str, Any]]:
        """What was said of one candidate, the newest, which counts, first.

        Each has `verdict`, `by`, `at` (Unix seconds), `hash`, and `other` (`holder`,
        `handle`, or empty).
        """
        return self._said.get(candidates.name_of(holder, handle), [])
