"""What a closed log of this node's holds is void, whatever its date says."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log.gather import Gatherer
from childgrid_node import mailroom
from childgrid_node.office import Office
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement
from closings import close, heir
from founders import light_locks
from grid import KABIR, Grid, identity
from laid import settled
from node.test_succession import HOLDER, Desk, _prepare
from test_attacks_closed import closed, gathered


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_locks(monkeypatch)


def answered_late(grid: Grid, folder: Path) -> tuple[Statement, Office]:
    """A query that customs answered after the founders had signed, and its next log."""
    grid.ask(KABIR, targets=[HOLDER])
    book, log = (office := grid.agency(HOLDER).office).shelf.book, office.journal.log
    relay = grid.relay.witness
    Gatherer(log, HOLDER, book, relay, grid.clock).cosigned()
    grid.now += 60
    document = close(book, identity(HOLDER), relay, grid.founders.signers, grid.now)
    grid.now += 3_600
    late = grid.ask(KABIR, targets=[HOLDER])
    config = settled(grid, folder)
    _prepare(config, heir(identity(HOLDER)))
    grid.post([document])
    begun = Desk(grid, config, document).begun()
    grid.agency(HOLDER).office = begun
    return late, begun


def test_who_asked_is_not_left_waiting(tmp_path: Path) -> None:
    """The asker's own profile says that the request is over, before its time is."""
    grid = Grid(tmp_path)
    query = grid.ask(KABIR, targets=[HOLDER])
    grid.request(query, HOLDER, ["name"])
    gathered(grid)

    def state() -> str:
        (source,) = grid.profile(query)["sources"]
        (one,) = source["requests"]
        return str(one["state"])

    assert state() == "open"
    closed(grid)
    assert state() == "expired"


@pytest.mark.threat("T10")
def test_what_was_asked_between_signing_and_going_on_is_void(tmp_path: Path) -> None:
    """No log in force holds it: it is not answered again, and no record asked for."""
    grid = Grid(tmp_path / "grid")
    late, begun = answered_late(grid, tmp_path / "node")
    request = grid.request(late, HOLDER, ["name"])
    before = grid.state(HOLDER)

    for _, parcel in grid.outbox("police"):
        mailroom.open_parcel(begun, parcel)
    with pytest.raises(Refused) as refusal:
        grid.relay.match(grid.agency(HOLDER), grid.call(late, HOLDER))

    assert refusal.value.reason is Reason.CLOSED
    assert begun.journal.find(request.hash) is None
    assert grid.state(HOLDER) == before
