"""Rehearsals among the logs: verified like any query, and no search of anybody's."""

from __future__ import annotations

import pytest

from audit.cast import HOUR, NORTH
from audit.ledger import World
from childgrid_audit.workbench.desk import Desk, Mirrored


@pytest.mark.threat("T5")
def test_an_officer_thins_nothing_out_by_rehearsals(world: World) -> None:
    """They are in the ledger, and in nobody's rates, samples or scorecards."""
    real = world.ask("real", child="none")
    practice = world.ask("practice", rehearsal=True, child="hit")
    world.now += 2 * HOUR
    world.gather()
    station = world.mirror(NORTH)
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    desk.wait()
    work = desk.current()
    assert work is not None
    assert {real.hash, practice.hash} <= work.ledger.events.keys()
    assert [one.hash for one in work.book.searches] == [real.hash]
    assert practice["case"] not in work.cases
