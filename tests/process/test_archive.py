"""A node with an archive on a grid that runs: auditors and witnesses notice nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from childgrid_log import names, stowing
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_wire.identity import Identity
from deploy.processes import until
from deploy.stations import Stations
from process.players import Case, Cast
from process.reckoning import await_receipts
from process.typed import typed
from process.yardstick import AGENCIES, SECONDS, STATION, Grid

HOLDER = "customs"
_AGO = 400 * 86_400


def filled(grid: Grid, count: int) -> int:
    """Add leaves of more than a year ago to a node that stands still; its size then."""
    path = grid.state(HOLDER) / "log" / "log.db"
    own = Identity.open(grid.state(HOLDER) / "keys", grid.yard.passphrase(HOLDER))
    now = int(time.time())
    said = [stowing.notice(own.signer, now, f"{n:064x}") for n in range(count)]
    with Log.open(path, names.origin(HOLDER), own.log_key) as log:
        log.append([draft_of(one, now - _AGO) for one in said])
        return log.size()


def restarted(grid: Grid) -> None:
    """Start the node; wait until its log is cosigned to the last leaf."""
    grid.process(HOLDER).start()
    grid.ready(HOLDER)
    Stations(grid.yard, []).await_cosigned([*AGENCIES], SECONDS)


def at_node(grid: Grid, *words: str) -> str:
    """Type a command of the node."""
    config = grid.folder / HOLDER / "node.toml"
    return typed("childgrid_node", *words, "--config", str(config))


@pytest.mark.threat("T15")
def test_auditors_mirror_over_the_archive_of_a_running_node(
    grid: Grid, cast: Cast, tmp_path: Path
) -> None:
    """They go on from where they were, and a record is released as before."""
    stations = Stations(grid.yard, [STATION])
    await_receipts(grid, [cast.play(Case(HOLDER))])
    Stations(grid.yard, []).await_cosigned([*AGENCIES], SECONDS)
    stations.audit(STATION, tmp_path / "first")
    grid.process(HOLDER).stop()
    size = filled(grid, 600)
    restarted(grid)
    grid.process(HOLDER).stop()
    moved = (size - 1) // 256 * 256
    assert at_node(grid, "archive", "--compact").startswith(f"{moved} leaves archived")
    assert (grid.state(HOLDER) / "log" / "log.tiles" / "tile/0/001").exists()
    restarted(grid)

    case = cast.play(Case(HOLDER))
    await_receipts(grid, [case])
    assert case.record
    Stations(grid.yard, []).await_cosigned([*AGENCIES], SECONDS)
    stations.audit(STATION, tmp_path / "second")
    done = {one.member: one for one in stations.mirrored}
    assert done[HOLDER].state == "mirrored"
    assert done[HOLDER].size > size
    until("the node serves", SECONDS, lambda: not grid.process(HOLDER).ended or None)
