"""A police node after years of work: a journal of so many cases, as they are written.

On the grid of ``tests/grid.py`` every case has its line in the register of cases, its
attestation, a query of one of its officers, the approval and three answers. Of a third
a record is requested, a fifth of those came, and of half of them an outcome was told.
Other agencies' queries found somebody here a quarter as often. All is signed by those
who say it and written by the journal's own transactions; what a page reads is real.

It is written at most `A_DAY` a day, as many as the floor lets an agency ask: so the
week in which queries last is as full as it can be.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from childgrid_node import cases
from childgrid_node.holdings import Hit
from childgrid_node.journal import Writing
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

TESTS = Path(__file__).parents[1] / "tests"
A_DAY = 500
ASKERS = 50
HOLDERS = ("childcare", "customs", "prisons")
BOSS, CUSTODIAN, PROSECUTOR = "sp-nair", "cu-police", "pp-iyer"
WAITING = 25
"""Queries and requests of the last day that nobody has decided on."""

_DAY = 86_400
_HEX = "ab" * 32
_SECTIONS = ["BNS:143"]


def officers() -> list[str]:
    """The ids of those who ask."""
    return [f"si-{place:03}" for place in range(ASKERS)]


def grid(folder: Path) -> Any:  # noqa: ANN401 - the tests' modules are no package
    """A grid on which so many officers of the police ask, and one of customs."""
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    cast = importlib.import_module("gridcast")
    asking = dict.fromkeys(officers(), ("investigator", 1))
    more = {
        "police": {**asking, PROSECUTOR: ("prosecutor", 5)},
        "customs": {"co-asker": ("investigator", 1)},
    }
    usual = {name: dict(cast.OFFICERS[name]) for name in more}
    try:
        for name, officers_ in more.items():
            cast.OFFICERS[name] |= officers_
        return importlib.import_module("grid").Grid(folder)
    finally:
        cast.OFFICERS.update(usual)


@dataclass
class Life:
    """The police's work, written down; `names` are the hashes of own queries."""

    grid: Any
    count: int
    names: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    """Queries to which a record came."""

    held: list[str] = field(default_factory=list)
    """Other agencies' requests that wait here."""

    def live(self) -> None:
        """Write all cases; the grid's clock is a day on after each full day."""
        office, count = self.grid.agency("police").office, self.count
        self._register(count)
        for start in range(0, count, A_DAY):
            with office.journal.batch():
                for place in range(start, min(start + A_DAY, count)):
                    with office.journal.writing() as writing:
                        self._case(writing, place, place >= count - WAITING)
            self.grid.now += _DAY
        with office.journal.writing() as writing:
            writing.run("UPDATE outbox SET state = 'sent'")
        for name in self.grid.agencies:
            self.grid.post(self.grid.agency(name).publish())

    def _register(self, count: int) -> None:
        path = self.grid.agency("police").folder / "cases.csv"
        lines = [
            f"{reference(place)},fir,{self._asker(place)},investigating-officer,"
            f"{' '.join(_SECTIONS)},{PROSECUTOR if place % 10 == 0 else ''}"
            for place in range(count)
        ]
        head = ",".join((*cases.COLUMNS, "prosecutor"))
        path.write_text("\n".join([head, *lines]) + "\n")

    def _asker(self, place: int) -> str:
        return officers()[place % ASKERS]

    def _say(
        self,
        writing: Writing,
        by: str,
        kind: Kind,
        answers: str = "",
        seconds: int = _DAY,
        **body: object,
    ) -> Statement:
        """One statement by `member/officer`, or by a member itself."""
        member, _, officer = by.partition("/")
        cast = importlib.import_module("gridcast")
        signer = (
            cast.officer_signer(member, officer)
            if officer
            else cast.identity(member).signer
        )
        made = statement.make(
            kind,
            signer,
            issuer=member,
            officer=officer,
            now=self.grid.now,
            seconds=seconds,
            answers=answers,
            **body,
        )
        said = statement.parse(envelope.read(made))
        writing.say(said)
        return said

    def _case(self, writing: Writing, place: int, waits: bool) -> None:
        """All of one case, and every fourth time what another agency asked here."""
        query = self._query(writing, place)
        if waits:
            return
        self._approve(writing, query, f"police/{BOSS}", "query", "supervisor")
        writing.send(query)
        answers = {name: self._answer(writing, name, query) for name in HOLDERS}
        if place % 3 == 0:
            self._request(writing, place, query, answers["customs"])
        if place % 4 == 0:
            self._foreign(writing, place)

    def _query(self, writing: Writing, place: int) -> Statement:
        office = self.grid.agency("police").office
        number, asker = reference(place), self._asker(place)
        case = {"case": cases.commitment(office, number), "sections": _SECTIONS}
        attested = self._say(
            writing,
            "police",
            Kind.CASE,
            seconds=14 * _DAY,
            basis="fir",
            asker=asker,
            capacity="investigating-officer",
            **case,
        )
        query = self._asked(writing, f"police/{asker}", attested.hash, HOLDERS, case)
        known = {"suspect": _suspect(place), "case_reference": number}
        name = f"suspect:{query.hash}"
        office.journal.keep_secret(writing, name, canonical.dumps(known))
        self.names.append(query.hash)
        return query

    def _asked(
        self,
        writing: Writing,
        by: str,
        attestation: str,
        targets: tuple[str, ...],
        case: Mapping[str, object],
    ) -> Statement:
        sealed = {"ciphertext": _HEX, "sealing_key": _HEX}
        return self._say(
            writing,
            by,
            Kind.QUERY,
            seconds=7 * _DAY,
            purpose="investigation",
            attestation=attestation,
            targets=dict.fromkeys(targets, sealed),
            scheme=self.grid.agency("police").office.view.directory["scheme"],
            epoch=1,
            rehearsal=False,
            **case,
        )

    def _answer(self, writing: Writing, holder: str, query: Statement) -> Statement:
        hits = 0 if holder == "childcare" else 2
        return self._say(
            writing,
            holder,
            Kind.ANSWER,
            query.hash,
            outcome="hit" if hits else "none",
            reason="",
            candidates=[self._candidate(holder, place) for place in range(hits)],
            as_of=self.grid.now,
        )

    def _candidate(self, holder: str, place: int) -> dict[str, Any]:
        return {
            "handle": importlib.import_module("grid").nonce(),
            "probability": 9_000 - place,
            "band": "strong",
            "others": 2,
            "calibrated": False,
            "category": {"prisons": "custody", "police": "police-record"}.get(
                holder, "movement"
            ),
            "as_of": self.grid.now,
        }

    def _approve(
        self, writing: Writing, about: Statement, by: str, subject: str, slot: str
    ) -> Statement:
        holds = slot == "custodian"
        return self._say(
            writing,
            by,
            Kind.APPROVAL,
            about.hash,
            subject=subject,
            side="holder" if holds else "requester",
            slot=slot,
            fields=["name"] if subject == "request" else [],
            policy=_HEX if holds else "",
        )

    def _request(
        self, writing: Writing, place: int, query: Statement, answer: Statement
    ) -> None:
        """A record asked for; a fifth came, and half of those have their outcome."""
        request = self._wanted(writing, query, answer, "customs")
        self.requests.append(request.hash)
        said = self._approve(
            writing, request, f"police/{BOSS}", "request", "supervisor"
        )
        if place % 5:
            return
        given = self._given(writing, request, said)
        fields = {"name": [f"NAME {place}"], "phone": [f"98{place:08}"]}
        record = {
            "category": "movement",
            "index_as_of": self.grid.now,
            "read_at": self.grid.now,
            "fields": fields,
            "meanings": {label: [label] for label in fields},
        }
        journal = self.grid.agency("police").office.journal
        journal.keep_secret(writing, f"record:{request.hash}", canonical.dumps(record))
        self.profiles.append(query.hash)
        if place % 10 == 0:
            self._told(writing, query.person, given, "charge-sheeted")

    def _wanted(
        self, writing: Writing, query: Statement, answer: Statement, holder: str
    ) -> Statement:
        return self._say(
            writing,
            query.person,
            Kind.REQUEST,
            answer.hash,
            3 * _DAY,
            query=query.hash,
            answer=answer.hash,
            handle=answer["candidates"][0]["handle"],
            holder=holder,
            purpose=query["purpose"],
            sections=query["sections"],
            case=query["case"],
            fields=["name", "phone"],
            policy=_HEX,
            directory=1,
            recipient_key=canonical.to_b64(bytes(32)),
            justification=_HEX,
        )

    def _given(
        self, writing: Writing, request: Statement, approval: Statement
    ) -> Statement:
        return self._say(
            writing,
            str(request["holder"]),
            Kind.DISCLOSURE,
            request.hash,
            request=request.hash,
            ciphertext=_HEX,
            directory=_HEX,
            floor=_HEX,
            staff={"police": _HEX, "customs": _HEX},
            policy=_HEX,
            approvals=[approval.hash],
            fields=["name", "phone"],
            recipient_key=request["recipient_key"],
            requester=request.issuer,
            category="movement",
            row_as_of=self.grid.now,
        )

    def _told(
        self, writing: Writing, by: str, given: Statement, disposal: str
    ) -> Statement:
        return self._say(
            writing,
            by,
            Kind.REVIEW,
            given.hash,
            subject="outcome",
            pairs=1,
            agreed=1,
            result=given.hash,
            disposal=disposal,
        )

    def _foreign(self, writing: Writing, place: int) -> None:
        """Customs ask, somebody is found here; mostly it is requested and given."""
        case = {"case": _HEX, "sections": _SECTIONS}
        query = self._asked(writing, "customs/co-asker", _HEX, ("police",), case)
        answer = self._answer(writing, "police", query)
        self._handles(writing, query, answer)
        if place % 8:
            return
        request = self._wanted(writing, query, answer, "police")
        if place >= self.count - 2 * A_DAY and place % 40 == 0:
            self.held.append(request.hash)
            return
        said = self._approve(
            writing, request, f"police/{CUSTODIAN}", "request", "custodian"
        )
        given = self._given(writing, request, said)
        state = "released" if place % 800 == 8 else "receipted"
        row = (request.hash, given.hash, b"", state)
        writing.run("INSERT INTO spent VALUES (?, ?, ?, ?)", row)
        outcome = self._told(writing, "customs/co-asker", given, "acquitted")
        if place % 800 != 16:
            self._kept(writing, outcome)

    def _kept(self, writing: Writing, outcome: Statement) -> None:
        self._say(
            writing,
            f"police/{CUSTODIAN}",
            Kind.REVIEW,
            outcome.hash,
            subject="purge",
            pairs=1,
            agreed=0,
            result=outcome["result"],
        )

    def _handles(self, writing: Writing, query: Statement, answer: Statement) -> None:
        """As `match` keeps them: shown ones, and blank ones up to ten."""
        vault = self.grid.agency("police").office.journal.vault
        shown = [one["handle"] for one in answer["candidates"]]
        nonce = importlib.import_module("grid").nonce
        for place in range(10):
            handle = shown[place] if place < len(shown) else nonce()
            body = self._hit() if place < len(shown) else bytes(400)
            row = (query.hash, handle, place, int(place < len(shown)))
            writing.run(
                "INSERT INTO handle VALUES (?, ?, ?, ?, ?)", (*row, vault.close(body))
            )

    def _hit(self) -> bytes:
        hit = Hit("rows", "PO-2", b"", "police-record", 9_000, "strong", 2, 1, (0,) * 9)
        return canonical.dumps(
            {**asdict(hit), "digest": "", "levels": list(hit.levels)}
        )


def reference(place: int) -> str:
    """The case of a place, as the register has it."""
    return f"FIR {place:05}/2026 PS Kotwali"


def _suspect(place: int) -> dict[str, list[str]]:
    return {
        "name": [f"Suspect Number {place}", f"Alias {place}"],
        "birth_date": ["17-03-1984"],
        "phone": [f"98{place:08}"],
    }
