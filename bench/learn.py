"""Learns a scheme's weights from labelled tables: ``python -m bench.learn``.

Takes structure (fields, widths, comparisons, cuts) from a base scheme, and replaces
weights, calibration and bands. Level frequencies are counted by the node's own scan:
m among true pairs, u among all others. Calibration is fitted on the node's own
features of the best rows, with the weights learned from the *other* half of the
queries, so that it is not fooled by its own memory. Coefficients are bounded so that
more agreement never lowers a probability.

What the tables cannot teach (identifiers that no pair shares) is pooled or fixed
here, and named below.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.document import render
from bench.isotonic import weights
from bench.logistic import fit
from bench.tables import BenchError, Labelled, Query, Table, folder, load
from childgrid_node import scan, score
from childgrid_node.calibration import features, log_odds, probability
from childgrid_node.plan import LEVELS
from childgrid_node.scheme import Comparison, Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FOLDS = 2
ROUNDS = 2
ENOUGH_PAIRS = 40
# Chance that two strangers share a value, where the tables are too small to show it.
CHANCE = {
    "identifier": 1e-6,
    "contact": 1e-6,
    "part": 1e-4,
    "case": 1e-3,
}
# How often one person's two records agree, where no pair in the tables tells: a FIR
# joins accomplices too, and a person has many handles, so disagreement says little.
UNTAUGHT = {"contact": 0.5, "case": 0.2, "part": 0.9}
# A level that hardly any pair of strangers reaches; rarer ones cannot be told apart.
LEAST_CHANCE = 1e-7
# Coefficients that may only lower a probability.
LOWERING = ("crowd", "shortfall", "relatives")
STRONG_PRECISION = 0.99
POSSIBLE = 5_000
FLOOR = 100


@dataclass(frozen=True)
class Counts:
    """How often each level occurs: ``int64[folds, comparisons, 256]``."""

    match: NDArray[np.int64]
    other: NDArray[np.int64]

    def without(self, fold: int) -> Counts:
        """Return the counts of all folds but one (all, if ``fold`` is none of them)."""
        kept = [at for at in range(FOLDS) if at != fold]
        return Counts(self.match[kept], self.other[kept])


def searches(data: Labelled) -> Iterator[tuple[Table, Query, NDArray[np.int64]]]:
    """Yield every table and query with the rows that the query should find."""
    for table in data.tables:
        rows = {table.index.key(row): row for row in range(len(table.index))}
        for query in data.queries:
            wanted = sorted(rows[key] for key in query.truth if key in rows)
            yield table, query, np.array(wanted, np.int64)


def count(data: Labelled, scheme: Scheme) -> Counts:
    """Count levels over all pairs of query and row, true pairs apart."""
    shape = (FOLDS, len(scheme.comparisons), LEVELS)
    counts = Counts(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for table, query, rows in searches(data):
        found = scan.survey(scheme, table.index.segments, query.encoding)
        levels = scan.levels_of(scheme, found, rows)
        fold = query.number % FOLDS
        counts.other[fold][list(found.active)] += found.counts
        for position in found.active:
            true = np.bincount(levels[:, position], minlength=LEVELS)
            counts.match[fold, position] += true
            counts.other[fold, position] -= true
    return counts


def log_tables(
    scheme: Scheme, counts: Counts
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return ln m and ln u in millinats for each comparison and level."""
    match, chance = {}, {}
    for position, comparison in enumerate(scheme.comparisons):
        part = slice(1, comparison.levels + 1)
        true = counts.match[:, position, part].sum(axis=0)
        other = counts.other[:, position, part].sum(axis=0)
        if comparison.kind == "tag" and comparison.group in CHANCE:
            pooled = _pooled(scheme, counts, comparison.group)
            m, u = _tag_shares(comparison.group, true, pooled)
        else:
            m, u = _bloom_shares(comparison, true, other)
        match[comparison.name], chance[comparison.name] = _logs(m), _logs(u)
    return match, chance


def _pooled(scheme: Scheme, counts: Counts, group: str) -> NDArray[np.int64]:
    inside = [at for at, c in enumerate(scheme.comparisons) if c.group == group]
    return counts.match[:, inside, 1:3].sum(axis=(0, 1))  # type: ignore[no-any-return]


def _tag_shares(
    group: str, true: NDArray[np.int64], pooled: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.array([1 - CHANCE[group], CHANCE[group]])
    if group in UNTAUGHT and true.sum() < ENOUGH_PAIRS:
        return np.array([1 - UNTAUGHT[group], UNTAUGHT[group]]), u
    return _shares(pooled if true.sum() < ENOUGH_PAIRS else true), u


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return frequencies with half a case added to each level."""
    return np.asarray((counts + 0.5) / (counts + 0.5).sum())


def _bloom_shares(
    comparison: Comparison, true: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return m and u whose ratio never falls as Dice or overlap rises."""
    u = np.maximum(_shares(other), LEAST_CHANCE)
    grid = (-1, len(comparison.overlap) + 1)
    nats = weights(true.reshape(grid), other.reshape(grid)).ravel()
    return np.exp(nats) * u, u


def _logs(shares: NDArray[np.float64]) -> list[int]:
    return [int(value) for value in np.rint(1000 * np.log(np.clip(shares, 1e-20, 1)))]


@dataclass(frozen=True)
class Examples:
    """Best rows of all searches: features in nats, labels, and query numbers."""

    names: list[str]
    values: NDArray[np.float64]
    labels: NDArray[np.bool_]
    queries: NDArray[np.int64]


def examples(data: Labelled, schemes: list[Scheme]) -> Examples:
    """Return features of the best rows, under weights of the other half."""
    names: list[str] = []
    values, labels, queries = [], [], []
    for table, query, rows in searches(data):
        scheme = schemes[query.number % FOLDS]
        found = scan.survey(scheme, table.index.segments, query.encoding)
        table_weights = score.rarity_weights(scheme, found)
        best = scan.best(scheme, found, table_weights, score.SURVIVORS)
        parts = score.parts_of(found, table_weights, best.levels)
        names, columns = features(scheme, parts, best.levels, best.scores)
        values.append(columns.astype(np.float32) / 1000)
        labels.append(np.isin(best.rows, rows))
        queries.append(np.full(len(columns), query.number))
    return Examples(
        names,
        np.concatenate(values).astype(np.float64),
        np.concatenate(labels),
        np.concatenate(queries),
    )


def calibrate(scheme: Scheme, found: Examples, rows: int) -> dict[str, Any]:
    """Return the calibration that fits the examples, as it stands in a scheme."""
    intercept, whole = _fitted(scheme, found)
    groups = list(scheme.calibration.agreement)
    taught = {
        name: bool(found.values[:, at].any()) for at, name in enumerate(found.names)
    }

    def coefficient(sign: str, group: str) -> int:
        # A group no example speaks of leans on the one most like it.
        name = sign + group
        return whole[name] if taught[name] else whole[sign + "contact"]

    return {
        "trained_rows": rows,
        "rarity_rows": scheme.calibration.rarity_rows,
        "intercept": intercept,
        "agreement": {group: coefficient("+", group) for group in groups},
        "disagreement": {group: coefficient("-", group) for group in groups},
        **{name: whole[name] for name in LOWERING},
        "joint": [
            {"of": [first, second], "coefficient": whole[f"{first}*{second}"]}
            for first, second, _ in scheme.calibration.joint
        ],
    }


def _fitted(scheme: Scheme, found: Examples) -> tuple[int, dict[str, int]]:
    """Fit within bounds; the discount for relatives at most what it discounts."""
    high = np.array([0.0 if name in LOWERING else 20.0 for name in found.names])
    low = np.array([0.0 if name[0] in "+-" else -20.0 for name in found.names])
    kin = found.names.index("relatives")
    for _ in range(ROUNDS):
        intercept, fitted = fit(found.values, found.labels, low, high)
        by_name = dict(zip(found.names, fitted, strict=True))
        allowed = min(by_name[f"+{group}"] for group in scheme.calibration.kin)
        low[kin] = -max(allowed, 0.0)
    whole = {name: round(1000 * float(value)) for name, value in by_name.items()}
    limit = min(whole[f"+{group}"] for group in scheme.calibration.kin)
    whole["relatives"] = max(whole["relatives"], -limit)
    return round(1000 * intercept), whole


def strong_from(chances: NDArray[np.int64], labels: NDArray[np.bool_]) -> int:
    """Return the least probability per 10,000 that keeps the wanted precision."""
    thresholds = np.unique(chances[chances >= POSSIBLE])
    for threshold in thresholds:
        kept = chances >= threshold
        if labels[kept].mean() >= STRONG_PRECISION:
            return int(threshold)
    return 9_900


def learn(data: Labelled, base: Scheme, source: str) -> bytes:
    """Return the document of ``base`` with weights learned from ``data``."""
    document = json.loads(base.raw)
    rows = round(np.mean([len(table.index) for table in data.tables]))
    scheme = base
    for _ in range(ROUNDS):
        counts = count(data.under(scheme), scheme)
        halves = [_weighed(document, counts.without(f), scheme) for f in range(FOLDS)]
        scheme = _weighed(document, counts.without(FOLDS), scheme)
    document = json.loads(scheme.raw)
    found = examples(data, halves)
    learned = calibrate(scheme, found, rows)
    document["calibration"] |= learned | {"source": source}
    document["weights"]["source"] = source
    scheme = Scheme.parse(render(document))
    chances = _chances(scheme, found)
    strong = strong_from(chances, found.labels)
    document["bands"] |= {"strong": strong, "possible": min(POSSIBLE, strong)}
    document["bands"] |= {"floor": FLOOR, "source": source}
    raw = render(document)
    Scheme.parse(raw)
    return raw


def _weighed(document: dict[str, Any], counts: Counts, scheme: Scheme) -> Scheme:
    match, chance = log_tables(scheme, counts)
    learned = document["weights"] | {"match": match, "chance": chance}
    return Scheme.parse(render(document | {"weights": learned}))


def _chances(scheme: Scheme, found: Examples) -> NDArray[np.int64]:
    values = np.rint(1000 * found.values).astype(np.int64)
    logits = log_odds(scheme.calibration, values)
    return np.array([probability(int(logit)) for logit in logits], np.int64)


def main(arguments: list[str] | None = None) -> int:
    """Learn from one folder and write a scheme."""
    parser = argparse.ArgumentParser(prog="bench.learn", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--base", default="childgrid-1", help="scheme to start from")
    parser.add_argument("--out", type=Path, required=True, help="scheme to write")
    parser.add_argument(
        "--source", default="Learned by bench.learn from invented tables"
    )
    given = parser.parse_args(arguments)
    try:
        base = Scheme.load(given.base)
        data = load(folder(given.data), base)
    except BenchError as error:
        parser.error(str(error))
    given.out.write_bytes(learn(data, base, given.source))
    return 0


if __name__ == "__main__":
    sys.exit(main())
