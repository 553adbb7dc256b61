"""What a command has signed holds at its own node, whoever hangs it up or does not."""

from __future__ import annotations

import pytest

from childgrid_node import spool
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid

FIELDS = ["name", "phone"]


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


def revocation(grid: Grid) -> Statement:
    """Customs' word that one of its custodians has left."""
    return grid.agency("customs").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="customs",
        subject="cu-mehta", serial="", cause="left",
    )  # fmt: skip


@pytest.mark.threat("T19")
def test_a_revocation_that_nobody_hung_up_holds_at_home(grid: Grid) -> None:
    """What the revoked custodian had approved is not released."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    member = grid.agency("customs")
    spool.leave(member.folder, revocation(grid).data)

    (taken,) = spool.take(member.office, member.folder)

    assert member.office.view.revoked.officers == {"customs/cu-mehta"}
    assert grid.release("customs") == ["waiting"]
    assert grid.released("customs") == 0
    waiting = "SELECT hash FROM outbox WHERE kind = 'revocation' AND state = 'waiting'"
    assert member.office.journal.rows(waiting) == [(taken.hash,)]
    assert spool.take(member.office, member.folder) == []


def test_what_hangs_already_is_taken_once(grid: Grid) -> None:
    """The board was faster than the spool."""
    member, said = grid.agency("customs"), revocation(grid)
    grid.post([said.data])
    spool.leave(member.folder, said.data)

    assert spool.take(member.office, member.folder) == [said]
    assert member.office.shelf.book.standing()["revocations"] == {"customs": 1}


def test_a_spoilt_file_keeps_nothing_else_back(grid: Grid) -> None:
    """It is said, it stays where it lies, and the rest is believed."""
    member, said = grid.agency("customs"), revocation(grid)
    spool.leave(member.folder, said.data)
    spoilt = member.folder / "spool" / "0.dsse"
    spoilt.write_bytes(b"{}")

    with pytest.raises(Malformed):
        spool.take(member.office, member.folder)

    assert member.office.view.revoked.officers == {"customs/cu-mehta"}
    assert list((member.folder / "spool").iterdir()) == [spoilt]
