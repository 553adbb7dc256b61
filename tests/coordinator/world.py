"""A small grid in memory around a real coordinator: founders, agencies, documents.

Everything goes through the wire's own `Identity`, `Book` and envelopes; only the key
files are cheap.
"""

from __future__ import annotations

import copy
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.config import Settings
from childgrid_wire import canonical, certificates, envelope, keyfile, seal
from childgrid_wire import statement as statements
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.trust import fingerprint
from coordinator.cast import (
    AGENCIES,
    AUDITOR,
    CUSTODIAN,
    DAY,
    FIELDS,
    FOUNDERS,
    HUB,
    OFFICERS,
    PASSPHRASE,
    SUPERVISOR,
    ZERO,
    Json,
    b64,
    seed,
    signer,
)
from coordinator.sayings import Sayings


class Clock:
    """The time, which tests may move."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def at_noon(self) -> Clock:
        """The same day's noon, from which some hours stay within that day."""
        self.advance(DAY / 2 - self() % DAY)
        return self


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class World(Sayings):
    """Everybody's keys and papers; `folder` is for the coordinator's state."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    floor: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.started = self.now - 3_600
        self.scheme = envelope.read(self._scheme()).hash
        self.root = certificates.new_root("test", self.now)
        everyone = (*AGENCIES, HUB, AUDITOR)
        self.identities = {name: self._identity(name) for name in everyone}
        self.ports = {name: free_port() for name in everyone}
        self.sealing = {name: seal.new_key() for name in AGENCIES}
        self.book = Book(fingerprint(self._directory()))
        self.papers = self._papers()
        for data in self.papers:
            self.book.add(data)

    @property
    def now(self) -> int:
        return int(self.clock())

    def _identity(self, name: str) -> Identity:
        key = certificates.new_key()
        request = certificates.signing_request(key, name)
        chain = certificates.issue_issuer(self.root, request, name, self.now)
        return Identity(
            member=name,
            key=seed(name),
            log_key=seed(f"{name}-log"),
            witness_key=seed(f"{name}-witness"),
            wrap_key=seed(f"{name}-wrap"),
            issuer=Pair(key, chain),
            root=self.root.chain,
        )

    def _entry(self, name: str) -> dict[str, Json]:
        kind = {HUB: "coordinator", AUDITOR: "auditor"}.get(name, "agency")
        return self.identities[name].entry(
            title=name.title(),
            kind=kind,
            uses=["provider", "user"] if kind == "agency" else [],
            categories=["vehicle"] if kind == "agency" else [],
            address=f"127.0.0.1:{self.ports[name]}",
        )

    def _directory(self, **changes: Json) -> dict[str, Json]:
        return {
            "version": 1,
            "grid": {"name": "Test grid", "kind": "training", "id": "07" * 16},
            "founders": {
                "threshold": 2,
                "keys": [{"id": f, "key": b64(f"founder:{f}")} for f in FOUNDERS],
            },
            "members": [self._entry(name) for name in self.identities],
            "witnesses": {
                "members": [*AGENCIES, AUDITOR],
                "quorum": 3,
                "faults": 0,
            },
            "floor": envelope.read(self._floor()).hash,
            "scheme": self.scheme,
            "epochs": {"current": 1, "accepted": [1]},
            "key_checks": {"e1": ZERO},
            "root": ZERO,
            "previous": "",
            "previous_founders": "",
            **changes,
        }

    def founded(self, kind: Kind, **body: Json) -> bytes:
        """A document that two founders sign."""
        payload = statements.draft(
            kind,
            issuer=statements.FOUNDERS,
            now=body.pop("now", self.started),
            seconds=90 * DAY,
            id=body.pop("id", ""),
            **body,
        )
        founders = [signer(f"founder:{one}") for one in FOUNDERS[:2]]
        return envelope.sign(kind, payload, founders)

    def _floor(self) -> bytes:
        body = {
            "version": 1,
            "query_slots": [SUPERVISOR],
            "release_slots": [SUPERVISOR, CUSTODIAN],
            "purposes": [
                {
                    "purpose": "investigation",
                    "categories": ["vehicle"],
                    "needs": "fir",
                    "min_rank": 0,
                }
            ],
            "sections": ["BNS:143(4)"],
            "query_seconds": 7 * DAY,
            "request_seconds": 3 * DAY,
            "receipt_seconds": DAY,
            "officer_queries_day": 50,
            "case_queries_day": 50,
            "agency_queries_day": 500,
            **self.floor,
        }
        return self.founded(Kind.FLOOR, id="11" * 16, **body)

    def _scheme(self) -> bytes:
        body = {"version": 1, "document": ZERO, "profile": "test"}
        return self.founded(Kind.SCHEME, id="22" * 16, **body)

    def _papers(self) -> list[bytes]:
        papers = [
            self.founded(Kind.DIRECTORY, **self._directory()),
            self._floor(),
            self._scheme(),
        ]
        for name in AGENCIES:
            papers += [
                self.said(
                    Kind.STAFF,
                    name,
                    version=1,
                    officers=self._staff(name),
                    seconds=60 * DAY,
                ),
                self.policy(name),
                self.said(
                    Kind.SEALING_KEY,
                    name,
                    key=canonical.to_b64(self.sealing[name][1]),
                    valid_from=self.started,
                    valid_until=self.started + 30 * DAY,
                    seconds=60 * DAY,
                ),
            ]
        return papers

    def _staff(self, name: str) -> list[dict[str, Json]]:
        return [
            {
                "id": who,
                "role": role,
                "unit": "north",
                "rank": rank,
                "algorithm": "ed25519",
                "key": b64(f"{name}/{who}"),
                "rp_id": "",
                "origins": [],
                "training": True,
                "valid_from": self.started - DAY,
                "valid_until": self.started + 30 * DAY,
            }
            for who, (role, rank) in OFFICERS.items()
        ]

    def policy(self, name: str, version: int = 1) -> bytes:
        """A holder's policy, which grants all `FIELDS`."""
        rule = {
            "category": "vehicle",
            "silent": False,
            "purposes": ["investigation"],
            "fields": FIELDS,
            "slots": [],
        }
        return self.said(
            Kind.POLICY,
            name,
            version=version,
            seconds=60 * DAY,
            rules=[rule],
            query_slots=[],
            break_glass=[],
        )

    def install(self, documents: bool = True) -> None:
        """Write the coordinator's state folder, as join and install leave it."""
        own = self.identities[HUB]
        state = self.folder / "hub"
        keys = state / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        content = {
            name: getattr(own, name).hex()
            for name in ("key", "log_key", "witness_key", "wrap_key")
        }
        content |= {"member": HUB, "issuer": own.issuer.key.decode()}
        keyfile.lock(content, PASSPHRASE, keys / "identity.locked")
        (keys / "issuer.pem").write_bytes(own.issuer.chain)
        (keys / "root.pem").write_bytes(own.root)
        shelf = Shelf.create(state / "documents", self.book.root)
        for data in self.papers if documents else ():
            shelf.add(data)
        keyfile.write_private(self.folder / "passphrase", PASSPHRASE)

    def copied(self, folder: Path) -> World:
        """The same grid in another folder, with a clock of its own."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        twin = copy.copy(self)
        twin.folder, twin.clock = folder, Clock()
        return twin

    def settings(self, **changes: Json) -> Settings:
        """Settings for quick tests; the database is SQLite unless said otherwise."""
        return Settings(
            **{
                "member": HUB,
                "state_dir": self.folder / "hub",
                "listen": f"127.0.0.1:{self.ports[HUB]}",
                "passphrase_file": self.folder / "passphrase",
                "match_seconds": 5,
                "retry_seconds": 0.05,
                "retry_most_seconds": 0.2,
                "sweep_seconds": 3_600,
                "witness_seconds": 3_600,
                "drain_seconds": 2,
                "workers": 32,
            }
            | changes
        )

    @contextmanager
    def coordinator(self, **changes: Json) -> Iterator[Coordinator]:
        """An open coordinator that does not listen yet."""
        opened = Coordinator(self.settings(**changes), PASSPHRASE, self.clock)
        try:
            yield opened
        finally:
            opened.stop()

    @contextmanager
    def running(self, **changes: Json) -> Iterator[Coordinator]:
        """A coordinator that serves at its address."""
        with self.coordinator(**changes) as opened:
            opened.start()
            yield opened
