"""What goes wrong around a process is said clearly, and nothing is left half-done."""

from __future__ import annotations

import secrets
import time

import pytest

from process import breakage
from process.disk import Disk
from process.reckoning import reckon
from process.yardstick import Cast, Grid

POINTS = 10


@pytest.fixture(scope="module")
def disks(still: Grid, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Disk]:
    """A disk that can be broken under every process."""
    return breakage.break_disks(still, tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def grid(still: Grid, disks: dict[str, Disk]) -> Grid:
    """A running grid on breakable disks."""
    still.start()
    return still


def test_failing_writes_and_syncs_lose_nothing(
    grid: Grid, cast: Cast, disks: dict[str, Disk]
) -> None:
    """Ten writes or syncs fail, in a case or in a start, once or from then on.

    Every case ends after the process was started again; nothing acknowledged is lost,
    no record is without its proof, and the logs verify.
    """
    seed = secrets.randbits(32)
    begun = time.monotonic()
    counted = breakage.count(grid, cast, disks)
    print(f"seed {seed}, calls {counted}")
    points = breakage.some(counted, POINTS, seed)
    outcome = list(breakage.play_broken(grid, cast, disks, points))[-1]
    assert set(grid.stop().values()) == {0}
    counts = reckon(grid, outcome.cases)
    print(f"{outcome.fired} fired, {counts}, {time.monotonic() - begun:.0f} s")
    assert outcome.fired >= POINTS // 2
    assert outcome.fired + outcome.unfired == POINTS
