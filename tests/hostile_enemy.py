"""The attacker of the hostile tests: what it owns, and how it spoils what it carries.

It has the coordinator's key and, with an accomplice, either every key of the agency
`prisons` or the key of one officer of the asking agency. It can change bytes, edit
fields, sign anew with what it owns, and claim to be anyone.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from childgrid_node.courier import Parcel
from childgrid_wire import canonical, envelope
from childgrid_wire.envelope import Signature
from childgrid_wire.errors import WireError
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from grid import AGENCIES, HUB, OFFICERS, identity, officer_signer
from hostile_stage import Stage

HOUR = 3_600
ACCOMPLICES = ("", "", "prisons", "si-rao", "si-joshi", "sp-nair", "sp-khan")


def body_of(data: bytes) -> dict[str, Any]:
    """The body of an envelope, believed for nothing."""
    return dict(json.loads(canonical.from_b64(json.loads(data)["payload"])))


def hash_of(kind: Kind, data: bytes) -> str:
    """The hash of an envelope that may be no more than half of one; or nothing."""
    try:
        return envelope.name_of(kind, canonical.from_b64(json.loads(data)["payload"]))
    except (ValueError, WireError):
        return ""


@dataclass
class Enemy:
    """The coordinator's owner in one case, with an accomplice or without."""

    stage: Stage
    rng: random.Random
    accomplice: str = ""
    pool: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for body in self.stage.mark.known.values():
            for key, value in body.items():
                self.pool.setdefault(key, []).append(value)

    @property
    def signers(self) -> dict[str, Signer]:
        """Every key that is the enemy's own, by key id."""
        owned: dict[str, Signer] = {HUB: identity(HUB).signer}
        if self.accomplice == "prisons":
            owned["prisons"] = identity("prisons").signer
            for one in OFFICERS["prisons"]:
                owned[f"prisons/{one}"] = officer_signer("prisons", one)
        elif self.accomplice:
            one = self.accomplice
            owned[f"police/{one}"] = officer_signer("police", one)
        return owned

    @property
    def members(self) -> set[str]:
        """The members whose own key is the enemy's."""
        return {name for name in self.signers if "/" not in name}

    def call(self) -> tuple[str, dict[str, Any]]:
        """A genuine query with its target, carried or not; a copy to be spoiled."""
        calls = [(target, one) for (_, target), one in self.stage.spy.calls.items()]
        target, call = self.rng.choice(calls + self.stage.unsent)
        return target, {**call, "approvals": list(call["approvals"])}

    def parcel(self, *kinds: Kind) -> tuple[str, Parcel]:
        """A genuine parcel with its reader, carried or not."""
        every = self.stage.spy.delivered + self.stage.held_back
        fitting = [
            (reader, one)
            for reader, one in every
            if not kinds or envelope.read(one.statement).kind in kinds
        ]
        return self.rng.choice(fitting or every)

    def flipped(self, data: bytes) -> bytes:
        """Bytes with one bit or one byte changed, one cut off or one put in."""
        rng = self.rng
        at = rng.randrange(len(data)) if data else 0
        way = rng.randrange(4) if data else 3
        if way == 0:
            return (
                data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            )
        if way == 1:
            other = (data[at] + rng.randrange(1, 256)) % 256
            return data[:at] + bytes([other]) + data[at + 1 :]
        if way == 2:
            return data[:at] + data[at + 1 :]
        return data[:at] + rng.randbytes(1) + data[at:]

    def spoiled(self, data: bytes) -> bytes:
        """An envelope with a byte changed: outside, in the payload or the signature."""
        outer = envelope.read(data)
        way = self.rng.randrange(4)
        if way == 0:
            return self.flipped(data)
        if way == 1:
            payload = self.flipped(outer.payload)
            return envelope.assemble(outer.kind, payload, outer.signatures)
        one = outer.signatures[0]
        if way == 2:
            other = Signature(one.keyid, self.flipped(one.sig))
        else:
            other = Signature(self.rng.choice(self.keyids(one.keyid)), one.sig)
        return envelope.assemble(outer.kind, outer.payload, [other])

    def keyids(self, but: str) -> list[str]:
        """Key ids of the grid, and of nobody."""
        named = [f"{a}/{one}" for a in AGENCIES for one in OFFICERS[a]]
        every = [*AGENCIES, HUB, "founder:f1", "nobody", "police/nobody", *named]
        return [one for one in every if one != but]

    def edited(self, data: bytes) -> dict[str, Any]:
        """A statement's body with one to three fields changed for plausible others."""
        body = body_of(data)
        for key in self.rng.sample(sorted(body), self.rng.randint(1, 3)):
            body[key] = self._other(key, body[key])
        return dict(body)

    def _other(self, key: str, value: Any) -> Any:
        rng = self.rng
        others = [one for one in self.pool.get(key, []) if one != value]
        if others and rng.random() < 0.7:
            return rng.choice(others)
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + rng.choice([-86_400, -1, 1, 3_600, 90 * 86_400])
        if isinstance(value, list):
            return [*value, "phone"] if rng.random() < 0.5 else value[1:]
        if isinstance(value, str) and len(value) in (32, 64):
            return rng.randbytes(len(value) // 2).hex()
        return rng.choice(["police", "customs", "cu-mehta", "custodian", "holder", ""])

    def signed(self, body: dict[str, Any], kind: Kind, was: bytes) -> bytes:
        """Bring a body into an envelope by one of the ways that an enemy has."""
        rng, owned = self.rng, self.signers
        keyid = rng.choice(sorted(owned))
        way = rng.randrange(4)
        if way == 0:
            member, _, officer = keyid.partition("/")
            body = {**body, "issuer": member, "officer": officer}
        payload = canonical.dumps(body)
        if way == 1:
            return envelope.assemble(kind, payload, envelope.read(was).signatures)
        message = envelope.pae(kind.payload_type, payload)
        made = Signature(keyid, owned[keyid].sign(message))
        if way == 2:
            made = Signature(rng.choice(self.keyids(keyid)), made.sig)
        both = [made, *envelope.read(was).signatures] if rng.random() < 0.1 else [made]
        return envelope.assemble(kind, payload, both)

    def speaks(self, kind: Kind, keyid: str, **body: Any) -> bytes:
        """A well-formed statement that the enemy signs with a key of its own."""
        member, _, officer = keyid.partition("/")
        now = self.stage.grid.now
        header = {
            "kind": kind.value,
            "id": self.rng.randbytes(16).hex(),
            "issuer": member,
            "officer": officer,
            "issued": now,
            "expires": now + self.rng.choice([HOUR, 48 * HOUR]),
            "answers": "",
        }
        payload = canonical.dumps({**header, **body})
        return envelope.sign(kind, payload, [self.signers[keyid]])
