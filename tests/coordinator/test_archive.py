"""Archiving at the coordinator: its leaf, and a log that tells the same as before."""

from __future__ import annotations

from childgrid_coordinator.app import Coordinator
from childgrid_log import stowing
from childgrid_log.entry import parse_entry
from childgrid_log.service import LogServicer
from childgrid_wire import envelope, statement
from coordinator.cast import DAY
from coordinator.world import World
from verbs import leaves


def filled(hub: Coordinator) -> int:
    """Let the log hold more than a tile, cosigned; returns how many leaves."""
    now = hub.board.now()
    hub._journal.write(
        [
            stowing.notice(hub._identity.signer, now, f"{number:064x}")
            for number in range(300)
        ],
        now,
    )
    hub.log.keep_cosigned(hub.log.checkpoint())
    return hub.log.size()


def test_old_leaves_go_and_a_leaf_says_so(world: World, hub: Coordinator) -> None:
    """What an auditor is shown stays the same, entry by entry."""
    size = filled(hub)
    servicer = LogServicer(hub.log)
    shown, root = list(servicer.page(0, 300)), hub.log.root(256).hex()
    said: list[str] = []
    assert hub.archive(365, False, said.append) == 0
    assert hub.log.size() == size
    world.clock.advance(400 * DAY)

    assert hub.archive(365, True, said.append) == 256

    assert said[-1] == f"256 leaves archived; 256 of {size + 1} are"
    assert list(servicer.page(0, 300)) == shown
    (entry,) = hub.log.entries(size, size + 1)
    assert {parse_entry(entry).kind} == leaves("childgrid-coordinator")["archive"]
    opening = hub.log.opening(size)
    assert opening is not None
    notice = statement.parse(envelope.read(opening[1]))
    assert (notice["topic"], notice["subject"]) == ("archive", root)
    assert hub.log.verify() == size + 1
