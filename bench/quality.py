"""How well searches find the right records: ``python -m bench.quality --data DIR``.

Every query is searched in every table by the node's own match, without the guard and
without a floor, at k = 20. Scores are pooled over agencies. Recall at a precision is
the greatest over all thresholds that keep it, equal scores taken whole; a true pair
that was not returned is a miss at every threshold. ``top1`` counts, per query and
agency that holds the person, whether a right record comes first. ``frozen`` figures
stand at the scheme's own "strong" threshold. Nothing is learned from what is measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.strata import RULES
from bench.tables import BenchError, Labelled, Query, Table, folder, load
from childgrid_node.scheme import Scheme
from childgrid_node.score import match

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = 20
ECE_FROM = 500
ECE_BINS = 10
FALSE_HITS = 0.01
DRAWS = 1_000
FLOOR_QUANTILE = 0.95
SEED = 20_260_601


@dataclass(frozen=True)
class Returned:
    """Returned pairs, pooled: parallel arrays; ``stratum`` is -1 for false pairs."""

    probability: NDArray[np.int64]
    true: NDArray[np.bool_]
    query: NDArray[np.int64]
    agency: NDArray[np.int64]
    stratum: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_]) -> Returned:
        """Return the pairs chosen by ``kept``."""
        return Returned(
            self.probability[kept],
            self.true[kept],
            self.query[kept],
            self.agency[kept],
            self.stratum[kept],
        )


@dataclass(frozen=True)
class Run:
    """All that one measurement saw; ``first`` counts right records ranked first."""

    returned: Returned
    first: dict[str, list[bool]]
    pairs: dict[str, int]
    strata: dict[str, int]
    unknown: NDArray[np.int64]
    queries: int
    seconds: float
    scan_cpu: float


def measure(data: Labelled) -> Run:
    """Search every query in every table."""
    began = time.perf_counter()
    lines: list[tuple[int, bool, int, int, int]] = []
    first: dict[str, list[bool]] = {}
    strata = Counter(dict.fromkeys(RULES, 0))
    pairs: dict[str, int] = {}
    cpu = 0
    for number, table in enumerate(data.tables):
        names = [table.index.key(row) for row in range(len(table.index))]
        held = set(names)
        first[table.agency], pairs[table.agency] = [], 0
        for query in data.queries:
            here = {key: data.stratum(query, key) for key in query.truth & held}
            found, spent = _search(table, query, names)
            cpu += spent
            lines += [
                (chance, key in here, query.number, number, _place(here, key))
                for chance, key in found
            ]
            strata.update(here.values())
            pairs[table.agency] += len(here)
            if here:
                first[table.agency].append(bool(found) and found[0][1] in here)
    unknown = [query.number for query in data.queries if not query.truth]
    columns = np.array(lines, np.int64).reshape(-1, 5).T
    return Run(
        Returned(columns[0], columns[1].astype(bool), *columns[2:]),
        first,
        pairs,
        dict(strata),
        np.array(unknown, np.int64),
        len(data.queries),
        time.perf_counter() - began,
        cpu / 1e9,
    )


def _place(strata: dict[str, str], key: str) -> int:
    return list(RULES).index(strata[key]) if key in strata else -1


def _search(
    table: Table, query: Query, names: list[str]
) -> tuple[list[tuple[int, str]], int]:
    found = match(table.index, query.encoding, K, floor=0)
    return [(c.probability, names[c.row]) for c in found.candidates], found.cpu_ns


def curve(returned: Returned) -> tuple[NDArray[np.int64], ...]:
    """Return thresholds (falling) with true and all pairs at or above each."""
    order = np.argsort(-returned.probability, kind="stable")
    falling = returned.probability[order]
    last = np.append(falling[1:] != falling[:-1], True)[: len(falling)]
    true = np.cumsum(returned.true[order])
    return falling[last], true[last], 1 + np.flatnonzero(last)


def threshold_at(returned: Returned, precision: float) -> int:
    """Return the threshold of the greatest recall at this precision (10,001: none)."""
    thresholds, true, hits = curve(returned)
    good = np.flatnonzero(true >= precision * hits)
    # True pairs never fall along the curve: the last good threshold has the most.
    return int(thresholds[good[-1]]) if len(good) else 10_001


def recall_at_precision(returned: Returned, pairs: int, precision: float) -> float:
    """Return the greatest recall at a threshold of at least this precision."""
    _, true, hits = curve(returned)
    good = true >= precision * hits
    return float(true[good].max(initial=0) / max(pairs, 1))


def best_f1(returned: Returned, pairs: int) -> float:
    """Return the greatest F1 over all thresholds."""
    _, true, hits = curve(returned)
    return float((2 * true / np.maximum(hits + pairs, 1)).max(initial=0.0))


def recall_at_false_hits(run: Run, share: float) -> float:
    """Return the greatest recall where at most ``share`` of unknown queries hit."""
    returned = run.returned
    numbers = np.concatenate([returned.query, run.unknown])
    highest = np.full(numbers.max(initial=-1) + 1, -1, np.int64)
    np.maximum.at(highest, returned.query, returned.probability)
    allowed = share * len(run.unknown)
    thresholds, true, _ = curve(returned)
    false = np.array([(highest[run.unknown] >= t).sum() for t in thresholds])
    pairs = sum(run.pairs.values())
    return float(true[false <= allowed].max(initial=0) / max(pairs, 1))


def calibration_error(returned: Returned) -> float:
    """Return the expected calibration error over pairs of at least 5 %."""
    shown = returned.only(returned.probability >= ECE_FROM)
    return _gaps(shown.probability, shown.true.astype(np.float64))


def calibration_floor(returned: Returned) -> float:
    """Return the error's 95th percentile if the probabilities were exactly true."""
    chance = returned.probability[returned.probability >= ECE_FROM]
    random = np.random.default_rng(SEED)
    drawn = [
        _gaps(chance, (random.random(len(chance)) < chance / 10_000).astype(np.float64))
        for _ in range(DRAWS)
    ]
    return float(np.quantile(drawn, FLOOR_QUANTILE))


def _gaps(chance: NDArray[np.int64], true: NDArray[np.float64]) -> float:
    bins = np.minimum(chance * ECE_BINS // 10_000, ECE_BINS - 1)
    over = np.bincount(bins, true - chance / 10_000, ECE_BINS)
    return float(np.abs(over).sum() / max(len(chance), 1))


def report(data: Labelled, run: Run, strong: int) -> dict[str, object]:
    """Return the figures, shares from 0 to 1, times in seconds.

    ``strong`` is the scheme's threshold of that band, per 10,000.
    """
    returned, pairs = run.returned, sum(run.pairs.values())
    every = [right for found in run.first.values() for right in found]
    frozen = returned.only(returned.probability >= strong)
    return {
        "queries": run.queries,
        "pairs": pairs,
        "top1": _share(every),
        "recall_at_p99": round(recall_at_precision(returned, pairs, 0.99), 4),
        "recall_at_p999": round(recall_at_precision(returned, pairs, 0.999), 4),
        "recall_at_fh1": round(recall_at_false_hits(run, FALSE_HITS), 4),
        "best_f1": round(best_f1(returned, pairs), 4),
        "ece": round(calibration_error(returned), 4),
        "ece_floor": round(calibration_floor(returned), 4),
        "recall_frozen": round(int(frozen.true.sum()) / max(pairs, 1), 4),
        "precision_frozen": _share(frozen.true.tolist()),
        "strata": _strata(run),
        "by_agency": {
            table.agency: _agency(run, number, table.agency)
            for number, table in enumerate(data.tables)
        },
        "seconds": {
            "index": round(data.seconds, 2),
            "search": round(run.seconds, 2),
            "scan_cpu": round(run.scan_cpu, 2),
        },
    }


def _strata(run: Run) -> dict[str, object]:
    """Recall by evidence at the pooled 99 % threshold, and the number of pairs."""
    threshold = threshold_at(run.returned, 0.99)
    kept = run.returned.only(run.returned.probability >= threshold)
    found = np.bincount(kept.stratum[kept.true], minlength=len(RULES))
    return {
        name: {
            "n": run.strata[name],
            "recall_at_p99": round(int(found[at]) / max(run.strata[name], 1), 4),
        }
        for at, name in enumerate(RULES)
    }


def _agency(run: Run, number: int, name: str) -> dict[str, object]:
    mine = run.returned.only(run.returned.agency == number)
    return {
        "pairs": run.pairs[name],
        "top1": _share(run.first[name]),
        "recall_at_p99": round(recall_at_precision(mine, run.pairs[name], 0.99), 4),
    }


def _share(found: list[bool]) -> float:
    return round(sum(found) / max(len(found), 1), 4)


def main(arguments: list[str] | None = None) -> int:
    """Measure one folder and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="bench.quality", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--only", action="append", default=[], help="an agency's table")
    parser.add_argument("--scheme", help="a scheme file; the shipped one by default")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args(arguments)
    try:
        raw = Path(given.scheme).read_bytes() if given.scheme else None
        scheme = Scheme.parse(raw) if raw else Scheme.load("childgrid-2")
        data = load(folder(given.data), scheme).only(given.only)
    except BenchError as error:
        parser.error(str(error))
    text = json.dumps(report(data, measure(data), scheme.bands.strong), indent=2)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
