"""The parties of the audit tests: real logs and witnesses, one clock, no network.

`ledger` makes them act; here they only log, gather cosignatures and are mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from audit.cast import (
    AGENCIES,
    AUDITORS,
    HUB,
    MEMBERS,
    NORTH,
    START,
    founding,
    identity,
    policy,
    said_by,
    staff,
)
from childgrid_audit.export import manifest
from childgrid_audit.mirror import Mirror, Own, Source
from childgrid_audit.station import Station
from childgrid_audit.store import Store
from childgrid_log import names
from childgrid_log.gather import Cosigned, Gatherer
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.proof import LeafProof
from childgrid_log.service import LogServicer, WitnessServicer
from childgrid_log.witness import Witness
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement
from childgrid_wire.trust import fingerprint


@dataclass
class Party:
    """A member with its documents, log and, unless it is the hub, its witness."""

    member: str
    shelf: Shelf
    log: Log
    witness: Witness | None
    servicer: WitnessServicer | None
    gatherer: Gatherer


@dataclass
class Parties:
    """All parties, one clock, and what was said so far."""

    folder: Path
    now: int = START
    root: str = ""
    parties: dict[str, Party] = field(default_factory=dict)
    named: dict[str, Statement] = field(default_factory=dict)
    cosigned: dict[str, Cosigned] = field(default_factory=dict)
    proofs: dict[str, bytes] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)

    @classmethod
    def found(cls, folder: Path, now: int = START) -> Self:
        """Found the grid and hang up everybody's documents."""
        world = cls(folder, now)
        board = founding(world.now)
        world.root = fingerprint(canonical.loads(envelope.read(board[0]).payload))
        for member in MEMBERS:
            world.parties[member] = world._party(member)
        board += [staff(member, world.now) for member in AGENCIES]
        board += [policy(member, world.now) for member in AGENCIES]
        for document in board:
            world.post(document)
        return world

    def clock(self) -> float:
        """The grid's time, Unix seconds."""
        return float(self.now)

    def _party(self, member: str) -> Party:
        own, folder = identity(member), self.folder / member
        shelf = Shelf.create(folder / "documents", self.root)
        log = Log.create(folder / "log.db", names.origin(member), own.log_key)
        gatherer = Gatherer(log, member, shelf.book, self.relay, self.clock)
        servicer = witness = None
        if member != HUB:
            witness = Witness.create(
                folder / "witness.db", names.witness(member), own.witness_key
            )
            servicer = WitnessServicer(
                witness, shelf.book, own.signer, folder / "evidence", self.clock
            )
            if member in AUDITORS:
                self.stations[member] = Station(
                    folder,
                    own,
                    shelf,
                    log,
                    witness,
                    Store(folder / "mirror", self.root),
                    self.clock,
                )
        return Party(member, shelf, log, witness, servicer, gatherer)

    def close(self) -> None:
        """Close every file."""
        for party in self.parties.values():
            party.log.close()
            if party.witness:
                party.witness.close()

    def post(self, document: bytes) -> None:
        """Hang a document on the board; the coordinator logs it."""
        for party in self.parties.values():
            said = party.shelf.add(document)
        for station in self.stations.values():
            station.store.board.add(document)
        self.log(said, HUB)

    def log(self, said: Statement, *members: str) -> None:
        """Let members log a statement, in this order."""
        for member in members:
            self.parties[member].log.append([draft_of(said, self.now)])

    def relay(self, request: WitnessRequest) -> WitnessResponse:
        """Carry a checkpoint to every witness but the log's owner."""
        response = WitnessResponse()
        for member, party in self.parties.items():
            if party.servicer is None or member == request.call.log:
                continue
            if member in self.away:
                response.silent.append(member)
                continue
            call = request.calls.get(member, request.call)
            try:
                reply = party.servicer.Cosign(call, None)  # type: ignore[arg-type]
            except WireError:
                response.silent.append(member)
            else:
                response.replies[member].CopyFrom(reply)
        return response

    def say(
        self,
        name: str,
        member: str,
        kind: Kind,
        *logs: str,
        officer: str = "",
        **body: Any,
    ) -> Statement:
        """Say something and have it logged, first at its author's; remember it."""
        data = said_by(member, kind, self.now, officer, **body)
        view = self.parties[HUB].shelf.book.latest(self.now)
        said = statement.verify(data, view.find_key, kind)
        self.named[name] = said
        self.log(said, *logs)
        self.now += 20
        return said

    def gather(self, *members: str) -> None:
        """Have logs cosigned, all of them unless named."""
        for member in members or MEMBERS:
            self.cosigned[member] = self.parties[member].gatherer.cosigned()
            self.now += 1

    @property
    def _directory(self) -> Statement:
        return self.parties[HUB].shelf.book.directories[-1]

    def proof(self, holder: str) -> bytes:
        """The proof that a holder hands over: its last leaf under a cosigned note."""
        log, note = self.parties[holder].log, self.cosigned[holder]
        index = note.size - 1
        path = tuple(log.inclusion(index, note.size))
        return LeafProof(index, path, note.note).encode()

    def mirror(self, auditor: str = NORTH) -> Station:
        """Let an auditor's station mirror every log."""
        station = self.stations[auditor]
        sources = {
            member: Own(LogServicer(party.log))
            for member, party in self.parties.items()
        }
        states = Mirror(station).run(sources)
        faulty = [str(one) for one in states if one.state == "faulty"]
        if faulty:
            raise AssertionError(faulty)
        return station

    def sources(self) -> dict[str, Source]:
        """Every party's log, served without a network."""
        return {name: Own(LogServicer(one.log)) for name, one in self.parties.items()}

    def bundle(self, auditor: str = NORTH) -> dict[str, bytes]:
        """What the auditor's station exports now, in memory."""
        station = self.mirror(auditor)
        for name, proof in self.proofs.items():
            station.store.keep_proof(name, proof)
        return signed(dict(station.store.files()), self.now, auditor)


def signed(files: dict[str, bytes], now: int, auditor: str = NORTH) -> dict[str, bytes]:
    """The files with a fresh manifest by an auditor."""
    files = {path: data for path, data in files.items() if path != "manifest.dsse"}
    documents = [data for path, data in sorted(files.items()) if "documents/" in path]
    directory = next(
        one.hash
        for one in map(envelope.read, reversed(documents))
        if one.kind is Kind.DIRECTORY
    )
    made = manifest(files, identity(auditor).signer, directory, now)
    return {**files, "manifest.dsse": made}
