"""Breaking the disk under one process of a running grid, call by call.

A case is played while the n-th write or sync below a member's state folder fails, once
or from then on. The process is then mended and started again, as an operator would,
and the case must still end as it should.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.yard import HUB, until
from process.disk import Disk, compiled
from process.players import Case, Cast
from process.reckoning import await_receipts
from process.yardstick import SERVERS, STATION, Grid

VICTIMS = (HUB, "police", "customs", STATION)
SECONDS_BROKEN = 0.5
_STARTING = 40.0
MODES = tuple(
    (error, lasting) for lasting in (False, True) for error in ("EIO", "ENOSPC")
)


@dataclass(frozen=True)
class Point:
    """One call of one process that fails: its number, how, and in which stage.

    `stage` is `case` (counted from the case's begin) or `start` (from the process's).
    """

    victim: str
    call: int
    error: str
    lasting: bool
    stage: str = "case"


def break_disks(grid: Grid, folder: Path) -> dict[str, Disk]:
    """Put the shim under every process of a grid that doesn't run yet."""
    shim = compiled(folder)
    disks = {
        name: Disk(shim, folder / f"{name}.control", grid.state(name))
        for name in SERVERS
    }
    grid.environments = {name: disk.environment for name, disk in disks.items()}
    return disks


def count(grid: Grid, cast: Cast, disks: dict[str, Disk]) -> dict[tuple[str, str], int]:
    """How many calls each victim makes in one case, and in one start."""
    # The first case also publishes and compiles; the second one is usual.
    await_receipts(grid, [cast.play(Case("customs"))])
    before = {name: disks[name].seen for name in VICTIMS}
    await_receipts(grid, [cast.play(Case("customs"))])
    counted = {(name, "case"): disks[name].seen - before[name] for name in VICTIMS}
    for name in VICTIMS:
        grid.yard.processes[name].stop()
        seen = disks[name].seen
        grid.yard.processes[name].start()
        grid.ready(name)
        counted[name, "start"] = disks[name].seen - seen
    return counted


def every(counted: dict[tuple[str, str], int]) -> list[Point]:
    """Every call of every victim in turn, the ways to fail taking turns too."""
    return [
        Point(victim, call, *MODES[call % len(MODES)], stage)
        for (victim, stage), most in counted.items()
        for call in range(1, most + 1)
    ]


def some(counted: dict[tuple[str, str], int], number: int, seed: int) -> list[Point]:
    """So many calls at random; each victim, stage and way to fail in turn."""
    rng = random.Random(seed)
    places = sorted(counted) * number
    # Twice as many points lie in a case as in a start: that is where records are.
    places = [one for one in places if one[1] == "case"][: number - number // 3] + [
        one for one in places if one[1] == "start"
    ][: number // 3]
    return [
        Point(victim, rng.randint(1, counted[victim, stage]), *MODES[n % 4], stage)
        for n, (victim, stage) in enumerate(places)
    ]


@dataclass
class Outcome:
    """What came of the points that were tried."""

    cases: list[Case] = field(default_factory=list)
    fired: int = 0
    unfired: int = 0


def play_broken(
    grid: Grid, cast: Cast, disks: dict[str, Disk], points: Sequence[Point]
) -> Iterator[Outcome]:
    """Play one case for each point; gives the outcome so far after each of them."""
    outcome = Outcome()
    for number, point in enumerate(points):
        disk = disks[point.victim]
        if point.stage == "start":
            _start_broken(grid, disk, point)
        else:
            disk.break_at(point.call, point.error, lasting=point.lasting)
        case = Case("customs", granted=number % 4 != 3)
        with _mended(grid, disk, point):
            outcome.cases.append(cast.play(case))
            await_receipts(grid, [case])
        outcome.fired += disk.failed
        outcome.unfired += not disk.failed
        yield outcome


def _start_broken(grid: Grid, disk: Disk, point: Point) -> None:
    """Start on a failing disk: it runs, or it ends by itself and says why."""
    process = grid.process(point.victim)
    process.stop()
    disk.break_at(point.call, point.error, lasting=point.lasting)
    process.start()

    def decided() -> bool:
        return process.ended or disk.failed or grid.listens(point.victim)

    until("the start has failed or gone through", _STARTING, decided)


@contextmanager
def _mended(grid: Grid, disk: Disk, point: Point) -> Iterator[None]:
    """Mend the disk and start the process again some time after the call failed."""
    played, faults = threading.Event(), list[BaseException]()

    def operate() -> None:
        try:
            while not disk.failed and not played.wait(0.02):
                pass
            played.wait(SECONDS_BROKEN)
            disk.mend()
            if disk.failed:
                grid.restart(point.victim, kill=point.call % 2 == 0)
        except BaseException as fault:
            faults.append(fault)

    operator = threading.Thread(target=operate, name="operator")
    operator.start()
    try:
        yield
    finally:
        played.set()
        operator.join()
    if faults:
        raise faults[0]
    grid.ready(point.victim)
