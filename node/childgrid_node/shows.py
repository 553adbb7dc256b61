"""What officers are shown at their own node, each by role, from the node's memory.

An investigator sees own cases, a supervising officer the agency's; a custodian what
concerns the agency's own candidates, with the explanation of the match; a prosecutor
the profiles of their own cases alone. A profile is shown while its case is open. The
asker sees no agreement of fields before a disclosure. Agency IT sees how the node is,
and none of this. Nothing here writes: that somebody looked is logged by `desk`, before
it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from childgrid_node import (
    aftermath,
    almanac,
    approve,
    bundle,
    declared,
    deputies,
    docket,
    findings,
    inbox,
    match,
    openings,
    outcomes,
    packs,
    prose,
    query,
    receipts,
    receive,
)
from childgrid_node.clerical import Words
from childgrid_node.docket import summary
from childgrid_node.explain import explain, likelihood, spoken
from childgrid_node.holdings import Hit, Holdings
from childgrid_node.office import Office
from childgrid_wire import probation
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

NOTICE = "a lead, not an identification; not grounds for arrest"


@dataclass(frozen=True)
class Asked:
    """What an officer wants to see: an object, its hash, and which page of a list."""

    object: str
    subject: str = ""
    page: int = 0


@dataclass(frozen=True)
class Shows:
    """The pages of one office; `show` finds the one that is asked for."""

    office: Office
    holdings: Holdings
    cases: Path
    standing: Callable[[str], dict[str, dict[str, Any]]]
    """What the coordinator says of targets that haven't answered: state and since."""

    health: Callable[[], dict[str, Any]]
    """How this node is."""

    def show(self, officer: Officer, asked: Asked) -> dict[str, Any]:
        """Show what `officer` asks for.

        Raises:
            Refused: not for this officer, or there is no such thing.
        """
        if asked.object == "docket":
            return docket.page(self.office, officer, asked.page)
        if asked.object == "packs":
            return packs.page(self.office, self.cases, officer, asked.page)
        shown = _SHOWS.get(asked.object)
        if shown is None:
            raise Refused(Reason.UNKNOWN, "view.object")
        return shown(self, officer, asked.subject)

    def _inbox(self, officer: Officer, _: str) -> dict[str, Any]:
        """What waits for this officer's decision."""
        office = self.office
        waiting = inbox.waiting(office, officer)
        others = deputies.escalated(office, officer, waiting)
        items = [
            {
                **summary(one),
                **deputies.clock(office, one),
                "stands_in": others.get(one.hash, []),
            }
            for one in waiting
        ]
        silent = self._silent() if officer.role == "custodian" else []
        return {
            "officer": officer.id,
            "waiting": items,
            "silent": silent,
            "emergencies": self._emergencies(officer),
            "receipts": self._receipts(officer),
            "unsent": self._unsent(officer),
            "findings": findings.waiting(office, officer),
            "outcomes": outcomes.waiting(office, officer),
            "opened": openings.told(office, officer),
            "declared": declared.told(office, self.holdings, officer),
            **deputies.shown(office, officer),
        }

    def _receipts(self, officer: Officer) -> list[dict[str, Any]]:
        """Records that left and were never acknowledged; for the holder's custodian."""
        if officer.role != "custodian":
            return []
        return [asdict(one) for one in receipts.missing(self.office)]

    def _unsent(self, officer: Officer) -> list[dict[str, str]]:
        """Records that the coordinator did not carry; for the holder's custodian."""
        return receipts.unsent(self.office) if officer.role == "custodian" else []

    def _emergencies(self, officer: Officer) -> list[dict[str, Any]]:
        """Releases by break-glass that wait for this officer's review."""
        return [
            {**summary(request), "broken": notice.issued}
            for request, notice in aftermath.waiting(self.office, officer.id)
        ]

    def _silent(self) -> list[dict[str, Any]]:
        """Hits in silent categories that nobody has released."""
        return [
            {**summary(asked), "hits": [_explained(self.holdings, one) for one in hits]}
            for asked, hits in inbox.silent(self.office)
        ]

    def _query(self, officer: Officer, name: str) -> dict[str, Any]:
        """An own query as its officers know it."""
        office = self.office
        asked = self._own_query(officer, name)
        return {
            **summary(asked),
            **docket.known(office, name),
            "state": docket.state(office, asked),
            "sent": docket.is_sent(office, asked),
            "requests": [
                {**summary(one), "state": receive.state(office, one)}
                for one in docket.requests(office, name)
            ],
            **self._decided(officer, asked),
        }

    def _decided(self, officer: Officer, subject: Statement) -> dict[str, Any]:
        """Who must sign, who has, and whether it waits for this officer."""
        said = self.office.journal.answers(subject.hash, Kind.APPROVAL)
        refused = self.office.journal.answers(subject.hash, Kind.REFUSAL)
        return {
            "slots": [asdict(one) for one in approve.slots(self.office, subject)],
            "approvals": [_signed(one) for one in said],
            "refusals": [_denied(one) for one in refused],
            "closed": bool(refused),
            "waits": inbox.waits(self.office, officer, subject),
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
        latest = docket.newest(office, name)
        stand = self._stand(asked)
        words = Words(office, name)
        return {
            "notice": NOTICE,
            "query": name,
            "rehearsal": asked["rehearsal"],
            "probation": sorted(set(asked["targets"]) & probation.members(office.view)),
            "bands": self._bands(),
            "targets": {
                target: {**stands, **_answer(latest.get(target), words)}
                for target, stands in stand.items()
            },
            "not_asked": query.not_asked(office, asked),
        }

    def _stand(self, asked: Statement) -> dict[str, dict[str, Any]]:
        """Of each target whether it may keep silent; of one that has not answered why.

        The latter is the coordinator's word: `state`, `since` and `reason`.
        """
        answered = self.office.journal.answered_by(asked.hash, Kind.ANSWER)
        missing = asked["targets"].keys() - answered
        said = self.standing(asked.hash) if missing else {}
        return {
            target: {
                "silent": self._is_silent(asked, target),
                **(said.get(target, {}) if target in missing else {}),
            }
            for target in asked["targets"]
        }

    def _is_silent(self, asked: Statement, target: str) -> bool:
        """A rehearsal is answered from invented people, of whom all is said."""
        return not asked["rehearsal"] and almanac.is_silent(self.office.view, target)

    def _bands(self) -> dict[str, int]:
        """The probability per 10,000 from which a lead is strong, and possible."""
        bands = self.holdings.scheme.bands
        return {"strong": bands.strong, "possible": bands.possible}

    def _request(self, officer: Officer, name: str) -> dict[str, Any]:
        """A request, for its own side or for whoever decides at the holder."""
        office = self.office
        request = office.journal.get(name, Kind.REQUEST)
        self._check_reader(officer, request)
        shown = {
            **summary(request),
            "category": query.category_of(office, request),
            **self._decided(officer, request),
        }
        if request.issuer == office.member:
            shown |= receive.progress(office, request)
        if request["holder"] == office.member and officer.role == "custodian":
            sealed = office.journal.rows(
                "SELECT ciphertext FROM content WHERE hash = ?", (name,)
            )
            shown["justification"] = prose.justification(
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
        """What was disclosed, while the case is open; a prosecutor's own cases only."""
        asked, day = self._pack(officer, name)
        shown, stand = receive.profile(self.office, asked), self._stand(asked)
        sources = [{**stand[one["agency"]], **one} for one in shown["sources"]]
        return {**shown, "sources": sources, "bands": self._bands(), "case_date": day}

    def _bundle(self, officer: Officer, name: str) -> dict[str, Any]:
        """The evidence behind a profile, for whoever may read that."""
        return bundle.read(self.office, self._pack(officer, name)[0])

    def _pack(self, officer: Officer, name: str) -> tuple[Statement, str]:
        """An own query whose records this officer may read, and its case's day."""
        asked = self.office.own(self.office.journal.get(name, Kind.QUERY))
        if officer.role != "prosecutor":
            self._own_query(officer, name)
        return asked, packs.check(self.office, self.cases, officer, asked)

    def _directory(self, officer: Officer, _: str) -> dict[str, Any]:
        return almanac.read(self.office, officer, self.holdings.as_of)

    def _health(self, officer: Officer, _: str) -> dict[str, Any]:
        if officer.role != "agency-it":
            raise Refused(Reason.WRONG_ROLE, "health")
        return self.health()

    def _silent_view(self, officer: Officer, _: str) -> dict[str, Any]:
        if officer.role != "custodian":
            raise Refused(Reason.WRONG_ROLE, "silent")
        return {"silent": self._silent()}


_SHOWS: dict[str, Callable[[Shows, Officer, str], dict[str, Any]]] = {
    "inbox": Shows._inbox,
    "query": Shows._query,
    "answers": Shows._answers,
    "request": Shows._request,
    "explanation": Shows._explanation,
    "profile": Shows._profile,
    "bundle": Shows._bundle,
    "silent": Shows._silent_view,
    "directory": Shows._directory,
    "health": Shows._health,
}


def _signed(said: Statement) -> dict[str, Any]:
    return {"by": said.person, "slot": said["slot"], "at": said.issued}


def _denied(said: Statement) -> dict[str, Any]:
    return {"by": said.person, "reason": said["reason"], "at": said.issued}


def _answer(said: Statement | None, words: Words) -> dict[str, Any]:
    """An answer, or that there is none: no hit is never shown for a silent node."""
    if said is None:
        return {"outcome": "not answered"}
    return {
        "outcome": said["outcome"],
        "reason": said["reason"],
        "as_of": said["as_of"],
        "candidates": [
            {
                **one,
                "likelihood": likelihood(one),
                "clerical": words.of(said.issuer, one["handle"]),
            }
            for one in said["candidates"]
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
