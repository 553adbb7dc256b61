"""Mutual TLS between zones: who may call what, with deadlines and size limits.

`ALLOWED` is the whole table of who may call which method; what isn't in it is
refused. The peer's role and agency come from exactly one SPIFFE id of its
certificate. A certificate only opens the door: what is said inside is believed by
its signatures.

TLS 1.3 only, no compression, no reflection, no retries of calls by the transport.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from childgrid_wire import ONLY_TLS_1_3
from childgrid_wire.certificates import Pair, Peer, hostname, peer_of
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Reason,
    Refused,
    Unreachable,
    Untrusted,
    WireError,
)
from childgrid_wire.inside import Inside
from childgrid_wire.patience import Patience

MAX_MESSAGE = 4 * 2**20
MAX_DEADLINE_SECONDS = 300
MESSAGE_SECONDS = 10.0
"""How long a call may take to send its message; 4 MiB in that time is 3.4 Mbit/s."""

_SWITCH_SECONDS = 0.001
"""After how long one thread of a server lets another compute.

A call passes through half a dozen threads; beside one that computes it would wait five
milliseconds, Python's own measure, at each.
"""

ALLOWED: Mapping[str, frozenset[str]] = {
    "/childgrid.v1.NodeService/Match": frozenset({"coordinator"}),
    "/childgrid.v1.WitnessService/Cosign": frozenset({"coordinator"}),
    "/childgrid.v1.ExchangeService/Submit": frozenset({"node"}),
    "/childgrid.v1.ExchangeService/Outcome": frozenset({"node"}),
    "/childgrid.v1.ExchangeService/Send": frozenset({"node", "auditor"}),
    "/childgrid.v1.ExchangeService/Receive": frozenset({"node", "auditor"}),
    "/childgrid.v1.ExchangeService/Witness": frozenset({"node", "auditor"}),
    "/childgrid.v1.BoardService/Publish": frozenset({"node", "auditor", "founder"}),
    "/childgrid.v1.BoardService/Fetch": frozenset(
        {"node", "auditor", "founder", "joiner"}
    ),
    "/childgrid.v1.JoiningService/Enrol": frozenset({"joiner"}),
    "/childgrid.v1.JoiningService/Pending": frozenset({"founder"}),
    "/childgrid.v1.JoiningService/Welcome": frozenset({"founder"}),
    "/childgrid.v1.LogService/Checkpoint": frozenset({"auditor"}),
    "/childgrid.v1.LogService/Entries": frozenset({"auditor"}),
    "/childgrid.v1.DeskService/Greet": frozenset({"desk"}),
    "/childgrid.v1.DeskService/Draft": frozenset({"desk"}),
    "/childgrid.v1.DeskService/Sign": frozenset({"desk"}),
    "/childgrid.v1.DeskService/Look": frozenset({"desk"}),
    "/childgrid.v1.DeskService/Rise": frozenset({"desk"}),
    "/grpc.health.v1.Health/Check": frozenset(
        {"node", "desk", "coordinator", "auditor"}
    ),
}

_LIMITS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.max_metadata_size", 8_192),
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 60_000),
]
# Whoever comes back is dialled within half a second, not gRPC's two minutes.
_REDIAL = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 500),
]
_SERVER_LIMITS = [
    ("grpc.max_concurrent_streams", 64),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 300_000),
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    ("grpc.so_reuseport", 0),
]

_STATUS = {
    Reason.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.STORAGE: grpc.StatusCode.UNAVAILABLE,
    Reason.DEADLINE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN: grpc.StatusCode.NOT_FOUND,
}

log = logging.getLogger(__name__)
Authorise = Callable[[Peer], None]
Observe = Callable[[str, str], None]
"""Told of every call that was answered: its method, and `ok` or the reason."""

Credentials = Callable[[], tuple[Pair, bytes]]
"""Returns the leaf pair in force and the PEM roots; read again at each handshake."""


def _unobserved(_method: str, _outcome: str) -> None:
    """Nobody counts."""


class Gate(grpc.ServerInterceptor):
    """Checks caller, method and deadline before a message is read, let alone judged."""

    def __init__(
        self,
        authorise: Authorise,
        per_peer: int | None = None,
        patience: float = MESSAGE_SECONDS,
        observe: Observe = _unobserved,
    ) -> None:
        """`authorise` raises `WireError` for peers that may not come in (now).

        `per_peer` is how many calls of one peer may be at hand at a time; None where
        one peer speaks for many, as the coordinator does at a node. `patience` is how
        many seconds a call has to send its message.
        """
        self._authorise = authorise
        self._inside = Inside(per_peer)
        self._patience = Patience(patience)
        self._observe = observe

    def intercept_service(
        self,
        continuation: Callable[[Any], grpc.RpcMethodHandler[Any, Any] | None],
        details: Any,  # noqa: ANN401 - grpc's own untyped call details
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap unary handlers; other kinds of call aren't served here.

        To the caller they stay unary. To grpc they are streams of one message, since
        it would otherwise give a worker to a call before anybody could look at it.
        """
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return None
        inner, method = handler.unary_unary, details.method
        parse = handler.request_deserializer

        def guarded(
            messages: Iterator[bytes], context: grpc.ServicerContext
        ) -> Message:
            with reported(context, lambda how: self._observe(method, how)):
                peer = peer_from(context)
                # Not by certificate: an agency can issue itself as many as it likes.
                with self._inside.entered((peer.member, peer.role)):
                    self._enter(method, context, peer)
                    data = self._read(messages, context)
                    answer: Message = inner(_parsed(data, parse), context)
                    # A call may wait for a minute; who was revoked meanwhile gets none.
                    self._authorise(peer)
                    return answer
            raise AssertionError("unreachable")

        return grpc.stream_unary_rpc_method_handler(
            guarded, None, handler.response_serializer
        )

    def _read(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """The call's one message; whatever comes after it is not looked at."""
        with self._patience.with_(context):
            for data in messages:
                return data
        raise Malformed("message")

    def _enter(self, method: str, context: grpc.ServicerContext, peer: Peer) -> None:
        if peer.role not in ALLOWED.get(method, frozenset()):
            raise Refused(Reason.WRONG_ROLE, method)
        remaining = context.time_remaining()
        if remaining is None or remaining > MAX_DEADLINE_SECONDS:
            raise Refused(Reason.DEADLINE, method)
        self._authorise(peer)


def _parsed(data: bytes, parse: Callable[[bytes], Message] | None) -> Any:  # noqa: ANN401
    """The message, read here: grpc would read it on the one thread that serves all.

    What can't be read there also ends the call twice, which costs the connection.
    """
    try:
        return parse(data) if parse else data
    except DecodeError as error:
        raise Malformed("message") from error


def peer_from(context: grpc.ServicerContext) -> Peer:
    """Who is calling, by its certificate; raises `Untrusted` without one."""
    pem: Any = context.auth_context().get("x509_pem_cert")
    if not pem:
        raise Untrusted(Reason.UNKNOWN_PEER, "certificate")
    return peer_of(bytes(pem[0]))


@contextmanager
def reported(
    context: grpc.ServicerContext, told: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Turn our errors into a status whose only text is the reason.

    Anything unforeseen becomes an opaque internal error; its trace stays here. `told`
    gets `ok`, the reason, or `internal`.
    """
    try:
        yield
        told("ok")
    except WireError as error:
        told(error.reason.value)
        status = _STATUS.get(error.reason, grpc.StatusCode.FAILED_PRECONDITION)
        context.abort(status, error.reason.value)
    except grpc.RpcError:
        raise
    except Exception as error:
        if type(error) is Exception and not error.args:
            raise  # grpc's own signal that abort() was called further down
        told("internal")
        log.error("internal error in a handler: %s", type(error).__name__)
        context.abort(grpc.StatusCode.INTERNAL, "internal")


def serve(
    address: str,
    credentials: Credentials,
    authorise: Authorise,
    register: Callable[[grpc.Server], None],
    workers: int = 32,
    per_peer: int | None = None,
    patience: float = MESSAGE_SECONDS,
    observe: Observe = _unobserved,
) -> tuple[grpc.Server, int]:
    """Start a server on `host:port` (port 0 takes a free one).

    `per_peer` bounds one peer's calls at hand, so that its flood leaves workers for
    the others; `patience` is how long a call may take to send its message; see `Gate`.
    `observe` is told how every call ended.

    Returns:
        The running server and the port that it listens on.

    Raises:
        ConfigurationRefused: the port is in use, the certificate or the roots are
            unreadable, or TLS 1.2 would be spoken.
    """
    if not ONLY_TLS_1_3:
        raise ConfigurationRefused(
            "import childgrid_wire before grpc, or TLS 1.2 opens"
        )
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = grpc.server(
        futures.ThreadPoolExecutor(workers, thread_name_prefix="rpc"),
        interceptors=[Gate(authorise, per_peer, patience, observe)],
        options=[*_LIMITS, *_SERVER_LIMITS],
        maximum_concurrent_rpcs=4 * workers,
        compression=grpc.Compression.NoCompression,
    )
    register(server)
    configuration = _in_force(credentials)
    secure = grpc.dynamic_ssl_server_credentials(configuration(), configuration, True)
    try:
        port = server.add_secure_port(address, secure)
    except RuntimeError as error:
        raise ConfigurationRefused(f"cannot listen on {address}") from error
    if not port:
        raise ConfigurationRefused(f"cannot listen on {address}")
    server.start()
    return server, port


def _in_force(credentials: Credentials) -> Callable[[], Any]:
    """What grpc asks at every handshake for the certificate in force.

    None where it is the one that grpc has already: given another object each time, it
    frees the old one under handshakes that use it, and noise on the port ends the
    process.
    """
    kept: list[tuple[Pair, bytes]] = []

    def configuration() -> Any:  # noqa: ANN401 - an opaque grpc object
        try:
            pair, roots = credentials()
            if not roots:
                raise ConfigurationRefused("no root certificate is configured")
        except Exception as error:
            log.error("certificate not read again: %s", type(error).__name__)
            raise
        if kept == [(pair, roots)]:
            return None
        made = grpc.ssl_server_certificate_configuration(
            [(pair.key, pair.chain)], roots
        )
        kept[:] = [(pair, roots)]
        return made

    return configuration


def connect(address: str, peer: Peer, pair: Pair, roots: bytes) -> grpc.Channel:
    """Open a channel to one role of one member; any other certificate is refused."""
    if not roots:
        raise ConfigurationRefused("no root certificate is configured")
    secure = grpc.ssl_channel_credentials(roots, pair.key, pair.chain)
    name = hostname(peer.member, peer.role)
    options = [*_LIMITS, *_REDIAL, ("grpc.ssl_target_name_override", name)]
    return grpc.secure_channel(address, secure, options=options)


class Dialer:
    """Keeps channels; opens a new one when our certificate or the roots changed."""

    def __init__(self, credentials: Credentials) -> None:
        """`credentials` gives the pair in force and the roots."""
        self._credentials = credentials
        self._channels: dict[tuple[str, Peer], tuple[bytes, grpc.Channel]] = {}
        self._stubs: dict[tuple[str, Peer], dict[Any, tuple[grpc.Channel, Any]]] = {}
        self._lock = threading.Lock()

    def channel(self, address: str, peer: Peer) -> grpc.Channel:
        """A channel to `peer` at `address`."""
        pair, roots = self._credentials()
        with self._lock:
            known = self._channels.get((address, peer))
            if known and known[0] == pair.chain + roots:
                return known[1]
            channel = connect(address, peer, pair, roots)
            self._channels[(address, peer)] = (pair.chain + roots, channel)
        if known:
            known[1].close()
        return channel

    def stub(
        self, kind: Callable[[grpc.Channel], Any], address: str, peer: Peer
    ) -> Any:  # noqa: ANN401
        """A generated stub over the channel to `peer` at `address`, made once."""
        channel = self.channel(address, peer)
        known = self._stubs.setdefault((address, peer), {})
        kept = known.get(kind)
        if kept is None or kept[0] is not channel:
            kept = known[kind] = channel, kind(channel)
        return kept[1]

    def close(self) -> None:
        """Close every channel."""
        with self._lock:
            for _, channel in self._channels.values():
                channel.close()
            self._channels.clear()


def call(method: Callable[..., Any], request: Message, seconds: float) -> Any:  # noqa: ANN401
    """Call a unary method with a deadline.

    Raises:
        Refused: the other side said why not.
        Unreachable: it didn't answer in time, or TLS failed.
    """
    try:
        return method(request, timeout=seconds)
    except grpc.RpcError as error:
        raise translated(error) from error


def translated(error: grpc.RpcError) -> WireError:
    """Read what the other side said; everything else is unreachability."""
    details = error.details() if isinstance(error, grpc.Call) else ""
    if details in list(Reason):
        return Refused(Reason(details))
    code = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED.name:
        return Refused(Reason.TOO_LARGE if "larger" in (details or "") else Reason.BUSY)
    return Unreachable(code.lower().replace("_", " "))
