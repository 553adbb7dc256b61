"""How well searches about declared people are marked: ``python -m bench.declared``.

Some people are declared as one table describes them, and every query of the folder is
held against them by the node's own rule (`childgrid_node.declared.fits`). A query about
one of them that is marked is found; a mark on any other query is false. The people are
drawn from the records that a query of the folder is about, by a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.tables import BenchError, Labelled, given_or_sample, load
from childgrid_node.declared import AMONG, fits
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEOPLE = 200
SEED = 20_261_129


def drawn(data: Labelled, people: int, seed: int) -> dict[str, NDArray[np.uint64]]:
    """Some records that queries are about: id to encoding, one record a person."""
    chance = random.Random(seed)
    told = [sorted(query.truth) for query in data.queries if query.truth]
    chosen = {chance.choice(some) for some in told}
    kept = sorted(chosen)
    chance.shuffle(kept)
    return {key: _encoding(data, key) for key in kept[:people]}


def _encoding(data: Labelled, key: str) -> NDArray[np.uint64]:
    for table in data.tables:
        row = table.index.row_of(key)
        if row is not None:
            return table.index.encoding(row)
    raise BenchError("the truth names an id that stands in no table")


def measure(data: Labelled, people: int, seed: int = SEED) -> dict[str, object]:
    """Hold every query against the declared; counts, shares and seconds a query."""
    declared = drawn(data, people, seed)
    rows = np.stack(list(declared.values()))
    scheme, began = data.tables[0].index.scheme, time.perf_counter()
    about = found = false = 0
    for query in data.queries:
        theirs = bool(query.truth & declared.keys())
        marked = fits(scheme, rows, query.encoding)
        about += theirs
        found += theirs and marked
        false += marked and not theirs
    spent = time.perf_counter() - began
    others = len(data.queries) - about
    return {
        "declared": len(declared),
        "as_if_among": AMONG,
        "queries_about_them": about,
        "marked": found,
        "recall": round(found / max(about, 1), 4),
        "queries_about_others": others,
        "marked_falsely": false,
        "falsely_per_1000": round(1_000 * false / max(others, 1), 2),
        "ms_a_query": round(1_000 * spent / max(len(data.queries), 1), 2),
        "seed": seed,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure one folder, or the sample, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="bench.declared", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args(arguments)
    try:
        with given_or_sample(given.data) as folder:
            data = load(folder, Scheme.load("childgrid-2"))
        found = measure(data, given.people, given.seed)
    except BenchError as error:
        parser.error(str(error))
    text = json.dumps(found, indent=2)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
