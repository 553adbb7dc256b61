"""Distinct cells are numbered by what they say, within a bound."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.clk import known
from childgrid_node.clk.cells import Cells
from childgrid_node.clk.known import Known


@given(st.lists(st.text("ab\0é𝔸", max_size=3) | st.text(max_size=40), max_size=60))
def test_numbers_are_those_of_a_dictionary(values: list[str]) -> None:
    """Equal cells have one number, in the order of first use, and come back whole."""
    numbers: dict[str, int] = {}
    right = [numbers.setdefault(value, len(numbers)) for value in values]
    table = Known(100)

    last, found, texts = table.number(Cells.of(values), 0)

    assert (last, found.tolist(), texts) == (len(values), right, list(numbers))
    assert table.number(Cells.of(values), 0)[2] == []


def test_cells_of_one_hash_stay_apart() -> None:
    """A hash only says where to look."""
    table = Known(10)
    table.number(Cells.of(["devi"]), 0)
    table._codes[0] = ord("l")  # as if "levi" had the hash of "devi"

    _, found, texts = table.number(Cells.of(["devi", "devi"]), 0)

    assert (found.tolist(), texts) == ([1, 1], ["devi"])


def test_a_table_grows_up_to_its_room_and_goes_on_when_cleared() -> None:
    """What is refused is numbered afresh after `clear`; nothing in between is lost."""
    rng = random.Random(4)
    values = [str(rng.randrange(9_000)) for _ in range(40_000)]
    cells, table = Cells.of(values), Known(5_000)
    first, clears, named = 0, 0, []
    texts: list[str] = []
    while first < len(values):
        last, numbers, more = table.number(cells, first)
        texts += more
        named += [texts[number] for number in numbers]
        assert len(table) <= 5_000
        if last == first:
            table.clear()
            clears, texts = clears + 1, []
        first = last

    assert clears > 1
    assert named == values


def test_long_cells_fill_a_table_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code points are bounded as well as cells, but any one cell is taken."""
    monkeypatch.setattr(known, "FIRST_CODES", 4)
    monkeypatch.setattr(known, "MOST_CODES", 100)
    table = Known(50)
    cells = Cells.of(["a" * 90, "b" * 300, "c"])

    assert table.number(cells, 0)[0] == 1
    assert table.number(cells, 1)[0] == 1
    table.clear()
    last, numbers, texts = table.number(cells, 1)
    assert (last, numbers.tolist(), texts) == (2, [0], ["b" * 300])
    assert np.array_equal(table.number(Cells.of(["b" * 300]), 0)[1], [0])
