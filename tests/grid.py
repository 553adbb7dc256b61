"""A whole grid in one process, speaking the real interfaces: the tutorial of the tests.

Four agencies (`police` asks; `customs`, `prisons` and the silent `childcare` hold),
two auditors' stations as witnesses, and a relay between them that a test may replace
by one of its own. Every statement, key, log, index and release is the product's own;
only the wire is a function call here. A story reads:

    grid = Grid(tmp_path)
    query = grid.ask(KABIR)                 # drafted, signed, approved, submitted
    hits = grid.candidates(query)           # by agency
    request = grid.request(query, "customs", ["name", "flight"])
    grid.settle()                           # mail, approvals, releases
    grid.profile(query)

Time stands still at `grid.now` until a test moves it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from childgrid_node import (
    aftermath,
    approve,
    disclose,
    handover,
    mailroom,
    query,
    receive,
)
from childgrid_node.bundle import Proof
from childgrid_node.courier import Parcel, still_goes
from childgrid_node.desk import draft_view
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from gridcast import (
    AGENCIES,
    AUDITORS,
    CASE,
    DAY,
    EPOCH,
    FIVE,
    HUB,
    KABIR,
    MINOR,
    OFFICERS,
    SECTIONS,
    START,
    STRANGER,
    VICTIM,
    Founders,
    documents,
    floor_body,
    identity,
    officer_signer,
    scheme,
    seed,
)
from gridmembers import Agency, Member
from gridrelay import Relay

__all__ = [
    "AGENCIES",
    "AUDITORS",
    "CASE",
    "DAY",
    "EPOCH",
    "FIVE",
    "HUB",
    "KABIR",
    "MINOR",
    "OFFICERS",
    "SECTIONS",
    "START",
    "STRANGER",
    "VICTIM",
    "Agency",
    "Founders",
    "Grid",
    "Member",
    "Relay",
    "documents",
    "floor_body",
    "identity",
    "nonce",
    "officer_signer",
    "scheme",
    "seed",
]


class Grid:
    """Everything above, founded and published; see the module."""

    def __init__(
        self,
        folder: Path,
        relay: type[Relay] = Relay,
        agencies: Sequence[str] = AGENCIES,
    ) -> None:
        self.now = START
        self.agencies = tuple(agencies)
        self.root, board, self.founders = documents(START, self.agencies)
        self.relay = relay(self)
        self.members: dict[str, Member] = {}
        for name in self.agencies:
            self.members[name] = Agency(folder / name, name, self.root, self.clock)
        for name in AUDITORS:
            self.members[name] = Member(folder / name, name, self.root, self.clock)
        self.post(board)
        for name in self.agencies:
            for office in (self.agency(name).office,):
                office.view.member(name)
            self.post(self.agency(name).publish())

    def clock(self) -> float:
        """The grid's time, Unix seconds."""
        return float(self.now)

    def agency(self, name: str) -> Agency:
        """One of the agencies."""
        member = self.members[name]
        if not isinstance(member, Agency):
            raise TypeError(name)
        return member

    def post(self, board: Sequence[bytes]) -> None:
        """Hang documents on the board: every member takes them over."""
        for data in board:
            for member in self.members.values():
                member.shelf.add(data)

    def sign(self, member: str, officer: str, kind: Kind, payload: bytes) -> Statement:
        """An officer signs a draft and hands it back to the own desk."""
        signer = officer_signer(member, officer)
        return self.agency(member).desk.sign(envelope.sign(kind, payload, [signer]))

    def draft(
        self,
        suspect: Mapping[str, Sequence[str]],
        officer: str = "si-rao",
        targets: Sequence[str] = (),
        hours: int = 24,
        purpose: str = "investigation",
    ) -> bytes:
        """A query as drafted by the police's node."""
        police = self.agency("police")
        question = query.Question(
            officer, suspect, purpose, SECTIONS, CASE, targets, hours
        )
        register = police.folder / "cases.csv"
        return query.draft(police.office, police.holdings, register, question)

    def ask(
        self,
        suspect: Mapping[str, Sequence[str]],
        officer: str = "si-rao",
        targets: Sequence[str] = (),
        hours: int = 24,
    ) -> Statement:
        """Draft, sign, approve and submit a query; every online target answers."""
        payload = self.draft(suspect, officer, targets, hours)
        asked = self.sign("police", officer, Kind.QUERY, payload)
        self.decide("police", "sp-nair", asked.hash)
        self.submit(asked)
        return asked

    def decide(
        self,
        member: str,
        officer: str,
        subject: str,
        *,
        fields: Sequence[str] = (),
        reason: str = "",
        slot: str = "",
    ) -> Statement:
        """An officer approves, or with a reason refuses, a query or request."""
        decision = approve.Decision(officer, subject, not reason, slot, fields, reason)
        payload = approve.draft_decision(self.agency(member).office, decision)
        kind = Kind.REFUSAL if reason else Kind.APPROVAL
        return self.sign(member, officer, kind, payload)

    def call(self, asked: Statement, target: str) -> dict[str, Any]:
        """What goes to one target with a query."""
        journal = self.agency(asked.issuer).office.journal
        rows = journal.rows(
            "SELECT ciphertext FROM content WHERE hash = ? AND member = ?",
            (asked.hash, target),
        )
        return {
            "query": asked.data,
            "attestation": journal.get(asked["attestation"], Kind.CASE).data,
            "approvals": [
                one.data for one in journal.answers(asked.hash, Kind.APPROVAL)
            ],
            "content": bytes(rows[0][0]),
        }

    def submit(self, asked: Statement) -> None:
        """Carry a query to its targets and their answers back."""
        for target in asked["targets"]:
            if self.members[target].online:
                call = self.call(asked, target)
                answer = self.relay.match(self.agency(target), call)
                self.bring(asked.issuer, answer)

    def bring(self, name: str, data: bytes) -> None:
        """Put a statement into an agency's mailbox; what can't be judged is dropped."""
        parcel = Parcel(0, data, b"", None)
        mailroom.open_parcel(self.agency(name).office, parcel, last=True)

    def candidates(self, asked: Statement) -> dict[str, list[dict[str, Any]]]:
        """What each target that answered has said, by agency."""
        journal = self.agency(asked.issuer).office.journal
        return {
            one.issuer: one["candidates"]
            for one in journal.answers(asked.hash, Kind.ANSWER)
        }

    def request(
        self,
        asked: Statement,
        holder: str,
        fields: Sequence[str],
        officer: str = "si-rao",
        approver: str = "sp-nair",
        hours: int = 48,
    ) -> Statement:
        """Ask a holder for fields of its best candidate, approved on our side."""
        handle = self.candidates(asked)[holder][0]["handle"]
        wish = approve.Wish(
            officer, asked.hash, holder, handle, fields, "needed for the arrest", hours
        )
        payload = approve.draft_request(self.agency("police").office, wish)
        made = self.sign("police", officer, Kind.REQUEST, payload)
        self.decide("police", approver, made.hash)
        return made

    def outbox(self, name: str) -> list[tuple[Statement, Parcel]]:
        """Take what waits in an agency's outbox, as parcels."""
        office = self.agency(name).office
        parcels = []
        for hash_, kind, data in office.journal.rows(
            "SELECT hash, kind, envelope FROM outbox WHERE state = 'waiting'"
            " ORDER BY place"
        ):
            try:
                goes = still_goes(office, hash_, Kind(kind))
            except ConfigurationRefused:
                continue
            state = "sent" if goes else "withdrawn"
            with office.journal.writing() as writing:
                writing.run(
                    "UPDATE outbox SET state = ? WHERE hash = ?", (state, hash_)
                )
            if not goes:
                continue
            if kind in ("notice", "rotation", "revocation"):
                self.relay.hang(bytes(data))
            elif kind not in ("query", "answer", "staff", "policy", "sealing-key"):
                said = statement.parse(envelope.read(data))
                parcels.append((said, self.parcel(name, said)))
        return parcels

    def parcel(self, name: str, said: Statement) -> Parcel:
        """A statement with what travels beside it."""
        office = self.agency(name).office
        content, proof = b"", None
        if said.kind is Kind.REQUEST:
            rows = office.journal.rows(
                "SELECT ciphertext FROM content WHERE hash = ?", (said.hash,)
            )
            content = bytes(rows[0][0])
        if said.kind is Kind.DISCLOSURE:
            content, table = handover.parcel(office, said)
            proof = Proof(
                table["checkpoint"].encode(),
                table["index"],
                tuple(canonical.from_b64(one) for one in table["hashes"]),
                table["leaf"].encode(),
                bytes.fromhex(table["salt"]),
            )
        return Parcel(0, said.data, content, proof)

    def recipients(self, said: Statement) -> list[str]:
        """Who gets a statement by mail: one party, or everybody for a lifted budget."""
        told = said.kind in (Kind.BUDGET, Kind.SHRED)
        told |= said.body.get("subject") == "budget"
        if told and said.kind is not Kind.REFUSAL:
            return [name for name in self.agencies if name != said.issuer]
        return [self.recipient(said)]

    def recipient(self, said: Statement) -> str:
        """Who gets a statement that concerns two parties."""
        if said.kind is Kind.REQUEST:
            return str(said["holder"])
        if said.kind is Kind.DISCLOSURE:
            return str(said["requester"])
        journal = self.agency(said.issuer).office.journal
        named = said["result"] if said.kind is Kind.REVIEW else said.answers
        subject = journal.find(named)
        if subject is None:
            raise LookupError(said.kind)
        if subject.kind is Kind.BUDGET:
            return subject.issuer
        if subject.kind is Kind.DISCLOSURE:
            return (
                subject.issuer
                if said.issuer != subject.issuer
                else str(subject["requester"])
            )
        pair = {subject.issuer, str(subject["holder"])}
        return (pair - {said.issuer}).pop()

    def carry(self) -> int:
        """Carry everything that waits in any outbox; returns how much it was."""
        carried = 0
        for name in self.agencies:
            if not self.members[name].online:
                continue
            for said, parcel in self.outbox(name):
                for reader in self.recipients(said):
                    self.relay.mail(self.agency(reader), parcel)
                carried += 1
        return carried

    def release(self, name: str) -> list[str]:
        """Let an agency release what it may; returns the state of each request."""
        releaser = self.agency(name).releaser(self.relay.witness)
        waiting = disclose.unfinished(self.agency(name).office)
        states = [releaser.advance(one) for one in waiting]
        aftermath.watch(self.agency(name).office)
        return states

    def settle(self) -> None:
        """Mail, releases and receipts until nothing moves."""
        while self.carry() + sum(
            state in ("released", "void", "refused")
            for name in self.agencies
            if self.members[name].online
            for state in self.release(name)
        ):
            pass
        self.carry()

    def profile(self, asked: Statement) -> dict[str, Any]:
        """The profile of a query at its agency."""
        return receive.profile(self.agency(asked.issuer).office, asked)

    def look(self, member: str, officer: str, object_: str, subject: str = "") -> Any:
        """An officer reads something at the own desk."""
        at = self.agency(member)
        payload = draft_view(at.office, officer, object_, subject)
        signer = officer_signer(member, officer)
        return at.desk.look(envelope.sign(Kind.VIEW, payload, [signer]))

    def released(self, name: str) -> int:
        """How many records an agency has ever handed over."""
        rows = self.agency(name).office.journal.rows(
            "SELECT count(*) FROM spent WHERE state IN ('released', 'receipted')"
        )
        return int(rows[0][0])

    def state(self, name: str) -> tuple[Any, ...]:
        """All that an agency has said, heard and spent; for 'nothing changed'."""
        journal = self.agency(name).office.journal
        return (
            journal.log.size(),
            tuple(journal.rows("SELECT * FROM spent ORDER BY request")),
            tuple(journal.rows("SELECT hash FROM said ORDER BY leaf")),
            tuple(journal.rows("SELECT * FROM used ORDER BY day, scope, subject")),
        )


def nonce() -> str:
    """Sixteen random bytes in hex."""
    return secrets.token_hex(16)
