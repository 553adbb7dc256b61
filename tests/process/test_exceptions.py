"""The two exceptions between real processes: a lifted budget, and a broken glass."""

from __future__ import annotations

from typing import Any

import pytest

from childgrid_log import names
from childgrid_log.log import Log
from childgrid_wire import envelope
from childgrid_wire.breakglass import DECLARED, USED
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from deploy.processes import until
from process.players import SECONDS, Case, Cast
from process.yardstick import AGENCIES, HUB, STATION, Grid


@pytest.fixture(scope="module")
def grid(still: Grid) -> Grid:
    """A running grid in which customs opted into break-glass."""
    policy = still.folder / "customs" / "policy.toml"
    policy.write_text('break_glass = ["movement"]\n' + policy.read_text("utf-8"))
    still.start()
    return still


def waits(shown: dict[str, Any], name: str) -> bool | None:
    """Whether a statement waits in an inbox."""
    return any(one["hash"] == name for one in shown["waiting"]) or None


def logged(grid: Grid, member: str, name: str) -> bool:
    """Whether a member's log holds a statement."""
    own = grid.identity(member)
    path = grid.state(member) / "log" / "log.db"
    with Log.open(path, names.origin(member), own.log_key) as log:
        every = (log.opening(index) for index in range(log.size()))
        return any(one and envelope.read(one[1]).hash == name for one in every)


def test_a_budget_is_lifted_and_every_party_logs_it(grid: Grid, cast: Cast) -> None:
    """Signed at the police, countersigned at customs, carried to everybody."""
    name = cast.supervisor.lift("officer", "si-rao", 20_000)
    custodian = cast.custodians["customs"]
    custodian.await_look("inbox", "", lambda shown: waits(shown, name))
    agreed = custodian.approve(name)

    for member in (*AGENCIES, HUB):
        for said in (name, agreed):
            await_logged(grid, member, said)


def await_logged(grid: Grid, member: str, name: str) -> None:
    """Wait until a member's log holds a statement."""
    until(f"{member} logs it", SECONDS, lambda: logged(grid, member, name))


def test_glass_is_broken_once_everybody_was_told(grid: Grid, cast: Cast) -> None:
    """One custodian's word; the station has both notices; reviews wait at both ends."""
    case = Case("customs")
    cast.ask(case)
    handle = cast.await_handle(case)
    case.request = cast.asker.request(
        case.query, "customs", handle, ["name"], "a child is with him", break_glass=True
    )
    custodian = cast.custodians["customs"]
    custodian.await_look("inbox", "", lambda shown: waits(shown, case.request))
    custodian.approve(case.request, slot="break-glass")
    record = cast.await_end(case)

    assert list(record["fields"]) == ["name"]
    told = {
        (one.issuer, one["topic"])
        for one in Shelf.open(grid.state(STATION) / "documents").book.notices()
    }
    assert told == {("police", DECLARED), ("customs", USED)}
    owed = cast.supervisor.look("inbox")["emergencies"]
    assert [one["hash"] for one in owed] == [case.request]


def test_a_second_one_waits_for_the_review(grid: Grid, cast: Cast) -> None:
    """The supervisor's review alone fills no custodian's place: nothing is released."""
    case = Case("customs")
    cast.ask(case)
    handle = cast.await_handle(case)
    case.request = cast.asker.request(
        case.query, "customs", handle, ["name"], "another child", break_glass=True
    )
    custodian = cast.custodians["customs"]
    custodian.await_look("inbox", "", lambda shown: waits(shown, case.request))
    custodian.approve(case.request, slot="break-glass")
    (owed,) = cast.supervisor.look("inbox")["emergencies"]
    review = cast.supervisor.review(owed["hash"], justified=True)
    await_logged(grid, "customs", review)

    (source,) = cast.asker.look("profile", case.query)["sources"]
    assert [one["state"] for one in source["requests"]] == ["open"]
    used = [
        one
        for one in Shelf.open(grid.state(STATION) / "documents").book.notices()
        if one["topic"] == USED
    ]
    assert len(used) == 1
    assert not disclosed(grid, "customs", case.request)


def disclosed(grid: Grid, member: str, request: str) -> list[str]:
    """What a member's log has disclosed for a request."""
    own = grid.identity(member)
    path = grid.state(member) / "log" / "log.db"
    with Log.open(path, names.origin(member), own.log_key) as log:
        every = (log.opening(index) for index in range(log.size()))
        found = [envelope.read(one[1]) for one in every if one]
    return [
        one.hash
        for one in found
        if one.kind is Kind.DISCLOSURE and request.encode() in one.payload
    ]
