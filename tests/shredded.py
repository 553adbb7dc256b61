"""Auditors' copies of logs on the tests' grid, and shredding by them."""

from __future__ import annotations

import hashlib

from childgrid_log.gather import Gatherer
from childgrid_log.held_copy import Copy
from childgrid_log.retention import DAY, Retention
from childgrid_node import shred
from childgrid_wire import statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import Grid, identity

YEAR = Retention(search_days=365, view_days=365, budget_days=365)


def copied(grid: Grid, name: str, auditor: str = "audit-north") -> Copy:
    """An auditor's copy of an agency's log, as it is now."""
    office = grid.agency(name).office
    gatherer = Gatherer(
        office.journal.log, name, office.shelf.book, grid.relay.witness, grid.clock
    )
    note = gatherer.cosigned(None).note
    return Copy(manifest(grid, name, note, auditor), note)


def manifest(grid: Grid, name: str, note: bytes, auditor: str = "audit-north") -> bytes:
    """What the auditor signs of it."""
    file = {"sha256": hashlib.sha256(note).hexdigest(), "size": len(note)}
    return statement.make(
        Kind.MANIFEST,
        identity(auditor).signer,
        issuer=auditor,
        now=grid.now,
        seconds=DAY,
        files={f"logs/{name}/checkpoint": file},
        directory=grid.members[name].shelf.book.directories[-1].hash,
    )


def shredded(grid: Grid, name: str, retention: Retention = YEAR) -> Statement | None:
    """Let an agency shred what is over, by a fresh copy."""
    return shred.run(grid.agency(name).office, retention, copied(grid, name))
