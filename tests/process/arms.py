"""What an attacking member has: its keys, its officers', and queries that they sign.

Everything here is valid; `raider` decides what is done with it, and how often.
"""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import childgrid_wire  # noqa: F401 - TLS 1.3 only, before grpc is imported

# isort: split
import grpc

from childgrid_node import normalise
from childgrid_node.ceremony import unlock
from childgrid_node.encode import Encoder
from childgrid_node.holdings import Holdings
from childgrid_node.scheme import Scheme
from childgrid_portal import keys as officers
from childgrid_wire import canonical, certificates, envelope, keyfile, seal, statement
from childgrid_wire.certificates import Peer
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from childgrid_wire.seal import Binding
from childgrid_wire.shelf import Shelf

_SYLLABLES = [
    "ka",
    "ri",
    "mo",
    "te",
    "na",
    "su",
    "ba",
    "lo",
    "vi",
    "pra",
    "dha",
    "ni",
    "ya",
    "she",
    "go",
    "ru",
    "mi",
    "la",
]


@dataclass(frozen=True)
class Plan:
    """What the raider is told."""

    kind: str
    number: int
    """How often; 0 for as long as standard input is open."""

    member: str
    folder: str
    secrets: str
    hub: str
    addresses: dict[str, str]
    """Listeners to be flooded, by member."""

    target: str
    scheme: str
    section: str

    def write(self, path: Path) -> None:
        """Write it as a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text()))


def suspect(chance: random.Random) -> dict[str, list[str]]:
    """Somebody whom nobody has asked for before."""

    def word() -> str:
        return "".join(chance.choices(_SYLLABLES, k=4)).title()

    return {
        "name": [f"{word()} {word()}"],
        "relative": [f"{word()} {word()}"],
        "phone": [f"9{chance.randrange(10**9):09d}"],
    }


class Arms:
    """The keys of the agency, and what can be done with them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        home = Path(plan.folder)
        self._own = Identity.open(home / "state" / "keys", self._secret(plan.member))
        self._home = home

    def _secret(self, name: str) -> bytes:
        return keyfile.read_passphrase(Path(self.plan.secrets) / name)

    def _officer(self, name: str) -> Any:
        path = self._home / "officers" / f"{name}.locked"
        return officers.open_key(path, self._secret(f"{self.plan.member}-{name}"))

    @cached_property
    def _book(self) -> Any:
        return Shelf.open(self._home / "state" / "documents").book

    @cached_property
    def _holdings(self) -> Holdings:
        keys, scheme = self._home / "state" / "keys", Scheme.load(self.plan.scheme)
        key = unlock(keys, 1, self._secret(self.plan.member))
        return Holdings(scheme, 1, Encoder(scheme, key, 1), {})

    @cached_property
    def _investigator(self) -> Any:
        return self._officer("si-raid")

    @cached_property
    def _supervisor(self) -> Any:
        return self._officer("sp-raid")

    def connected(self, member: str = "") -> grpc.Channel:
        """A channel of its own, which sends as much as is wanted."""
        pair, roots = self._own.credentials("node")()
        secure = grpc.ssl_channel_credentials(roots, pair.key, pair.chain)
        peer = Peer(member, "node") if member else Peer(self.plan.hub, "coordinator")
        options = [
            (
                "grpc.ssl_target_name_override",
                certificates.hostname(peer.member, peer.role),
            ),
            ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        address = self.plan.addresses[member or self.plan.hub]
        return grpc.secure_channel(address, secure, options=options)

    def query(self, chance: random.Random, now: int) -> pb.SubmitRequest:
        """A valid query for somebody new, with all that belongs to it."""
        member, target = self.plan.member, self.plan.target
        said: dict[str, Any] = {"issuer": member, "now": now, "seconds": 3_600}
        case = statement.make(
            Kind.CASE,
            self._own.signer,
            **said,
            case="ab" * 32,
            basis="fir",
            asker="si-raid",
            capacity="investigating-officer",
            sections=[self.plan.section],
        )
        person = normalise.from_fields(suspect(chance))
        content = self._holdings.pack(
            self._holdings.encoder.encode(normalise.tokens_of(person))
        )
        key, name = self._book.sealing_key(target, now), secrets.token_hex(16)
        binding = Binding("query", name, member, target, 1)
        sealed = seal.seal(content, canonical.from_b64(key["key"]), binding)
        query = statement.make(
            Kind.QUERY,
            self._investigator,
            **said,
            officer="si-raid",
            id=name,
            purpose="investigation",
            sections=[self.plan.section],
            case="ab" * 32,
            attestation=envelope.read(case).hash,
            targets={
                target: {"ciphertext": seal.digest(sealed), "sealing_key": key.hash}
            },
            scheme=self._book.latest(now).directory["scheme"],
            epoch=1,
            rehearsal=False,
        )
        approval = statement.make(
            Kind.APPROVAL,
            self._supervisor,
            **said,
            officer="sp-raid",
            answers=envelope.read(query).hash,
            subject="query",
            side="requester",
            slot=self._book.latest(now).rules()["query_slots"][0]["slot"],
            fields=[],
            policy="",
        )
        return pb.SubmitRequest(
            query=Envelope(payload=query),
            attestation=Envelope(payload=case),
            approvals=[Envelope(payload=approval)],
            contents={target: Sealed(ciphertext=sealed)},
        )
