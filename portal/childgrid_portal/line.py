"""The line to the own node's desk: drafts come back checked, signed bytes go in.

Whoever signs stands elsewhere: a key file at the command line, a passkey in a browser.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childgrid_portal.drafts import Wanted, check_draft
from childgrid_wire import canonical, certificates, channel, keyfile
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Reason,
    Untrusted,
    WireError,
)
from childgrid_wire.kinds import BY_PAYLOAD_TYPE
from childgrid_wire.pb import desk_pb2 as pb
from childgrid_wire.pb import desk_pb2_grpc as rpc
from childgrid_wire.pb.values_pb2 import Envelope

_SECONDS = 60.0
_SOON = 15.0
"""For the directory, with which most pages begin: a node that is away is told soon."""


@dataclass(frozen=True)
class Pass:
    """A desk pass: a certificate of role `desk`, its key, and the grid's root."""

    pair: Pair
    root: bytes

    @classmethod
    def read(cls, path: Path) -> Pass:
        """Read a pass file.

        Raises:
            ConfigurationRefused: it is no pass, or others than its owner can read it.
        """
        keyfile.check_private(path)
        try:
            table = json.loads(path.read_text("ascii"))
            pair = Pair(table["key"].encode(), table["chain"].encode())
            certificates.peer_of(pair.chain)
            return cls(pair, table["root"].encode())
        except (OSError, ValueError, KeyError, WireError) as error:
            raise ConfigurationRefused(f"{path.name} is no desk pass") from error


@dataclass(frozen=True)
class Handed:
    """What the node says of a statement that it took in."""

    hash: str
    sitting: str
    """The token that reads, where the statement opened a sitting; else empty."""


@dataclass(frozen=True)
class Greeting:
    """Whose desk answers, and in which grid."""

    member: str
    grid: str
    training: bool
    """Whether the signed directory says that this grid is for training."""


class Line:
    """A connection of one agency's people to their own node."""

    def __init__(self, address: str, desk_pass: Pass, member: str) -> None:
        """`address` is host:port of the node's desk."""
        self.member = member
        peer = Peer(member, "desk")
        self._channel = channel.connect(address, peer, desk_pass.pair, desk_pass.root)
        self._stub: Any = rpc.DeskServiceStub(self._channel)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def greet(self) -> Greeting:
        """Ask the desk whose it is.

        Raises:
            Untrusted: it is another member's.
            Unreachable: nobody answered.
        """
        said = channel.call(self._stub.Greet, pb.GreetRequest(), _SECONDS)
        if said.member != self.member:
            raise Untrusted(Reason.UNKNOWN_PEER, "desk")
        return Greeting(said.member, said.grid, said.kind == "training")

    def draft(self, officer: str, wanted: Wanted) -> bytes:
        """Have something drafted; returns the exact payload that is to be signed.

        Raises:
            Malformed: the node drafted something else than was asked for.
            Refused, Untrusted, Unreachable: as the node says.
        """
        reply = channel.call(self._stub.Draft, wanted.call, _SECONDS)
        payload: bytes = reply.payload.encode("utf-8")
        if BY_PAYLOAD_TYPE.get(reply.payload_type) is not wanted.kind:
            raise Malformed("the node drafted another kind than was asked for")
        expected = {**wanted.expected, "issuer": self.member, "officer": officer}
        check_draft(wanted.kind, payload, expected)
        return payload

    def hand_in(self, signed: bytes) -> Handed:
        """Hand a signed draft to the node, which verifies, logs and acts."""
        call = pb.SignRequest(statement=Envelope(payload=signed))
        reply = channel.call(self._stub.Sign, call, _SECONDS)
        return Handed(str(reply.hash), str(reply.sitting))

    def look(self, signed: bytes, wait_ms: int = 0) -> dict[str, Any]:
        """Read what a signed `view` names."""
        call = pb.LookRequest(view=Envelope(payload=signed), wait_ms=wait_ms)
        return self._look(call, _SECONDS)

    def read(
        self,
        sitting: str,
        object_: str,
        subject: str = "",
        *,
        page: int = 0,
        wait_ms: int = 0,
    ) -> dict[str, Any]:
        """Read in a sitting; the node logs who read what."""
        reading = pb.Reading(
            sitting=sitting, object=object_, subject=subject, page=page
        )
        seconds = _SOON if object_ == "directory" else _SECONDS
        return self._look(pb.LookRequest(reading=reading, wait_ms=wait_ms), seconds)

    def _look(self, call: pb.LookRequest, seconds: float) -> dict[str, Any]:
        reply = channel.call(self._stub.Look, call, seconds)
        return canonical.loads(reply.document.encode("ascii"))

    def rise(self, sitting: str) -> None:
        """End a sitting."""
        channel.call(self._stub.Rise, pb.RiseRequest(sitting=sitting), _SECONDS)
