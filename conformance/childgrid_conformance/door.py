"""The door of the node under test: real calls over gRPC with mutual TLS.

Whatever comes back is told apart into three: an answer, a refusal with a reason of the
error table, and anything else, which no check takes for a refusal.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message

from childgrid_conformance.cast import AUDITORS, HUB, Cast
from childgrid_wire import channel
from childgrid_wire.certificates import Pair, Peer, hostname
from childgrid_wire.errors import ConfigurationRefused, Reason
from childgrid_wire.identity import Identity
from childgrid_wire.pb import (
    desk_pb2_grpc,
    log_pb2_grpc,
    node_pb2_grpc,
    witness_pb2_grpc,
)

SECONDS = 20.0


@dataclass(frozen=True)
class Reply:
    """What came back: an answer, or a status with its only text."""

    value: Any = None
    status: str = "OK"
    text: str = ""

    @property
    def refused(self) -> bool:
        """Whether the other side said no, in a word of the error table."""
        return self.status != "OK" and self.text in list(Reason)

    def __str__(self) -> str:
        if self.status == "OK":
            return "answered"
        return self.text if self.refused else f"{self.status}: {self.text[:80]}"


def ask(
    method: Callable[..., Any], message: Message, seconds: float | None = SECONDS
) -> Reply:
    """Call; nothing is raised, since a refusal is a result here."""
    try:
        return Reply(method(message, timeout=seconds))
    except grpc.RpcError as error:
        if not isinstance(error, grpc.Call):
            raise
        return Reply(None, error.code().name, error.details() or "")


class Door:
    """The grid listener of the node under test, in the roles that the kit plays."""

    def __init__(self, cast: Cast, address: str) -> None:
        """`address` is host:port."""
        self.cast, self.address = cast, address
        self._opened: list[grpc.Channel] = []
        self._kept: dict[tuple[str, str], tuple[grpc.Channel, Stubs]] = {}

    def close(self) -> None:
        """Close every connection."""
        self.hang_up()
        for opened, _ in self._kept.values():
            opened.close()

    def hang_up(self) -> None:
        """Close what one check has opened; else it would go on dialling for ever."""
        for one in self._opened:
            one.close()
        self._opened.clear()

    def channel(self, identity: Identity, role: str) -> grpc.Channel:
        """A connection as a role of a member."""
        pair, _ = identity.credentials(role)()
        return self._open(pair)

    def _open(self, pair: Pair) -> grpc.Channel:
        peer = Peer(self.cast.member, "node")
        opened = channel.connect(self.address, peer, pair, self.cast.root.chain)
        self._opened.append(opened)
        return opened

    def as_(self, member: str, role: str) -> Stubs:
        """The services as one of the kit's members sees them."""
        return Stubs.over(self.channel(self.cast.identities[member], role))

    def hub(self) -> Stubs:
        """The services as the coordinator sees them."""
        return self._lasting(HUB, "coordinator")

    def auditor(self) -> Stubs:
        """The services as an auditor sees them."""
        return self._lasting(AUDITORS[0], "auditor")

    def _lasting(self, member: str, role: str) -> Stubs:
        """A connection that is used again by every check."""
        if (member, role) not in self._kept:
            stubs = self.as_(member, role)
            self._kept[(member, role)] = self._opened.pop(), stubs
        return self._kept[(member, role)][1]

    def anonymous(self) -> Stubs:
        """The services as somebody without a certificate sees them."""
        return self._plain(None, self.cast.member)

    def expecting(self, member: str) -> Stubs:
        """The services for a coordinator that expects another member there."""
        return self._plain(self._coordinator, member)

    def unlimited(self) -> Stubs:
        """The services for a coordinator that sends messages of any size."""
        return self._plain(self._coordinator, self.cast.member)

    @property
    def _coordinator(self) -> Pair:
        return self.cast.identities[HUB].credentials("coordinator")()[0]

    def _plain(self, pair: Pair | None, member: str) -> Stubs:
        """A connection without the limits of `channel.connect`."""
        key, chain = (pair.key, pair.chain) if pair else (None, None)
        secure = grpc.ssl_channel_credentials(self.cast.root.chain, key, chain)
        name = hostname(member, "node")
        opened = grpc.secure_channel(
            self.address, secure, [("grpc.ssl_target_name_override", name)]
        )
        self._opened.append(opened)
        return Stubs.over(opened)

    def listens(self) -> bool:
        """Whether anybody takes a connection there."""
        host, _, port = self.address.rpartition(":")
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex((host, int(port))) == 0

    def speaks(self, version: ssl.TLSVersion) -> bool:
        """Whether a handshake of exactly this TLS version succeeds."""
        host, _, port = self.address.rpartition(":")
        with self._context(version) as context:
            try:
                with (
                    socket.create_connection((host, int(port)), 5) as raw,
                    context.wrap_socket(raw, server_hostname=None) as secure,
                ):
                    return secure.version() is not None
            except (ssl.SSLError, ConnectionError):
                return False

    @contextmanager
    def _context(self, version: ssl.TLSVersion) -> Iterator[ssl.SSLContext]:
        """A client with the coordinator's certificate that speaks one version only."""
        pair, root = self.cast.identities[HUB].credentials("coordinator")()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(cadata=root.decode())
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2"])
        with tempfile.TemporaryDirectory() as folder:
            key, chain = Path(folder) / "key", Path(folder) / "chain"
            key.write_bytes(pair.key)
            chain.write_bytes(pair.chain)
            context.load_cert_chain(chain, key)
            yield context


@dataclass(frozen=True)
class Stubs:
    """The generated stubs over one connection; grpc's are untyped."""

    node: Any
    witness: Any
    log: Any
    desk: Any

    @classmethod
    def over(cls, opened: grpc.Channel) -> Stubs:
        """All of them over `opened`."""
        return cls(
            node_pb2_grpc.NodeServiceStub(opened),
            witness_pb2_grpc.WitnessServiceStub(opened),
            log_pb2_grpc.LogServiceStub(opened),
            desk_pb2_grpc.DeskServiceStub(opened),
        )


def desk(address: str, desk_pass: Path, member: str) -> grpc.Channel:
    """A connection to the node's desk by its pass file.

    Raises:
        ConfigurationRefused: the file is no desk pass.
    """
    try:
        table = json.loads(desk_pass.read_text("ascii"))
        pair = Pair(table["key"].encode(), table["chain"].encode())
        root = table["root"].encode()
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationRefused(f"{desk_pass.name} is no desk pass") from error
    return channel.connect(address, Peer(member, "desk"), pair, root)
