"""Queries share passes over memory, and agencies take turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.turns import Line, Turns
from childgrid_wire.errors import Reason, Refused

joins = st.lists(st.sampled_from(["police", "customs", "prisons"]), max_size=40)


@given(joins, st.integers(1, 8))
def test_agencies_take_turns(agencies: list[str], most: int) -> None:
    """All are served, each agency's in order, and nobody waits for two of another."""
    line: Line[tuple[str, int]] = Line()
    for number, agency in enumerate(agencies):
        line.join(agency, (agency, number))
    served: list[tuple[str, int]] = []
    while taken := line.take(most):
        assert len(taken) <= most
        served += taken
    assert sorted(served, key=lambda one: one[1]) == list(
        zip(agencies, range(len(agencies)), strict=True)
    )
    for agency in set(agencies):
        own = [number for name, number in served if name == agency]
        assert own == sorted(own)
        last = max(place for place, one in enumerate(served) if one[0] == agency)
        others = [name for name, _ in served[:last] if name != agency]
        assert all(others.count(name) <= len(own) for name in set(others))


def test_a_flood_is_told_to_come_again() -> None:
    """Who has too many waiting is refused; others still get in."""
    line: Line[int] = Line(most=2)
    line.join("police", 1)
    line.join("police", 2)
    with pytest.raises(Refused) as refusal:
        line.join("police", 3)
    assert refusal.value.reason is Reason.BUSY
    line.join("customs", 4)
    assert line.take(9) == [1, 4, 2]


def counted(turns: Turns[int, int]) -> threading.Semaphore:
    """A semaphore that is released by each caller who has queued up."""
    joined, join = threading.Semaphore(0), turns._line.join

    def counting(agency: str, item: tuple[int, Future[int]]) -> None:
        join(agency, item)
        joined.release()

    turns._line.join = counting  # type: ignore[method-assign]
    return joined


def test_who_waits_during_a_pass_shares_the_next() -> None:
    """Ten callers that came while a pass ran are served by one, each its own."""
    passes: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def run(queries: Sequence[int]) -> list[int]:
        passes.append(len(queries))
        if len(passes) == 1:
            begun.set()
            assert go_on.wait(60)
        return [query * query for query in queries]

    turns = Turns(run)
    joined = counted(turns)
    with ThreadPoolExecutor(11) as pool:
        first = pool.submit(turns.serve, "police", 2)
        assert begun.wait(60)
        rest = [pool.submit(turns.serve, f"a{n % 3}", n) for n in range(10)]
        for _ in range(11):
            assert joined.acquire(timeout=60)
        go_on.set()
        assert first.result(60) == 4
        assert [one.result(60) for one in rest] == [n * n for n in range(10)]
    assert passes == [1, 10]


def test_an_error_reaches_those_of_its_pass_only() -> None:
    """The pass after it goes on."""

    def run(queries: Sequence[int]) -> list[float]:
        return [1 / query for query in queries]

    turns = Turns(run)
    with pytest.raises(ZeroDivisionError):
        turns.serve("police", 0)
    assert turns.serve("police", 2) == 0.5
