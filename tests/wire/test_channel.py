"""Mutual TLS on loopback: who gets in, in which role, for how long, with how much."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from childgrid_wire import certificates, channel
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.channel import ALLOWED, Dialer
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
    Untrusted,
    WireError,
)
from childgrid_wire.pb import (
    coordinator_pb2,
    desk_pb2,
    log_pb2,
    node_pb2,
    witness_pb2,
)
from wire import ca
from wire.ca import forged, issuer, leaf, root

HUB = Peer("hub", "coordinator")
MATCH = "/childgrid.v1.NodeService/Match"
SUBMIT = "/childgrid.v1.ExchangeService/Submit"
FETCH = "/childgrid.v1.BoardService/Fetch"
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
        if request == b"fail":
            raise ValueError(SECRET)
        if request == b"refuse":
            raise Refused(Reason.BUDGET, SECRET)
        if request == b"bare":
            raise RuntimeError
        return request

    def register(self, server: grpc.Server) -> None:
        """Serve every method of the table, one outside it, and a stream."""
        table: dict[str, dict[str, grpc.RpcMethodHandler]] = {}
        for path in (*ALLOWED, EXTRA):
            _, service, method = path.split("/")
            handler = grpc.unary_unary_rpc_method_handler(self.answer)
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


def opened(door: Door) -> grpc.Server:
    """Start serving on a free port."""
    server, port = channel.serve(
        "127.0.0.1:0", door.credentials, door.authorise, door.register, workers=4
    )
    door.address = f"127.0.0.1:{port}"
    return server


@pytest.fixture(scope="module")
def shared() -> Iterator[Door]:
    """One server for all tests that don't change it."""
    door = Door()
    server = opened(door)
    yield door
    server.stop(0)


@pytest.fixture
def door(shared: Door) -> Door:
    """The shared server with nothing noted."""
    shared.asked.clear()
    return shared


@pytest.fixture
def own() -> Iterator[Door]:
    """A server that the test may change."""
    door = Door()
    server = opened(door)
    yield door
    server.stop(0)


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


def test_the_table_names_every_method_and_no_other() -> None:
    """A method that is added to a service must be put into the table."""
    methods = {
        f"/{service.full_name}/{method.name}"
        for file in (coordinator_pb2, desk_pb2, log_pb2, node_pb2, witness_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(ALLOWED) == methods
    roles = frozenset().union(*ALLOWED.values())
    assert roles == set(CALLERS) == set(certificates.ROLES)


@pytest.mark.parametrize("role", CALLERS)
def test_each_role_may_call_what_the_table_says(door: Door, role: str) -> None:
    """Every method for every role: let in or refused, and nothing in between."""
    with channel.connect(door.address, HUB, caller(role), root().chain) as way:
        for method, roles in ALLOWED.items():
            door.asked.clear()
            if role in roles:
                assert ask(way, method, b"x") == b"x"
                assert door.asked == [CALLERS[role]]
            else:
                with pytest.raises(Refused) as refusal:
                    ask(way, method, b"x")
                assert refusal.value.reason is Reason.WRONG_ROLE
                assert door.asked == []


def test_a_method_outside_the_table_is_refused(door: Door) -> None:
    """Served or not, unary or not: what nobody allowed nobody can call."""
    with channel.connect(door.address, HUB, caller("coordinator"), root().chain) as way:
        with pytest.raises(Refused) as refusal:
            ask(way, EXTRA)
        assert refusal.value.reason is Reason.WRONG_ROLE
        with pytest.raises(Unreachable):
            ask(way, "/childgrid.v1.NodeService/Nothing")
        with pytest.raises(grpc.RpcError) as error:
            list(way.unary_stream(STREAM)(b"", timeout=20))
        assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert door.asked == []


def spiffe_twice() -> Pair:
    """A leaf that claims two roles."""
    names = [*ca.names_of("hub", "coordinator"), ca.uri("hub", "auditor")]
    return forged(issuer("hub"), names)


STRANGERS = {
    "of another root": lambda: leaf("hub", "coordinator", of="other"),
    "signed by itself": lambda: Pair(root("self").key, root("self").chain),
    "expired": lambda: certificates.issue_leaf(
        issuer("hub"), "hub", "coordinator", ca.NOW - 48 * 3_600
    ),
    "not yet valid": lambda: certificates.issue_leaf(
        issuer("hub"), "hub", "coordinator", ca.NOW + 24 * 3_600
    ),
    "by another agency's issuer": lambda: leaf("hub", "coordinator", by="police"),
    "with a name of another agency": lambda: forged(
        issuer("police"),
        [ca.dns("node.police.childgrid.internal"), ca.uri("hub", "coordinator")],
    ),
    "with the root domain": lambda: forged(
        issuer("police"), [ca.dns("childgrid.internal"), ca.uri("police", "node")]
    ),
    "for servers only": lambda: forged(
        issuer("hub"),
        ca.names_of("hub", "coordinator"),
        uses=(ExtendedKeyUsageOID.SERVER_AUTH,),
    ),
    "by a leaf": lambda: forged(
        leaf("hub", "coordinator"), ca.names_of("hub", "coordinator")
    ),
    "by an authority under an issuer": lambda: forged(
        forged(issuer("hub"), [], authority=True, common="sub"),
        ca.names_of("hub", "coordinator"),
    ),
    "without its issuer": lambda: Pair(
        leaf("hub", "coordinator").key,
        leaf("hub", "coordinator").chain.split(b"-----END CERTIFICATE-----\n")[0]
        + b"-----END CERTIFICATE-----\n",
    ),
}


@pytest.mark.parametrize("made", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_refused_at_the_door(door: Door, made: object) -> None:
    """No handshake, no call, no handler."""
    with pytest.raises(Unreachable):
        asked_as(door, made())
    assert door.asked == []
    assert asked_as(door, caller("coordinator"), data=b"x") == b"x"


def test_a_caller_without_a_certificate_is_refused(door: Door) -> None:
    """Neither anonymous TLS nor plain text reaches a handler."""
    options = [
        ("grpc.ssl_target_name_override", certificates.hostname("hub", "coordinator"))
    ]
    anonymous = grpc.ssl_channel_credentials(root().chain)
    for way in (
        grpc.secure_channel(door.address, anonymous, options=options),
        grpc.insecure_channel(door.address),
    ):
        with way, pytest.raises(Unreachable):
            ask(way, seconds=5)
    assert door.asked == []


@pytest.mark.parametrize(
    "made",
    [
        spiffe_twice,
        lambda: forged(issuer("hub"), [ca.dns("coordinator.hub.childgrid.internal")]),
        lambda: forged(
            issuer("hub"), [x509.UniformResourceIdentifier("spiffe://hub.childgrid/x")]
        ),
        lambda: leaf("hub", "founder"),
    ],
)
def test_a_certificate_that_is_not_one_peer_opens_nothing(
    door: Door, made: object
) -> None:
    """The handshake holds, but nobody can be read from the certificate."""
    for method in (MATCH, "/childgrid.v1.JoiningService/Welcome"):
        with pytest.raises(Refused) as refusal:
            asked_as(door, made(), method)
        assert refusal.value.reason in (Reason.UNKNOWN_PEER, Reason.WRONG_ROLE)
    assert door.asked == []


IMPOSTORS = {
    "another member": lambda: leaf("police", "node"),
    "another role": lambda: leaf("hub", "auditor"),
    "another root": lambda: leaf("hub", "coordinator", of="other"),
    "another member's issuer": lambda: leaf("hub", "coordinator", by="police"),
    "a common name alone": lambda: forged(
        issuer("police"), [], common="coordinator.hub.childgrid.internal"
    ),
    "a common name beside a foreign name": lambda: forged(
        issuer("police"),
        [ca.dns("node.police.childgrid.internal")],
        common="coordinator.hub.childgrid.internal",
    ),
    "a wildcard": lambda: forged(
        issuer("police"), [ca.dns("*.childgrid.internal"), ca.uri("police", "node")]
    ),
    "an expired leaf": STRANGERS["expired"],
    "a leaf for clients only": lambda: forged(
        issuer("hub"),
        ca.names_of("hub", "coordinator"),
        uses=(ExtendedKeyUsageOID.CLIENT_AUTH,),
    ),
}


@pytest.mark.parametrize("made", IMPOSTORS.values(), ids=IMPOSTORS)
def test_nobody_else_can_stand_in_for_the_coordinator(made: object) -> None:
    """On the same address, any other certificate is refused by the caller."""
    door = Door(pair=made())
    server = opened(door)
    try:
        with pytest.raises(Unreachable):
            asked_as(door, caller("node"), SUBMIT)
    finally:
        server.stop(0)
    assert door.asked == []


def test_a_call_needs_a_deadline_of_at_most_five_minutes(door: Door) -> None:
    """None at all or too far away is refused before any handler."""
    with channel.connect(door.address, HUB, caller("coordinator"), root().chain) as way:
        for seconds in (None, 400, 10**6):
            with pytest.raises(Refused) as refusal:
                ask(way, seconds=seconds)
            assert refusal.value.reason is Reason.DEADLINE
        assert door.asked == []
        assert ask(way, data=b"x", seconds=290) == b"x"


def test_a_message_over_the_limit_is_refused_on_both_sides(door: Door) -> None:
    """Our own client doesn't send it, and a foreign client isn't listened to."""
    big = bytes(channel.MAX_MESSAGE + 1)
    with pytest.raises(Refused) as refusal:
        asked_as(door, caller("coordinator"), data=big)
    assert refusal.value.reason is Reason.TOO_LARGE
    pair = caller("coordinator")
    secure = grpc.ssl_channel_credentials(root().chain, pair.key, pair.chain)
    options = [
        ("grpc.ssl_target_name_override", certificates.hostname("hub", "coordinator")),
        ("grpc.max_send_message_length", -1),
    ]
    with (
        grpc.secure_channel(door.address, secure, options=options) as way,
        pytest.raises(Refused) as refusal,
    ):
        ask(way, data=big)
    assert refusal.value.reason is Reason.TOO_LARGE
    assert door.asked == []
    assert len(asked_as(door, pair, data=bytes(channel.MAX_MESSAGE - 99))) > 0


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


def test_tls_1_2_is_refused(door: Door, tmp_path: Path) -> None:
    """The same client gets in by 1.3 and not by 1.2, which shows names in clear."""
    seen = shaken(door, tmp_path, ssl.TLSVersion.TLSv1_3)
    assert seen == door.pair.certificate
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shaken(door, tmp_path, ssl.TLSVersion.TLSv1_2)


def test_a_program_that_could_speak_tls_1_2_does_not_serve() -> None:
    """grpc imported before the wire has read other suites; serving is refused."""
    program = (
        "import {first}, {second}\n"
        "from childgrid_wire import channel, errors\n"
        "try:\n"
        "    channel.serve('', None, None, None)\n"
        "except errors.ConfigurationRefused as refusal:\n"
        "    print('refused')\n"
        "except Exception:\n"
        "    print('went on')\n"
    )
    for first, second, expected in (
        ("grpc", "childgrid_wire", "refused"),
        ("childgrid_wire", "grpc", "went on"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program.format(first=first, second=second)],
            capture_output=True,
            text=True,
            check=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("GRPC_")},
        )
        assert done.stdout.strip() == expected


def test_a_new_certificate_is_used_for_new_handshakes(
    own: Door, tmp_path: Path
) -> None:
    """Renewal needs no restart, and open channels go on."""
    with channel.connect(own.address, HUB, caller("coordinator"), root().chain) as way:
        ask(way)
        first = shaken(own, tmp_path, ssl.TLSVersion.TLSv1_3)
        own.pair = certificates.issue_leaf(issuer("hub"), "hub", "coordinator", ca.NOW)
        second = shaken(own, tmp_path, ssl.TLSVersion.TLSv1_3)
        assert second == own.pair.certificate != first
        assert ask(way, data=b"x") == b"x"
    assert asked_as(own, caller("coordinator"), data=b"y") == b"y"


def test_a_root_that_was_replaced_lets_no_new_caller_in(own: Door) -> None:
    """From the next handshake on, only the new root's certificates count."""
    assert asked_as(own, caller("coordinator"), data=b"x") == b"x"
    own.pair = leaf("hub", "coordinator", of="other")
    own.roots = root("other").chain
    with pytest.raises(Unreachable):
        asked_as(own, caller("coordinator"))
    new = leaf("hub", "coordinator", of="other")
    with channel.connect(own.address, HUB, new, root("other").chain) as way:
        assert ask(way, data=b"x") == b"x"


def test_a_certificate_that_cannot_be_read_again_raises_an_alarm(
    own: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """The old one goes on, which must not go unseen; vanished roots likewise."""
    for change in ({"broken": True}, {"broken": False, "roots": b""}):
        caplog.clear()
        for name, value in change.items():
            setattr(own, name, value)
        with caplog.at_level(logging.ERROR, "childgrid_wire.channel"):
            assert asked_as(own, caller("coordinator"), data=b"x") == b"x"
        alarms = [one for one in caplog.records if one.name == channel.__name__]
        assert alarms
        assert "not read again" in alarms[0].getMessage()


def test_a_revoked_peer_loses_the_open_channel_too(own: Door) -> None:
    """The next call is refused, and no handler runs for it."""
    pair = caller("coordinator")
    with channel.connect(own.address, HUB, pair, root().chain) as way:
        assert ask(way, data=b"x") == b"x"
        own.barred.add(certificates.serial_of(pair.certificate))
        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                ask(way)
            assert refusal.value.reason is Reason.REVOKED
        assert own.asked == ["hub"]
        own.barred.clear()
        assert ask(way, data=b"x") == b"x"


def test_roots_are_never_left_to_the_system(own: Door) -> None:
    """An empty root would mean whatever the machine trusts; both sides refuse."""
    for roots in (b"", None):
        with pytest.raises(ConfigurationRefused):
            channel.connect(own.address, HUB, caller("node"), roots)
        with pytest.raises(ConfigurationRefused):
            channel.serve(
                "127.0.0.1:0",
                lambda roots=roots: (leaf("hub", "coordinator"), roots),
                own.authorise,
                own.register,
            )


@pytest.mark.parametrize("address", ["", "nowhere.invalid:1", "256.0.0.1:1"])
def test_a_place_where_nobody_can_listen_is_named(own: Door, address: str) -> None:
    """A port in use and a bad address are refusals to start, not silence."""
    for place in (own.address, address):
        with pytest.raises(ConfigurationRefused) as refusal:
            channel.serve(place, own.credentials, own.authorise, own.register)
        assert place in refusal.value.detail
    assert asked_as(own, caller("coordinator"), data=b"x") == b"x"


def test_no_error_carries_more_than_its_reason(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an exception's text nor a refusal's detail crosses or is logged."""
    pair = caller("coordinator")
    secure = grpc.ssl_channel_credentials(root().chain, pair.key, pair.chain)
    name = certificates.hostname("hub", "coordinator")
    options = [("grpc.ssl_target_name_override", name)]
    with (
        caplog.at_level(logging.DEBUG),
        grpc.secure_channel(door.address, secure, options=options) as way,
    ):
        for data, code, told in (
            (b"fail", grpc.StatusCode.INTERNAL, "internal"),
            (b"bare", grpc.StatusCode.INTERNAL, "internal"),
            (b"refuse", grpc.StatusCode.FAILED_PRECONDITION, "budget"),
        ):
            with pytest.raises(grpc.RpcError) as error:
                way.unary_unary(MATCH)(data, timeout=20)
            assert (error.value.code(), error.value.details()) == (code, told)
            assert SECRET not in str(error.value.trailing_metadata())
    assert "Ramesh" not in caplog.text


def test_every_reason_crosses_as_itself(door: Door) -> None:
    """What the other side says is read back as a refusal with that reason."""

    class Said(grpc.RpcError, grpc.Call):
        def __init__(self, code: grpc.StatusCode, details: str | None) -> None:
            self.told = code, details

        def code(self) -> grpc.StatusCode:
            return self.told[0]

        def details(self) -> str | None:
            return self.told[1]

    Said.__abstractmethods__ = frozenset()
    for reason in Reason:
        error = channel.translated(Said(grpc.StatusCode.UNKNOWN, reason.value))
        assert isinstance(error, Refused)
        assert error.reason is reason
    for code, details, reason in (
        (grpc.StatusCode.UNAVAILABLE, "failed to connect", Reason.UNREACHABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, None, Reason.UNREACHABLE),
        (grpc.StatusCode.INTERNAL, SECRET, Reason.UNREACHABLE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max", Reason.TOO_LARGE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "concurrent", Reason.BUSY),
    ):
        error = channel.translated(Said(code, details))
        assert error.reason is reason
        assert SECRET not in str(error)
    assert channel.translated(grpc.RpcError()).reason is Reason.UNREACHABLE


def test_a_dialer_keeps_a_channel_until_its_certificate_changes(door: Door) -> None:
    """One channel per peer and address; another one for new papers."""
    current = [caller("coordinator"), root().chain]
    dialer = Dialer(lambda: (current[0], current[1]))
    first = dialer.channel(door.address, HUB)
    assert ask(first, data=b"x") == b"x"
    assert dialer.channel(door.address, HUB) is first
    assert dialer.channel(door.address, Peer("police", "node")) is not first
    current[0] = certificates.issue_leaf(issuer("hub"), "hub", "coordinator", ca.NOW)
    second = dialer.channel(door.address, HUB)
    assert second is not first
    assert ask(second, data=b"x") == b"x"
    current[1] = root("other").chain
    third = dialer.channel(door.address, HUB)
    with pytest.raises(WireError):
        ask(third)
    dialer.close()
    with pytest.raises(ValueError, match="closed channel"):
        ask(third)


def test_credentials_from_files_are_read_again_and_again(tmp_path: Path) -> None:
    """A renewed file is seen; a missing one is named."""
    paths = pem_files(tmp_path, leaf("hub", "coordinator"))
    read = channel.files(*paths)
    assert read() == (leaf("hub", "coordinator"), root().chain)
    paths[1].write_bytes(leaf("hub", "auditor").chain)
    assert read()[0].chain == leaf("hub", "auditor").chain
    paths[0].unlink()
    with pytest.raises(ConfigurationRefused) as refusal:
        read()
    assert "key.pem" in refusal.value.detail
