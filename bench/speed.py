"""How fast rows are searched: ``python -m bench.speed --rows N --json OUT``.

The limit is the time to sum the same bytes, by the same compiler on one core, measured
in turn with each search; ratios are medians over rounds. Rows are made by recombining
the fields of the project's own sample (or of ``--data``, CHILDGRID_DATA), queries are
the folder's own; record-level filters are random. Peers (``speed_peers`` says what each
can be asked) are measured in the same rounds where they are installed, on the
record-level filters: `peers` has a row for each search of one that is here,
`peers_missing` names the others, whose ratios are null. ``make bench-install`` brings
them all, for ``.venv-bench/bin/python -m bench.speed``.

Keys: `scan_ms`, a whole search of the grid's own rows by the fullest query, second
stage included, over `sum_ms` is `scan_over_sum` (`scan_over_sum_median_query` for the
median one); `batch_scan_ms`, one of as many searches as share a pass in a node, by
different queries, and `batch_over_alone`, their time ÷ that of the same one by one;
`clk_scan_over_clk_sum`, the scan's for record-level filters; `*_ratio` and
`batch_over_anonlink_kernel`, a peer's time ÷ ours; `threads2_speedup`, one thread's
time ÷ two's; `open_ms`, opening the rows' index mapped; `open_cold_ms`, the same when
nothing of it is in the system's memory; `load_s`, decrypting it into memory;
`*_private_over_file`, the memory of one's own that either holds after a search.
`*_range` are the least and the greatest of the rounds, `*_cpu` the same in processor
time, for a busy machine. `--clk-rows` sets how many record-level filters there are,
`--threads-rows` on how many rows threads are compared.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import speed_peers
from bench.speed_peers import Call, Task, agreement
from bench.speed_rows import Made, index_of, made, random_filters, total
from childgrid_node import score
from childgrid_node.clk.search import Filters, search
from childgrid_node.index import Index

ROUNDS = 5
BATCH = 100
NEAR = 0.7
BEST = 10
SEED = 20
Timed = Callable[[], object]


@dataclass(frozen=True)
class Rounds:
    """Seconds by name and round, as the clock and the processor have it.

    All of a round were measured close together.
    """

    seconds: dict[str, list[float]]
    cpu: dict[str, list[float]]

    def ms(self, name: str) -> float:
        """Return the median, in milliseconds."""
        return round(1000 * statistics.median(self.seconds[name]), 3)

    def ratio(self, one: str, two: str) -> dict[str, Any]:
        """Return median and range of one's time ÷ the other's; and of the processor's.

        All are None where the first was not measured.
        """
        if one not in self.seconds:
            return {"median": None, "range": None, "cpu": None}
        found, cpu = (
            [first / second for first, second in zip(of[one], of[two], strict=True)]
            for of in (self.seconds, self.cpu)
        )
        return {
            "median": round(statistics.median(found), 3),
            "range": [round(min(found), 3), round(max(found), 3)],
            "cpu": round(statistics.median(cpu), 3),
        }


def timed(work: dict[str, Timed], rounds: int) -> Rounds:
    """Call each once unmeasured, then all in turn, ``rounds`` times."""
    found = Rounds({name: [] for name in work}, {name: [] for name in work})
    for turn in range(rounds + 1):
        for name, call in work.items():
            began = time.perf_counter(), time.process_time()
            call()
            ended = time.perf_counter(), time.process_time()
            if turn:
                found.seconds[name].append(ended[0] - began[0])
                found.cpu[name].append(ended[1] - began[1])
    return found


def fields(made_: Made, rounds: int) -> dict[str, Any]:
    """Measure whole searches of the grid's own rows."""
    index, rows = made_.index, made_.index.segments
    found = timed(
        {
            "sum": lambda: [total(part.rows.reshape(-1)) for part in rows],
            "full": lambda: score.match(index, made_.full),
            "median": lambda: score.match(index, made_.median),
            "alone": lambda: [score.match(index, each) for each in made_.several],
            "batch": lambda: score.match_many(index, made_.several),
        },
        rounds,
    )
    ratio, batch = found.ratio("full", "sum"), found.ratio("batch", "alone")
    return {
        "bytes_per_row": 8 * index.scheme.layout.words,
        "sum_ms": found.ms("sum"),
        "scan_ms": found.ms("full"),
        "scan_over_sum": ratio["median"],
        "scan_over_sum_range": ratio["range"],
        "scan_over_sum_cpu": ratio["cpu"],
        "scan_over_sum_median_query": found.ratio("median", "sum")["median"],
        "batch_scan_ms": round(found.ms("batch") / len(made_.several), 3),
        "batch_over_alone": batch["median"],
        "batch_over_alone_range": batch["range"],
        "batch_over_alone_cpu": batch["cpu"],
        "noise": _noise(found.seconds["sum"]),
    }


def threads(index: Index, query: NDArray[np.uint64], rounds: int) -> dict[str, Any]:
    """Compare one thread with two."""
    found = timed(
        {
            "one": lambda: score.match(index, query),
            "two": lambda: score.match(index, query, threads=2),
        },
        rounds,
    )
    ratio = found.ratio("one", "two")
    return {
        "threads_rows": len(index),
        "threads2_speedup": ratio["median"],
        "threads2_speedup_range": ratio["range"],
    }


def filters(rows: NDArray[np.uint64], rounds: int) -> dict[str, Any]:
    """Measure record-level searches, and peers where they are installed."""
    kept, flat = Filters.of(rows), rows.reshape(-1)
    one, many = rows[:1].copy(), rows[:BATCH].copy()
    work: dict[str, Timed] = {
        "sum": lambda: total(flat),
        "scan": lambda: search(kept, one, BEST),
        "near": lambda: search(kept, one, BEST, NEAR),
        "batch": lambda: search(kept, many, BEST, NEAR),
    }
    task = Task(rows, one[0], many, BEST, NEAR)
    calls, missing = speed_peers.installed(task)
    found = timed(work | {call.name: call.run for call in calls}, rounds)
    ratio = found.ratio("scan", "sum")
    compared = len(rows) * len(many) / 1000 / found.ms("batch")
    kernel = found.ratio("anonlink_kernel_batch", "batch")
    return {
        "clk_rows": len(rows),
        "clk_sum_ms": found.ms("sum"),
        "clk_scan_ms": found.ms("scan"),
        "clk_scan_over_clk_sum": ratio["median"],
        "clk_scan_over_clk_sum_range": ratio["range"],
        "clk_scan_over_clk_sum_cpu": ratio["cpu"],
        "batch_comparisons_per_s": round(compared * 1_000_000),
        "anonlink_api_ratio": found.ratio("anonlink_api", "near")["median"],
        "anonlink_kernel_ratio": found.ratio("anonlink_kernel", "near")["median"],
        "anonlink_kernel_ratio_cpu": found.ratio("anonlink_kernel", "near")["cpu"],
        "batch_over_anonlink_kernel": kernel["median"],
        "batch_over_anonlink_kernel_range": kernel["range"],
        "batch_over_anonlink_kernel_cpu": kernel["cpu"],
        **{
            f"{name}_ratio": found.ratio(name, "scan")["median"]
            for name in ("faiss", "usearch", "fpsim2", "duckdb", "numpy")
        },
        "peers": [_peer(call, calls[call], found, task, work) for call in calls],
        "peers_missing": missing,
    }


def _peer(
    call: Call, package: str, found: Rounds, task: Task, work: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a peer's row: what it computes, its time against ours, what it found."""
    ours = work[call.against]()
    queries = task.many if call.against == "batch" else task.one[None]
    share = agreement(task.rows, queries, ours, call.rows(call.run()))
    ratio = found.ratio(call.name, call.against)
    return {
        "peer": call.name,
        "version": metadata.version(package),
        "computes": call.computes,
        "queries": len(queries),
        "ms": found.ms(call.name),
        "ours_ms": found.ms(call.against),
        "ratio": ratio["median"],
        "ratio_range": ratio["range"],
        "ratio_cpu": ratio["cpu"],
        "found": round(share, 3),
    }


def files(made_: Made, rounds: int) -> dict[str, Any]:
    """Write the rows to a file and open it: mapped, then another one sealed.

    One after the other, as a node has one of the two: side by side the files of many
    rows would push each other out of the system's memory.
    """
    with tempfile.TemporaryDirectory(prefix="childgrid-bench-") as place:
        clear = Path(place) / "clear.index"
        opened = made_.written(clear, clear=True)
        found = timed({"open": opened}, rounds)
        cold = [_cold_ms(clear, opened) for _ in range(rounds)]
        mapped = _held(opened, made_.full)
        clear.unlink()
        gc.collect()
        sealed = Path(place) / "sealed.index"
        loaded = made_.written(sealed, clear=False)
        load = timed({"load": loaded}, rounds)
        size = sealed.stat().st_size
        private = _held(loaded, made_.full)
    return {
        "open_ms": found.ms("open"),
        "open_cold_ms": round(statistics.median(cold), 2),
        "load_s": round(load.ms("load") / 1000, 3),
        "file_mib": round(size / 2**20),
        "open_private_over_file": _share(mapped, size),
        "load_private_over_file": _share(private, size),
    }


def _cold_ms(file: Path, opened: Callable[[], Index]) -> float:
    """Return how long opening takes once the system has let go of the file's pages."""
    # Pages that an index before still maps would stay.
    gc.collect()
    with file.open("rb") as held:
        os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began = time.perf_counter()
    opened()
    return (time.perf_counter() - began) * 1_000


def _held(opened: Callable[[], Index], query: NDArray[np.uint64]) -> int | None:
    """Return the private bytes that an index holds once it was opened and searched."""
    before = _anonymous()
    index = opened()
    score.match(index, query)
    after = _anonymous()
    return None if before is None or after is None else after - before


def _anonymous() -> int | None:
    """Return the process's memory that no file stands behind, in bytes (Linux)."""
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return None
    lines = rollup.read_text().splitlines()
    return 1024 * next(int(x.split()[1]) for x in lines if x.startswith("Anonymous:"))


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None else round(part / whole, 3)


def _noise(seconds: list[float]) -> float:
    """Return by how much the sum's time varied, as a share of its median."""
    middle = statistics.median(seconds)
    return round((max(seconds) - min(seconds)) / middle, 3)


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    versions = {"python": platform.python_version()}
    for name in ("numba", *speed_peers.PEERS):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "machine": model[0] if model else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "versions": versions,
    }


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the keys above and what they depend on."""
    found: dict[str, Any] = {"rows": given.rows, "rounds": given.rounds}
    rows = made(given.data, given.rows, SEED)
    found |= fields(rows, given.rounds)
    found |= files(rows, given.rounds)
    more = given.threads_rows or given.rows
    index = rows.index if more == given.rows else index_of(rows, more)
    found |= threads(index, rows.full, given.rounds)
    del index, rows
    clks = random_filters(given.clk_rows or given.rows, SEED)
    return found | filters(clks, given.rounds) | machine()


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.speed", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clk-rows", type=int, help="as many as --rows if absent")
    parser.add_argument("--threads-rows", type=int, help="as --rows if absent")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    text = json.dumps(measure(given), indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
