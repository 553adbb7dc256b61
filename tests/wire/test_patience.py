"""Whoever sends slowly, or nothing, holds no worker for long and nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import pytest

from childgrid_wire import certificates, channel
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.patience import Patience
from childgrid_wire.pb.values_pb2 import Envelope
from wire.ca import leaf, root
from wire.door import HUB, MATCH, SUBMIT, Door, ask, asked_as, caller, opened

WORKERS = 4
STREAMS = 64
LONG = 250.0
"""Seconds that nobody here waits: a test that hangs has failed."""


class Slow:
    """A peer that opens calls and sends their messages when told to, if ever."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def _message(self) -> Iterator[bytes]:
        if self.go.wait(LONG):
            yield b"late"

    def open(self, way: grpc.Channel, method: str) -> grpc.Future:
        """Begin a call: the headers go out, the message waits."""
        future: grpc.Future = way.stream_unary(method).future(
            self._message(), timeout=LONG
        )
        return future


@contextmanager
def serving(patience: float, per_peer: int | None = None) -> Iterator[Door]:
    """A door with four workers that waits so long for a message."""
    door = Door()
    server = opened(door, per_peer, patience)
    try:
        yield door
    finally:
        server.stop(None).wait()


def code(call: grpc.Future) -> grpc.StatusCode:
    """How a call ended."""
    with pytest.raises(grpc.RpcError) as error:
        call.result(60)
    status: grpc.StatusCode = error.value.code()
    return status


@pytest.mark.threat("T14")
def test_a_peer_that_sends_nothing_is_counted_and_others_are_served() -> None:
    """Its calls beyond its share are refused at once; its messages, if late, count."""
    slow = Slow()
    with (
        serving(LONG, per_peer=2) as door,
        channel.connect(door.address, HUB, leaf("police", "node"), root().chain) as way,
    ):
        calls = [slow.open(way, SUBMIT) for _ in range(3 * WORKERS)]
        ended: list[grpc.Future] = []
        done = threading.Semaphore(0)
        for call in calls:
            call.add_done_callback(lambda one: (ended.append(one), done.release()))
        for _ in calls[2:]:
            assert done.acquire(timeout=60)
        assert {code(one) for one in ended} == {grpc.StatusCode.RESOURCE_EXHAUSTED}

        assert asked_as(door, leaf("customs", "node"), SUBMIT, b"x") == b"x"

        assert door.asked == ["customs"]
        held = [one for one in calls if one not in ended]
        slow.go.set()
        assert [one.result(60) for one in held] == [b"late"] * 2


@pytest.mark.threat("T14")
def test_a_caller_without_business_here_is_refused_before_it_sends() -> None:
    """Wrong role, no deadline or revoked: no message of theirs is waited for."""
    slow, pair = Slow(), leaf("police", "node")
    with (
        serving(LONG) as door,
        channel.connect(door.address, HUB, pair, root().chain) as way,
    ):
        assert code(slow.open(way, MATCH)) is grpc.StatusCode.FAILED_PRECONDITION
        endless = way.stream_unary(SUBMIT).future(slow._message())
        assert code(endless) is grpc.StatusCode.INVALID_ARGUMENT
        door.barred.add(certificates.serial_of(pair.certificate))
        assert code(slow.open(way, SUBMIT)) is grpc.StatusCode.FAILED_PRECONDITION
        assert door.asked == []


@pytest.mark.threat("T14")
def test_a_message_that_does_not_come_ends_its_call() -> None:
    """Though the caller would wait for minutes; the worker serves the next one."""
    slow, pair = Slow(), caller("coordinator")
    with (
        serving(0.2) as door,
        channel.connect(door.address, HUB, pair, root().chain) as way,
    ):
        calls = [slow.open(way, MATCH) for _ in range(WORKERS)]
        assert {code(one) for one in calls} == {grpc.StatusCode.CANCELLED}
        assert ask(way, MATCH, b"x") == b"x"
        assert door.asked == ["hub"]


def test_a_call_without_any_message_is_malformed() -> None:
    """A caller that hangs up after the headers is told so; no handler runs."""
    with (
        serving(LONG) as door,
        channel.connect(door.address, HUB, caller("coordinator"), root().chain) as way,
        pytest.raises(Refused) as refusal,
    ):
        channel.call(way.stream_unary(MATCH), iter(()), 20)
    assert refusal.value.reason is Reason.MALFORMED
    assert door.asked == []


@pytest.mark.threat("T14")
def test_what_is_no_message_is_malformed_and_costs_nobody_the_connection() -> None:
    """More of it than a connection has streams, and the next call is served."""
    door = Door()
    door.parse = Envelope.FromString
    server = opened(door)
    try:
        with channel.connect(
            door.address, HUB, caller("coordinator"), root().chain
        ) as way:
            for _ in range(2 * STREAMS):
                with pytest.raises(Refused) as refusal:
                    ask(way, MATCH, b"\xff\xff")
                assert refusal.value.reason is Reason.MALFORMED
            assert door.asked == []
            assert ask(way, MATCH, b"") == b""
            assert door.asked == ["hub"]
    finally:
        server.stop(None).wait()


@pytest.mark.threat("T14")
def test_grpc_is_given_a_certificate_once_and_not_at_every_handshake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Freed under handshakes at hand, it would let noise end the process."""
    made = grpc.dynamic_ssl_server_credentials
    fetchers: list[Callable[[], object]] = []

    def kept(first: object, fetch: Callable[[], object], demanded: bool) -> object:
        fetchers.append(fetch)
        return made(first, fetch, demanded)

    monkeypatch.setattr(grpc, "dynamic_ssl_server_credentials", kept)
    door = Door()
    server = opened(door)
    try:
        (fetch,) = fetchers
        assert [fetch(), fetch()] == [None, None]
        assert asked_as(door, caller("coordinator"), MATCH, b"x") == b"x"
        door.pair = leaf("police", "node")
        assert fetch() is not None
        assert fetch() is None
    finally:
        server.stop(None).wait()


class Waiter:
    """A call that notes its end."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def cancel(self) -> None:
        """Be ended."""
        self.ended.set()


def test_patience_ends_those_who_still_wait_and_nobody_else() -> None:
    """Each in its turn; whoever was served in time is left alone, so is who comes."""
    patience = Patience(0.05)
    served, first, second, later = (Waiter() for _ in range(4))
    with patience.with_(served):
        pass
    with patience.with_(first), patience.with_(second):
        assert first.ended.wait(60)
        assert second.ended.wait(60)
    with patience.with_(later):
        assert later.ended.wait(60)
    assert not served.ended.is_set()
