"""The restore drill, by the commands that an operator types, on a grid that runs.

A backup that is level with the witnesses brings a party back; yesterday's brings back a
node that stands still and says why, and nobody is told anything that did not happen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_wire.errors import Reason, Refused
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR
from deploy.stations import Stations
from deploy.yard import HUB
from process.players import Case, Cast
from process.reckoning import await_receipts, opened, reckon
from process.typed import typed
from process.yardstick import AGENCIES, SECONDS, SERVERS, STATION, Grid

HOLDER = "customs"
LEVEL = "level with its witnesses"
_COMMANDS = {
    HUB: ("childgrid_coordinator", "coordinator.toml"),
    STATION: ("childgrid_audit", "station.toml"),
}


def run(grid: Grid, member: str, verb: str, file: Path) -> str:
    """Type `backup FILE` or `restore FILE` at a member; it must succeed."""
    package, settings = _COMMANDS.get(member, ("childgrid_node", "node.toml"))
    config = grid.folder / member / settings
    return typed(package, verb, str(file), "--config", str(config))


def all_run(grid: Grid) -> None:
    """Start whatever another test has ended."""
    for name in SERVERS:
        if grid.process(name).ended:
            grid.process(name).start()
    for name in SERVERS:
        grid.ready(name)


def quiet(grid: Grid, *members: str) -> None:
    """Wait until every log has been cosigned up to its last leaf."""
    Stations(grid.yard, []).await_cosigned([*(members or AGENCIES)], SECONDS)


def bring_back(grid: Grid, member: str, file: Path, away: Path) -> str:
    """A machine is lost (its state moved `away`) and comes back from a backup.

    Returns what it said since it started again.
    """
    process = grid.process(member)
    process.stop(kill=True)
    grid.state(member).rename(away)
    assert "next: " in run(grid, member, "restore", file)
    before = len(grid.output(member))
    process.start()
    grid.ready(member)
    return grid.output(member)[before:]


def size(grid: Grid, member: str) -> int:
    """How many leaves a member's log has, all of them hashed anew."""
    with opened(grid, member) as log:
        return log.verify()


@pytest.mark.threat("T10", "T15")
def test_the_restore_drill(grid: Grid, cast: Cast, tmp_path: Path) -> None:
    """Just before: it serves and releases. Yesterday's: it stands still, and says why.

    Afterwards everything that anybody was told is in the logs, once.
    """
    all_run(grid)
    cases = [cast.play(Case(HOLDER))]
    await_receipts(grid, cases)
    quiet(grid)
    run(grid, HOLDER, "backup", tmp_path / "yesterday")
    old = size(grid, HOLDER)

    cases.append(cast.play(Case(HOLDER)))
    await_receipts(grid, cases)
    quiet(grid)
    run(grid, HOLDER, "backup", tmp_path / "today")
    assert size(grid, HOLDER) > old

    bring_back(grid, HOLDER, tmp_path / "today", tmp_path / "lost")
    until("it is confirmed", SECONDS, lambda: LEVEL in grid.output(HOLDER) or None)
    index = grid.state(HOLDER) / "index" / "e1" / f"{HOLDER}.index"
    until("its source is encoded anew", SECONDS, lambda: index.exists() or None)
    cases.append(cast.play(Case(HOLDER)))
    await_receipts(grid, cases)
    quiet(grid)
    now = tmp_path / "now"

    bring_back(grid, HOLDER, tmp_path / "yesterday", now)
    until("it says so", SECONDS, lambda: _told(grid) or None)
    _stands_still(grid, cast)
    assert size(grid, HOLDER) == old
    grid.process(HOLDER).stop()
    assert size(grid, HOLDER) == old

    grid.state(HOLDER).rename(tmp_path / "evidence")
    now.rename(grid.state(HOLDER))
    grid.process(HOLDER).start()
    grid.ready(HOLDER)
    cases.append(cast.play(Case(HOLDER)))
    await_receipts(grid, cases)
    quiet(grid)
    assert set(grid.stop().values()) == {0}
    counts = reckon(grid, cases)
    assert counts["cases"] == len(cases) == 4


def _told(grid: Grid) -> bool:
    return "reason=log-behind" in grid.output(HOLDER)


def _stands_still(grid: Grid, cast: Cast) -> None:
    """A query there is refused by name, and so is whatever its officers would sign."""
    query = cast.asker.ask(
        {"name": ["Zubin Marconi"], "phone": ["9812345670"]},
        purpose="investigation",
        sections=list(SECTIONS),
        case=FIR,
        targets=[HOLDER],
    )
    cast.supervisor.approve(query)

    def refused(shown: dict[str, dict[str, dict[str, str]]]) -> bool | None:
        return shown["targets"][HOLDER].get("reason") == "log-behind" or None

    cast.asker.await_look("answers", query, refused)
    with pytest.raises(Refused) as refusal:
        cast.custodians[HOLDER].look("inbox")
    assert refusal.value.reason is Reason.LOG_BEHIND


def test_the_meeting_point_and_an_auditor_come_back(
    grid: Grid, cast: Cast, tmp_path: Path
) -> None:
    """Both from backups that are level; mail goes on, past what may have been read."""
    all_run(grid)
    await_receipts(grid, [cast.play(Case(HOLDER))])
    quiet(grid, *AGENCIES, STATION)
    both = (HUB, STATION)
    for member in both:
        run(grid, member, "backup", tmp_path / member)
    for member in both:
        bring_back(grid, member, tmp_path / member, tmp_path / f"{member}-lost")
    until(
        "both are confirmed",
        SECONDS,
        lambda: all(LEVEL in grid.output(one) for one in both) or None,
    )
    case = cast.play(Case(HOLDER))
    await_receipts(grid, [case])
    assert case.record
