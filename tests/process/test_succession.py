"""The founders close a log that fell behind, and its node goes on with another.

By the commands that operators type, on a grid that runs: yesterday's backup comes back,
the node stands still and says why, the founders close its log where witnesses saw it
last, and the node takes up the successor by itself, though it is killed in the midst.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from childgrid_audit.verify import Verdict
from childgrid_log import names
from childgrid_log.log import Log
from childgrid_wire.errors import Reason, Refused
from deploy.processes import until
from deploy.stations import Stations
from deploy.yard import FOUNDERS
from process.players import FIELDS, JUSTIFICATION, Case, Cast
from process.reckoning import await_receipts
from process.test_restore import HOLDER, LEVEL, all_run, bring_back, quiet, run
from process.typed import typed
from process.yardstick import SECONDS, STATION, Grid


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


@pytest.mark.threat("T10", "T15")
def test_a_closed_log_has_a_successor(grid: Grid, cast: Cast, tmp_path: Path) -> None:
    """Queries, requests and releases go on under the new log; what is older is void.

    Of a log that is whole nothing can be asked. Auditors name exactly what was lost,
    and both verifiers take what was exported before and after.
    """
    all_run(grid)
    stations = Stations(grid.yard, [STATION])
    await_receipts(grid, [cast.play(Case(HOLDER))])
    old = Case(HOLDER)
    cast.ask(old)
    handle = cast.await_handle(old)
    quiet(grid)
    plea = tmp_path / "customs.succession"
    asked = ("childgrid_node", "succeed", str(plea), "--config", settings(grid))
    assert "nothing to close" in typed(*asked, status=2)
    assert not plea.exists()
    run(grid, HOLDER, "backup", tmp_path / "yesterday")
    await_receipts(grid, [cast.play(Case(HOLDER))])
    quiet(grid)
    before = stations.audit(STATION, tmp_path / "before")
    assert (before.findings, before.lost) == ((), ())
    await_receipts(grid, [cast.play(Case(HOLDER))])
    quiet(grid)
    bring_back(grid, HOLDER, tmp_path / "yesterday", tmp_path / "lost")
    until("it stands still", SECONDS, lambda: _told(grid, "log-behind"))

    assert STATION in typed(*asked)
    assert "closes the log of customs" in founders(grid, "close-log", str(plea))
    founders(grid, "publish")
    until("it knows", SECONDS, lambda: _told(grid, "log closed"))
    grid.restart(HOLDER, kill=True)
    until("it is level", SECONDS, lambda: _told(grid, LEVEL))
    grid.ready(HOLDER)
    with pytest.raises(Refused) as refusal:
        cast.asker.request(old.query, HOLDER, handle, FIELDS[HOLDER], JUSTIFICATION)
    assert refusal.value.reason is Reason.CLOSED
    case = cast.play(Case(HOLDER))
    await_receipts(grid, [case])
    assert case.record
    quiet(grid)

    after = stations.audit(STATION, tmp_path / "after")
    assert after.findings == ()
    told = {one.event.rpartition(" ")[2] for one in after.lost}
    assert told == {name[:12] for name in _lost(grid, tmp_path, after)}
    assert {one.party for one in after.lost} == {HOLDER}
    states = {one.member: str(one) for one in stations.mirrored}
    assert {HOLDER, f"{HOLDER}.1"} <= states.keys()
    for folder in (tmp_path / "before", tmp_path / "after"):
        assert stations.verify_again(folder) == 0
    assert set(grid.stop().values()) == {0}
    with Log.open(
        grid.state(HOLDER) / "log" / "closed-0.db",
        names.origin(HOLDER),
        grid.identity(HOLDER).closed_log_keys[0],
    ) as closed:
        assert closed.verify()


def _told(grid: Grid, what: str) -> bool | None:
    return what in grid.output(HOLDER) or None


def _lost(grid: Grid, folder: Path, after: Verdict) -> set[str]:
    """What the lost machine's log held, and of its copies none, but others' logs do."""
    path = folder / "lost" / "log" / "log.db"
    with closing(sqlite3.connect(path)) as db:
        had = {str(name) for (name,) in db.execute("SELECT hash FROM said")}
    events = after.ledger.events
    assert had > events.keys() & had
    return {name for name in had & events.keys() if HOLDER not in events[name].places}
