"""Shredding goes on under the log after a closed one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from childgrid_log.gather import Gatherer
from childgrid_log.held_copy import Copy
from childgrid_node import shred
from childgrid_node.office import Office
from childgrid_wire import statement
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.kinds import Kind
from grid import DAY, KABIR, Grid, identity
from node.test_succession import HOLDER, Desk, _light, desk
from shredded import YEAR

__all__ = ["_light", "desk"]


def exported(grid: Grid, office: Office, folder: Path, log: str) -> Path:
    """An auditor's export of what customs has logged by now, under a folder's name."""
    own, relay = office.journal.log, grid.relay.witness
    book = office.shelf.book
    note = Gatherer(own, HOLDER, book, relay, grid.clock).cosigned().note
    path = folder / "logs" / log / "checkpoint"
    path.parent.mkdir(parents=True)
    path.write_bytes(note)
    files = {
        f"logs/{log}/checkpoint": {
            "sha256": hashlib.sha256(note).hexdigest(),
            "size": len(note),
        }
    }
    made = statement.make(
        Kind.MANIFEST,
        identity("audit-north").signer,
        issuer="audit-north",
        now=grid.now,
        seconds=DAY,
        files=files,
        directory=book.directories[-1].hash,
    )
    (folder / "manifest.dsse").write_bytes(made)
    return folder


def test_the_next_log_is_shredded_by_an_auditors_copy_of_it(
    desk: Desk, tmp_path: Path
) -> None:
    """It lies in the export beside the closed one, under its own name."""
    office = desk.begun()
    desk.grid.agency(HOLDER).office = office
    asked = desk.grid.ask(KABIR, targets=[HOLDER])
    desk.grid.now += 400 * DAY
    other = exported(desk.grid, office, tmp_path / "other", HOLDER)
    with pytest.raises((ConfigurationRefused, WireError)):
        Copy.read(other, HOLDER, 1)
    assert office.journal.find(asked.hash) is not None

    export = exported(desk.grid, office, tmp_path / "export", f"{HOLDER}.1")
    copy = Copy.read(export, HOLDER, 1)
    said = shred.run(office, YEAR, copy)

    assert said is not None
    assert asked.hash in said["statements"]
    assert office.journal.find(asked.hash) is None


def test_what_the_journal_keeps_of_a_closed_log_goes_in_its_time(
    desk: Desk, tmp_path: Path
) -> None:
    """Not before its period is over, nor before anything that an auditor holds."""
    office = desk.begun()
    desk.grid.agency(HOLDER).office = office
    past = "SELECT hash FROM said WHERE leaf < 0 AND kind IN ('query', 'request')"
    old = {str(name) for (name,) in office.journal.rows(past)}
    assert len(old) == 4
    desk.grid.ask(KABIR, targets=[HOLDER])
    early = exported(desk.grid, office, tmp_path / "early", f"{HOLDER}.1")
    copy = Copy.read(early, HOLDER, 1)
    desk.grid.now += 364 * DAY
    assert shred.run(office, YEAR, copy) is None
    assert {str(name) for (name,) in office.journal.rows(past)} == old

    desk.grid.now += 36 * DAY
    late = exported(desk.grid, office, tmp_path / "late", f"{HOLDER}.1")
    said = shred.run(office, YEAR, Copy.read(late, HOLDER, 1))

    assert said is not None
    assert old <= set(said["statements"])
    assert all(0 <= leaf < office.journal.log.size() for leaf in said["entries"])
    assert office.journal.rows(past) == []
    for table in ("content", "handle"):
        assert office.journal.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert office.journal.log.verify() == office.journal.log.size()
