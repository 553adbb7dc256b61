"""A server on loopback that serves every method, and ways to call it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509

from childgrid_wire import certificates, channel
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.channel import ALLOWED
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Untrusted,
)
from wire.ca import leaf, root

HUB = Peer("hub", "coordinator")
MATCH = "/childgrid.v1.NodeService/Match"
SUBMIT = "/childgrid.v1.ExchangeService/Submit"
EXTRA = "/childgrid.v1.Extra/Open"
STREAM = "/childgrid.v1.Extra/Stream"
CALLERS = {
    "node": "police",
    "desk": "police",
    "coordinator": "hub",
    "auditor": "eye",
    "founder": "founders",
    "joiner": "customs",
}
SECRET = "Ramesh Kumar, FIR 12/2026"


@dataclass
class Door:
    """A running server, what it was asked, and whom it shuts out."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    pair: Pair = field(default_factory=lambda: leaf("hub", "coordinator"))
    roots: bytes = field(default_factory=lambda: root().chain)
    broken: bool = False
    parse: Callable[[bytes], Any] | None = None
    held: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def credentials(self) -> tuple[Pair, bytes]:
        """The pair in force."""
        if self.broken:
            raise ConfigurationRefused("cannot read the certificate")
        return self.pair, self.roots

    def authorise(self, peer: Peer) -> None:
        """Let everyone in who isn't barred."""
        if peer.serial in self.barred:
            raise Untrusted(Reason.REVOKED, "certificate")

    def answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Note the call, and echo."""
        self.asked.append(channel.peer_from(context).member)
        if request == b"hold":
            self.entered.release()
            self.held.acquire(timeout=60)
        if request == b"fail":
            raise ValueError(SECRET)
        if request == b"refuse":
            raise Refused(Reason.BUDGET, SECRET)
        if request == b"bare":
            raise RuntimeError
        return request

    def unparsed(self, answer: Any) -> bytes:
        """An answer as bytes."""
        return answer if self.parse is None else bytes(answer.SerializeToString())

    def register(self, server: grpc.Server) -> None:
        """Serve every method of the table, one outside it, and a stream."""
        table: dict[str, dict[str, grpc.RpcMethodHandler]] = {}
        for path in (*ALLOWED, EXTRA):
            _, service, method = path.split("/")
            handler = grpc.unary_unary_rpc_method_handler(
                self.answer, self.parse, self.unparsed
            )
            table.setdefault(service, {})[method] = handler

        def stream(request: bytes, _: grpc.ServicerContext) -> Iterator[bytes]:
            self.asked.append("stream")
            yield request

        table["childgrid.v1.Extra"]["Stream"] = grpc.unary_stream_rpc_method_handler(
            stream
        )
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(*one) for one in table.items()]
        )


def opened(
    door: Door,
    per_peer: int | None = None,
    patience: float = channel.MESSAGE_SECONDS,
) -> grpc.Server:
    """Start serving on a free port."""
    server, port = channel.serve(
        "127.0.0.1:0",
        door.credentials,
        door.authorise,
        door.register,
        workers=4,
        per_peer=per_peer,
        patience=patience,
    )
    door.address = f"127.0.0.1:{port}"
    return server


def ask(
    way: grpc.Channel, method: str = MATCH, data: bytes = b"", seconds: float = 20
) -> bytes:
    """One call on an open channel."""
    return channel.call(way.unary_unary(method), data, seconds)


def asked_as(
    door: Door, pair: Pair, method: str = MATCH, data: bytes = b"", peer: Peer = HUB
) -> bytes:
    """One call on a channel of its own."""
    with channel.connect(door.address, peer, pair, root().chain) as way:
        return ask(way, method, data)


def caller(role: str) -> Pair:
    """The leaf of whoever usually has that role."""
    return leaf(CALLERS[role], role)


def pem_files(folder: Path, pair: Pair) -> tuple[Path, Path, Path]:
    """A pair and the root as files."""
    paths = tuple(folder / name for name in ("key.pem", "chain.pem", "root.pem"))
    for path, data in zip(paths, (pair.key, pair.chain, root().chain), strict=True):
        path.write_bytes(data)
    return paths


def shaken(door: Door, folder: Path, version: ssl.TLSVersion) -> x509.Certificate:
    """Shake hands with exactly one TLS version; returns the server's certificate."""
    key, chain, roots = pem_files(folder, caller("coordinator"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(chain, key)
    context.load_verify_locations(roots)
    context.set_alpn_protocols(["h2"])
    host, port = door.address.split(":")
    name = certificates.hostname("hub", "coordinator")
    with (
        socket.create_connection((host, int(port)), 20) as raw,
        context.wrap_socket(raw, server_hostname=name) as secured,
    ):
        der = secured.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der)
