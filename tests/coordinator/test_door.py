"""Who may come in: asked for every call, by what hangs on the board now."""

from __future__ import annotations

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.door import Door
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, WireError
from coordinator.cast import ASKER, AUDITOR, HOLDERS, HUB
from coordinator.world import World

SERIAL = "ab" * 20


@pytest.mark.parametrize(
    "peer",
    [
        Peer(ASKER, "node", SERIAL),
        Peer(AUDITOR, "auditor", SERIAL),
        Peer("founders", "founder", SERIAL),
        Peer("newcomer", "joiner", SERIAL),
    ],
)
def test_members_founders_and_joiners_come_in(hub: Coordinator, peer: Peer) -> None:
    """Each in its own role."""
    Door(hub.board, lambda _: None)(peer)


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (Peer("stranger", "node", SERIAL), Reason.UNKNOWN_PEER),
        (Peer(ASKER, "auditor", SERIAL), Reason.WRONG_ROLE),
        (Peer(AUDITOR, "node", SERIAL), Reason.WRONG_ROLE),
        (Peer(HUB, "coordinator", SERIAL), Reason.WRONG_ROLE),
        (Peer(ASKER, "desk", SERIAL), Reason.WRONG_ROLE),
        (Peer(ASKER, "founder", SERIAL), Reason.WRONG_ROLE),
    ],
)
def test_nobody_comes_in_as_somebody_else(
    hub: Coordinator, peer: Peer, reason: Reason
) -> None:
    """A role must be the directory's; an agency can't issue itself a founder."""
    heard: list[str] = []
    with pytest.raises(WireError) as refused:
        Door(hub.board, heard.append)(peer)
    assert refused.value.reason is reason
    assert heard == []


@pytest.mark.parametrize(
    ("peer", "revocation"),
    [
        (Peer(ASKER, "node", SERIAL), {"target": "member", "member": ASKER}),
        (
            Peer(ASKER, "node", SERIAL),
            {"target": "certificate", "member": ASKER, "serial": SERIAL},
        ),
        (Peer("newcomer", "joiner", SERIAL), {"target": "token", "serial": SERIAL}),
    ],
)
def test_what_is_revoked_stays_out_from_the_next_call_on(
    world: World, hub: Coordinator, peer: Peer, revocation: dict[str, str]
) -> None:
    """By member, by certificate or by token; others are not concerned."""
    door = Door(hub.board, lambda _: None)
    door(peer)
    hub.board.publish(world.revocation(**revocation))
    with pytest.raises(WireError, match="revoked"):
        door(peer)
    door(Peer(HOLDERS[0], "node", SERIAL))


def test_a_node_that_calls_is_noticed(hub: Coordinator) -> None:
    """Only nodes answer queries, so only nodes are told of."""
    heard: list[str] = []
    door = Door(hub.board, heard.append)
    door(Peer(ASKER, "node", SERIAL))
    door(Peer(AUDITOR, "auditor", SERIAL))
    assert heard == [ASKER]
