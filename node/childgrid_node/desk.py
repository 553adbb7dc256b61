"""What officers see and say at their own node: drafts, signatures, and views.

Reading needs a signed `view` statement, of the thing itself or of a sitting in which it
is read, and is logged: who looked at what, when. What each role is shown stands in
`shows`. Agency IT reads nothing of a case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from childgrid_node import (
    aftermath,
    approve,
    clerical,
    deputies,
    findings,
    lift,
    outcomes,
    query,
    sitting,
)
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_node.shows import Asked, Shows
from childgrid_wire import readings, statement
from childgrid_wire.candidates import is_decision
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.findings import is_reply
from childgrid_wire.kinds import Kind
from childgrid_wire.outcomes import is_outcome, is_purge
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

log = structlog.get_logger(__name__)
_SIGNED = (
    *(Kind.QUERY, Kind.REQUEST, Kind.BUDGET, Kind.REVIEW, Kind.DELEGATION),
    *(Kind.APPROVAL, Kind.REFUSAL),
)
MAX_WAIT_SECONDS = 30.0


def draft_view(office: Office, officer: str, object_: str, subject: str) -> bytes:
    """Write the `view` statement by which an officer asks to read something."""
    return statement.draft(
        Kind.VIEW,
        issuer=office.member,
        officer=officer,
        now=office.now,
        seconds=sitting.VIEW_SECONDS,
        answers=subject,
        object=object_,
        subject=subject,
    )


@dataclass(frozen=True)
class Desk:
    """The verbs of officers over one office."""

    office: Office
    holdings: Holdings
    moved: Callable[[], None]
    """Called when a statement may let something move on."""

    cases: Path
    """The register of cases: what was disclosed is shown while its case is open."""

    settled: Callable[[str, float], None] = field(default=lambda *_: None)
    """Waits until every target of a query has answered, at most so many seconds."""

    standing: Callable[[str], dict[str, dict[str, Any]]] = field(default=lambda _: {})
    """What the coordinator says of targets that haven't answered: state and since."""

    health: Callable[[], dict[str, Any]] = field(default=dict)
    """How this node is: indexes, queues, dates that run out; see `health`."""

    cleared: Callable[[], None] = field(default=lambda: None)
    """Called when a custodian has decided on a row: the indexes follow at once."""

    def sign(self, data: bytes) -> Statement:
        """Take in a signed draft: verify, log, act.

        Raises:
            Malformed, Untrusted, Refused: nothing was kept, unless the statement is
                right and it is its subject that may not move on any more.
        """
        office = self.office
        said = office.own(office.hear(data, *_SIGNED))
        if office.journal.find(said.hash):
            # Taken in before, but perhaps not acted on: we may have been stopped.
            self.resume()
            return said
        statement.check_time(said, office.now)
        self._act(said)
        self.moved()
        return said

    def _act(self, said: Statement) -> None:
        """Take in a statement and let its subject move on, a decision by one sync.

        What was rightly signed stands, though its subject may not move on any more.
        """
        if said.kind not in (Kind.APPROVAL, Kind.REFUSAL):
            self._advance(self._take(said))
            return
        fault: WireError | None = None
        with self.office.journal.batch():
            subject = self._take(said)
            try:
                self._advance(subject)
            except WireError as error:
                fault = error
        if fault:
            raise fault

    def resume(self) -> None:
        """Act on what was taken in before this process was stopped.

        Harmless where everything has been acted on already.
        """
        for kind in (Kind.QUERY, Kind.REQUEST):
            for subject in self.office.journal.lasting(kind):
                self._advance_again(subject)
        self.moved()

    def _advance(self, subject: Statement) -> None:
        if subject.kind is Kind.QUERY:
            query.advance(self.office, subject.hash)
        elif subject.kind is Kind.REQUEST:
            approve.advance(self.office, subject)

    def _advance_again(self, subject: Statement) -> None:
        try:
            self._advance(subject)
        except WireError as error:
            log.info("stays", kind=subject.kind.value, reason=error.reason.value)

    def _take(self, said: Statement) -> Statement:
        if said.kind is Kind.QUERY:
            query.sign(self.office, said)
            return said
        if said.kind is Kind.REQUEST:
            approve.sign_request(self.office, said)
            return said
        if said.kind is Kind.BUDGET:
            lift.sign(self.office, said)
            return said
        if said.kind is Kind.DELEGATION:
            deputies.sign(self.office, said)
            return said
        if said.kind is Kind.REVIEW:
            return self._take_review(said)
        return approve.sign_decision(self.office, said)

    def _take_review(self, said: Statement) -> Statement:
        """Of a candidate, an outcome, what an auditor found, or a broken glass."""
        if is_decision(said):
            clerical.sign(self.office, said)
        elif is_outcome(said):
            outcomes.take(self.office, said, own=True)
        elif is_purge(said):
            outcomes.sign_purge(self.office, said)
            self.cleared()
        elif is_reply(said):
            findings.sign_reply(self.office, said)
        else:
            aftermath.take_review(self.office, said, own=True)
        return said

    def sit(self, data: bytes) -> tuple[Statement, str]:
        """Open a sitting by a signed `view` of the desk; returns it and its token.

        Raises:
            Malformed, Untrusted, Refused: nothing was kept.
        """
        said = self.office.hear(data, Kind.VIEW)
        if said["object"] != sitting.DESK or not said.officer:
            raise Refused(Reason.WRONG_ROLE, "view")
        return said, sitting.sit(self.office, said)

    def look(self, data: bytes, wait_seconds: float = 0.0) -> dict[str, Any]:
        """Show what a signed `view` asks for, once it is logged.

        `answers` wait up to `wait_seconds` for the targets that haven't answered.

        Raises:
            Refused, Untrusted: this officer may not see it; the attempt isn't shown.
        """
        office = self.office
        view = office.own(office.hear(data, Kind.VIEW))
        statement.check_time(view, office.now)
        officer = office.view.officer(office.member, view.officer)
        asked = Asked(view["object"], view["subject"])
        shown = self._show(officer, asked, wait_seconds)
        # Heard again: while somebody waited they may have been revoked.
        office.hear(data, Kind.VIEW)
        with office.journal.writing() as writing:
            if not writing.say(view):
                raise Refused(Reason.REPLAYED, "view")
        return shown

    def read(self, token: str, asked: Asked, wait_seconds: float) -> dict[str, Any]:
        """Show something in a sitting, once it is logged who reads it.

        Raises:
            Refused, Untrusted: the sitting is over, or its officer may not see it.
        """
        officer = sitting.find(self.office, token).officer
        shown = self._show(officer, asked, wait_seconds)
        # Judged again: a sitting that ended while somebody waited shows nothing more.
        at = sitting.find(self.office, token)
        sitting.note(self.office, at, asked.object, asked.subject)
        return shown

    def _show(
        self, officer: Officer, asked: Asked, wait_seconds: float
    ) -> dict[str, Any]:
        if asked.object in readings.READERS:
            readings.check_role(officer.role, asked.object)
        if wait_seconds and asked.object == "answers":
            self.settled(asked.subject, min(wait_seconds, MAX_WAIT_SECONDS))
        shows = Shows(
            self.office, self.holdings, self.cases, self.standing, self.health
        )
        return shows.show(officer, asked)
