"""Founders and joiners at a real door: gRPC, mutual TLS, one coordinator."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from childgrid_authority import inbox as inboxes
from childgrid_authority import keys
from childgrid_authority.authority import Authority
from childgrid_authority.inbox import Inbox
from childgrid_node.join import State, dial, join
from childgrid_wire import channel
from childgrid_wire.book import Book
from childgrid_wire.certificates import Peer
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import Refused
from childgrid_wire.identity import Identity
from childgrid_wire.pb.coordinator_pb2 import PendingRequest
from childgrid_wire.pb.coordinator_pb2_grpc import (
    add_BoardServiceServicer_to_server,
    add_JoiningServiceServicer_to_server,
)
from founders import (
    ALL,
    PASSPHRASE,
    TWO,
    Hub,
    amended,
    details,
    grid,
    joiner,
    make_token,
    unpack,
)


@dataclass
class Door:
    """The in-memory coordinator behind real calls; remembers who called."""

    hub: Hub
    callers: list[Peer]

    def __getattr__(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        method = getattr(self.hub, name)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self.callers.append(channel.peer_from(context))
            return method(request)

        return handle


@dataclass
class World:
    """A founded grid and its listening coordinator, dated today."""

    authority: Authority
    door: Door
    address: str
    now: int

    def inbox(self) -> Inbox:
        """The founders' connection."""
        root = keys.open_root(self.authority.folder, ALL)
        return Inbox(root, "hub", self.address, self.now)


def coordinator(authority: Authority, folder: Path, now: int) -> Identity:
    """A coordinator joins by files."""
    party = joiner(authority, folder, "hub", "coordinator", now)
    (admitted,) = authority.admit([party.asked.data], TWO, now)
    authority.pack(admitted, folder / "answer")
    unpack(party, folder / "answer", now)
    assert party.settled
    return party.own


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """See `World`; the server is stopped afterwards."""
    now = int(time.time())
    authority = grid(tmp_path / "authority", now)
    hub = coordinator(authority, tmp_path, now)
    door = Door(Hub(Book(authority.fingerprint)), [])

    def register(server: grpc.Server) -> None:
        add_BoardServiceServicer_to_server(door, server)
        add_JoiningServiceServicer_to_server(door, server)

    credentials = hub.credentials("coordinator")
    server, port = channel.serve(
        "127.0.0.1:0", credentials, lambda _: None, register, workers=2
    )
    yield World(authority, door, f"127.0.0.1:{port}", now)
    server.stop(None).wait()


def test_a_member_joins_over_the_network(world: World, tmp_path: Path) -> None:
    """Enrol, wait, be admitted, published, welcomed, and hold certificates."""
    book, now = world.authority.book, world.now
    moved = amended(book, "hub", now, address=world.address)
    world.authority.enact(moved, TWO)
    hub = ("hub", world.address)
    token = make_token(world.authority, "alpha", "agency", world.now, coordinator=hub)
    token.write(tmp_path / "alpha.token")
    home = (tmp_path / "alpha", tmp_path / "alpha.token", PASSPHRASE)
    said = details("alpha")
    assert join(*home, said, time.time).state is State.SUBMITTED
    assert join(*home, said, time.time).state is State.PENDING

    with world.inbox() as inbox:
        (asked,) = inbox.pending()
        assert inboxes.publish(world.authority, inbox) == []
        (admitted,) = world.authority.admit([asked], TWO, world.now)
        (welcomed,) = inboxes.publish(world.authority, inbox)
        assert welcomed == admitted
        assert inbox.pending() == []

    reached = join(*home, said, time.time)
    assert (reached.state, reached.member) == (State.KEYLESS, "alpha")
    assert reached.root == world.authority.fingerprint
    again = join(*home, said, time.time)
    assert again == reached
    roles = [(peer.member, peer.role) for peer in world.door.callers]
    assert roles[0] == ("alpha", "joiner")
    assert ("founders", "founder") in roles
    assert roles[-1] == ("alpha", "node")


def test_a_joiner_may_not_open_the_founders_inbox(world: World, tmp_path: Path) -> None:
    """Its certificate opens Enrol and Fetch, nothing else."""
    hub = ("hub", world.address)
    token: Token = make_token(
        world.authority, "alpha", "agency", world.now, coordinator=hub
    )
    peer = Peer("hub", "coordinator")
    with (
        dial(world.address, peer, token.joiner, token.root) as (joining, _),
        pytest.raises(Refused, match="wrong-role"),
    ):
        channel.call(joining.Pending, PendingRequest(), 5)
    assert world.door.callers == []
