"""What officers see and say at their own node: drafts, signatures, and views.

Reading needs a signed `view` statement, which is logged: who looked at what, when.
An investigator sees own cases, a supervising officer the agency's; a custodian what
concerns the agency's own candidates, with the explanation of the match; a prosecutor
the profile alone. The asker sees no agreement of fields before a disclosure. Agency IT
sees none of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog

from childgrid_node import (
    aftermath,
    approve,
    findings,
    lift,
    match,
    query,
    receipts,
    receive,
)
from childgrid_node.explain import explain, likelihood, spoken
from childgrid_node.holdings import Hit, Holdings
from childgrid_node.office import Office
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.findings import is_reply
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

log = structlog.get_logger(__name__)
_READERS = ("investigator", "supervising-officer", "custodian", "prosecutor")
_SIGNED = (
    *(Kind.QUERY, Kind.REQUEST, Kind.BUDGET, Kind.REVIEW),
    *(Kind.APPROVAL, Kind.REFUSAL),
)
_SUMMED = (
    *("purpose", "sections", "case", "fields", "holder", "query", "handle"),
    *("scope", "subject", "queries", "until", "break_glass"),
)
_VIEW_SECONDS = 300
MAX_WAIT_SECONDS = 30.0
NOTICE = "a lead, not an identification; not grounds for arrest"


def draft_view(office: Office, officer: str, object_: str, subject: str) -> bytes:
    """Write the `view` statement by which an officer asks to read something."""
    return statement.draft(
        Kind.VIEW,
        issuer=office.member,
        officer=officer,
        now=office.now,
        seconds=_VIEW_SECONDS,
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

    settled: Callable[[str, float], None] = field(default=lambda *_: None)
    """Waits until every target of a query has answered, at most so many seconds."""

    standing: Callable[[str], dict[str, dict[str, Any]]] = field(default=lambda _: {})
    """What the coordinator says of targets that haven't answered: state and since."""

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
        self._advance(self._take(said))
        self.moved()
        return said

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
        if said.kind is Kind.REVIEW:
            return self._take_review(said)
        return approve.sign_decision(self.office, said)

    def _take_review(self, said: Statement) -> Statement:
        """Of what an auditor found, or of a broken glass."""
        if is_reply(said):
            findings.sign_reply(self.office, said)
        else:
            aftermath.take_review(self.office, said, own=True)
        return said

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
        if officer.role not in _READERS:
            raise Refused(Reason.WRONG_ROLE, "view")
        if wait_seconds and view["object"] == "answers":
            self.settled(view["subject"], min(wait_seconds, MAX_WAIT_SECONDS))
        shown = _SHOWS[view["object"]](self, officer, view["subject"])
        with office.journal.writing() as writing:
            if not writing.say(view):
                raise Refused(Reason.REPLAYED, "view")
        return shown

    def _inbox(self, officer: Officer, _: str) -> dict[str, Any]:
        """What waits for this officer's decision."""
        office = self.office
        items = []
        for kind in (Kind.QUERY, Kind.REQUEST, Kind.BUDGET):
            for subject in office.journal.lasting(kind):
                if self._waits(officer, subject):
                    items.append(_summary(subject))
        silent = self._silent() if officer.role == "custodian" else []
        return {
            "officer": officer.id,
            "waiting": items,
            "silent": silent,
            "emergencies": self._emergencies(officer),
            "receipts": self._receipts(officer),
            "findings": findings.waiting(office, officer),
        }

    def _receipts(self, officer: Officer) -> list[dict[str, Any]]:
        """Records that left and were never acknowledged; for the holder's custodian."""
        if officer.role != "custodian":
            return []
        return [asdict(one) for one in receipts.missing(self.office)]

    def _emergencies(self, officer: Officer) -> list[dict[str, Any]]:
        """Releases by break-glass that wait for this officer's review."""
        return [
            {**_summary(request), "broken": notice.issued}
            for request, notice in aftermath.waiting(self.office, officer.id)
        ]

    def _waits(self, officer: Officer, subject: Statement) -> bool:
        office = self.office
        if approve.closed(office, subject.hash):
            return False
        if subject.kind is Kind.QUERY and subject.issuer != office.member:
            return False
        try:
            slot = approve.fitting_slot(office, officer, subject)
        except WireError:
            return False
        said = office.journal.answers(subject.hash, Kind.APPROVAL)
        persons = {subject.person, *(one.person for one in said)}
        mine = f"{office.member}/{officer.id}" in persons
        return not mine and approve.lacks(office, subject, slot)

    def _silent(self) -> list[dict[str, Any]]:
        """Hits in silent categories that nobody has released."""
        office = self.office
        found = []
        for asked in office.journal.lasting(Kind.QUERY):
            hits = match.handles(office, asked.hash)
            hidden = [one for one in hits if not one.shown]
            if asked.issuer != office.member and hidden:
                found.append(
                    {
                        **_summary(asked),
                        "hits": [_explained(self.holdings, one) for one in hidden],
                    }
                )
        return found

    def _query(self, officer: Officer, name: str) -> dict[str, Any]:
        """An own query as its officers know it."""
        office = self.office
        asked = self._own_query(officer, name)
        secret = office.journal.secret(f"suspect:{name}")
        known = canonical.loads(secret) if secret else {}
        approvals = office.journal.answers(name, Kind.APPROVAL)
        return {
            **_summary(asked),
            **known,
            "approvals": [_signed(one) for one in approvals],
            "closed": approve.closed(office, name),
        }

    def _own_query(self, officer: Officer, name: str) -> Statement:
        """An own query that `officer` may read; raises `Refused` otherwise.

        An investigator reads own cases, supervising officers and custodians the
        agency's, a prosecutor only what waits for a prosecutor's approval.
        """
        asked = self.office.own(self.office.journal.get(name, Kind.QUERY))
        if officer.role == "investigator" and asked.officer != officer.id:
            raise Refused(Reason.WRONG_ROLE, "another officer's query")
        if officer.role == "prosecutor" and not self._may_decide(officer, asked):
            raise Refused(Reason.WRONG_ROLE, "query")
        return asked

    def _may_decide(self, officer: Officer, subject: Statement) -> bool:
        try:
            approve.fitting_slot(self.office, officer, subject)
        except Refused:
            return False
        return True

    def _answers(self, officer: Officer, name: str) -> dict[str, Any]:
        office = self.office
        asked = self._own_query(officer, name)
        latest: dict[str, Statement] = {}
        for one in office.journal.answers(name, Kind.ANSWER):
            latest[one.issuer] = one
        silent = set(asked["targets"]) - latest.keys()
        standing = self.standing(name) if silent else {}
        return {
            "notice": NOTICE,
            "query": name,
            "targets": {
                target: _answer(latest.get(target), standing.get(target, {}))
                for target in asked["targets"]
            },
            "not_asked": query.not_asked(office, asked),
        }

    def _request(self, officer: Officer, name: str) -> dict[str, Any]:
        """A request, for its own side or for whoever decides at the holder."""
        office = self.office
        request = office.journal.get(name, Kind.REQUEST)
        self._check_reader(officer, request)
        shown = {
            **_summary(request),
            "approvals": [
                _signed(one) for one in office.journal.answers(name, Kind.APPROVAL)
            ],
            "closed": approve.closed(office, name),
        }
        if request["holder"] == office.member and officer.role == "custodian":
            sealed = office.journal.rows(
                "SELECT ciphertext FROM content WHERE hash = ?", (name,)
            )
            shown["justification"] = approve.justification(
                office, request, bytes(sealed[0][0])
            )
            shown["explanation"] = self._explanation(officer, name)
        return shown

    def _check_reader(self, officer: Officer, request: Statement) -> None:
        """Whoever may decide on a request, made it, or may read its query."""
        if self._may_decide(officer, request) or request.person == (
            f"{self.office.member}/{officer.id}"
        ):
            return
        self._own_query(officer, request["query"])

    def _explanation(self, officer: Officer, name: str) -> dict[str, Any]:
        """Why the machine thinks so; for the holder's custodian only."""
        office = self.office
        if officer.role != "custodian":
            raise Refused(Reason.WRONG_ROLE, "explanation")
        request = office.journal.get(name, Kind.REQUEST)
        found = match.handle(office, request["query"], request["handle"])
        return _explained(self.holdings, found)

    def _profile(self, officer: Officer, name: str) -> dict[str, Any]:
        if officer.role != "prosecutor":
            self._own_query(officer, name)
        asked = self.office.journal.get(name, Kind.QUERY)
        return receive.profile(self.office, asked)

    def _silent_view(self, officer: Officer, _: str) -> dict[str, Any]:
        if officer.role != "custodian":
            raise Refused(Reason.WRONG_ROLE, "silent")
        return {"silent": self._silent()}


_SHOWS: dict[str, Callable[[Desk, Officer, str], dict[str, Any]]] = {
    "inbox": Desk._inbox,
    "query": Desk._query,
    "answers": Desk._answers,
    "request": Desk._request,
    "explanation": Desk._explanation,
    "profile": Desk._profile,
    "silent": Desk._silent_view,
}


def _summary(subject: Statement) -> dict[str, Any]:
    return {
        "hash": subject.hash,
        "kind": subject.kind.value,
        "by": subject.person,
        "issued": subject.issued,
        "expires": subject.expires,
        **{name: subject[name] for name in _SUMMED if name in subject.body},
    }


def _signed(said: Statement) -> dict[str, Any]:
    return {"by": said.person, "slot": said["slot"], "at": said.issued}


def _answer(said: Statement | None, standing: dict[str, Any]) -> dict[str, Any]:
    """An answer, or why there is none: no hit is never shown for a silent node."""
    if said is None:
        return {"outcome": "not answered", **standing}
    return {
        "outcome": said["outcome"],
        "as_of": said["as_of"],
        "candidates": [
            {**one, "likelihood": likelihood(one)} for one in said["candidates"]
        ],
        "answer": said.hash,
    }


def _likelihood(hit: Hit) -> dict[str, Any]:
    shown = {
        "band": hit.band,
        "probability": spoken(hit.band, hit.probability, hit.calibrated),
        "others": hit.others,
        "calibrated": hit.calibrated,
    }
    return {**shown, "likelihood": likelihood(shown)}


def _explained(holdings: Holdings, found: match.Handle) -> dict[str, Any]:
    return {
        "handle": found.handle,
        "source": found.hit.source,
        "record": found.hit.key,
        "category": found.hit.category,
        **_likelihood(found.hit),
        "fields": explain(holdings.scheme, found.hit.levels),
    }
