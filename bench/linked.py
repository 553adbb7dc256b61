"""Records of one table asked in the others, as further searches to learn from.

Where a folder says which records are one person (``truth.csv``: agency, record_id,
person_id), a record is a description of its person as good as any query. People that
a query is about are left alone, so that halves of the queries share nobody; one record
a person is asked, as many of people whom another table knows as of people whom none
does. It is never asked in its own table. Only learning uses them: what is
measured are queries.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from bench.tables import Labelled, Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PER_QUERY = 2
FILE = "truth.csv"
SEED = 20_260_601


@dataclass(frozen=True, order=True)
class Record:
    """One record: the number of its table, its row, and its id."""

    table: int
    row: int
    key: str


def with_records(data: Labelled, folder: Path, most: int | None = None) -> Labelled:
    """Return the same tables with up to ``most`` of their records as queries more.

    By default twice as many as there are queries. Without a ``truth.csv`` nothing is
    added.
    """
    path = folder / FILE
    if not path.is_file():
        return data
    people = _strangers(data, _people(data, path))
    if most is None:
        most = PER_QUERY * len(data.queries)
    known = [records for records in people if len({r.table for r in records}) > 1]
    others = [records for records in people if len({r.table for r in records}) == 1]
    chosen = _draw(known, most // 2) + _draw(others, most // 2)
    first = 1 + max((query.number for query in data.queries), default=-1)
    more = (_asked(data, first + at, one) for at, one in enumerate(chosen))
    return replace(data, queries=data.queries + tuple(more))


def _people(data: Labelled, path: Path) -> list[list[Record]]:
    """Records by person; those that no table holds or could read are left out."""
    agencies = {table.agency: number for number, table in enumerate(data.tables)}
    rows = [_rows(data, number) for number in agencies.values()]
    found: dict[str, list[Record]] = defaultdict(list)
    for agency, key, person in _lines(path):
        number = agencies.get(agency)
        if number is not None and key in rows[number]:
            found[person].append(Record(number, rows[number][key], key))
    return [sorted(found[person]) for person in sorted(found)]


def _rows(data: Labelled, number: int) -> dict[str, int]:
    index = data.tables[number].index
    return {index.key(row): row for row in range(len(index))}


def _lines(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            yield line["agency"], line["record_id"], line["person_id"]


def _strangers(data: Labelled, people: list[list[Record]]) -> list[list[Record]]:
    """People that no query is about."""
    asked = set(chain.from_iterable(query.truth for query in data.queries))
    return [p for p in people if asked.isdisjoint(record.key for record in p)]


def _draw(people: list[list[Record]], most: int) -> list[list[Record]]:
    order = np.random.default_rng(SEED).permutation(len(people))[:most]
    return [people[at] for at in sorted(order.tolist())]


def _asked(data: Labelled, number: int, records: list[Record]) -> Query:
    """One of a person's records as a query for the person's others."""
    one = records[number % len(records)]
    table = data.tables[one.table]
    truth = frozenset(r.key for r in records if r.table != one.table)
    encoding = table.index.encoding(one.row)
    return Query(number, one.key, encoding, truth, home=table.agency)
