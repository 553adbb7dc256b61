"""Attacks on shredding: evidence that somebody would rather not see again.

Each story ends by asserting that nothing was shredded and nothing changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log.held_copy import Copy
from childgrid_log.retention import LEAST_DAYS, Retention
from childgrid_node import shred
from childgrid_node.courier import Parcel
from childgrid_node.mailroom import open_parcel
from childgrid_wire import statement
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from glass import broken, glass_grid
from grid import AGENCIES, DAY, HUB, KABIR, STRANGER, Grid, identity
from refusals import refused
from shredded import YEAR, copied, manifest


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid with an old search."""
    made = Grid(tmp_path)
    made.ask(KABIR, targets=["customs"])
    made.now += 400 * DAY
    return made


def test_the_auditors_word_for_another_log(grid: Grid) -> None:
    """A copy of the police's log, or a checkpoint that the manifest doesn't name."""
    customs = grid.agency("customs").office
    own = copied(grid, "customs")
    other = copied(grid, "police")
    for copy in (
        other,
        Copy(other.manifest, own.checkpoint),
        Copy(own.manifest, other.checkpoint),
        Copy(manifest(grid, "customs", other.checkpoint), other.checkpoint),
    ):
        with refused(grid, Reason.UNKNOWN):
            shred.run(customs, YEAR, copy)


@pytest.mark.parametrize("who", ["customs", "police", HUB])
def test_a_copy_that_a_party_signs_for_itself(grid: Grid, who: str) -> None:
    """Agencies and the coordinator are no auditors of anybody."""
    copy = copied(grid, "customs", auditor=who)
    with refused(grid, Reason.WRONG_ROLE):
        shred.run(grid.agency("customs").office, YEAR, copy)


def test_a_copy_from_before_the_deed(tmp_path: Path) -> None:
    """What was said after the auditor's visit stays, however old it is by then."""
    grid = Grid(tmp_path)
    grid.ask(STRANGER, targets=["prisons"])
    copy = copied(grid, "prisons")
    grid.ask(KABIR, targets=["prisons"])
    grid.now += 400 * DAY
    before = {name: grid.state(name) for name in AGENCIES}

    # One case: the later query keeps the earlier one, which the auditor has seen.
    assert shred.run(grid.agency("prisons").office, YEAR, copy) is None
    assert {name: grid.state(name) for name in AGENCIES} == before


def test_a_member_names_what_it_wants_gone(tmp_path: Path) -> None:
    """A rogue agency says it shredded yesterday's search: too young to bind anybody."""
    grid = Grid(tmp_path)
    asked = grid.ask(KABIR, targets=["customs"])
    grid.now += (LEAST_DAYS - 1) * DAY
    _mail(grid, "police", [asked.hash])
    copy = copied(grid, "customs")
    before = grid.state("customs")

    assert shred.run(grid.agency("customs").office, Retention(), copy) is None
    assert grid.state("customs") == before


def test_the_coordinator_shreds_in_anothers_name(grid: Grid) -> None:
    """Signed by the coordinator for the police, or by the police for customs."""
    asked = grid.agency("police").office.journal.all(Kind.QUERY)[0]
    before = {name: grid.state(name) for name in AGENCIES}
    _mail(grid, HUB, [asked.hash], party="police")
    _mail(grid, "police", [asked.hash], party="customs")
    assert {name: grid.state(name) for name in AGENCIES} == before
    copy = copied(grid, "customs")

    assert shred.run(grid.agency("customs").office, Retention(), copy) is None
    assert {name: grid.state(name) for name in AGENCIES} == before


def test_an_auditor_shreds_what_the_agencies_said(grid: Grid) -> None:
    """A station may keep a log of its own, and shreds nobody's story with it."""
    asked = grid.agency("police").office.journal.all(Kind.QUERY)[0]
    before = grid.state("customs")
    _mail(grid, "audit-north", [asked.hash])
    copy = copied(grid, "customs")

    assert shred.run(grid.agency("customs").office, Retention(), copy) is None
    assert grid.state("customs") == before


def _mail(grid: Grid, who: str, names: list[str], party: str = "") -> None:
    """Mail a `shred` to customs."""
    made = statement.make(
        Kind.SHRED,
        identity(who).signer,
        issuer=who,
        now=grid.now,
        seconds=DAY,
        party=party or who,
        entries=[0],
        head="00" * 32,
        statements=names,
    )
    office = grid.agency("customs").office
    open_parcel(office, Parcel(0, made, b"", None), last=True)


def test_a_broken_glass_that_nobody_reviewed(tmp_path: Path) -> None:
    """The right can't be had back by letting the debt be forgotten."""
    grid = glass_grid(tmp_path, "customs")
    broken(grid)
    grid.now += 400 * DAY
    copy = copied(grid, "customs")
    before = grid.state("customs")

    assert shred.run(grid.agency("customs").office, YEAR, copy) is None
    assert grid.state("customs") == before
