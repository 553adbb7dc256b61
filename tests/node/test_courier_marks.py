"""What went out is marked as sent: a query together with its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node.courier import Courier
from childgrid_wire.errors import Unreachable
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid

HUB = "hub"
WAITING = "SELECT count(*) FROM outbox WHERE state = 'waiting' AND kind = 'query'"


class Sending(Courier):
    """A courier whose coordinator notes what it is handed, or is away."""

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid.agency("police").office, None, "", HUB)  # type: ignore[arg-type]
        self.handed: list[str] = []
        self.away = False

    def _send(self, _hash: str, kind: Kind, _data: bytes) -> str:
        if self.away:
            raise Unreachable("coordinator")
        self.handed.append(kind.value)
        return "sent"


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid whose police have a query in the outbox, and nothing else."""
    made = Grid(tmp_path / "grid")
    Sending(made).flush()
    payload = made.draft(KABIR, targets=["customs"])
    asked = made.sign("police", "si-rao", Kind.QUERY, payload)
    made.decide("police", "sp-nair", asked.hash)
    return made


def waiting(grid: Grid) -> int:
    """Queries that a restart would send again."""
    ((count,),) = grid.agency("police").office.journal.rows(WAITING)
    return int(count)


def test_a_query_is_sent_once_and_marked_with_the_mail(grid: Grid) -> None:
    """Before its answers come a restart sends it again; this process does not."""
    courier = Sending(grid)
    courier.flush()
    courier.flush()
    assert courier.handed.count("query") == 1
    assert waiting(grid) == 1
    courier.passed(7)
    courier.flush()
    assert (courier.handed.count("query"), waiting(grid)) == (1, 0)


def test_a_query_without_answers_is_marked_in_the_end(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mail comes: the next look at the outbox marks it."""
    courier = Sending(grid)
    monkeypatch.setattr("childgrid_node.courier._UNMARKED_SECONDS", 0.0)
    courier.flush()
    courier.flush()
    assert (courier.handed.count("query"), waiting(grid)) == (1, 0)


def test_a_query_that_did_not_go_out_waits(grid: Grid) -> None:
    """Nothing is marked that the coordinator has not taken."""
    courier = Sending(grid)
    courier.away = True
    with pytest.raises(Unreachable):
        courier.flush()
    courier.passed(7)
    assert waiting(grid) == 1
    courier.away = False
    courier.flush()
    assert courier.handed.count("query") == 1
