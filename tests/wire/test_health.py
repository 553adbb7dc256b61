"""Health checks behind the same door, and the pulse of repeated work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from childgrid_wire import channel, health
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.health import Health, Pulse
from wire.ca import leaf, root

OWN = Peer("police", "node")


@dataclass
class Served:
    """A listener of the police's, and what is wrong with it."""

    address: str = ""
    faults: list[str] = field(default_factory=list)

    def ask(self, member: str, role: str) -> bool:
        """Ask it in somebody's name whether it serves."""
        pair = leaf(member, role)
        with channel.connect(self.address, OWN, pair, root().chain) as way:
            return health.serves(way, 20)


@pytest.fixture
def served() -> Iterator[Served]:
    """A server of one service."""
    made = Served()
    server, port = channel.serve(
        "127.0.0.1:0",
        lambda: (leaf("police", "node"), root().chain),
        lambda _: None,
        lambda one: health.register(one, Health(lambda: made.faults, "police")),
        workers=2,
    )
    made.address = f"127.0.0.1:{port}"
    yield made
    server.stop(None).wait()


def test_it_says_whether_it_serves(served: Served) -> None:
    """Each time as it is then, and not why."""
    assert served.ask("hub", "coordinator")
    served.faults.append("disk-full")
    assert not served.ask("hub", "coordinator")
    served.faults.clear()
    assert served.ask("eye", "auditor")
    assert served.ask("police", "node")
    assert served.ask("police", "desk")


@pytest.mark.threat("T2")
@pytest.mark.parametrize(
    ("member", "role"),
    [("customs", "node"), ("customs", "desk"), ("founders", "founder")],
)
def test_another_agency_learns_nothing(served: Served, member: str, role: str) -> None:
    """Not even that one is away."""
    with pytest.raises(Refused) as refusal:
        served.ask(member, role)
    assert refusal.value.reason is Reason.WRONG_ROLE


def test_only_the_whole_process_is_asked_for(served: Served) -> None:
    """A single service is not known, and nobody gets to watch."""
    pair = leaf("hub", "coordinator")
    with channel.connect(served.address, OWN, pair, root().chain) as way:
        stub = health_pb2_grpc.HealthStub(way)
        request = health_pb2.HealthCheckRequest(service="childgrid.v1.NodeService")
        with pytest.raises(WireError) as refusal:
            channel.call(stub.Check, request, 20)
        assert refusal.value.reason is Reason.UNKNOWN
        with pytest.raises(grpc.RpcError) as watched:
            next(stub.Watch(health_pb2.HealthCheckRequest(), timeout=20))
        assert watched.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture
def running() -> Iterator[threading.Thread]:
    """A thread that runs until the test is over."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield thread
    over.set()
    thread.join()


def test_work_that_fails_again_and_again_is_a_fault(running: threading.Thread) -> None:
    """Twice is bad luck; one success makes up for all."""
    pulse = Pulse("outbox")
    for failed, fault in ((True, ""), (True, ""), (True, "fails:outbox"), (False, "")):
        pulse.begin()
        pulse.end(failed=failed)
        assert pulse.fault(running) == fault
    assert pulse.succeeded > 0


def test_work_that_never_ends_is_a_fault(running: threading.Thread) -> None:
    """After its time; some work may take as long as it takes."""
    for most, fault in ((600.0, ""), (0.0, "hangs:board"), (None, "")):
        pulse = Pulse("board", most)
        pulse.begin()
        assert pulse.fault(running) == fault
        pulse.end(failed=False)
        assert pulse.fault(running) == ""


def test_work_whose_thread_is_gone_is_a_fault() -> None:
    """However well it went before."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    pulse = Pulse("release")
    pulse.end(failed=False)
    assert pulse.fault(thread) == "stopped:release"
