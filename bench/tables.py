"""Labelled tables in a folder, read and indexed by the node's own code.

A folder holds one mapping (TOML) per agency beside its table, ``queries.toml`` and
``queries.csv``, and ``queries_truth.csv``: for each query the ids of the records that
it should find, blank-separated. The minors' and victims' guard is not asked, so that
every row counts. Rows are never printed.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench import strata
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import Fields, Normaliser, tokens_of
from childgrid_node.register import Register
from deploy.sample.make import make

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

# Nothing measured here is secret; a fixed key makes runs comparable.
BENCH_KEY = bytes(range(32))
BATCH = 2_000
TRAIN = "train"
SAMPLE_ROWS = 1_500


class BenchError(Exception):
    """The folder cannot be measured; the message says what to mend."""


@dataclass(frozen=True)
class Table:
    """One agency's index."""

    agency: str
    index: Index


@dataclass(frozen=True)
class Query:
    """One encoded query, its id, and the ids of the records that it should find.

    ``home`` is the agency whose own record the query is; its table is not searched.
    """

    number: int
    key: str
    encoding: NDArray[np.uint64]
    truth: frozenset[str]
    home: str = ""


@dataclass(frozen=True)
class Labelled:
    """Tables, queries, and how long reading and indexing took (seconds).

    ``strata`` names the evidence that each true pair shares, by ids of query and
    record.
    """

    tables: tuple[Table, ...]
    queries: tuple[Query, ...]
    seconds: float
    strata: dict[tuple[str, str], str]

    def only(self, agencies: Collection[str]) -> Labelled:
        """Return the tables of some agencies (of all, where none is named).

        Raises:
            BenchError: an agency that is not there.
        """
        if missing := set(agencies) - {table.agency for table in self.tables}:
            raise BenchError(f"no table of {', '.join(sorted(missing))}")
        kept = tuple(t for t in self.tables if not agencies or t.agency in agencies)
        return replace(self, tables=kept)

    def without_truth(self) -> Labelled:
        """Return the same tables and queries, unlabelled."""
        untold = tuple(replace(query, truth=frozenset()) for query in self.queries)
        return replace(self, queries=untold, strata={})

    def stratum(self, query: Query, key: str) -> str:
        """Return the stratum of a true pair."""
        return self.strata[query.key, key]

    def under(self, scheme: Scheme) -> Labelled:
        """Return the same encodings with the weights of another scheme."""
        tables = tuple(
            replace(t, index=Index(scheme, t.index.header, t.index.segments))
            for t in self.tables
        )
        return replace(self, tables=tables)


def folder(given: str | None) -> Path:
    """Return the folder from ``--data`` or the environment's CHILDGRID_DATA.

    The latter may hold several such folders; that of ``TRAIN`` is taken then.

    Raises:
        BenchError: neither names a folder.
    """
    kept = Path(os.environ.get("CHILDGRID_DATA", ""))
    for path in (Path(given),) if given else (kept, kept / TRAIN):
        if (path / "queries.toml").is_file():
            return path
    raise BenchError("give a folder with queries.toml by --data or CHILDGRID_DATA")


@contextmanager
def given_or_sample(given: str | None) -> Iterator[Path]:
    """Yield the folder that was named, or one made of the project's own sample.

    Raises:
        BenchError: a folder was named that cannot be measured.
    """
    if given or os.environ.get("CHILDGRID_DATA"):
        yield folder(given)
        return
    with tempfile.TemporaryDirectory() as made:
        make(Path(made), rows=SAMPLE_ROWS)
        yield Path(made) / "bench"


def load(data: Path, scheme: Scheme) -> Labelled:
    """Read and index every table and query of a folder.

    Raises:
        BenchError: an id stands in two tables, or truth and tables disagree.
    """
    began = time.perf_counter()
    encoder = Encoder(scheme, BENCH_KEY, 1)
    mappings = [Mapping.read(path) for path in sorted(data.glob("*.toml"))]
    tables = tuple(
        Table(mapping.agency, _index(mapping, data, encoder))
        for mapping in mappings
        if mapping.path.stem != "queries"
    )
    queries = _queries(Mapping.read(data / "queries.toml"), data, encoder)
    encoder.clear()
    _check(tables, queries)
    seconds = time.perf_counter() - began
    return Labelled(tables, queries, seconds, _strata(data, mappings, queries))


def _strata(
    data: Path, mappings: list[Mapping], queries: tuple[Query, ...]
) -> dict[tuple[str, str], str]:
    asked: dict[str, Fields] = {}
    rows: dict[str, Fields] = {}
    for mapping in mappings:
        target = asked if mapping.path.stem == "queries" else rows
        target |= strata.described(mapping, data)
    return {
        (query.key, key): strata.stratum(asked[query.key], rows[key])
        for query in queries
        for key in query.truth
    }


def _blocks(mapping: Mapping, data: Path, encoder: Encoder) -> Iterator[Block]:
    normaliser = Normaliser()
    with Register.open(mapping, data) as register:
        for batch in register.rows(BATCH):
            tokens = [
                tokens_of(normaliser.person(row.values, mapping)) for row in batch
            ]
            guards = np.zeros(len(batch), np.uint8)
            keys = [row.key for row in batch]
            yield Block(keys, encoder.encode_many(tokens), guards)


def _index(mapping: Mapping, data: Path, encoder: Encoder) -> Index:
    origin = Origin(mapping.agency, mapping.category, 0, 0)
    return Index.of(encoder.scheme, origin, _blocks(mapping, data, encoder))


def _queries(mapping: Mapping, data: Path, encoder: Encoder) -> tuple[Query, ...]:
    truth = _truth(data / "queries_truth.csv")
    found: list[Query] = []
    for block in _blocks(mapping, data, encoder):
        for key, encoding in zip(block.keys, block.encodings, strict=True):
            if key not in truth:
                raise BenchError("a query has no line in queries_truth.csv")
            found.append(Query(len(found), key, encoding, truth[key]))
    return tuple(found)


def _truth(path: Path) -> dict[str, frozenset[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            line["query_id"]: frozenset((line["record_ids"] or "").split())
            for line in csv.DictReader(file)
        }


def _check(tables: tuple[Table, ...], queries: tuple[Query, ...]) -> None:
    ids = [t.index.key(row) for t in tables for row in range(len(t.index))]
    known = set(ids)
    if len(known) != len(ids):
        raise BenchError("an id stands in two tables: their truth cannot be told apart")
    if not known.issuperset(chain.from_iterable(q.truth for q in queries)):
        raise BenchError("the truth names an id that stands in no table")
