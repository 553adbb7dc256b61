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

import csv
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from childgrid_log import names
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_node import (
    agency,
    approve,
    cases,
    disclose,
    indexer,
    mailroom,
    match,
    query,
    receive,
    sealing,
)
from childgrid_node.courier import Parcel
from childgrid_node.desk import Desk, draft_view
from childgrid_node.disclose import Releaser
from childgrid_node.encode import Encoder, key_check
from childgrid_node.holdings import Holdings
from childgrid_node.indexer import Keyring
from childgrid_node.journal import Journal
from childgrid_node.mapping import Mapping as SourceMapping
from childgrid_node.office import Office
from childgrid_node.receive import Proof
from childgrid_node.register import Register
from childgrid_node.scheme import Scheme
from childgrid_node.vault import Vault, derive
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.certificates import Pair
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2, witness_pb2
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import FOUNDERS, Statement
from childgrid_wire.trust import fingerprint

START = 1_780_000_000
DAY = 86_400
EPOCH = 1
CASE = "FIR 112/2026 PS Kotwali"
SECTIONS = ["BNS:143", "POCSO:11"]
HUB = "ncrb-hub"

KABIR = {
    "name": ["Kabir Vankhede @ Kallu"],
    "relative": ["Madhav Vankhede"],
    "birth_date": ["17-03-1984"],
    "phone": ["9812345670"],
    "sex": ["M"],
}
STRANGER = {"name": ["Zubin Contractor"], "phone": ["9000000009"]}
MINOR = {"name": ["Tara Vankhede"], "relative": ["Madhav Vankhede"]}
VICTIM = {"name": ["Meher Lokhande"], "phone": ["9833300011"]}

_ROWS = {
    "police": [
        {"id": "PO-1", "name": "Meher Lokhande", "father": "Ashok", "dob": "1990-02-02",
         "phone": "9833300011", "fir_date": "2026-01-05", "role": "VICTIM",
         "note": "s. 4"},
        {"id": "PO-2", "name": "Ganesh Pawar", "father": "Vitthal", "dob": "1979-11-23",
         "phone": "9844400022", "fir_date": "2026-01-05", "role": "ACCUSED",
         "note": "s. 5"},
    ],
    "customs": [
        {"id": "CU-1", "name": "VANKHEDE KABIR", "father": "MADHAV VANKHEDE",
         "dob": "17.03.1984", "phone": "+91 98123 45670", "fir_date": "2025-12-24",
         "role": "ACCUSED", "note": "AI-302 to Dubai"},
        {"id": "CU-2", "name": "VANKHEDE SAMEER", "father": "MADHAV VANKHEDE",
         "dob": "02.09.1988", "phone": "", "fir_date": "2025-11-11",
         "role": "ACCUSED", "note": "6E-91"},
        {"id": "CU-3", "name": "DSOUZA PRIYA", "father": "ALOYSIUS", "dob": "05.05.1991",
         "phone": "9877700033", "fir_date": "2025-10-01", "role": "ACCUSED",
         "note": "EK-501"},
    ],
    "prisons": [
        {"id": "PR-1", "name": "कबीर वानखेडे", "father": "माधव वानखेडे",
         "dob": "17-03-1984", "phone": "9812345670", "fir_date": "2019-07-01",
         "role": "ACCUSED", "note": "ward 4"},
        {"id": "PR-2", "name": "Harish Tiwari", "father": "Ramnath", "dob": "01-01-1970",
         "phone": "", "fir_date": "2018-03-09", "role": "ACCUSED", "note": "ward 2"},
    ],
    "childcare": [
        {"id": "CC-1", "name": "Kabeer Wankhede", "father": "Madhav",
         "dob": "17/03/1984", "phone": "98123-45670", "fir_date": "2026-02-14",
         "role": "ACCUSED", "note": "seen at the home"},
        {"id": "CC-2", "name": "Tara Vankhede", "father": "Madhav Vankhede",
         "dob": "09/06/2012", "phone": "", "fir_date": "2026-02-14",
         "role": "ACCUSED", "note": "child"},
    ],
}
_CATEGORIES = {
    "police": "police-record",
    "customs": "movement",
    "prisons": "custody",
    "childcare": "child-protection",
}
AGENCIES = tuple(_ROWS)
AUDITORS = ("audit-north", "audit-south")
_MAPPING = """
agency = "{name}"
category = "{category}"
source = "rows.csv"
key = "id"
event = "fir_date"
role = {{ column = "role", victim = ["VICTIM"], suspect = ["ACCUSED"] }}

[fields]
name = "name"
relative = "father"
birth_date = "dob"
phone = ["phone"]

[disclose]
name = {{ column = "name", category = "identity" }}
birth = {{ column = "dob", category = "identity" }}
phone = {{ column = "phone", category = "communication" }}
note = {{ column = "note", category = "{category}" }}
"""
_CUSTODIAN_SLOT = {
    "slot": "custodian", "side": "holder", "role": "custodian", "min_rank": 0,
    "persons": 1,
}
_SUPERVISOR_SLOT = {
    "slot": "supervisor", "side": "requester", "role": "supervising-officer",
    "min_rank": 2, "persons": 1,
}
OFFICERS = {
    "police": {
        "si-rao": ("investigator", 1),
        "si-joshi": ("investigator", 1),
        "sp-nair": ("supervising-officer", 5),
        "sp-khan": ("supervising-officer", 5),
        "cu-police": ("custodian", 5),
    },
    "customs": {"cu-mehta": ("custodian", 4), "cu-dias": ("custodian", 4)},
    "prisons": {"pr-singh": ("custodian", 4)},
    "childcare": {"cc-das": ("custodian", 4)},
}


@cache
def scheme() -> Scheme:
    """The scheme under which the tests' grids encode."""
    return Scheme.load("childgrid-1")


def seed(name: str) -> bytes:
    """A fixed seed, so that a failing example can be run again."""
    return hashlib.sha256(f"tests {name}".encode()).digest()


def identity(member: str) -> Identity:
    """Keys of a member, cheap and without files or certificates."""
    return Identity(
        member=member,
        key=seed(f"{member} key"),
        log_key=seed(f"{member} log"),
        witness_key=seed(f"{member} witness"),
        wrap_key=seed(f"{member} wrap"),
        issuer=Pair(b"", b""),
        root=b"",
    )


def officer_signer(member: str, officer: str) -> SeedSigner:
    """The signing key of an officer."""
    return SeedSigner(f"{member}/{officer}", seed(f"{member}/{officer}"))


@dataclass
class Founders:
    """Two of three founders sign everything that the grid rests on."""

    signers: list[SeedSigner] = field(
        default_factory=lambda: [
            SeedSigner(f"founder:f{n}", seed(f"founder {n}")) for n in (1, 2, 3)
        ]
    )

    def sign(self, kind: Kind, now: int, days: int = 90, **body: Any) -> bytes:
        """Sign a document by the first two founders."""
        payload = statement.draft(
            kind, issuer=FOUNDERS, now=now, seconds=days * DAY, **body
        )
        return envelope.sign(kind, payload, self.signers[:2])

    def section(self) -> dict[str, Any]:
        """The directory's section about the founders."""
        return {
            "threshold": 2,
            "keys": [
                {"id": one.keyid.removeprefix("founder:"),
                 "key": canonical.to_b64(one.public)}
                for one in self.signers
            ],
        }


def floor_body() -> dict[str, Any]:
    """A floor that the tests' cases pass."""
    every = sorted({*_CATEGORIES.values(), "identity", "communication", "vehicle"})
    return {
        "version": 1,
        "query_slots": [_SUPERVISOR_SLOT],
        "release_slots": [_SUPERVISOR_SLOT, _CUSTODIAN_SLOT],
        "purposes": [
            {"purpose": "investigation", "categories": every, "needs": "fir",
             "min_rank": 0},
            {"purpose": "prevention", "categories": every, "needs": "order",
             "min_rank": 6},
        ],
        "sections": [*SECTIONS, "BNS:144"],
        "query_seconds": 7 * DAY,
        "request_seconds": 72 * 3600,
        "receipt_seconds": DAY,
        "officer_queries_day": 50,
        "case_queries_day": 50,
        "agency_queries_day": 500,
    }


def documents(now: int) -> tuple[str, list[bytes], Founders]:
    """Founding documents; returns the root fingerprint and what hangs on the board."""
    founders = Founders()
    scheme_doc = founders.sign(
        Kind.SCHEME, now, version=1, document=scheme().digest.hex(),
        profile=scheme().profile,
    )
    floor = founders.sign(Kind.FLOOR, now, **floor_body())
    directory = founders.sign(
        Kind.DIRECTORY,
        now,
        version=1,
        grid={"name": "test grid", "kind": "training", "id": "ab" * 16},
        founders=founders.section(),
        members=[_entry(one) for one in (*AGENCIES, *AUDITORS, HUB)],
        witnesses={"members": [*AGENCIES, *AUDITORS], "quorum": 4, "faults": 1},
        floor=envelope.read(floor).hash,
        scheme=envelope.read(scheme_doc).hash,
        epochs={"current": EPOCH, "accepted": [EPOCH]},
        key_checks={f"e{EPOCH}": key_check(seed("linkage"), EPOCH, scheme().digest).hex()},
        root="00" * 32,
        previous="",
        previous_founders="",
    )
    body = canonical.loads(envelope.read(directory).payload)
    return fingerprint(body), [directory, floor, scheme_doc], founders


def _entry(member: str) -> dict[str, Any]:
    kind = "agency" if member in AGENCIES else "auditor"
    return identity(member).entry(
        title=f"The {member} of the test grid",
        kind="coordinator" if member == HUB else kind,
        uses=["provider", "user"] if member in AGENCIES else [],
        categories=[_CATEGORIES[member]] if member in AGENCIES else [],
        address="127.0.0.1:1",
    )


class Member:
    """An agency or auditor: documents, log, and what it has witnessed."""

    def __init__(self, folder: Path, member: str, root: str, clock: Any) -> None:
        folder.mkdir(parents=True)
        self.identity = identity(member)
        self.shelf = Shelf.create(folder / "documents", root)
        origin = names.origin(member)
        log = Log.create(folder / "log.db", origin, self.identity.log_key)
        journal = Journal(log, Vault(self.identity.key), clock)
        self.office = Office(self.identity, self.shelf, journal, clock)
        self.witness = Witness.create(
            folder / "witness.db", names.witness(member), self.identity.witness_key
        )
        self.servicer = WitnessServicer(
            self.witness, self.shelf.book, self.identity.signer,
            folder / "evidence", clock,
        )
        self.folder = folder
        self.online = True


class Agency(Member):
    """An agency's node without its listeners."""

    def __init__(self, folder: Path, member: str, root: str, clock: Any) -> None:
        super().__init__(folder, member, root, clock)
        self.register = _register(folder, member)
        key = seed("linkage")
        self.keyring = Keyring(
            scheme(), key, key_check(key, EPOCH, scheme().digest), EPOCH,
            derive(self.identity.key, b"index"),
        )
        self.report = indexer.build(
            self.register, folder / "rows.index", self.keyring, int(clock())
        )
        index = indexer.open_index(folder / "rows.index", self.keyring)
        self.holdings = Holdings(
            scheme(), EPOCH, Encoder(scheme(), key, EPOCH), {"rows": index}
        )
        self.desk = Desk(self.office, self.holdings, lambda: None)
        _write_files(folder, member)

    def publish(self) -> list[bytes]:
        """The agency's own documents."""
        made = agency.publish(
            self.office, self.folder / "staff.toml", self.folder / "policy.toml"
        )
        return [one.data for one in [*made, sealing.ensure(self.office)]]

    def releaser(self, relay: Any) -> Releaser:
        """The verb disclose, with witnesses reached through `relay`."""
        office = self.office
        gatherer = Gatherer(
            office.journal.log, office.member, self.shelf.book, relay, office.clock
        )
        return Releaser(office, self.holdings, {"rows": self.register}, gatherer)


def _register(folder: Path, member: str) -> Register:
    rows = _ROWS[member]
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    text = _MAPPING.format(name=member, category=_CATEGORIES[member])
    (folder / "rows.toml").write_text(text, "utf-8")
    return Register.open(SourceMapping.read(folder / "rows.toml"))


def _write_files(folder: Path, member: str) -> None:
    staff = "".join(
        f'[[officer]]\nid = "{name}"\nrole = "{role}"\nunit = "unit-1"\nrank = {rank}\n'
        f'key = "{canonical.to_b64(officer_signer(member, name).public)}"\n'
        for name, (role, rank) in OFFICERS[member].items()
    )
    (folder / "staff.toml").write_text(staff)
    category = _CATEGORIES[member]
    (folder / "policy.toml").write_text(
        f"[category.{category}]\n"
        f"silent = {str(member == 'childcare').lower()}\n"
        'purposes = ["investigation"]\nfields = ["name", "birth", "phone", "note"]\n'
    )
    lines = [
        f"{CASE},fir,{name},investigating-officer,{' '.join(SECTIONS)}"
        for name, (role, _) in OFFICERS[member].items()
        if role == "investigator"
    ]
    (folder / "cases.csv").write_text(
        "\n".join([",".join(cases.COLUMNS), *lines]) + "\n"
    )


class Relay:
    """The honest coordinator's part, by function call; tests replace it."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    def match(self, target: Agency, call: Mapping[str, Any]) -> bytes:
        """Carry one sealed query to a target; returns its answer."""
        asked = match.hear(target.office, **call)
        return match.answer(target.office, target.holdings, asked).data

    def mail(self, target: Agency, parcel: Parcel) -> None:
        """Carry one parcel."""
        mailroom.open_parcel(target.office, parcel)

    def witness(
        self, request: coordinator_pb2.WitnessRequest
    ) -> coordinator_pb2.WitnessResponse:
        """Carry a checkpoint to every witness that is online."""
        reply = coordinator_pb2.WitnessResponse()
        owner = request.call.log or next(iter(request.calls.values())).log
        for name, member in self.grid.members.items():
            if name == owner:
                continue
            call = request.calls[name] if name in request.calls else request.call
            if not member.online:
                reply.silent.append(name)
            elif call.log:
                reply.replies[name].CopyFrom(self.cosign(member, call))
        return reply

    def cosign(
        self, member: Member, call: witness_pb2.CosignRequest
    ) -> witness_pb2.CosignResponse:
        """Carry a checkpoint to one witness."""
        return member.servicer.Cosign(call, None)


class Grid:
    """Everything above, founded and published; see the module."""

    def __init__(self, folder: Path, relay: type[Relay] = Relay) -> None:
        self.now = START
        self.root, board, self.founders = documents(START)
        self.relay = relay(self)
        self.members: dict[str, Member] = {}
        for name in AGENCIES:
            self.members[name] = Agency(folder / name, name, self.root, self.clock)
        for name in AUDITORS:
            self.members[name] = Member(folder / name, name, self.root, self.clock)
        self.post(board)
        for name in AGENCIES:
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
        self, suspect: Mapping[str, Sequence[str]], officer: str = "si-rao",
        targets: Sequence[str] = (), hours: int = 24, purpose: str = "investigation",
    ) -> bytes:
        """A query as drafted by the police's node."""
        police = self.agency("police")
        question = query.Question(
            officer, suspect, purpose, SECTIONS, CASE, targets, hours
        )
        register = police.folder / "cases.csv"
        return query.draft(police.office, police.holdings, register, question)

    def ask(
        self, suspect: Mapping[str, Sequence[str]], officer: str = "si-rao",
        targets: Sequence[str] = (), hours: int = 24,
    ) -> Statement:
        """Draft, sign, approve and submit a query; every online target answers."""
        payload = self.draft(suspect, officer, targets, hours)
        asked = self.sign("police", officer, Kind.QUERY, payload)
        self.decide("police", "sp-nair", asked.hash)
        self.submit(asked)
        return asked

    def decide(
        self, member: str, officer: str, subject: str, *, fields: Sequence[str] = (),
        reason: str = "", slot: str = "",
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
        police = self.agency(asked.issuer)
        for target in asked["targets"]:
            if self.members[target].online:
                call = self.call(asked, target)
                answer = self.relay.match(self.agency(target), call)
                query.take_answer(police.office, asked.hash, answer)

    def candidates(self, asked: Statement) -> dict[str, list[dict[str, Any]]]:
        """What each target that answered has said, by agency."""
        journal = self.agency(asked.issuer).office.journal
        return {
            one.issuer: one["candidates"]
            for one in journal.answers(asked.hash, Kind.ANSWER)
        }

    def request(
        self, asked: Statement, holder: str, fields: Sequence[str],
        officer: str = "si-rao", approver: str = "sp-nair", hours: int = 48,
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
            with office.journal.writing() as writing:
                writing.run("UPDATE outbox SET state = 'sent' WHERE hash = ?", (hash_,))
            if kind not in ("query", "answer", "staff", "policy", "sealing-key"):
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
            content, table = disclose.parcel(office, said)
            proof = Proof(
                table["checkpoint"].encode(),
                table["index"],
                tuple(canonical.from_b64(one) for one in table["hashes"]),
                table["leaf"].encode(),
                bytes.fromhex(table["salt"]),
            )
        return Parcel(0, said.data, content, proof)

    def recipient(self, said: Statement) -> str:
        """Who gets a statement by mail."""
        if said.kind is Kind.REQUEST:
            return str(said["holder"])
        if said.kind is Kind.DISCLOSURE:
            return str(said["requester"])
        journal = self.agency(said.issuer).office.journal
        subject = journal.find(said.answers)
        if subject is None:
            raise LookupError(said.kind)
        if subject.kind is Kind.DISCLOSURE:
            return subject.issuer if said.issuer != subject.issuer else str(
                subject["requester"]
            )
        pair = {subject.issuer, str(subject["holder"])}
        return (pair - {said.issuer}).pop()

    def carry(self) -> int:
        """Carry everything that waits in any outbox; returns how much it was."""
        carried = 0
        for name in AGENCIES:
            if not self.members[name].online:
                continue
            for said, parcel in self.outbox(name):
                self.relay.mail(self.agency(self.recipient(said)), parcel)
                carried += 1
        return carried

    def release(self, name: str) -> list[str]:
        """Let an agency release what it may; returns the state of each request."""
        releaser = self.agency(name).releaser(self.relay.witness)
        waiting = disclose.unfinished(self.agency(name).office)
        return [releaser.advance(one) for one in waiting]

    def settle(self) -> None:
        """Mail, releases and receipts until nothing moves."""
        while self.carry() + sum(
            state in ("released", "void", "refused")
            for name in AGENCIES
            if self.members[name].online
            for state in self.release(name)
        ):
            pass

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
