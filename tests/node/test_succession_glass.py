"""A broken glass outlives the log of the holder who broke it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from childgrid_log.gather import Gatherer
from childgrid_node import breakglass
from childgrid_wire.errors import Reason, Refused
from closings import close, heir
from founders import light_locks
from glass import broken, emergency, glass_grid
from grid import KABIR, identity
from laid import settled
from node.test_succession import HOLDER, Desk, _prepare


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_locks(monkeypatch)


def copied(path: Path, copy: Path) -> Path:
    """A database as it is now."""
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    return copy


@pytest.mark.threat("T10", "T15")
def test_a_holder_that_lost_its_broken_glass_breaks_no_second(tmp_path: Path) -> None:
    """Its own notice on the board says that one waits for its review."""
    grid = glass_grid(tmp_path / "grid", HOLDER)
    office = grid.agency(HOLDER).office
    yesterday = copied(grid.agency(HOLDER).folder / "log.db", tmp_path / "yesterday")
    broken(grid)
    book, relay = office.shelf.book, grid.relay.witness
    Gatherer(office.journal.log, HOLDER, book, relay, grid.clock).cosigned()
    config = settled(grid, tmp_path / "node")
    shutil.copy(yesterday, config.state_dir / "log" / "log.db")
    _prepare(config, heir(identity(HOLDER)))
    grid.now += 60
    document = close(book, identity(HOLDER), relay, grid.founders.signers, grid.now)
    grid.now += 60
    grid.post([document])
    begun = Desk(grid, config, document).begun()
    grid.agency(HOLDER).office = begun
    request = emergency(grid, grid.ask(KABIR, targets=[HOLDER]), HOLDER)
    grid.carry()
    for notice in grid.agency("police").office.shelf.book.notices():
        begun.shelf.add(notice.data)
    before = grid.state(HOLDER)

    with pytest.raises(Refused) as refusal:
        breakglass.check_may_use(begun, request)

    assert refusal.value.reason is Reason.UNREVIEWED
    assert grid.state(HOLDER) == before
