"""Queries that share a pass are answered as each alone, whatever they ask of what."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node import batch_loops, batch_pass, bitwise, columns, kernels, scan
from childgrid_node.bitwise import BLOCK
from childgrid_node.index import Block, Index, Origin
from childgrid_node.plan import LEVELS, SEVERAL, Plan
from childgrid_node.scheme import Scheme

TEST = Scheme.load("test-1")
GRID = Scheme.load("childgrid-2")
ORIGIN = Origin("a", "b", 0, 0)
EDGES = (1, 3, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5, 8 * BLOCK, 8 * BLOCK + 70)


def layout(seed: int) -> Scheme:
    """A scheme with other widths, up to 4,096 bits, so that fields are folded."""
    random = np.random.default_rng(seed)
    document: dict[str, Any] = json.loads(TEST.raw)
    for field in document["encoding"]["fields"]:
        field["bits"] = int(64 << random.integers(0, 7))
    for tag in document["encoding"]["tags"]:
        tag["slots"] = int(random.integers(1, 5)) if tag["bits"] == 64 else 1
    return Scheme.parse(json.dumps(document).encode())


def people(scheme: Scheme, rows: int, random: np.random.Generator) -> Any:
    """Encodings like one another, with few distinct tags and fields left out."""
    pool = random.integers(0, 2**64, (7, scheme.layout.words), np.uint64)
    pool &= random.integers(0, 2**64, pool.shape, np.uint64)
    found = np.zeros((rows, scheme.layout.words), np.uint64)
    for place in scheme.layout.places.values():
        words, share = slice(place.start, place.stop), random.choice([0.02, 0.6, 1])
        drawn = pool[random.integers(0, len(pool), rows), words]
        drawn &= random.integers(0, 2**64, drawn.shape, np.uint64) | drawn << np.uint64(
            9
        )
        drawn[random.random(rows) > share] = 0
        found[:, words] |= drawn & np.uint64(place.mask)
    for tag in scheme.tags:
        for word in range(scheme.layout[tag.name].start, scheme.layout[tag.name].stop):
            mask = np.uint64(scheme.layout[tag.name].mask)
            few = random.integers(0, 4, rows, np.uint64) * np.uint64(2**33 + 1)
            found[:, word] = found[:, word] & ~mask | few & mask
    return found


def queries(rows: NDArray[np.uint64], scheme: Scheme, count: int, random: Any) -> Any:
    """Some of the rows, each with other fields left out; one may ask about nothing."""
    found = rows[random.integers(0, len(rows), count)].copy()
    for query in found:
        left = random.random() * 1.1
        for place in scheme.layout.places.values():
            if random.random() < left:
                query[place.start : place.stop] &= ~np.uint64(place.mask)
    return list(found)


def index_of(scheme: Scheme, rows: NDArray[np.uint64], random: Any) -> Index:
    """The rows in memory, some of them deleted again."""
    keys = [str(number) for number in range(len(rows))]
    index = Index.of(scheme, ORIGIN, [Block(keys, rows, np.zeros(len(rows), np.uint8))])
    gone = np.flatnonzero(random.random(len(rows)) < random.choice([0, 0.01, 0.3]))
    return index.changed(deletes=[keys[at] for at in gone])


def answered(scheme: Scheme, found: scan.Survey, engine: str) -> tuple[Any, ...]:
    """All that a search makes of a query's levels."""
    shape = len(found.active), LEVELS
    weights = np.random.default_rng(3).integers(-9000, 9000, shape)
    best = scan.best(scheme, found, weights, 30, engine)
    every = zip(found.segments, found.levels, strict=True)
    levels = [levels[:, : len(part.dead)].tolist() for part, levels in every]
    ranked = best.rows.tolist(), best.scores.tolist(), best.levels.tolist()
    return found.active, levels, found.counts.tolist(), ranked


@settings(max_examples=25, deadline=None)
@given(
    scheme=st.sampled_from([TEST, GRID, *map(layout, range(6))]),
    rows=st.sampled_from(EDGES),
    count=st.integers(SEVERAL, 20),
    seed=st.integers(0, 2**32),
)
def test_a_batch_is_answered_as_by_the_definition(
    scheme: Scheme, rows: int, count: int, seed: int
) -> None:
    """Levels, counts, order and sums are numpy's, for any layout and any queries."""
    random = np.random.default_rng(seed)
    encodings = people(scheme, rows, random)
    index = index_of(scheme, encodings, random)
    asked = queries(encodings, scheme, count, random)
    pass_, some = (scheme, index.segments, asked), bool(seed % 2)
    ours = scan.survey_many(*pass_, "numba", all_counts=some)
    plain = scan.survey_many(*pass_, "numpy", all_counts=some)
    for one, two in zip(ours, plain, strict=True):
        assert answered(scheme, one, "numba") == answered(scheme, two, "numpy")


@pytest.mark.parametrize("count", range(1, 21))
def test_company_changes_no_answer(count: int) -> None:
    """With any number of others in the pass, a query is answered as alone."""
    random = np.random.default_rng(count)
    encodings = people(GRID, 1_300, random)
    index = index_of(GRID, encodings, random)
    asked = queries(encodings, GRID, count, random)
    together = scan.survey_many(GRID, index.segments, asked, "numba", threads=2)
    for query, found in zip(asked, together, strict=True):
        alone = scan.survey(GRID, index.segments, query, "numba")
        assert answered(GRID, alone, "numba") == answered(GRID, found, "numba")


def test_rows_that_are_all_alike_are_all_counted() -> None:
    """A level that every row of a register has is counted as often as rows live."""
    random = np.random.default_rng(1)
    encodings = np.repeat(people(GRID, 1, random), 20_000, axis=0)
    segments = index_of(GRID, encodings, random).changed(deletes=["7"]).segments
    asked = [encodings[0]] * SEVERAL
    for found in scan.survey_many(GRID, segments, asked, "numba"):
        living = sum(int((part.dead == 0).sum()) for part in segments)
        assert set(found.counts.max(axis=1).tolist()) == {living}


def test_machine_code_is_kept_by_the_files_it_is_made_of() -> None:
    """Another version of the vectors that the loops call is other machine code."""
    files = (Path(columns.__file__), Path(bitwise.__file__))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    held = [cell.cell_contents for cell in batch_loops.loops().py_func.__closure__]

    assert digest in held


def test_who_asks_while_loops_are_compiled_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After an installation that takes seconds; one by one the answers are the same."""
    random = np.random.default_rng(8)
    plans = [Plan.of(GRID, query) for query in people(GRID, 5, random)]
    able = np.ones(len(GRID.comparisons), np.bool_)
    assert kernels.prepare(plans, able).many

    for event in ("_tried", "_made"):
        monkeypatch.setattr(batch_pass, event, Event())
    with batch_pass._making:
        assert not kernels.prepare(plans, able).many
    assert kernels.prepare(plans, able).many
    assert not kernels.prepare(plans[:2], able).many


def test_a_damaged_cache_of_machine_code_stops_no_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loops for one query answer, and nobody tries the others again."""
    random, tries = np.random.default_rng(9), []

    def damaged(scheme: Scheme) -> None:
        tries.append(scheme)
        raise ValueError("no machine code")

    index = index_of(GRID, people(GRID, 700, random), random)
    queries = list(people(GRID, 4, random))
    right = scan.survey_many(GRID, index.segments, queries)
    monkeypatch.setattr(batch_pass, "_try_out", damaged)
    for event in ("_tried", "_made"):
        monkeypatch.setattr(batch_pass, event, Event())

    for _ in range(2):
        found = scan.survey_many(GRID, index.segments, queries)
        for one, other in zip(found, right, strict=True):
            assert (one.counts == other.counts).all()
    assert len(tries) == 1
