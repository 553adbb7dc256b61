"""How fast rows are encoded: ``python -m bench.encode --rows N --json OUT``.

Two encoders are measured, each round in a fresh process that has loaded its code,
compiled loops too, but encoded nothing: the record-level exchange mode beside clkhash
itself on rows of the same kind, and the grid's own normalise and encode, on one core.
Rows are made by recombining the columns of a labelled folder (``--data``,
CHILDGRID_DATA, or the project's own sample) with fresh identifiers; making them is not
timed. Batches keep memory from growing with the rows. Ratios are medians over rounds; a
busy machine shows in `load` and in the ranges.

Keys: `clkhash_ratio`, clkhash's time per row ÷ ours, first call included;
`clkhash_ratio_cpu`, the same in processor time, for a busy machine; `differing_bits`
over `compared_rows`; `grid_records_per_s`; `grid_over_clkhash`, clkhash's time per row
÷ the grid's; `grid_over_singly`, our own reference's, which takes one row at a time, ÷
the grid's; `grid_differing_bits`, over a few rows of every batch, between the two;
`peak_mib`, the most memory of any of our processes, rows included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from clkhash import clk
from clkhash import schema as oracle
from numpy.typing import NDArray

from bench.encode_rows import Sample, Table, sample
from bench.tables import BENCH_KEY, BenchError, folder
from childgrid_node import clk as exchange
from childgrid_node.bulk import BatchEncoder
from childgrid_node.bulk import kernels as bulk_kernels
from childgrid_node.clk import cell_kernels, kernels
from childgrid_node.compiled import Loop
from childgrid_node.encode import Encoder
from childgrid_node.normalise import Normaliser, tokens_of
from childgrid_node.scheme import Scheme

SECRET = b"nothing measured here is secret"
PEER_ROWS = 20_000
BATCH = 500_000
GRID_BATCH = 10_000
CHECKED = 20
SINGLY_ROWS = 20_000
ROUNDS = 5
ARROW = util.find_spec("pyarrow") is not None


def _feature(name: str, kind: dict[str, Any], n: int, bits: int) -> dict[str, Any]:
    return {
        "identifier": name,
        "format": kind,
        "hashing": {
            "comparison": {"type": "ngram", "n": n, "positional": n == 1},
            "strategy": {"bitsPerFeature": bits},
            "hash": {"type": "blakeHash"},
        },
    }


SIX: dict[str, Any] = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
    "features": [
        _feature("name", {"type": "string"}, 2, 200),
        _feature("guardian", {"type": "string"}, 2, 100),
        _feature("born", {"type": "date", "format": "%d/%m/%Y"}, 1, 120),
        _feature("sex", {"type": "enum", "values": ["M", "F", "X"]}, 1, 20),
        _feature("phone", {"type": "string"}, 1, 80),
        _feature("address", {"type": "string"}, 2, 100),
    ],
}


def _batches(rows: int, size: int) -> Iterator[tuple[int, int]]:
    for number, first in enumerate(range(0, rows, size)):
        yield number, min(size, rows - first)


@dataclass(frozen=True)
class Spent:
    """Time for some rows, and the process's peak memory in MiB."""

    rows: int
    seconds: float
    cpu: float
    peak: float
    differing: int = 0

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


class _Clock:
    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.cpu += time.process_time() - self._began[1]

    def spent(self, rows: int, differing: int = 0) -> Spent:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Spent(rows, self.seconds, self.cpu, peak, differing)


def _columns(given: list[list[str]]) -> list[Any]:
    """Return Arrow arrays where pyarrow is installed, else the lists."""
    if not ARROW:
        return given
    return [import_module("pyarrow").array(column) for column in given]


def exchange_run(made: Sample, seed: int, rows: int) -> Spent:
    """Encode with our exchange mode, schema and keys included."""
    clock = _Clock()
    encoder: exchange.Encoder | None = None
    for number, count in _batches(rows, BATCH):
        columns = _columns(made.six(seed + number, count))
        with clock:
            if encoder is None:
                schema = exchange.Schema.parse(json.dumps(SIX))
                encoder = exchange.Encoder(schema, SECRET)
            encoder.encode(columns)
    return clock.spent(rows)


def clkhash_run(made: Sample, seed: int, rows: int) -> Spent:
    """Encode with clkhash in one process, and count the bits in which we differ."""
    columns = made.six(seed, rows)
    table = list(zip(*columns, strict=True))
    clock = _Clock()
    with clock:
        schema = oracle.from_json_dict(json.loads(json.dumps(SIX)))
        right = clk.generate_clks(table, schema, SECRET, max_workers=1)
    spent = clock.spent(rows)
    mine = exchange.Encoder(exchange.Schema.parse(json.dumps(SIX)), SECRET)
    ours = mine.encode(_columns(columns)).bitarrays()
    differing = sum((one ^ two).count() for one, two in zip(right, ours, strict=True))
    return Spent(rows, spent.seconds, spent.cpu, 0.0, differing)


def grid_run(made: Sample, seed: int, rows: int) -> Spent:
    """Normalise and encode columns under the grid's own scheme, on one core.

    A few rows of each batch are encoded once more one at a time, untimed, and the bits
    in which the two differ are counted.
    """
    clock = _Clock()
    encoder = Encoder(Scheme.load("childgrid-2"), BENCH_KEY, 1)
    batched: dict[str, BatchEncoder] = {}
    rng = np.random.default_rng(seed)
    differing = 0
    for number, count in _batches(rows, GRID_BATCH):
        table = made.tables[number % len(made.tables)]
        columns = table.drawn(rng, count)
        agency = table.mapping.agency
        with clock:
            if agency not in batched:
                batched[agency] = BatchEncoder(encoder, table.mapping)
            found = batched[agency].encode(columns, count).encodings
        differing += _differing(table, columns, found)
    return clock.spent(rows, differing)


def _differing(
    table: Table, columns: dict[str, list[str]], found: NDArray[np.uint64]
) -> int:
    few = {name: cells[:CHECKED] for name, cells in columns.items()}
    encoder = Encoder(Scheme.load("childgrid-2"), BENCH_KEY, 1)
    person = Normaliser().person
    people = [tokens_of(person(row, table.mapping)) for row in table.rows(few)]
    apart = encoder.encode_many(people) ^ found[:CHECKED]
    return int(np.bitwise_count(apart).sum())


def singly_run(made: Sample, seed: int, rows: int) -> Spent:
    """Normalise and encode rows one at a time: the reference, for comparison."""
    clock = _Clock()
    encoder = Encoder(Scheme.load("childgrid-2"), BENCH_KEY, 1)
    rng = np.random.default_rng(seed)
    normaliser = Normaliser()
    for number, count in _batches(rows, GRID_BATCH):
        table = made.tables[number % len(made.tables)]
        batch = table.rows(table.drawn(rng, count))
        with clock:
            people = [normaliser.person(row, table.mapping) for row in batch]
            encoder.encode_many([tokens_of(person) for person in people])
    return clock.spent(rows)


Run = Callable[[Sample, int, int], Spent]


def _load() -> None:
    """Load the compiled loops, as importing loads the rest of the code."""
    for module in (kernels, cell_kernels, bulk_kernels):
        for loop in vars(module).values():
            if isinstance(loop, Loop):
                loop.made()


def _apart(run: Run, made: Sample, seed: int, rows: int) -> Spent:
    """Run in a process of its own, forked from one that has encoded nothing."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        theirs.send(run(made, seed, rows))

    process = context.Process(target=work)
    process.start()
    theirs.close()
    try:
        spent: Spent = ours.recv()
    except EOFError:
        raise BenchError(f"{run.__name__} ended without a result") from None
    finally:
        process.join()
    return spent


def measure(made: Sample, rows: int, grid_rows: int, rounds: int) -> dict[str, Any]:
    """Return the keys above and what they were made of."""
    _load()
    peer_rows = min(rows, PEER_ROWS)
    mine, peer, grid, singly = [], [], [], []
    for turn in range(rounds):
        seed = 1_000 * turn
        mine.append(_apart(exchange_run, made, seed, rows))
        peer.append(_apart(clkhash_run, made, seed + 500, peer_rows))
        grid.append(_apart(grid_run, made, seed, grid_rows))
        singly.append(_apart(singly_run, made, seed, min(grid_rows, SINGLY_ROWS)))
        rates = ", ".join(f"{one[-1].rate:,.0f}" for one in (mine, peer, grid, singly))
        print(f"exchange, clkhash, grid, one at a time: {rates}/s", file=sys.stderr)
    return {
        "rows": rows,
        "grid_rows": grid_rows,
        "rounds": rounds,
        "clkhash_ratio": _median(_ratios(mine, peer)),
        "clkhash_ratio_range": _range(_ratios(mine, peer)),
        "clkhash_ratio_cpu": _median(_cpu_ratios(mine, peer)),
        "differing_bits": sum(one.differing for one in peer),
        "compared_rows": sum(one.rows for one in peer),
        "clk_records_per_s": round(_middle(one.rate for one in mine)),
        "clkhash_records_per_s": round(_middle(one.rate for one in peer)),
        "grid_records_per_s": round(_middle(one.rate for one in grid)),
        "grid_records_per_s_range": [round(x) for x in _range(o.rate for o in grid)],
        "grid_records_per_cpu_s": round(_middle(one.rows / one.cpu for one in grid)),
        "grid_differing_bits": sum(one.differing for one in grid),
        "grid_over_clkhash": _median(_ratios(grid, peer)),
        "grid_over_singly": _median(_ratios(grid, singly)),
        "peak_mib": round(max(one.peak for one in mine + grid)),
    }


def _ratios(ours: Sequence[Spent], theirs: Sequence[Spent]) -> list[float]:
    return [one.rate / two.rate for one, two in zip(ours, theirs, strict=True)]


def _cpu_ratios(ours: Sequence[Spent], theirs: Sequence[Spent]) -> list[float]:
    pairs = zip(ours, theirs, strict=True)
    return [two.cpu / two.rows / (one.cpu / one.rows) for one, two in pairs]


def _middle(values: Iterable[float]) -> float:
    return statistics.median(values)


def _median(values: Iterable[float]) -> float:
    return round(_middle(values), 2)


def _range(values: Iterable[float]) -> list[float]:
    seen = sorted(values)
    return [round(seen[0], 1), round(seen[-1], 1)]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = next(
        (x.partition(": ")[2] for x in lines if x.startswith("model name")), ""
    )
    packages = ("clkhash", "bitarray", "numpy", "numba", "cryptography")
    versions = {name: metadata.version(name) for name in packages}
    return {
        "machine": model or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "columns": "arrow" if ARROW else "lists",
        "versions": {"python": platform.python_version(), **versions},
    }


def chosen(given: str | None) -> Sample:
    """Return what rows are made of: a folder that was named, or the own sample."""
    if given or os.environ.get("CHILDGRID_DATA"):
        return sample(folder(given))
    from deploy.sample.make import make

    with tempfile.TemporaryDirectory(prefix="childgrid-bench-") as place:
        make(Path(place))
        return sample(Path(place) / "bench")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.encode", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument(
        "--grid-rows", type=int, help="in each round; twice --rows unless given"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    try:
        grid_rows = given.grid_rows or 2 * given.rows
        found = measure(chosen(given.data), given.rows, grid_rows, given.rounds)
    except BenchError as error:
        parser.error(str(error))
    text = json.dumps(found | machine(), indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
