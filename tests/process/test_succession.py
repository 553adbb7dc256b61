"""The founders close a log that fell behind, and its node goes on with another.

By the commands that operators type, on a grid that runs: yesterday's backup comes back,
the node stands still and says why, the founders close its log where witnesses saw it
last, and the node takes up the successor by itself, though it is killed in the midst.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from childgrid_wire.errors import Reason, Refused
from deploy.processes import until
from deploy.stations import Stations
from deploy.yard import FOUNDERS
from process.players import FIELDS, JUSTIFICATION, Case, Cast
from process.reckoning import await_receipts
from process.test_restore import HOLDER, LEVEL, all_run, bring_back, quiet, run
from process.yardstick import SECONDS, STATION, Grid


def typed(module: str, *words: str) -> str:
    """Type a command; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def founders(grid: Grid, *words: str) -> str:
    """Two of the three founders carry a command out."""
    named = [*FOUNDERS[:2], "root"]
    files = [f"{one}={grid.yard.secret(f'founder-{one}')}" for one in named]
    options = [part for one in files for part in ("--passphrase-file", one)]
    folder = str(grid.yard.authority.folder)
    return typed("childgrid_authority", *words, "--folder", folder, *options)


def settings(grid: Grid) -> str:
    """The holder's settings file."""
    return str(grid.folder / HOLDER / "node.toml")


def test_a_closed_log_has_a_successor(grid: Grid, cast: Cast, tmp_path: Path) -> None:
    """Queries, requests and releases go on under the new log; what is older is void."""
    all_run(grid)
    stations = Stations(grid.yard, [STATION])
    await_receipts(grid, [cast.play(Case(HOLDER))])
    old = Case(HOLDER)
    cast.ask(old)
    handle = cast.await_handle(old)
    quiet(grid)
    run(grid, HOLDER, "backup", tmp_path / "yesterday")
    await_receipts(grid, [cast.play(Case(HOLDER))])
    quiet(grid)
    before = stations.audit(STATION, tmp_path / "before")
    assert before.holds, before.findings
    await_receipts(grid, [cast.play(Case(HOLDER))])
    quiet(grid)
    bring_back(grid, HOLDER, tmp_path / "yesterday", tmp_path / "lost")
    until("it stands still", SECONDS, lambda: _told(grid, "log-behind"))

    plea = tmp_path / "police.succession"
    print(typed("childgrid_node", "succeed", str(plea), "--config", settings(grid)))
    print(founders(grid, "close-log", str(plea)))
    print(founders(grid, "publish"))
    until("it is level", SECONDS, lambda: _told(grid, LEVEL))
    assert (grid.state(HOLDER) / "log" / "closed-0.db").exists()
    with pytest.raises(Refused) as refusal:
        cast.asker.request(old.query, HOLDER, handle, FIELDS[HOLDER], JUSTIFICATION)
    assert refusal.value.reason is Reason.CLOSED
    case = cast.play(Case(HOLDER))
    await_receipts(grid, [case])
    quiet(grid)
    assert case.record


def _told(grid: Grid, what: str) -> bool | None:
    return what in grid.output(HOLDER) or None
