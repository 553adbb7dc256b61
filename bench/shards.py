"""A register in parts beside one file: ``python -m bench.shards --rows N --json OUT``.

The same rows (those of ``bench.speed``) are searched in one file and in `--shards`
parts that are Ray actors on this machine, behind mutual TLS and a token, in turn. Needs
the extra ``ray``.

Keys: `identical`, whether each of `asked` queries had the same hits, order,
probabilities and others-who-fit from every number of parts as from the file, after a
tenth of the rows was deleted; the exit status is 1 where it is false. `one_ms`, a query
over the one file by one thread. For each number of parts: `ms` a query, `ratio` of that
to one file in the same rounds, `range`; `cpu_ratio`, the processor time of all parts'
scans to that of the file's; `fixed_ms`, what a query costs more than in one file where
there are hardly any rows: the two rounds over the cluster; `node_cpu_ms` the processor
time that the node's own process spends on one of these; `open_s` until all had opened.
`least_*` are those of the quickest rounds, for a busy machine. `start_s` starting the
cluster, `ray_mib` the memory of its processes without parts. `bytes_per_row` on the
disk.

`extrapolated` holds, for `goal` rows in so many parts of so many processors each:
seconds = goal ÷ (rows per second of one processor here × parts × processors)
+ (a + b × parts), with a and b fitted to `least_fixed_ms`, and the rate from the
quickest round; `tib`, what they take. It assumes processors and memory as fast as this
one's however many share a part, and a network that adds nothing to the two rounds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import trustme
from numpy.typing import NDArray

from bench.encode import machine
from bench.speed import timed
from bench.speed_rows import CHECK, EPOCH, Made, made
from bench.tables import BENCH_KEY
from childgrid_node import score
from childgrid_node.holdings import Holdings
from childgrid_node.index import Index
from childgrid_node.indexer import Keyring
from childgrid_node.shards.cluster import Cluster
from childgrid_node.shards.fleet import Parts
from childgrid_node.shards.settings import ShardsConfig
from childgrid_node.shards.table import Sharded

ROWS, ASKED, ROUNDS, SEED = 1_000_000, 50, 9, 20
FEW = 1_000
GOAL = 1_400_000_000
LAYOUTS = ((16, 1), (16, 16), (64, 1), (64, 4), (64, 16), (256, 4))


def secrets(folder: Path) -> None:
    """Make a certificate, its authority and a token for this machine alone."""
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1")
    pair.cert_chain_pems[0].write_to_path(folder / "host.pem")
    pair.private_key_pem.write_to_path(folder / "host.key")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "token").write_text("0123456789abcdef" * 4)
    for name in ("host.key", "token"):
        (folder / name).chmod(0o600)


def settings(folder: Path, count: int) -> ShardsConfig:
    """The settings of so many parts."""
    return ShardsConfig(
        count=count,
        certificate=folder / "host.pem",
        key=folder / "host.key",
        authority=folder / "authority.pem",
        token_file=folder / "token",
    )


def asked_of(made_: Made, count: int, seed: int) -> list[NDArray[np.uint64]]:
    """Return queries: rows with some of their fields left out."""
    random = np.random.default_rng(seed)
    layout = made_.index.scheme.layout
    found = made_.sample[random.integers(0, len(made_.sample), count)].copy()
    for query in found:
        for place in layout.places.values():
            if random.random() < 0.3:
                query[place.start : place.stop] &= ~np.uint64(place.mask)
    return list(found)


class Bench:
    """One cluster, and registers in it."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        secrets(folder)
        began, before = time.perf_counter(), _resident()
        self.cluster = Cluster(settings(folder, most))
        self.start_s = round(time.perf_counter() - began, 1)
        self.mib = _resident() - before

    def parts(self, whole: Path, ring: Keyring, count: int) -> tuple[Parts, Sharded]:
        """Split a copy of an index file and open the parts."""
        path = self.folder / f"of{count}" / whole.name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(whole, path)
        fleet = Parts(settings(self.folder, count), self.cluster)
        found = fleet.open(path, ring)
        found.warm()
        return fleet, found


def _resident() -> int:
    """MiB of memory of this process' children and theirs; shared pages count once each.

    Read from /proc.
    """
    parents, sizes = {}, {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                words = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(words[1])
                sizes[int(entry.name)] = int(words[21]) * 4096
        except OSError:
            continue
    mine, found = {Path("/proc/self").resolve().name}, 0
    grown = True
    while grown:
        more = {str(p) for p, parent in parents.items() if str(parent) in mine}
        grown = not more <= mine
        mine |= more
    found = sum(sizes.get(int(one), 0) for one in mine)
    return found // 2**20


def hits(rows: Any, queries: Sequence[NDArray[np.uint64]]) -> list[Any]:  # noqa: ANN401
    """What a node that holds this register answers."""
    scheme = rows.scheme
    holdings = Holdings(scheme, EPOCH, None, {"rows": rows})
    return [holdings.search(query)[0] for query in queries]


def compare(
    one: Index, parts: Sharded, query: NDArray[np.uint64], rounds: int
) -> dict[str, Any]:
    """Time one query over file and parts in turn."""
    found = timed(
        {
            "one": lambda: score.match(one, query, k=score.SURVIVORS),
            "parts": lambda: parts.search([query]),
        },
        rounds,
    )
    ratio = found.ratio("parts", "one")
    least = {name: 1000 * min(some) for name, some in found.seconds.items()}
    spent = [
        statistics.median(call().cpu_ns for _ in range(rounds))
        for call in (
            lambda: parts.search([query])[0][0],
            lambda: score.match(one, query, k=score.SURVIVORS),
        )
    ]
    return {
        "one_ms": found.ms("one"),
        "ms": found.ms("parts"),
        "ratio": ratio["median"],
        "range": ratio["range"],
        "least_one_ms": round(least["one"], 2),
        "least_ms": round(least["parts"], 2),
        "least_ratio": round(least["parts"] / least["one"], 3),
        "cpu_ratio": round(spent[0] / spent[1], 3),
        "node_cpu_ms": round(1000 * statistics.median(found.cpu["parts"]), 2),
    }


def measure(data: str | None, rows: int, counts: list[int], rounds: int) -> Any:  # noqa: ANN401
    """Return the keys above."""
    large, small = made(data, rows, SEED), made(data, FEW, SEED)
    queries = asked_of(large, ASKED, SEED)
    ring = Keyring(large.index.scheme, BENCH_KEY, CHECK, EPOCH, BENCH_KEY, clear=True)
    with tempfile.TemporaryDirectory(prefix="childgrid-bench-") as name:
        folder = Path(name)
        opened = [
            one.written(folder / f"{n}.index", clear=True)
            for n, one in (("large", large), ("small", small))
        ]
        size = (folder / "large.index").stat().st_size
        bench = Bench(folder, max(counts))
        try:
            found = [
                _of(bench, count, ring, opened, large, queries, rounds)
                for count in counts
            ]
        finally:
            bench.cluster.close()
    return {
        "rows": rows,
        "asked": len(queries),
        "identical": all(one.pop("identical") for one in found),
        "start_s": bench.start_s,
        "ray_mib": bench.mib,
        "bytes_per_row": round(size / rows),
        "parts": found,
        "extrapolated": extrapolated(rows, round(size / rows), found),
    }


def _of(
    bench: Bench,
    count: int,
    ring: Keyring,
    opened: list[Callable[[], Index]],
    large: Made,
    queries: list[NDArray[np.uint64]],
    rounds: int,
) -> dict[str, Any]:
    """Measure one number of parts."""
    began = time.perf_counter()
    fleet, parts = bench.parts(bench.folder / "large.index", ring, count)
    opening = round(time.perf_counter() - began, 1)
    one = large.index
    figures = compare(one, parts, large.full, rounds)
    gone = [str(row) for row in range(0, len(one), 10)]
    same = hits(parts.changed((), gone), queries) == hits(
        one.changed((), gone), queries
    )
    fleet.forget(bench.folder / f"of{count}")
    few, little = bench.parts(bench.folder / "small.index", ring, count)
    bare = compare(opened[1](), little, large.full, 5 * rounds)
    few.forget(bench.folder / f"of{count}")
    return {
        "count": count,
        **figures,
        "node_cpu_ms": bare["node_cpu_ms"],
        "fixed_ms": round(bare["ms"] - bare["one_ms"], 2),
        "least_fixed_ms": round(bare["least_ms"] - bare["least_one_ms"], 2),
        "open_s": opening,
        "identical": same,
    }


def extrapolated(
    rows: int, row_bytes: int, found: list[dict[str, Any]], goal: int = GOAL
) -> dict[str, Any]:
    """Return seconds a query for ``goal`` rows by parts and processors of each."""
    rate = rows / min(one["least_one_ms"] for one in found) * 1000
    names = ("count", "least_fixed_ms")
    counts, fixed = ([one[name] for one in found] for name in names)
    each, base = np.polyfit(counts, fixed, 1) if len(found) > 1 else (0.0, fixed[0])
    return {
        "goal": goal,
        "tib": round(goal * row_bytes / 2**40, 2),
        "rows_per_s": round(rate),
        "fixed_ms": {"a": round(float(base), 2), "b": round(float(each), 2)},
        "seconds": {
            f"{parts} x {processors}": round(
                goal / (rate * parts * processors) + (base + each * parts) / 1000, 2
            )
            for parts, processors in LAYOUTS
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.shards", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found = measure(given.data, given.rows, given.shards, given.rounds)
    text = json.dumps(found | machine(), indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0 if found["identical"] else 1


if __name__ == "__main__":
    sys.exit(main())
