"""Queries end to end over real processes: what the grid adds to the scan.

`python -m bench.grid --nodes 4 --rows 100000 --queries 200 --json OUT` founds a
training grid on this machine with an asking agency and N holding ones, each a process
of its own behind mutual TLS, with logging, signing, sealing and witnesses as shipped. A
query is drafted and its approval signed beforehand; the clock runs from handing the
approval in until the merged answer of all holders stands at the asker. Some are asked
before anything is measured, since holders load loops while they answer already.

Keys: `p50_ms`, `p99_ms`; `scan_ms_total`, the mean over queries of the CPU time of
the scan threads summed over the nodes; `overhead_ms` = p50 − scan_ms_total ÷ cores;
`overhead_ratio` = p50 ÷ (scan_ms_total ÷ cores); `queries_per_s` with 20 at once and
`queries_per_s_alone`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from childgrid_authority import floor
from childgrid_node.config import NodeConfig
from childgrid_node.query import MOST_DRAFTS
from childgrid_portal.desk import Desk
from deploy.plans import Person, Plan
from deploy.sample.make import make
from deploy.yard import Yard

_TABLES = (
    ("police", "police-record"),
    ("customs", "movement"),
    ("prisons", "custody"),
    ("transport", "vehicle"),
)
_CASE = "FIR 1/2026"
_SECTION = "BNS:143"
_AT_ONCE = 20
_WAIT_MS = 30_000
_ASKER = "asker"
_WARM_UP, _PATIENCE = 3, 8
_LOADING = 80
"""Queries at once before anything is measured: some fifteen seconds of them."""

_WITNESS = "witness_seconds"


def measure(
    nodes: int, rows: int, queries: int, folder: Path, samples: Path
) -> dict[str, Any]:
    """Found the grid in `folder`, ask, and measure; returns the keys above.

    Tables that a run before has left in `samples` are used again.
    """
    yard = Yard(folder, witness_seconds=NodeConfig.model_fields[_WITNESS].default)
    tables = _tables(samples, nodes, rows)
    configs = _found(yard, tables)
    asker = configs[0]
    try:
        officer, supervisor = (yard.desk(asker, one) for one in ("si-one", "sp-one"))
        yard.await_documents(_ASKER, [one.member for one in configs[1:]])
        known = _suspects(tables[0].parent, queries)
        _warm_up(officer, supervisor, known[:_WARM_UP])
        # Holders go on loading the loops of shared passes while they answer already.
        _at_once(officer, supervisor, _suspects(tables[0].parent, _LOADING))
        started = _scans(yard)
        alone = [
            _timed(officer, supervisor, *_drafted(officer, supervisor, one))
            for one in known[: queries // 2]
        ]
        scans = [b - a for a, b in zip(started, _scans(yard), strict=True)]
        rate = _at_once(officer, supervisor, known[queries // 2 :])
    finally:
        yard.stop()
    return _figures(alone, sum(scans) / 1e3 / len(alone), rate, nodes, rows)


def _tables(samples: Path, nodes: int, rows: int) -> list[Path]:
    """A folder for each holder: its table and mapping, made where there is none."""
    found = []
    for number in range(nodes):
        seed = 20260101 + number - number % len(_TABLES)
        sample = samples / f"{rows}-{seed}"
        if not sample.exists():
            make(half := samples / "half", seed=seed, rows=rows)
            half.rename(sample)
        found.append(sample / _TABLES[number % len(_TABLES)][0])
    return found


def _found(yard: Yard, tables: Sequence[Path]) -> list[NodeConfig]:
    yard.found(body=_floor())
    yard.coordinator()
    configs = [yard.prepare(_asking(), _empty(yard.folder))]
    yard.cases(_ASKER, [f"{_CASE},fir,si-one,investigating-officer,{_SECTION}"])
    for number, table in enumerate(tables):
        category = _TABLES[number % len(_TABLES)][1]
        plan = _holding(f"{table.name}-{number + 1}", category)
        configs.append(yard.prepare(plan, table))
    fingerprints = yard.enrol(configs)
    yard.admit()
    yard.settle(configs)
    yard.ceremony(configs[1:4])
    for config, fingerprint in zip(configs, fingerprints, strict=True):
        if config not in configs[1:4]:
            yard.wrap(configs[1:3], config, fingerprint)
    yard.settle(configs)
    yard.witnesses([one.member for one in configs], quorum=len(tables), faults=0)
    for config in configs[1:]:
        print(yard.index(config)[0], flush=True)
    yard.serve(*configs)
    return configs


def _floor() -> dict[str, Any]:
    """The shipped floor with budgets that a benchmark does not spend."""
    body = dict(floor.parse(floor.default()))
    for name in ("officer_queries_day", "case_queries_day", "agency_queries_day"):
        body[name] = 10_000
    return body


def _asking() -> Plan:
    staff = (
        Person("si-one", "investigator", 30),
        Person("sp-one", "supervising-officer", 60),
    )
    return Plan(_ASKER, "Asking", "police-record", False, (), staff, True, False)


def _holding(member: str, category: str) -> Plan:
    staff = (Person("cu-one", "custodian", 50),)
    return Plan(member, member, category, False, ("name",), staff)


def _empty(folder: Path) -> Path:
    path = folder / "no-source"
    path.mkdir()
    return path


def _suspects(sample: Path, count: int) -> list[dict[str, list[str]]]:
    """Descriptions from the sample's own queries, those with a phone, repeated."""
    with (sample / "bench" / "queries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fields = {
        "name": "suspect_name",
        "relative": "father_or_husband",
        "phone": "mobile",
        "district": "district",
    }
    known = [
        {
            grid: [row[column]]
            for grid, column in fields.items()
            if row.get(column, "").strip()
        }
        for row in rows
    ]
    telling = [one for one in known if "phone" in one]
    return [telling[number % len(telling)] for number in range(count)]


def _drafted(
    officer: Desk, supervisor: Desk, suspect: dict[str, list[str]]
) -> tuple[str, bytes]:
    query = officer.ask(
        suspect, purpose="investigation", sections=[_SECTION], case=_CASE
    )
    return query, supervisor.signed_approval(query)


def _warm_up(
    officer: Desk, supervisor: Desk, suspects: Sequence[dict[str, list[str]]]
) -> None:
    """Ask until all holders answer: after an installation they compile loops first."""
    for tries in range(_PATIENCE, -1, -1):
        try:
            for suspect in suspects:
                _timed(officer, supervisor, *_drafted(officer, supervisor, suspect))
        except RuntimeError:
            if not tries:
                raise
        else:
            return


def _timed(officer: Desk, supervisor: Desk, query: str, approval: bytes) -> float:
    """Milliseconds from handing in the approval to the merged answer."""
    start = time.perf_counter()
    supervisor.hand_in(approval)
    answers = officer.look("answers", query, _WAIT_MS)["targets"]
    spent = time.perf_counter() - start
    if any(one["outcome"] not in ("hit", "none") for one in answers.values()):
        raise RuntimeError("a holder did not answer")
    return spent * 1000


def _at_once(
    officer: Desk, supervisor: Desk, suspects: list[dict[str, list[str]]]
) -> float:
    """Queries per second with 20 at a time, drafted beforehand as a desk allows."""
    spent = 0.0
    for low in range(0, len(suspects), MOST_DRAFTS):
        part = suspects[low : low + MOST_DRAFTS]
        drafted = [_drafted(officer, supervisor, one) for one in part]
        start = time.perf_counter()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done = [pool.submit(_timed, officer, supervisor, *one) for one in drafted]
            for one in done:
                one.result()
        spent += time.perf_counter() - start
    return len(suspects) / spent


def _scans(yard: Yard) -> list[float]:
    """CPU microseconds of all scans so far, by node, from what the nodes print."""
    totals = []
    for name, process in sorted(yard.processes.items()):
        if name in yard.plans and name != _ASKER:
            text = process.output.read_text("utf-8", "replace")
            totals.append(sum(float(us) for us in re.findall(r"scan_us=(\d+)", text)))
    return totals


def _figures(
    alone: list[float], scan_ms: float, rate: float, nodes: int, rows: int
) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    p50 = statistics.median(alone)
    return {
        "nodes": nodes,
        "rows": rows,
        "queries": len(alone),
        "p50_ms": round(p50, 2),
        "p99_ms": round(statistics.quantiles(alone, n=100)[98], 2),
        "scan_ms_total": round(scan_ms, 2),
        "overhead_ms": round(p50 - scan_ms / cores, 2),
        "overhead_ratio": round(p50 / (scan_ms / cores), 2),
        "queries_per_s": round(rate, 2),
        "queries_per_s_alone": round(1000 / statistics.mean(alone), 2),
        "cores": cores,
        "machine": platform.processor() or platform.machine(),
        "versions": {name: metadata.version(name) for name in ("grpcio", "numba")},
    }


def main() -> None:
    """Measure and print; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.grid", description=__doc__)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--samples", type=Path, help="where made tables are kept")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="childgrid-bench-"))
    try:
        asked = (arguments.nodes, arguments.rows, arguments.queries)
        figures = measure(*asked, folder, arguments.samples or folder / "samples")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
