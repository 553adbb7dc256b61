"""A whole register indexed from its file: ``python -m bench.index --rows N``.

What `childgrid-node index` does, on a CSV file of N rows made by recombining a
labelled folder's columns with fresh identifiers (``--data``, CHILDGRID_DATA, or the
project's own sample): read, judge, normalise, encode on all cores, write the sealed
index. Making the file is not timed.

Keys: `rows` and `indexed` (the rest is guarded or unreadable), `seconds`,
`records_per_s`; `peak_mib`, the most memory of this process, and `worker_peak_mib`,
that of the largest of those that encode; `peak_total_mib`, the first and as many of
the second as there are cores, more than was ever held at once; `source_mib`,
`index_mib`.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from bench.encode import chosen, machine
from bench.encode_rows import Table
from bench.tables import BENCH_KEY, BenchError
from childgrid_node.indexer import Keyring, Source, build, cores
from childgrid_node.mapping import Mapping, Role
from childgrid_node.register import Register
from childgrid_node.scheme import Scheme

ROWS = 1_000_000
SCHEME = "childgrid-2"
_BATCH = 100_000
_KEY = "made_key"
_NOW = 1_780_000_000
_CHILDRENS = "child-protection"


def write(table: Table, path: Path, rows: int, seed: int) -> None:
    """Write a source of ``rows`` rows; memory does not grow with them."""
    rng = np.random.default_rng(seed)
    names = [_KEY, *table.columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for first in range(0, rows, _BATCH):
            count = min(_BATCH, rows - first)
            cells = table.drawn(rng, count)
            keys = [f"K{number:09}" for number in range(first, first + count)]
            writer.writerows(zip(keys, *cells.values(), strict=True))


def measure(table: Table, folder: Path, rows: int, seed: int) -> dict[str, Any]:
    """Make a source in ``folder``, index it, and return the keys above."""
    source = folder / "source.csv"
    write(table, source, rows, seed)
    mapping = _mapping(table, source)
    keyring = Keyring(
        Scheme.load(SCHEME), BENCH_KEY, bytes(32), 1, BENCH_KEY, clear=False
    )
    index = folder / "made.index"
    with Register.open(mapping, folder) as register:
        began = time.perf_counter()
        report = build(Source(register), index, keyring, _NOW)
        seconds = time.perf_counter() - began
    mine, workers = (_peak(who) for who in (_SELF, _CHILDREN))
    return {
        "rows": report.read,
        "indexed": report.indexed,
        "seconds": round(seconds, 1),
        "records_per_s": round(report.read / seconds),
        "peak_mib": round(mine),
        "worker_peak_mib": round(workers),
        "peak_total_mib": round(mine + cores() * workers),
        "source_mib": round(source.stat().st_size / 2**20),
        "index_mib": round(index.stat().st_size / 2**20),
    }


_SELF, _CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _mapping(table: Table, source: Path) -> Mapping:
    """The table's mapping, of the file made, which holds fields only."""
    return replace(
        table.mapping,
        source=source.name,
        key=_KEY,
        updated=None,
        event=None,
        role=Role("suspect"),
        retain=None,
        grants=MappingProxyType({}),
        where=(),
    )


def _first(tables: dict[str, Table]) -> str:
    """The first agency that holds no children, whose rows are mostly left out."""
    grown = [n for n, one in tables.items() if one.mapping.category != _CHILDRENS]
    return min(grown or tables)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.index", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--agency", help="whose columns; the first by default")
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--seed", type=int, default=20_260_101)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    try:
        tables = {one.mapping.agency: one for one in chosen(given.data).tables}
        if given.agency and given.agency not in tables:
            raise BenchError(f"no table of {given.agency}")
        table = tables[given.agency or _first(tables)]
    except BenchError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="childgrid-bench-") as place:
        found = measure(table, Path(place), given.rows, given.seed)
    text = json.dumps(found | machine(), indent=2)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
