"""Parties at the end of real connections: a node that answers, and callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc

from childgrid_log import names
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_wire import channel, envelope
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import (
    coordinator_pb2_grpc,
    log_pb2_grpc,
    node_pb2,
    node_pb2_grpc,
    values_pb2,
    witness_pb2_grpc,
)
from coordinator.cast import AUDITOR, HUB, seed, signer
from coordinator.sayings import Submission
from coordinator.world import World


def stubs(world: World, member: str, role: str = "node") -> Stubs:
    """A member's connection to the coordinator."""
    pair, roots = world.identities[member].credentials(role, world.clock)()
    return stubs_of(world, pair, roots)


def stubs_of(world: World, pair: Pair, roots: bytes) -> Stubs:
    """A connection to the coordinator with whatever certificate."""
    peer = Peer(HUB, "coordinator")
    return Stubs(channel.connect(f"127.0.0.1:{world.ports[HUB]}", peer, pair, roots))


class Stubs:
    """The coordinator's services, as a caller sees them."""

    def __init__(self, opened: grpc.Channel) -> None:
        self.channel = opened
        self.exchange: Any = coordinator_pb2_grpc.ExchangeServiceStub(opened)
        self.board: Any = coordinator_pb2_grpc.BoardServiceStub(opened)
        self.log: Any = log_pb2_grpc.LogServiceStub(opened)
        self.joining: Any = coordinator_pb2_grpc.JoiningServiceStub(opened)

    def __enter__(self) -> Stubs:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()


Reply = Callable[[node_pb2.MatchRequest], bytes]


class FakeNode(node_pb2_grpc.NodeServiceServicer):
    """An agency's node that answers as it is told and remembers what it was asked."""

    def __init__(self, world: World, member: str, reply: Reply | None = None) -> None:
        self._world, self._member = world, member
        self.reply = reply or self.hit
        self.asked: list[node_pb2.MatchRequest] = []
        self.called = threading.Event()
        self._server: grpc.Server | None = None

    def hit(self, request: node_pb2.MatchRequest) -> bytes:
        """Answer with one candidate."""
        query = envelope.read(request.query.payload).hash
        return self._world.answer(self._member, query)

    def none(self, request: node_pb2.MatchRequest) -> bytes:
        """Answer with nothing."""
        query = envelope.read(request.query.payload).hash
        return self._world.answer(self._member, query, "none")

    def Match(  # noqa: N802
        self, request: node_pb2.MatchRequest, _context: grpc.ServicerContext
    ) -> node_pb2.MatchResponse:
        self.asked.append(request)
        self.called.set()
        data = self.reply(request)
        return node_pb2.MatchResponse(answer=values_pb2.Envelope(payload=data))

    def start(self) -> FakeNode:
        """Listen where the directory says."""
        world, member = self._world, self._member
        role = "auditor" if member == AUDITOR else "node"
        path = world.folder / f"{member}-witness.db"
        opener = Witness if path.exists() else Witness.create
        self._witness = opener(path, names.witness(member), seed(f"{member}-witness"))
        cosigner = WitnessServicer(
            self._witness, world.book, signer(member), world.folder, world.clock
        )

        def register(server: grpc.Server) -> None:
            if role == "node":
                node_pb2_grpc.add_NodeServiceServicer_to_server(self, server)
            witness_pb2_grpc.add_WitnessServiceServicer_to_server(cosigner, server)

        self._server, _ = channel.serve(
            f"127.0.0.1:{world.ports[member]}",
            world.identities[member].credentials(role, world.clock),
            lambda _: None,
            register,
            workers=4,
        )
        return self

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None
            self._witness.close()

    def __enter__(self) -> FakeNode:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


PATIENCE = 30.0
States = dict[str, str]


@contextmanager
def nodes(world: World, *members: str) -> Iterator[dict[str, FakeNode]]:
    """Nodes (or the auditor's station) that listen."""
    with ExitStack() as stack:
        yield {one: stack.enter_context(FakeNode(world, one)) for one in members}


def outcome(
    asker: Stubs, query: str, done: Callable[[States], bool]
) -> pb.OutcomeResponse:
    """Poll, as a node does, until the states are as wanted."""
    revision, end = 0, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        call = pb.OutcomeRequest(query=query, revision=revision, wait_ms=5_000)
        found: pb.OutcomeResponse = channel.call(asker.exchange.Outcome, call, 20)
        if done(states(found)):
            return found
        revision = found.revision
    raise AssertionError(states(found))


def states(found: pb.OutcomeResponse) -> States:
    """Member to the state's short name."""
    return {
        one.member: pb.TargetState.Name(one.state).removeprefix("TARGET_STATE_")
        for one in found.targets
    }


def everyone(state: str) -> Callable[[States], bool]:
    """Whether every target is in one state."""
    return lambda found: set(found.values()) == {state}


def ask(asker: Stubs, given: Submission) -> None:
    """Hand a query in over the wire."""
    channel.call(asker.exchange.Submit, given.message(), 20)
