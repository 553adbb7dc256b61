"""The long versions of `tests/process`, for the soak: JSON-ready results, a seed each.

    python -m tests.soak_process kill 200 | shim [NUMBER] | every K/N

Each run founds a grid of its own in a temporary folder and raises `AssertionError` at
the first thing that does not hold. `every` lets every write and sync of a case and of
a start fail in turn, of which it takes the K-th share of N; `run_every` runs the
shares side by side, since a case mostly waits.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LEAST_KILLS = 25
"""Of each kind of process, from a hundred rounds on."""


@contextmanager
def founded(table: int = 0) -> Iterator[Any]:
    """A grid of its own that doesn't run yet; ended and removed afterwards.

    Its agencies' tables have `table` rows, or as many as the tests' grids.
    """
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    from process import yardstick

    with tempfile.TemporaryDirectory(prefix="childgrid-soak-") as name:
        template = Path(name) / "template"
        template.mkdir()
        sample = yardstick.found(template, table or yardstick.ROWS)
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


def run_overload(asks: int, numbers: dict[str, int]) -> dict[str, Any]:
    """Flood a grid in every way while another agency asks; see `process.siege`."""
    with founded() as grid:
        from process.siege import besiege, wrongs

        grid.start()
        found = besiege(grid, asks, numbers)
    return {**found, "failures": wrongs(found)}


def run_revoked() -> dict[str, Any]:
    """Revoke a certificate and its agency under load; see `process.expulsion`."""
    with founded() as grid:
        from process.expulsion import expel, wrongs

        grid.start()
        found = expel(grid)
    return {**found, "failures": wrongs(found)}


def run_rotation(rounds: int, threads: int, table: int) -> dict[str, Any]:
    """Rotate the linkage key under load, over tables of so many rows each."""
    with founded(table) as grid:
        from process.rotation import outsider, rotate, wrongs

        grid.start()
        found = rotate(grid, rounds, threads)
        found["outsider"] = outsider(grid, threads, rounds + 1)
    return {"rows_each": table, **found, "failures": wrongs(found)}


def run_upgrade(rounds: int) -> dict[str, Any]:
    """Upgrade the whole grid from the release before and roll it back, under load."""
    with founded() as grid:
        import earlier
        from process.upgrade import roll, wrongs

        release = earlier.kept()
        found = roll(grid, release.name, earlier.environment(release), rounds)
    return {**found, "failures": wrongs(found)}


def run_every(shares: int) -> dict[str, Any]:
    """Let every call fail in turn, in so many grids at once; adds the shares up."""
    begun = time.monotonic()
    with ThreadPoolExecutor(shares) as pool:
        parts = list(pool.map(_share, range(shares), [shares] * shares))
    told = {key: sum(part[key] for part in parts) for key in ("fired", "unfired")}
    counts = sum((Counter(part["counts"]) for part in parts), Counter[str]())
    points = sum(part["points"] for part in parts)
    calls = [part["calls"] for part in parts]
    return _result("shim", 0, begun, points=points, calls=calls, counts=counts, **told)


def _share(number: int, shares: int) -> dict[str, Any]:
    """One share in a process of its own; raises where it found something."""
    command = [sys.executable, "-m", "tests.soak_process", "every"]
    share = f"{number}/{shares}"
    done = subprocess.run(
        [*command, share], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"share {share} of the calls ended {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run_shim(
    points: int | None = None,
    seed: int | None = None,
    share: tuple[int, int] = (0, 1),
) -> dict[str, Any]:
    """Let `points` calls fail, or a share of every one; see `process.breakage`."""
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
            breakage.every(counted)[share[0] :: share[1]]
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
    """Run one of them from the command line."""
    kind, *rest = sys.argv[1:]
    if kind == "every":
        number, shares = map(int, rest[0].split("/"))
        result = run_shim(share=(number, shares))
    elif kind == "kill":
        result = run_kill(int(rest[0]) if rest else 200, secrets.randbits(32))
    else:
        result = run_shim(int(rest[0]) if rest else 10)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
