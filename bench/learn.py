"""Learns a scheme's weights from labelled tables: ``python -m bench.learn``.

Takes structure (fields, widths, comparisons, cuts) from a base scheme, and replaces
weights, calibration and bands. Level frequencies are counted by the node's own scan:
m among true pairs, u among all others. Calibration is fitted on the node's own
features of the best rows, with the weights learned from the *other* half of the
queries, so that it is not fooled by its own memory: a logistic model within bounds,
then trees that start from it, by which no agreeing identifier lowers a probability.
What log-odds are worth at other agencies is learned by holding some back
(``elsewhere``), where the base has such numbers. The strong band is set on halves of
the queries that the trees did not see.

The shipped weights are made, to the byte, on the ministries' tables or without any::

    python -m bench.learn --data DIR/train --out childgrid-2.json
    python -m bench.learn --base test-2 --out test-2.json

Without a folder (or CHILDGRID_DATA) the tables are those of the project's own sample,
made anew from its seed. ``--unlabelled`` reads no truth: it fits the first stage's
weights to the tables by expectation maximisation and leaves the second stage as it is.
Where the folder says which records are one person, records are asked too (``linked``).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.boost import Growth, as_table, grow
from bench.counting import ENOUGH_PAIRS, FOLDS, Counts, count, log_tables, searches
from bench.document import render
from bench.elsewhere import FEWEST, reading
from bench.linked import with_records
from bench.logistic import fit
from bench.tables import BenchError, Labelled, given_or_sample, load
from bench.unlabelled import adapted
from childgrid_node import scan, score
from childgrid_node.calibration import (
    elsewhere,
    features,
    household,
    log_odds,
    probability,
    signs,
)
from childgrid_node.scheme import Scheme
from childgrid_node.second_stage import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 2
# Coefficients that may only lower a probability.
LOWERING = ("crowd", "shortfall", "relatives")
# An equal number leans on no other evidence: it is never discounted for overlap with
# it, however few pairs teach how much it says.
UNDISCOUNTED = ("+identifier",)
STRONG_PRECISION = 0.99
POSSIBLE = 5_000
FLOOR = 100
# Rows of a search that the second stage learns from, and how likely at least.
TAUGHT = 24
HOPELESS = -9_000
GROWTH = Growth(trees=200, rate=0.05, ridge=20, least=8)
LEAST_ROWS, MOST_ROWS = 1_000, 10_000_000


@dataclass(frozen=True)
class Examples:
    """Best rows of all searches: features in nats, labels, query numbers, and signs.

    ``signs`` (millinats and counts) are all but ``logit``, which the logistic model
    has to give first; its column holds 0. ``parts`` are weights per comparison.
    """

    names: list[str]
    values: NDArray[np.float64]
    labels: NDArray[np.bool_]
    queries: NDArray[np.int64]
    signs: NDArray[np.int64]
    parts: NDArray[np.int64]


def examples(data: Labelled, schemes: list[Scheme]) -> Examples:
    """Return features of the best rows, under weights of the other half."""
    names: list[str] = []
    values, labels, queries, seen, weighed = [], [], [], [], []
    for table, query, rows in searches(data):
        scheme = schemes[query.number % FOLDS]
        found = scan.survey(scheme, table.index.segments, query.encoding)
        table_weights = score.rarity_weights(scheme, found)
        best = scan.best(scheme, found, table_weights, score.SURVIVORS)
        parts = score.parts_of(found, table_weights, best.levels)
        state = (scheme, parts, best.levels, best.scores)
        names, columns = features(*state)
        nothing = np.zeros(len(columns), np.int64)
        values.append(columns[:TAUGHT].astype(np.float32) / 1000)
        labels.append(np.isin(best.rows, rows)[:TAUGHT])
        queries.append(np.full(len(labels[-1]), query.number))
        seen.append(signs(*state, nothing, len(found.active))[:TAUGHT].astype(np.int32))
        weighed.append(parts[:TAUGHT].astype(np.int32))
    return Examples(
        names,
        np.concatenate(values).astype(np.float64),
        np.concatenate(labels),
        np.concatenate(queries),
        np.concatenate(seen).astype(np.int64),
        np.concatenate(weighed).astype(np.int64),
    )


def with_forest(
    scheme: Scheme, document: dict[str, Any], found: Examples
) -> tuple[Scheme, NDArray[np.int64]]:
    """Return the scheme with trees, and log-odds by trees of the other half.

    Args:
        scheme: with the logistic model, without trees.
        document: the same, as JSON.
        found: the examples that the model was fitted to.
    """
    logits = log_odds(scheme.calibration, np.rint(1000 * found.values).astype(np.int64))
    seen = found.signs.copy()
    seen[:, scheme.calibration.forest.features.index("logit")] = logits
    hopeful = logits > HOPELESS
    unseen = logits.copy()
    for fold in range(FOLDS):
        inside = hopeful & (found.queries // FOLDS % FOLDS == fold)
        grown = _grown(scheme, document, seen, logits, found, hopeful & ~inside)
        unseen[inside] += grown.calibration.forest.add(seen[inside])
    return _grown(scheme, document, seen, logits, found, hopeful), unseen


def _grown(
    scheme: Scheme,
    document: dict[str, Any],
    seen: NDArray[np.int64],
    logits: NDArray[np.int64],
    found: Examples,
    chosen: NDArray[np.bool_],
) -> Scheme:
    kept = document["calibration"]["forest"]
    known = directions(scheme.comparisons, kept.get("bound", ()))
    names = scheme.calibration.forest.features
    way = np.array([known[name] for name in names], np.int64)
    start = logits[chosen] / 1000
    depth = scheme.calibration.forest.depth
    growth = replace(GROWTH, depth=depth)
    trees = grow(seen[chosen], found.labels[chosen], start, way, growth)
    forest = kept | {"trees": as_table(trees)}
    calibration = document["calibration"] | {"forest": forest}
    return Scheme.parse(render(document | {"calibration": calibration}))


def calibrate(scheme: Scheme, found: Examples, rows: int, asked: int) -> dict[str, Any]:
    """Return the calibration that fits the examples, as it stands in a scheme.

    Args:
        scheme: with the first stage's weights.
        found: best rows of all searches.
        rows: of a table, as the scheme takes them to be.
        asked: searches per 10,000 whose person is held.
    """
    intercept, whole = _fitted(scheme, found)
    groups = list(scheme.calibration.agreement)
    spoken = found.values != 0
    often = {"+": spoken[found.labels].sum(axis=0), "-": spoken.sum(axis=0)}
    taught = {
        name: name in UNDISCOUNTED
        or (name[0] in often and often[name[0]][at] >= ENOUGH_PAIRS)
        for at, name in enumerate(found.names)
    }

    def coefficient(sign: str, group: str) -> int:
        # A group that hardly a true pair speaks of leans on the one most like it.
        name = sign + group
        return whole[name] if taught[name] else whole[sign + "contact"]

    return {
        "trained_rows": rows,
        "least_rows": LEAST_ROWS,
        "most_rows": MOST_ROWS,
        "rarity_rows": scheme.calibration.rarity_rows,
        "asked": asked,
        "intercept": intercept,
        "agreement": {group: coefficient("+", group) for group in groups},
        "disagreement": {group: coefficient("-", group) for group in groups},
        **{name: whole[name] for name in LOWERING},
        "joint": [
            {"of": [first, second], "coefficient": whole[f"{first}*{second}"]}
            for first, second, _ in scheme.calibration.joint
        ],
        **_once(scheme, whole),
    }


def _once(scheme: Scheme, whole: dict[str, int]) -> dict[str, Any]:
    """What a scheme says of groups of one kind, where it says anything of them."""
    kinds = {
        kind: {
            "agreement": whole[f"+once:{kind}"],
            "disagreement": whole[f"-once:{kind}"],
        }
        for kind in scheme.calibration.once
    }
    return {"once": kinds} if kinds else {}


def _fitted(scheme: Scheme, found: Examples) -> tuple[int, dict[str, int]]:
    """Fit within bounds; the discount for relatives at most what it discounts."""
    high = np.array([0.0 if name in LOWERING else 20.0 for name in found.names])
    low = np.array([0.0 if name[0] in "+-" else -20.0 for name in found.names])
    low[[name in UNDISCOUNTED for name in found.names]] = 1.0
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


def known(data: Labelled) -> int:
    """Return how many of 10,000 searches are for somebody whom the table holds."""
    held = [rows.size > 0 for _, _, rows in searches(data)]
    return min(max(round(10_000 * float(np.mean(held))), 1), 9_999)


def strong_from(logits: NDArray[np.int64], labels: NDArray[np.bool_]) -> int:
    """Return the least probability per 10,000 that keeps the wanted precision."""
    chances = np.array([probability(int(logit)) for logit in logits], np.int64)
    thresholds = np.unique(chances[chances >= POSSIBLE])
    for threshold in thresholds:
        if labels[chances >= threshold].mean() >= STRONG_PRECISION:
            return int(threshold)
    return 9_900


def counts_of(data: Labelled, base: Scheme) -> Counts:
    """Return how often each level occurs, under weights that ``data`` teaches.

    Counting needs weights only to choose the best of several pairs of fields: the
    second round counts with those of the first.
    """
    document = json.loads(base.raw)
    _forget(document, base)
    scheme = Scheme.parse(render(document))
    for _ in range(ROUNDS):
        counts = count(data.under(scheme), scheme)
        scheme = _weighed(document, counts.without(FOLDS), scheme)
    return counts


def learn(
    data: Labelled, base: Scheme, source: str, counts: Counts | None = None
) -> bytes:
    """Return the document of ``base`` with weights learned from ``data``.

    Args:
        data: tables, queries and truth.
        base: structure; of its weights nothing remains.
        source: what the document cites.
        counts: what ``counts_of`` gives for these, where it is known already.
    """
    document = json.loads(base.raw)
    rows = round(np.mean([len(table.index) for table in data.tables]))
    _forget(document, base)
    if base.calibration.elsewhere:
        base = _local(base)
        if len(data.tables) < FEWEST:
            del document["calibration"]["elsewhere"]
        else:
            document["calibration"]["elsewhere"] |= {"source": source} | reading(
                data, lambda taught: Scheme.parse(learn(taught, base, source))
            )
    counts = counts or counts_of(data, base)
    halves = [_weighed(document, counts.without(f), base) for f in range(FOLDS)]
    scheme = _weighed(document, counts.without(FOLDS), base)
    document = json.loads(scheme.raw)
    document["calibration"] |= {"trained_rows": rows, "source": source}
    found = examples(data, [_trained(half, rows) for half in halves])
    document["calibration"] |= calibrate(scheme, found, rows, known(data))
    document["weights"]["source"] = source
    scheme = Scheme.parse(render(document))
    scheme, logits = with_forest(scheme, document, found)
    document = json.loads(scheme.raw)
    logits = household(scheme, elsewhere(scheme.calibration, logits), found.parts)
    strong = strong_from(logits, found.labels)
    document["bands"] |= {"strong": strong, "possible": min(POSSIBLE, strong)}
    document["bands"] |= {"floor": FLOOR, "source": source}
    raw = render(document)
    Scheme.parse(raw)
    return raw


def _local(base: Scheme) -> Scheme:
    """Return ``base`` as it is for the agencies alone that teach it."""
    document = json.loads(base.raw)
    del document["calibration"]["elsewhere"]
    return Scheme.parse(render(document))


def _forget(document: dict[str, Any], base: Scheme) -> None:
    """Put weights that merely rise with the level, so that nothing old remains."""
    document["calibration"]["forest"]["trees"] = []
    for comparison in base.comparisons:
        levels = comparison.levels
        document["weights"]["match"][comparison.name] = list(range(-levels, 0))
        document["weights"]["chance"][comparison.name] = [-1] * levels


def _trained(scheme: Scheme, rows: int) -> Scheme:
    """The scheme as for tables of ``rows`` rows: rivals are counted against that."""
    document = json.loads(scheme.raw)
    document["calibration"]["trained_rows"] = rows
    return Scheme.parse(render(document))


def _weighed(document: dict[str, Any], counts: Counts, scheme: Scheme) -> Scheme:
    match, chance = log_tables(scheme, counts)
    learned = document["weights"] | {"match": match, "chance": chance}
    return Scheme.parse(render(document | {"weights": learned}))


def _base(name: str) -> Scheme:
    path = Path(name)
    return Scheme.parse(path.read_bytes()) if path.is_file() else Scheme.load(name)


def main(arguments: list[str] | None = None) -> int:
    """Learn from one folder and write a scheme."""
    parser = argparse.ArgumentParser(prog="bench.learn", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--only", action="append", default=[], help="an agency's table")
    parser.add_argument(
        "--base", default="childgrid-2", help="a shipped scheme or a file"
    )
    parser.add_argument("--out", type=Path, required=True, help="scheme to write")
    parser.add_argument("--unlabelled", action="store_true", help="read no truth")
    parser.add_argument("--source", help="what is cited; the base's own by default")
    given = parser.parse_args(arguments)
    try:
        base = _base(given.base)
        with given_or_sample(given.data) as where:
            data = load(where, base).only(given.only)
            if not given.unlabelled:
                data = with_records(data, where)
    except BenchError as error:
        parser.error(str(error))
    cited = given.source or json.loads(base.raw)["weights"]["source"]
    raw = (adapted if given.unlabelled else learn)(data, base, cited)
    given.out.write_bytes(raw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
