"""Agencies take turns for a few places, and one agency's flood waits for itself."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_wire.lanes import CROWD, Lanes, _Waiter

FLOOD = 8


class Work:
    """A piece of work in a lane that ends when it is told to."""

    def __init__(self, lanes: Lanes, agency: str, pool: ThreadPoolExecutor) -> None:
        self.begun, self.end = threading.Event(), threading.Event()
        self._lanes, self._agency = lanes, agency
        self._done: Future[None] = pool.submit(self._run)

    def _run(self) -> None:
        with self._lanes.entered(self._agency):
            self.begun.set()
            assert self.end.wait(60)

    def finish(self) -> None:
        """End it; returns when its place is free."""
        self.end.set()
        self._done.result(60)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def end(*works: Work) -> None:
    """End them all, in whatever order they came to their places."""
    for one in works:
        one.end.set()
    for one in works:
        one.finish()


def counted(lanes: Lanes) -> threading.Semaphore:
    """A semaphore that is released by each caller who has queued up."""
    joined, join = threading.Semaphore(0), lanes._join

    def counting(agency: str) -> _Waiter:
        mine = join(agency)
        joined.release()
        return mine

    lanes._join = counting  # type: ignore[method-assign]
    return joined


@pytest.mark.threat("T14")
def test_a_single_piece_overtakes_anothers_flood() -> None:
    """The next place is its own, though eight of the other agency came before it."""
    lanes = Lanes(1, Clock())
    joined = counted(lanes)
    with ThreadPoolExecutor(FLOOD + 2) as pool:
        first = Work(lanes, "raiders", pool)
        assert first.begun.wait(60)
        flood = [Work(lanes, "raiders", pool) for _ in range(FLOOD)]
        for _ in range(FLOOD + 1):
            assert joined.acquire(timeout=60)
        single = Work(lanes, "police", pool)
        assert joined.acquire(timeout=60)
        first.finish()
        assert single.begun.wait(60)
        assert not any(one.begun.is_set() for one in flood)
        end(single, *flood)


def test_an_agency_alone_has_every_place() -> None:
    """Nobody else waits, so nothing is held back; and none is lost by an error."""
    lanes = Lanes(3)
    with pytest.raises(ZeroDivisionError), lanes.entered("police"):
        raise ZeroDivisionError
    with ThreadPoolExecutor(3) as pool:
        works = [Work(lanes, "police", pool) for _ in range(3)]
        assert all(one.begun.wait(60) for one in works)
        end(*works)


@pytest.mark.threat("T14")
@pytest.mark.parametrize("others", [True, False])
def test_a_flood_rests_between_its_pieces_while_others_work(others: bool) -> None:
    """Three times as long as a piece took; alone it goes on at once."""
    clock = Clock()
    lanes = Lanes(1, clock)
    if others:
        with lanes.entered("police"):
            pass
    first, *rest = [lanes._join("raiders") for _ in range(CROWD + 1)]
    lanes._fill()
    assert first.inside
    clock.now += 2.0
    lanes._leave("raiders", 2.0)
    lanes._fill()
    assert rest[0].inside is not others
    clock.now += 5.9
    lanes._fill()
    assert rest[0].inside is not others
    clock.now += 0.2
    lanes._fill()
    assert rest[0].inside


@pytest.mark.threat("T14")
def test_a_flood_that_rests_leaves_its_place_to_others_and_comes_back() -> None:
    """Nobody has to wake it: who waits first looks again when the rest is over."""
    lanes = Lanes(1)
    joined = counted(lanes)
    with ThreadPoolExecutor(FLOOD + 2) as pool:
        flood = [Work(lanes, "raiders", pool) for _ in range(FLOOD)]
        for _ in range(FLOOD):
            assert joined.acquire(timeout=60)
        single = Work(lanes, "police", pool)
        assert joined.acquire(timeout=60)
        end(single, *flood)
    assert not lanes._waiting


@pytest.mark.threat("T14")
def test_a_flood_leaves_a_place_to_others() -> None:
    """Where others work it takes one of the places and no more; alone all of them."""
    for others in (True, False):
        lanes = Lanes(3)
        if others:
            with lanes.entered("police"):
                pass
        flood = [lanes._join("raiders") for _ in range(CROWD + 3)]
        lanes._fill()
        assert sum(one.inside for one in flood) == (1 if others else 3)


@given(st.lists(st.sampled_from(["police", "customs", "prisons"]), max_size=30))
def test_agencies_are_let_in_by_turns(agencies: list[str]) -> None:
    """With one place nobody is let in twice while another agency waits."""
    lanes = Lanes(0)
    waiting = [(agency, lanes._join(agency)) for agency in agencies]
    order: list[str] = []
    while waiting:
        lanes._free = 1
        lanes._fill()
        (inside,) = (one for one in waiting if one[1].inside)
        waiting.remove(inside)
        lanes._taken[inside[0]] -= 1
        order.append(inside[0])
    assert sorted(order) == sorted(agencies)
    for at, (one, following) in enumerate(pairwise(order)):
        assert one != following or set(order[at:]) == {one}
