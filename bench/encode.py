"""How fast rows are encoded: ``python -m bench.encode --rows N --json OUT``.

Two encoders are measured, each round in a fresh process that has imported its code but
encoded nothing: the record-level exchange mode beside clkhash itself on rows of the
same kind, and the grid's own normalise and encode, on one core. Rows are made by
recombining the columns of a labelled folder (``--data``, CHILDGRID_DATA, or the
project's own sample) with fresh identifiers; making them is not timed. Batches keep
memory from growing with the rows. Ratios are medians over rounds.

Keys: `clkhash_ratio`, clkhash's time per row ÷ ours, first call included;
`clkhash_ratio_cpu`, the same in processor time, for a busy machine; `differing_bits`
over `compared_rows`; `grid_records_per_s`; `grid_over_clkhash`, clkhash's time per row
÷ the grid's; `peak_mib`, the most memory of any of our processes, rows included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from clkhash import clk
from clkhash import schema as oracle
from stdnum import verhoeff

from bench.tables import BENCH_KEY, BenchError, folder
from childgrid_node import clk as exchange
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import Normaliser, tokens_of
from childgrid_node.normalise.numbers import READERS
from childgrid_node.normalise.person import fields_of
from childgrid_node.register import Register
from childgrid_node.scheme import Scheme

SECRET = b"nothing measured here is secret"
PEER_ROWS = 20_000
BATCH = 500_000
GRID_BATCH = 10_000
ROUNDS = 5
ARROW = util.find_spec("pyarrow") is not None
FIRST_BIRTH = dt.date(1945, 1, 1)
BIRTH_DAYS = 60 * 365


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


@dataclass(frozen=True)
class Table:
    """One agency's columns, to draw cells from; empty ones included."""

    mapping: Mapping
    columns: dict[str, list[str]]
    kinds: dict[str, str]

    def rows(self, rng: np.random.Generator, count: int) -> list[dict[str, str]]:
        """Return rows whose cells come from different rows of the table."""
        drawn = []
        for name, pool in self.columns.items():
            cells = [pool[at] for at in rng.integers(0, len(pool), count)]
            if name in self.kinds:
                fresh = rng.integers(0, 10, (count, 16)).astype(np.uint8) + ord("0")
                digits = fresh.tobytes().decode("ascii")
                cells = [
                    _fresh(cell, self.kinds[name], digits[16 * at : 16 * at + 16])
                    for at, cell in enumerate(cells)
                ]
            drawn.append(cells)
        names = list(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*drawn, strict=True)]


def _fresh(cell: str, kind: str, digits: str) -> str:
    """Return another identifier of the same shape; its check digit is right."""
    if not cell:
        return ""
    if kind == "aadhaar":
        stem = f"{2 + int(digits[0]) % 8}{digits[1:11]}"
        return stem + str(verhoeff.calc_check_digit(stem))
    supply = iter(digits)
    made = [next(supply, "7") if char.isdigit() else char for char in cell]
    if kind == "phone":
        first = next((at for at, char in enumerate(made) if char.isdigit()), 0)
        made[first] = cell[first]
    return "".join(made)


@dataclass(frozen=True)
class Sample:
    """What rows are made of."""

    tables: tuple[Table, ...]
    names: list[str]
    guardians: list[str]
    addresses: list[str]

    def six(self, seed: int, count: int) -> list[list[str]]:
        """Return the six columns of ``SIX``, ``count`` rows of them."""
        rng = np.random.default_rng(seed)
        born = [FIRST_BIRTH + dt.timedelta(day) for day in range(BIRTH_DAYS)]
        days = [f"{day:%d/%m/%Y}" for day in born]
        houses = rng.integers(1, 2_000, count).tolist()
        places = _drawn(rng, self.addresses, count)
        return [
            _renamed(rng, self.names, count),
            _renamed(rng, self.guardians, count),
            _drawn(rng, days, count),
            _drawn(rng, ["M", "F", "X"], count),
            [str(n) for n in rng.integers(6 * 10**9, 10**10, count).tolist()],
            [f"{at} {place}" for at, place in zip(houses, places, strict=True)],
        ]


def _drawn(rng: np.random.Generator, pool: Sequence[str], count: int) -> list[str]:
    return [pool[at] for at in rng.integers(0, len(pool), count).tolist()]


def _renamed(rng: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    """Return the first word of one name with the last word of another."""
    parts = [name.split() for name in names]
    given = _drawn(rng, [part[0] for part in parts], count)
    family = _drawn(rng, [part[-1] for part in parts], count)
    return [f"{one} {two}" for one, two in zip(given, family, strict=True)]


def sample(data: Path) -> Sample:
    """Read every agency's table in a folder."""
    tables = tuple(
        _table(Mapping.read(path), data)
        for path in sorted(data.glob("*.toml"))
        if path.stem != "queries"
    )
    found: dict[str, list[str]] = {"name": [], "relative": [], "address": []}
    for table in tables:
        for row in table.rows(np.random.default_rng(0), 5_000):
            for name, cells in fields_of(row, table.mapping).items():
                if name in found:
                    found[name] += [cell for cell in cells if cell.strip()]
    places = [", ".join(one.split(", ")[:2]) for one in found["address"]]
    return Sample(tables, found["name"], found["relative"], places)


def _table(mapping: Mapping, data: Path) -> Table:
    names = [name for one in mapping.fields.values() for name in one.names]
    columns: dict[str, list[str]] = {name: [] for name in names}
    with Register.open(mapping, data) as register:
        for batch in register.rows():
            for name, cells in columns.items():
                cells += [row.values.get(name, "") for row in batch]
    kinds = {
        name: kind
        for kind, one in mapping.fields.items()
        if kind in READERS
        for name in one.names
    }
    return Table(mapping, columns, kinds)


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
    """Normalise and encode under the grid's own scheme, on one core."""
    clock = _Clock()
    normalisers = [Normaliser() for _ in made.tables]
    encoder = Encoder(Scheme.load("childgrid-1"), BENCH_KEY, 1)
    rng = np.random.default_rng(seed)
    for number, count in _batches(rows, GRID_BATCH):
        at = number % len(made.tables)
        table = made.tables[at]
        batch = table.rows(rng, count)
        with clock:
            person = normalisers[at].person
            encoder.encode_many([tokens_of(person(r, table.mapping)) for r in batch])
    return clock.spent(rows)


Run = Callable[[Sample, int, int], Spent]


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
    peer_rows = min(rows, PEER_ROWS)
    mine, peer, grid = [], [], []
    for turn in range(rounds):
        seed = 1_000 * turn
        mine.append(_apart(exchange_run, made, seed, rows))
        peer.append(_apart(clkhash_run, made, seed + 500, peer_rows))
        grid.append(_apart(grid_run, made, seed, max(1, grid_rows // rounds)))
        rates = ", ".join(f"{runs[-1].rate:,.0f}" for runs in (mine, peer, grid))
        print(f"exchange, clkhash, grid rows/s: {rates}", file=sys.stderr)
    ratios = _ratios(mine, peer)
    cpu = [p.cpu / p.rows / (m.cpu / m.rows) for m, p in zip(mine, peer, strict=True)]
    return {
        "rows": rows,
        "grid_rows": grid_rows,
        "rounds": rounds,
        "clkhash_ratio": _median(ratios),
        "clkhash_ratio_range": [round(min(ratios), 1), round(max(ratios), 1)],
        "clkhash_ratio_cpu": _median(cpu),
        "differing_bits": sum(one.differing for one in peer),
        "compared_rows": sum(one.rows for one in peer),
        "clk_records_per_s": round(statistics.median(one.rate for one in mine)),
        "clkhash_records_per_s": round(statistics.median(one.rate for one in peer)),
        "grid_records_per_s": round(statistics.median(one.rate for one in grid)),
        "grid_over_clkhash": _median(_ratios(grid, peer)),
        "peak_mib": round(max(one.peak for one in mine + grid)),
    }


def _ratios(ours: Sequence[Spent], theirs: Sequence[Spent]) -> list[float]:
    return [one.rate / two.rate for one, two in zip(ours, theirs, strict=True)]


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)


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


def _sample(given: str | None) -> Sample:
    try:
        return sample(folder(given))
    except BenchError:
        if given:
            raise
    from deploy.sample.make import make

    with tempfile.TemporaryDirectory(prefix="childgrid-bench-") as place:
        make(Path(place))
        return sample(Path(place) / "bench")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.encode", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--grid-rows", type=int, help="in all rounds; --rows if absent")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    try:
        grid_rows = given.grid_rows or given.rows
        found = measure(_sample(given.data), given.rows, grid_rows, given.rounds)
    except BenchError as error:
        parser.error(str(error))
    text = json.dumps(found | machine(), indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
