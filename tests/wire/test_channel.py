"""The channel: who may call what, for how long, with how much, and what is told."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from childgrid_wire import certificates, channel
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import ALLOWED, Dialer
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
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
from wire.ca import issuer, leaf, root
from wire.door import (
    CALLERS,
    EXTRA,
    HUB,
    MATCH,
    SECRET,
    STREAM,
    SUBMIT,
    Door,
    ask,
    asked_as,
    caller,
    opened,
)


def test_the_table_names_every_method_and_no_other() -> None:
    """A method that is added to a service must be put into the table.

    Of the standard health protocol one is served: whoever watches asks again.
    """
    methods = {
        f"/{service.full_name}/{method.name}"
        for file in (coordinator_pb2, desk_pb2, log_pb2, node_pb2, witness_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(ALLOWED) == methods | {"/grpc.health.v1.Health/Check"}
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


@pytest.mark.threat("T7")
def test_a_call_needs_a_deadline_of_at_most_five_minutes(door: Door) -> None:
    """None at all or too far away is refused before any handler."""
    with channel.connect(door.address, HUB, caller("coordinator"), root().chain) as way:
        for seconds in (None, 400, 10**6):
            with pytest.raises(Refused) as refusal:
                ask(way, seconds=seconds)
            assert refusal.value.reason is Reason.DEADLINE
        assert door.asked == []
        assert ask(way, data=b"x", seconds=290) == b"x"


@pytest.mark.threat("T14")
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


@pytest.mark.threat("T7")
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


@pytest.mark.threat("T7", "T27")
def test_who_is_revoked_while_a_call_waits_gets_no_answer(own: Door) -> None:
    """The connection stands and the handler has run, but nothing goes out."""
    pair = caller("coordinator")
    with channel.connect(own.address, HUB, pair, root().chain) as way:
        waiting = way.unary_unary(MATCH).future(b"hold", timeout=60)
        assert own.entered.acquire(timeout=60)
        own.barred.add(certificates.serial_of(pair.certificate))
        own.held.release()
        assert isinstance(waiting.exception(), grpc.RpcError)
        assert waiting.details() == Reason.REVOKED.value


@pytest.mark.threat("T14")
def test_one_peer_can_not_hold_every_worker() -> None:
    """With two calls at hand it is told to come again, and another is served."""
    door = Door()
    server = opened(door, per_peer=2)
    flood, other = leaf("police", "node"), leaf("customs", "node")
    try:
        with (
            channel.connect(door.address, HUB, flood, root().chain) as way,
            ThreadPoolExecutor(2) as pool,
        ):
            calls = [pool.submit(ask, way, SUBMIT, b"hold") for _ in range(2)]
            for _ in calls:
                assert door.entered.acquire(timeout=60)
            for pair in (flood, leaf("police", "node")):
                with pytest.raises(Refused) as refusal:
                    asked_as(door, pair, SUBMIT)
                assert refusal.value.reason is Reason.BUSY
            assert asked_as(door, other, SUBMIT, b"x") == b"x"
            door.held.release(2)
            assert [one.result(60) for one in calls] == [b"hold", b"hold"]
            assert ask(way, SUBMIT, b"x") == b"x"
    finally:
        server.stop(None).wait()


@pytest.mark.threat("T7")
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


@pytest.mark.threat("T23")
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


def test_a_dialer_keeps_a_stub_as_long_as_its_channel(door: Door) -> None:
    """Of each kind and peer one, over the channel in force."""
    current = [caller("coordinator"), root().chain]
    dialer = Dialer(lambda: (current[0], current[1]))

    def kind(way: object) -> tuple[object, ...]:
        return (way,)

    first = dialer.stub(kind, door.address, HUB)
    assert dialer.stub(kind, door.address, HUB) is first
    assert first == (dialer.channel(door.address, HUB),)
    assert dialer.stub(lambda way: [way], door.address, HUB) == [first[0]]
    current[0] = certificates.issue_leaf(issuer("hub"), "hub", "coordinator", ca.NOW)
    second = dialer.stub(kind, door.address, HUB)
    assert second == (dialer.channel(door.address, HUB),)
    assert second != first
    dialer.close()
