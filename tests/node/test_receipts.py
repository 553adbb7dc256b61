"""A record left and nobody acknowledged it: the holder's node raises an alarm."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from childgrid_node import courier, disclose, doctor, receipts
from childgrid_node.app import Node
from childgrid_node.courier import Courier
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, HUB, KABIR, Grid
from hostile_spy import restart
from test_attacks_closed import closed, gathered


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid where customs released a record and no receipt came back."""
    made = Grid(tmp_path)
    request(made)
    return made


def request(grid: Grid) -> Statement:
    """A release that is handed over, and whose receipt is under way."""
    asked = grid.ask(KABIR, targets=["customs"])
    made = grid.request(asked, "customs", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", made.hash)
    grid.carry()
    assert grid.release("customs") == ["released"]
    return made


def alarms(grid: Grid, name: str = "customs") -> list[dict[str, Any]]:
    """What one round of housekeeping says."""
    with structlog.testing.capture_logs() as said:
        receipts.alarm(grid.agency(name).office)
    return [dict(one) for one in said]


def test_none_is_waited_for_from_who_has_lost_its_log(grid: Grid) -> None:
    """It takes in nothing that it asked for before, so the alarm would never end."""
    gathered(grid, "police")
    closed(grid, "police")
    grid.now += 2 * DAY
    assert alarms(grid) == []


def test_the_alarm_is_raised_at_its_time_and_not_before(grid: Grid) -> None:
    """The floor gives a day; at its end the next round says so, and each one after."""
    grid.now += DAY - 1
    assert alarms(grid) == []
    grid.now += 1
    (line,) = alarms(grid)
    assert line == {
        "event": "receipts missing",
        "log_level": "error",
        "member": "police",
        "count": 1,
        "hours": 0,
    }
    grid.now += DAY
    assert alarms(grid)[0]["hours"] == 24


def test_a_late_receipt_ends_it(grid: Grid) -> None:
    """Once it is there the node is quiet."""
    grid.now += DAY
    assert alarms(grid)
    grid.settle()

    assert alarms(grid) == []
    assert grid.agency("customs").office.journal.all(Kind.RECEIPT)


def test_an_acknowledged_record_raises_none(tmp_path: Path) -> None:
    """Nor does one that never left."""
    grid = Grid(tmp_path)
    request(grid)
    grid.settle()
    asked = grid.ask(KABIR, targets=["customs"])
    grid.request(asked, "customs", ["name"])
    grid.carry()
    grid.now += 2 * DAY

    assert alarms(grid) == []


def test_every_overdue_one_is_counted(tmp_path: Path) -> None:
    """Two records, one line for the agency that owes them."""
    grid = Grid(tmp_path)
    for _ in range(2):
        asked = grid.ask(KABIR, targets=["customs"])
        made = grid.request(asked, "customs", ["name"])
        grid.carry()
        grid.decide("customs", "cu-mehta", made.hash)
    assert grid.release("customs") == ["released", "released"]
    grid.now += DAY

    (line,) = alarms(grid)
    assert line["count"] == 2
    assert receipts.alarm(grid.agency("customs").office) == 2


def test_a_restart_forgets_no_debt(grid: Grid) -> None:
    """It follows from what is stored."""
    grid.now += DAY
    restart(grid, "customs")

    assert len(alarms(grid)) == 1


def test_custodians_find_it_in_their_inbox(grid: Grid) -> None:
    """With the request's hash, the agency and the time: no person and no case."""
    grid.now += DAY
    inbox = grid.look("customs", "cu-dias", "inbox")["receipts"]

    (made,) = grid.agency("customs").office.journal.all(Kind.REQUEST)
    assert inbox == [{"request": made.hash, "requester": "police", "due": grid.now}]
    assert grid.look("police", "sp-nair", "inbox")["receipts"] == []


def test_custodians_see_what_the_coordinator_refused(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and why; it is not void: the coordinator may have carried it."""

    def refuse(*_: object) -> None:
        raise Refused(Reason.CLOSED, "request")

    office = grid.agency("customs").office
    monkeypatch.setattr(courier.channel, "call", refuse)
    monkeypatch.setattr(Courier, "_exchange", lambda _: SimpleNamespace(Send=None))
    assert receipts.unsent(office) == []
    Courier(office, None, "", HUB).flush()  # type: ignore[arg-type]

    told = grid.look("customs", "cu-dias", "inbox")["unsent"]

    (made,) = office.journal.all(Kind.REQUEST)
    assert told == [{"request": made.hash, "requester": "police", "reason": "closed"}]
    assert office.journal.all(Kind.VOID) == []
    assert grid.look("police", "sp-nair", "inbox")["unsent"] == []
    grid.now += 31 * DAY
    assert receipts.unsent(office) == []
    assert len(alarms(grid)) == 1


def test_what_arrived_all_the_same_is_told_no_longer(grid: Grid) -> None:
    """A receipt ends it, whatever the coordinator said."""
    office = grid.agency("customs").office
    under_way = grid.outbox("customs")
    (given,) = office.journal.all(Kind.DISCLOSURE)
    with office.journal.writing() as writing:
        refused = "UPDATE outbox SET state = 'refused:closed' WHERE hash = ?"
        writing.run(refused, (given.hash,))
    assert len(receipts.unsent(office)) == 1

    for said, parcel in under_way:
        for reader in grid.recipients(said):
            grid.relay.mail(grid.agency(reader), parcel)
    grid.settle()

    assert office.journal.all(Kind.RECEIPT)
    assert receipts.unsent(office) == []


def test_what_is_void_is_no_record_that_was_refused(grid: Grid) -> None:
    """Its holder took it back: there is nothing that custodians must look after."""
    office = grid.agency("customs").office
    (given,) = office.journal.all(Kind.DISCLOSURE)
    with office.journal.writing() as writing:
        refused = "UPDATE outbox SET state = 'refused:closed' WHERE hash = ?"
        writing.run(refused, (given.hash,))
    assert len(receipts.unsent(office)) == 1

    disclose.void(office, office.journal.get(given["request"], Kind.REQUEST), given)

    assert receipts.unsent(office) == []
    grid.now += DAY
    assert alarms(grid) == []


def test_the_doctor_names_it(grid: Grid) -> None:
    """A fault that says what to do next, and names the agency alone."""
    patient = doctor._Patient.__new__(doctor._Patient)
    patient._opened = grid.agency("customs").office
    assert doctor._run("receipts", patient.receipts).ok
    grid.now += DAY

    found = doctor._run("receipts", patient.receipts)

    assert not found.ok
    assert "1 records were released and not acknowledged in time by police" in str(
        found
    )


def test_each_round_of_housekeeping_raises_it(grid: Grid) -> None:
    """Nobody has to ask: the node's own round does."""
    node = Node.__new__(Node)
    node.office = grid.agency("customs").office
    grid.now += DAY
    with structlog.testing.capture_logs() as said:
        node._keep_house()

    assert [one["event"] for one in said] == ["receipts missing"]
