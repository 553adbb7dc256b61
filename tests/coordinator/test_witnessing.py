"""Checkpoints travel to witnesses and back; nobody is its own witness."""

from __future__ import annotations

import pytest

from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.gather import Gatherer
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_wire import channel
from childgrid_wire.errors import Refused
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import witness_pb2
from coordinator.cast import AGENCIES, ASKER, AUDITOR, HOLDERS, HUB, seed
from coordinator.node import (
    nodes,
    stubs,
)
from coordinator.world import World


def test_witnesses_cosign_through_the_relay(world: World) -> None:
    """A member's checkpoint comes back with a quorum; the owner isn't its witness."""
    path = world.folder / "own.db"
    with (
        nodes(world, *AGENCIES[:3], AUDITOR),
        world.running(),
        stubs(world, ASKER) as asker,
        Log.create(
            path, f"{ASKER}.childgrid.internal/log", seed(f"{ASKER}-log")
        ) as log,
    ):
        first, second = (world.read(world.answer(ASKER, c * 64)) for c in "ab")
        log.append([draft_of(first, world.now)])
        gatherer = Gatherer(
            log,
            ASKER,
            world.book,
            lambda call: channel.call(asker.exchange.Witness, call, 20),
            world.clock,
        )
        cosigned = gatherer.cosigned(covering=0, nonce="0" * 32)
        assert cosigned.silent == (HOLDERS[2],)
        assert len(cosigned.freshness) == 3
        log.append([draft_of(second, world.now)])
        assert gatherer.cosigned(covering=1).size == 2


def test_nobody_has_another_members_log_witnessed(world: World) -> None:
    """A call about any other log is refused before anyone is asked."""
    with world.running(), stubs(world, ASKER) as asker:
        own = witness_pb2.CosignRequest(log=ASKER, checkpoint="x")
        other = witness_pb2.CosignRequest(log=HOLDERS[0], checkpoint="x")
        for call in (
            pb.WitnessRequest(call=other),
            pb.WitnessRequest(call=own, calls={HOLDERS[1]: other}),
        ):
            with pytest.raises(Refused, match="wrong-role"):
                channel.call(asker.exchange.Witness, call, 20)


def test_the_coordinators_own_log_is_cosigned(world: World) -> None:
    """A quorum of others is kept with the checkpoint; a second round adds nothing."""
    with nodes(world, *HOLDERS), world.running() as hub:
        hub.witness()
        note = hub.log.latest_cosigned()
        assert note is not None
        seen = open_checkpoint(note, hub.log.vkey).checkpoint
        assert (seen.size, seen.root) == (hub.log.size(), hub.log.root())
        hub.witness()
        assert hub.log.latest_cosigned() == note
    assert HUB not in world.book.latest(world.now).directory["witnesses"]["members"]


def test_without_a_quorum_nothing_counts_as_cosigned(world: World) -> None:
    """One witness is not enough, and the log says so."""
    with nodes(world, HOLDERS[0]), world.running() as hub:
        with pytest.raises(Refused, match="no-quorum"):
            hub.witness()
        assert hub.log.latest_cosigned() is None
