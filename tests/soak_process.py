"""The long versions of `tests/process`, for the soak: JSON-ready results, a seed each.

    python -m tests.soak_process kill 200 | shim [NUMBER]

Each run founds a grid of its own in a temporary folder and raises `AssertionError` at
the first thing that does not hold. `run_shim` without a number lets every write and
sync of a case and of a start fail in turn, which takes about an hour.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LEAST_KILLS = 25
"""Of each kind of process, from a hundred rounds on."""


@contextmanager
def founded() -> Iterator[Any]:
    """A grid of its own that doesn't run yet; ended and removed afterwards."""
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    from process import yardstick

    with tempfile.TemporaryDirectory(prefix="childgrid-soak-") as name:
        template = Path(name) / "template"
        template.mkdir()
        sample = yardstick.found(template)
        grid = yardstick.copy(template, sample, Path(name) / "grid")
        try:
            yield grid
        except BaseException:
            for path in sorted((grid.folder / "output").glob("*.txt")):
                print(path.name, path.read_text("utf-8")[-2_000:], file=sys.stderr)
            raise
        finally:
            grid.stop()


def run_kill(rounds: int, seed: int) -> dict[str, Any]:
    """Play `rounds` cases and kill a process in each; see `process.storm`."""
    begun = time.monotonic()
    with founded() as grid:
        from process.players import Cast
        from process.reckoning import await_receipts, reckon
        from process.storm import rage

        grid.start()
        cases, kills = rage(grid, Cast.of(grid), rounds, seed)
        await_receipts(grid, cases)
        statuses = grid.stop()
        counts = reckon(grid, cases)
    assert set(statuses.values()) == {0}, statuses
    if rounds >= 4 * LEAST_KILLS:
        assert min(kills.values()) >= LEAST_KILLS, kills
    return _result("kill", seed, begun, rounds=rounds, kills=kills, counts=counts)


def run_shim(points: int | None = None, seed: int | None = None) -> dict[str, Any]:
    """Let `points` calls fail, or every one in turn; see `process.breakage`."""
    begun, seed = time.monotonic(), secrets.randbits(32) if seed is None else seed
    with founded() as grid:
        from process import breakage
        from process.players import Cast
        from process.reckoning import reckon

        disks = breakage.break_disks(grid, grid.folder.parent / "shim")
        grid.start()
        cast = Cast.of(grid)
        counted = breakage.count(grid, cast, disks)
        chosen = (
            breakage.every(counted)
            if points is None
            else breakage.some(counted, points, seed)
        )
        for outcome in breakage.play_broken(grid, cast, disks, chosen):
            done = outcome.fired + outcome.unfired
            if done % 50 == 0:
                print(f"{done} of {len(chosen)} calls", file=sys.stderr, flush=True)
        statuses = grid.stop()
        counts = reckon(grid, outcome.cases)
    assert set(statuses.values()) == {0}, statuses
    assert outcome.fired >= len(chosen) // 2, (outcome.fired, len(chosen))
    calls = {f"{name} {stage}": most for (name, stage), most in counted.items()}
    told = {"fired": outcome.fired, "unfired": outcome.unfired, "counts": counts}
    return _result("shim", seed, begun, points=len(chosen), calls=calls, **told)


def _result(name: str, seed: int, begun: float, **told: Any) -> dict[str, Any]:
    return {
        "name": name,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        **told,
    }


def main() -> None:
    """Run one of the two from the command line."""
    kind, *rest = sys.argv[1:]
    number = int(rest[0]) if rest else None
    result = (
        run_kill(number or 200, secrets.randbits(32))
        if kind == "kill"
        else run_shim(number)
    )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
