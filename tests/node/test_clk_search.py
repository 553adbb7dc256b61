"""Record-level search is exact, and its two engines agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from childgrid_node.clk.search import Filters, Similar, search


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


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_filters_without_a_bit_are_like_nothing(engine: str) -> None:
    """An empty query finds no row, and an empty row is never found."""
    table = filters(40, 16, 3)
    nothing = np.zeros((1, 16), np.uint64)
    (found,) = search(Filters.of(table), nothing, 5, engine_name=engine)
    (other,) = search(Filters.of(table), table[2:3], 40, engine_name=engine)

    assert len(found.rows) == 0
    assert not set(other.rows.tolist()) & set(np.flatnonzero(~table.any(axis=1)))
