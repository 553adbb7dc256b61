"""FEBRL4 by the product's own code: encode, learn on one half, search in the other.

Encoder, index, survey, weights, second stage and learning are the node's and
``bench.learn``'s; this module only hands them FEBRL's rows. Pairs are ranked by the
second stage's log-odds, from which the node rounds its probability.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench import febrl_scheme
from bench.febrl_figures import Pairs, joined
from bench.learn import learn
from bench.tables import BATCH, BENCH_KEY, Labelled, Query, Table
from childgrid_node import scan, score
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.febrl_data import Febrl, Record, Scenario, Search

K = 20
FOLDS = 2


def pairs(febrl: Febrl, scenario: Scenario) -> tuple[Pairs, Pairs]:
    """Return scored pairs of the half learned from, and of the half measured.

    The first are scored crosswise, each query by weights that did not see it: they
    give the threshold, and a model flatters what it has learned.
    """
    encoder = Encoder(febrl_scheme.base(), BENCH_KEY, 1)
    taught, asked = (
        _labelled(encoder, each) for each in febrl.under(scenario).searches()
    )
    encoder.clear()
    return _crosswise(taught), search(asked, learned(taught))


def _crosswise(data: Labelled) -> Pairs:
    found = []
    for fold in range(FOLDS):
        # Learning has folds of its own, by odd and even numbers.
        mine = [query.number // FOLDS % FOLDS == fold for query in data.queries]
        own = tuple(q for q, inside in zip(data.queries, mine, strict=True) if inside)
        rest = tuple(
            q for q, inside in zip(data.queries, mine, strict=True) if not inside
        )
        scheme = learned(replace(data, queries=rest))
        found.append(search(replace(data, queries=own), scheme))
    return joined(found)


def learned(taught: Labelled) -> Scheme:
    """Return the scheme with weights learned from labelled tables."""
    return Scheme.parse(learn(taught, febrl_scheme.base(), febrl_scheme.SOURCE))


def search(data: Labelled, scheme: Scheme) -> Pairs:
    """Return the best rows of every query with their log-odds (millinats)."""
    under = data.under(scheme)
    index = under.tables[0].index
    entities = np.array([int(index.key(row)) for row in range(len(index))])
    scores, queries, rows = [], [], []
    for query in under.queries:
        logits, best = _ranked(index, query.encoding)
        scores.append(logits)
        rows.append(entities[best])
        queries.append(np.full(len(best), int(query.key)))
    held = set(entities.tolist())
    known = frozenset(int(q.key) for q in under.queries if int(q.key) in held)
    return Pairs(
        np.concatenate(scores), np.concatenate(queries), np.concatenate(rows), known
    )


def _ranked(
    index: Index, query: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    scheme = index.scheme
    found = scan.survey(scheme, index.segments, query)
    weights = score.rarity_weights(scheme, found)
    best = scan.best(scheme, found, weights, score.SURVIVORS)
    parts = score.parts_of(found, weights, best.levels)
    logits = score.second(scheme, parts, best.levels, best.scores, len(found.active))
    order = np.argsort(-logits, kind="stable")[:K]
    return logits[order], best.rows[order]


def _labelled(encoder: Encoder, given: Search) -> Labelled:
    tables = tuple(
        Table(f"febrl-{number}", _index(encoder, rows))
        for number, rows in enumerate((given.rows, *given.more))
    )
    blocks = list(_blocks(encoder, given.queries))
    keys = [key for block in blocks for key in block.keys]
    encodings = [encoding for block in blocks for encoding in block.encodings]
    held = {r.entity for rows in (given.rows, *given.more) for r in rows}
    queries = tuple(
        Query(number, key, encoding, frozenset({key} if int(key) in held else ()))
        for number, (key, encoding) in enumerate(zip(keys, encodings, strict=True))
    )
    return Labelled(tables, queries, 0.0, {})


def _index(encoder: Encoder, rows: list[Record]) -> Index:
    origin = Origin("febrl", "febrl", 0, 0)
    return Index.of(encoder.scheme, origin, _blocks(encoder, rows))


def _blocks(encoder: Encoder, records: Sequence[Record]) -> Iterator[Block]:
    for start in range(0, len(records), BATCH):
        part = records[start : start + BATCH]
        tokens = [febrl_scheme.tokens(record.cells) for record in part]
        keys = [str(record.entity) for record in part]
        yield Block(keys, encoder.encode_many(tokens), np.zeros(len(part), np.uint8))
