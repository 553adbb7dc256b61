"""The scan is exact, and its two engines agree bit for bit."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node import fallback, kernels, scan, segments
from childgrid_node.index import Block, Index, Origin
from childgrid_node.levels import CUT_SCALE, SHIFT, reciprocals
from childgrid_node.plan import LEVELS
from childgrid_node.scheme import Scheme

TEST = Scheme.load("test-1")
GRID = Scheme.load("childgrid-2")
ORIGIN = Origin("a", "b", 0, 0)


def people(scheme: Scheme, rows: int, seed: int) -> NDArray[np.uint64]:
    """Return random rows with empty fields, few distinct tags, and near-copies."""
    random = np.random.default_rng(seed)
    shape = (rows, scheme.layout.words)
    found = random.integers(0, 2**64, shape, np.uint64)
    found &= random.integers(0, 2**64, shape, np.uint64)
    for tag in scheme.tags:
        place = scheme.layout[tag.name]
        for word in range(place.start, place.stop):
            values = random.integers(1, 4, rows).astype(np.uint64)
            found[:, word] &= ~np.uint64(place.mask)
            found[:, word] |= values << np.uint64(0 if place.mask & 1 else 32)
    for place in scheme.layout.places.values():
        absent = random.random(rows) < 0.4
        found[absent, place.start : place.stop] &= ~np.uint64(place.mask)
    for row in range(0, rows - 1, 3):
        found[row + 1, : scheme.layout.words // 2] = found[row, : len(found[0]) // 2]
    return found


def index_of(scheme: Scheme, rows: NDArray[np.uint64], *, each: int = 64) -> Index:
    """Return an index in memory with ``each`` rows a segment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "FRAME_ROWS", each)
        return _index_of(scheme, rows, each)


def _index_of(scheme: Scheme, rows: NDArray[np.uint64], each: int) -> Index:
    blocks = [
        Block(
            [str(number) for number in range(low, min(low + each, len(rows)))],
            rows[low : low + each],
            np.zeros(len(rows[low : low + each]), np.uint8),
        )
        for low in range(0, len(rows), each)
    ]
    return Index.of(scheme, ORIGIN, blocks)


@pytest.fixture(autouse=True)
def _no_machine_code_left_behind(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random layouts are compiled for one test and leave nothing in a user's cache."""
    if "cache" in request.node.name:
        return
    kept = {kernels.source(TEST): kernels._cache_file(kernels.source(TEST))}
    kept[kernels.source(GRID)] = kernels._cache_file(kernels.source(GRID))
    monkeypatch.setattr(kernels, "_cache_file", kept.get)


def joined(found: scan.Survey) -> NDArray[np.uint8]:
    """Return the levels of all rows, ``uint8[active, rows]``."""
    parts = zip(found.segments, found.levels, strict=True)
    return np.concatenate([levels[:, : len(one.dead)] for one, levels in parts], axis=1)


def variant(seed: int) -> Scheme:
    """Return a scheme with random widths, cuts and pairs."""
    random = np.random.default_rng(seed)
    document: dict[str, Any] = json.loads(TEST.raw)
    for field in document["encoding"]["fields"]:
        field["bits"] = int(64 << random.integers(0, 4))
    for comparison in document["comparing"]["comparisons"]:
        if comparison["kind"] == "tag":
            continue
        for cuts in ("dice", "overlap"):
            drawn = random.integers(1, 10_001, random.integers(0, 7)).tolist()
            comparison[cuts] = sorted(set(drawn))
        name = comparison["name"]
        levels = (len(comparison["dice"]) + 1) * (len(comparison["overlap"]) + 1)
        for table in ("match", "chance"):
            drawn = random.integers(-9000, 0, levels).tolist()
            document["weights"][table][name] = drawn
    return Scheme.parse(json.dumps(document).encode())


def plain_level(scheme: Scheme, name: str, query: Any, row: Any) -> int:
    """Return one comparison's level, computed as its definition reads."""
    comparison = next(c for c in scheme.comparisons if c.name == name)
    if comparison.unless and plain_level(scheme, comparison.unless, query, row):
        return 0
    if comparison.kind == "tag":
        place = scheme.layout[comparison.pairs[0][0]]
        mine, theirs = (
            {int(word) & place.mask for word in one[place.start : place.stop]} - {0}
            for one in (query, row)
        )
        return (1 + bool(mine & theirs)) if mine and theirs else 0
    found = [
        level
        for own, other in comparison.pairs
        if (level := _plain_pair(scheme, comparison, query, row, own, other))
    ]
    weight = np.subtract(comparison.match, comparison.chance)
    best: int = max(found, key=lambda level: (weight[level - 1], level), default=0)
    return best


def _plain_pair(
    scheme: Scheme,
    comparison: Any,
    query: Any,
    row: Any,
    own: str,
    other: str,
) -> int:
    width = min(scheme.layout[own].words, scheme.layout[other].words)
    sets = []
    for one, name in ((query, own), (row, other)):
        place = scheme.layout[name]
        bits = set()
        for number, word in enumerate(one[place.start : place.stop]):
            bits |= {64 * (number % width) + b for b in range(64) if int(word) >> b & 1}
        sets.append(bits)
    mine, theirs = sets
    if not mine or not theirs:
        return 0
    common = len(mine & theirs)
    dice = 2 * CUT_SCALE * common // (len(mine) + len(theirs))
    overlap = CUT_SCALE * common // min(len(mine), len(theirs))
    near = sum(cut <= dice for cut in comparison.dice)
    over = sum(cut <= overlap for cut in comparison.overlap)
    return int(1 + near * (len(comparison.overlap) + 1) + over)


@pytest.mark.parametrize("engine", ["numba", "numpy"])
@pytest.mark.parametrize("scheme", [TEST, GRID, variant(11)], ids=["test", "grid", "x"])
def test_levels_are_what_their_definition_says(scheme: Scheme, engine: str) -> None:
    """Both engines give the levels that plain sets of bits give."""
    rows = people(scheme, 60, 5)
    for query in rows[:4]:
        found = scan.survey(scheme, index_of(scheme, rows).segments, query, engine)
        levels = scan.levels_of(scheme, found, np.arange(60))
        for at, comparison in enumerate(scheme.comparisons):
            expected = [plain_level(scheme, comparison.name, query, r) for r in rows]
            assert expected == levels[:, at].tolist()


@pytest.mark.parametrize("seed", range(2))
def test_engines_agree_on_random_layouts(seed: int) -> None:
    """Levels, counts, order and scores are equal for random schemes and rows."""
    scheme = variant(seed)
    rows = people(scheme, 300, seed)
    index = index_of(scheme, rows)
    index = index.changed(deletes=[str(number) for number in range(0, 300, 7)])
    for query in (*rows[:6], np.zeros_like(rows[0])):
        both = []
        for engine in ("numba", "numpy"):
            found = scan.survey(scheme, index.segments, query, engine)
            shape = (len(found.active), LEVELS)
            weights = np.random.default_rng(seed).integers(-9, 9, shape)
            both.append((found, scan.best(scheme, found, weights, 40, engine)))
        (one, best), (two, second) = both
        assert one.active == two.active
        assert np.array_equal(one.counts, two.counts)
        assert np.array_equal(joined(one), joined(two))
        assert np.array_equal(best.rows, second.rows)
        assert np.array_equal(best.scores, second.scores)
        assert np.array_equal(best.levels, second.levels)


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_the_best_are_those_of_a_full_sort(engine: str) -> None:
    """Top-k equals sorting every sum, earlier rows first among equals."""
    rows = people(TEST, 500, 3)
    index = index_of(TEST, rows, each=77)
    index = index.changed(deletes=["0", "499"])
    found = scan.survey(TEST, index.segments, rows[0], engine)
    weights = np.random.default_rng(1).integers(-3, 3, (len(found.active), LEVELS))
    best = scan.best(TEST, found, weights, 25, engine)
    levels = joined(found)
    sums = sum(weights[at, levels[at]] for at in range(len(found.active)))
    living = [row for row in range(500) if row not in (0, 499)]
    expected = sorted(living, key=lambda row: (-sums[row], row))[:25]

    assert expected == best.rows.tolist()
    assert [int(sums[row]) for row in expected] == best.scores.tolist()


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_deleted_rows_are_neither_counted_nor_found(engine: str) -> None:
    """A tombstone takes a row out of the counts and out of the best."""
    rows = people(TEST, 30, 9)
    index = index_of(TEST, rows)
    index = index.changed(deletes=[str(number) for number in range(1, 30)])
    found = scan.survey(TEST, index.segments, rows[0], engine)
    weights = np.zeros((len(found.active), LEVELS), np.int64)

    assert {1} == set(found.counts.sum(axis=1).tolist())
    assert scan.best(TEST, found, weights, 10, engine).rows.tolist() == [0]


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_an_empty_query_or_index_finds_nothing_to_compare(engine: str) -> None:
    """All-zero queries compare nothing; an empty index has no best row."""
    rows = people(TEST, 5, 1)
    nothing = np.zeros(TEST.layout.words, np.uint64)
    found = scan.survey(TEST, index_of(TEST, rows).segments, nothing, engine)
    none = scan.survey(TEST, (), rows[0], engine)
    weights = np.zeros((len(none.active), LEVELS), np.int64)

    assert found.active == ()
    assert len(scan.best(TEST, none, weights, 5, engine).rows) == 0


@settings(max_examples=300)
@given(st.data())
def test_division_by_multiplication_is_exact(data: st.DataObject) -> None:
    """Dice and overlap per 10,000 equal integer division for every width allowed."""
    bits = data.draw(st.sampled_from([64, 128, 512, 4096]))
    mine = data.draw(st.integers(1, bits))
    theirs = data.draw(st.integers(1, bits))
    common = data.draw(st.integers(0, min(mine, theirs)))
    by_dice, by_overlap = (table.tolist() for table in reciprocals(mine, bits))
    dice, overlap = 2 * CUT_SCALE * common, CUT_SCALE * common

    assert dice * by_dice[theirs] < 2**64
    assert dice // (mine + theirs) == dice * by_dice[theirs] >> SHIFT
    assert overlap // min(mine, theirs) == overlap * by_overlap[theirs] >> SHIFT


def test_a_damaged_kernel_cache_does_not_stop_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lies in the cache, the answers are those of the source made here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kernels, "_surveys", {})
    rows = people(TEST, 40, 2)
    index = index_of(TEST, rows)
    before = scan.survey(TEST, index.segments, rows[0], "numba")
    folder = tmp_path / "childgrid" / "kernels"
    for file in folder.rglob("*.nbc"):
        file.write_bytes(b"junk")
    for file in folder.glob("*.py"):
        file.write_text("raise SystemExit")
    monkeypatch.setattr(kernels, "_surveys", {})
    after = scan.survey(TEST, index.segments, rows[0], "numba")

    assert np.array_equal(before.counts, after.counts)


def test_a_cache_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machine code is loaded only from a folder that is this user's alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "childgrid" / "kernels"
    folder.mkdir(parents=True)
    folder.chmod(0o777)

    assert kernels._cache_file("x = 1") is None
    assert list(folder.iterdir()) == []


def test_the_engine_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument first, then by the environment."""
    monkeypatch.setenv("CHILDGRID_SCAN", "numpy")

    assert scan.engine().__name__.endswith("fallback")
    assert scan.engine("numba").__name__.endswith("kernels")


@pytest.mark.parametrize("engine", ["numba", "numpy"])
@pytest.mark.parametrize("piece", [90, 5_000])
def test_many_queries_and_threads_answer_as_one(
    engine: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch, and any number of threads, give what each query alone gives."""
    monkeypatch.setattr(scan, "PIECE_ROWS", piece)
    rows = people(TEST, 1_500, 6)
    index = index_of(TEST, rows, each=700)
    index = index.changed(deletes=["3", "1400"])
    queries = [*rows[:5], np.zeros_like(rows[0])]
    together = scan.survey_many(TEST, index.segments, queries, engine, threads=2)
    for query, found in zip(queries, together, strict=True):
        alone = scan.survey(TEST, index.segments, query, engine)
        shape = (len(alone.active), LEVELS)
        weights = np.random.default_rng(2).integers(-9, 9, shape)
        one = scan.best(TEST, alone, weights, 30, engine)
        two = scan.best(TEST, found, weights, 30, engine, threads=3)

        assert alone.active == found.active
        assert np.array_equal(alone.counts, found.counts)
        assert np.array_equal(joined(alone), joined(found))
        assert np.array_equal(one.rows, two.rows)
        assert np.array_equal(one.scores, two.scores)
        assert np.array_equal(one.levels, two.levels)


class _HeldUp:
    """An engine whose first piece lies still until all others have been read."""

    def __init__(self, pieces: int) -> None:
        self._left, self._lock = pieces - 1, threading.Lock()
        self._others, self._first = threading.Event(), True

    def __getattr__(self, name: str) -> Any:
        return getattr(fallback, name)

    def survey(self, *arguments: Any) -> Any:
        with self._lock:
            first, self._first = self._first, False
        if first:
            assert self._others.wait(60), "the rest waited for a thread held up"
        else:
            with self._lock:
                self._left -= 1
                if not self._left:
                    self._others.set()
        return fallback.survey(*arguments)


def test_a_thread_that_is_held_up_leaves_the_rest_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads take pieces as they get free; order and answer stay what they are."""
    monkeypatch.setattr(scan, "PIECE_ROWS", 100)
    rows = people(TEST, 900, 6)
    index = index_of(TEST, rows, each=450)
    alone = scan.survey(TEST, index.segments, rows[7], "numpy")
    held_up = _HeldUp(pieces=10)
    monkeypatch.setattr(scan, "engine", lambda _: held_up)

    found = scan.survey(TEST, index.segments, rows[7], threads=2)

    assert np.array_equal(joined(alone), joined(found))
    assert np.array_equal(alone.counts, found.counts)


class _InStep:
    """An engine whose threads rank their pieces two by two."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=60)

    def __getattr__(self, name: str) -> Any:
        return getattr(fallback, name)

    def best(self, *arguments: Any) -> Any:
        self._both.wait()
        return fallback.best(*arguments)


def test_of_rows_alike_the_earlier_is_first_whichever_thread_took_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two threads that take turns have every other piece each."""
    monkeypatch.setattr(scan, "PIECE_ROWS", 10)
    index = index_of(TEST, people(TEST, 80, 6), each=80)
    found = scan.survey(TEST, index.segments, people(TEST, 1, 6)[0], "numpy", threads=2)
    monkeypatch.setattr(scan, "engine", lambda _: in_step)
    in_step = _InStep()
    nothing = np.zeros((len(found.active), LEVELS), np.int64)

    best = scan.best(TEST, found, nothing, 40, threads=2)

    assert best.rows.tolist() == list(range(40))


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_a_threshold_leaves_out_what_is_not_above_it(engine: str) -> None:
    """Of the best rows those above the threshold stay, in the same order."""
    rows = people(TEST, 300, 8)
    index = index_of(TEST, rows)
    found = scan.survey(TEST, index.segments, rows[4], engine)
    weights = np.random.default_rng(3).integers(-5, 5, (len(found.active), LEVELS))
    best = scan.best(TEST, found, weights, 50, engine)
    edge = int(best.scores[20])
    above = scan.best(TEST, found, weights, 50, engine, least=edge)

    assert above.rows.tolist() == best.rows[best.scores > edge].tolist()


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_only_what_depends_on_the_table_need_be_counted(engine: str) -> None:
    """Without all counts, those of comparisons marked for rarity are the same."""
    rows = people(GRID, 600, 4)
    index = index_of(GRID, rows)
    whole = scan.survey(GRID, index.segments, rows[0], engine)
    (some,) = scan.survey_many(
        GRID, index.segments, [rows[0]], engine, all_counts=False
    )
    rare = [at for at, c in enumerate(whole.active) if GRID.comparisons[c].rarity]

    assert rare
    assert np.array_equal(whole.counts[rare], some.counts[rare])
    assert not np.delete(some.counts, rare, axis=0).any()


def test_machine_code_is_kept_by_all_that_it_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another version of the functions that the source calls is another source."""
    before = kernels.source(TEST)
    monkeypatch.setattr(kernels, "_version", lambda: "another")

    assert kernels.source(TEST) != before
