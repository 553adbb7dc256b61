"""Record-level search is exact, and its two engines agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node.clk import batch
from childgrid_node.clk import search as searching
from childgrid_node.clk.search import SEVERAL, Filters, Similar, search


def filters(rows: int, words: int, seed: int) -> NDArray[np.uint64]:
    """Return random filters, some empty, some full and some twice."""
    random = np.random.default_rng(seed)
    found = random.integers(0, 2**64, (rows, words), np.uint64)
    found &= random.integers(0, 2**64, (rows, words), np.uint64)
    found[:: max(rows // 5, 1)] = 0
    found[1 :: max(rows // 4, 1)] = 2**64 - 1
    found[rows // 2 :][:20] = found[: len(found[rows // 2 :][:20])]
    return found


def plain(rows: NDArray[np.uint64], query: NDArray[np.uint64]) -> list[float]:
    """Return the Dice of each row as sets of bits have it."""
    own = int(np.bitwise_count(query).sum())
    found = []
    for row in rows:
        common = int(np.bitwise_count(row & query).sum())
        found.append(2 * common / max(own + int(np.bitwise_count(row).sum()), 1))
    return found


def same(one: list[Similar], two: list[Similar]) -> bool:
    """Whether rows and Dice are equal."""
    return all(
        np.array_equal(a.rows, b.rows) and np.array_equal(a.dice, b.dice)
        for a, b in zip(one, two, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 90),
    words=st.sampled_from([1, 2, 4, 7, 16, 21, 36]),
    seed=st.integers(0, 9),
    k=st.integers(1, 12),
    threshold=st.sampled_from([0.0, 0.3, 0.5, 2 / 3, 0.7, 1.0]),
)
def test_the_best_are_those_of_a_full_sort(
    rows: int, words: int, seed: int, k: int, threshold: float
) -> None:
    """Both engines, any threads, one query or many: order, ties and edges are exact."""
    table = filters(rows, words, seed)
    queries = np.concatenate([table[:3], filters(2, words, seed + 1)])
    kept = Filters.of(table)
    found = search(kept, queries, k, threshold, engine_name="numba")
    for query, one in zip(queries, found, strict=True):
        dice = plain(table, query)
        near = [at for at in range(rows) if dice[at] >= threshold and dice[at] > 0]
        best = sorted(near, key=lambda at: (-dice[at], at))[:k]
        assert one.rows.tolist() == best
        assert one.dice.tolist() == [dice[at] for at in best]
    assert same(found, search(kept, queries, k, threshold, engine_name="numpy"))
    assert same(found, search(kept, queries, k, threshold, threads=3))
    single = [search(kept, one[None], k, threshold)[0] for one in queries]
    assert same(found, single)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.sampled_from(
        [1, 2, 63, 64, 65, 255, 256, 257, 700, 2047, 2048, 2049, 4500]
    ),
    words=st.sampled_from([1, 3, 8, 16, 21]),
    seed=st.integers(0, 9),
    k=st.sampled_from([1, 2, 10, 300]),
    threshold=st.sampled_from([0.0, 0.5, 2 / 3, 0.7, 0.9, 1.0]),
)
def test_many_queries_at_once_find_what_one_alone_finds(
    rows: int, words: int, seed: int, k: int, threshold: float
) -> None:
    """Blocks cut short, odd widths, empty and equal rows, more wanted than there."""
    table = filters(rows, words, seed)
    table[rows // 3 : rows // 2] &= np.uint64(0x0101_0101_0101_0101)
    queries = np.concatenate([table[:SEVERAL], filters(SEVERAL, words, seed + 1)])
    kept = Filters.of(table)

    found = search(kept, queries, k, threshold, engine_name="numba")

    assert same(found, search(kept, queries, k, threshold, engine_name="numpy"))
    assert same(found, search(kept, queries, k, threshold, threads=3))


def test_equal_rows_come_in_their_order_whatever_their_bits() -> None:
    """Rows are taken by popcount; those of equal Dice still come earlier first."""
    table = np.zeros((3000, 2), np.uint64)
    table[:, 0] = 0b0111_1100_0111  # 3 of 4 + 8 are 0.5
    table[1:511:2, 0] = 0b0011_0011  # and so are 2 of 4 + 4
    table[700, 0] = 0b0111  # with those before, the first block
    query = np.tile(np.array([0b1111, 0], np.uint64), (SEVERAL, 1))

    found = search(Filters.of(table), query, 6, engine_name="numba")

    assert found[0].rows.tolist() == [700, 0, 1, 2, 3, 4]
    assert found[-1].rows.tolist() == found[0].rows.tolist()


def test_what_is_expected_of_rows_decides_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sample that is unlike the rows costs time and no row."""
    table = filters(2000, 16, 5)
    kept, queries = Filters.of(table), table[-SEVERAL:]
    right = search(kept, queries, 7, 0.6, engine_name="numpy")
    for guess in (-1e9, 1e9):
        monkeypatch.setattr(batch, "LIKELY", guess)
        assert same(right, search(kept, queries, 7, 0.6, engine_name="numba"))


def test_more_queries_than_one_pass_takes_are_answered_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is kept for queries is bounded, and each still gets its own answer."""
    table = filters(500, 4, 2)
    kept, queries = Filters.of(table), table[:50]
    right = search(kept, queries, 3, engine_name="numpy")
    monkeypatch.setattr(searching, "NEEDED_BYTES", 1)
    assert same(right, search(kept, queries, 3, engine_name="numba"))


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_filters_without_a_bit_are_like_nothing(engine: str) -> None:
    """An empty query finds no row, and an empty row is never found."""
    table = filters(40, 16, 3)
    nothing = np.zeros((1, 16), np.uint64)
    (found,) = search(Filters.of(table), nothing, 5, engine_name=engine)
    (other,) = search(Filters.of(table), table[2:3], 40, engine_name=engine)

    assert len(found.rows) == 0
    assert not set(other.rows.tolist()) & set(np.flatnonzero(~table.any(axis=1)))
