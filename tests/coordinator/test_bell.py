"""Waking calls that wait."""

from __future__ import annotations

import threading

from childgrid_coordinator.bell import Bell
from coordinator.world import World


def test_a_ring_between_reading_and_waiting_is_not_missed() -> None:
    """Who listens first and reads then is told at once."""
    bell = Bell(places=1)
    with bell.listen("q") as ear:
        bell.ring("q")
        assert ear.wait(60)


def test_only_the_key_that_rang_is_woken() -> None:
    """Another key stays silent."""
    bell = Bell(places=1)
    with bell.listen("q") as ear:
        bell.ring("other")
        assert not ear.wait(0.01)


def test_one_call_may_listen_for_several_keys() -> None:
    """Any of them wakes it, and afterwards nothing is kept for either."""
    for rung in ("mail", "board"):
        bell = Bell(places=1)
        with bell.listen("mail", "board") as ear:
            bell.ring(rung)
            assert ear.wait(60)
        assert not bell._listening


def test_whoever_finds_no_place_is_told_at_once() -> None:
    """A waiting room that is full never blocks a worker."""
    bell = Bell(places=0)
    with bell.listen("q") as ear:
        assert not ear.wait(60)


def test_closing_wakes_everyone_now_and_later() -> None:
    """A process that ends lets go of every call."""
    bell = Bell(places=2)
    woken = []
    listening = threading.Event()

    def wait() -> None:
        with bell.listen("q") as ear:
            listening.set()
            woken.append(ear.wait(60))

    waiter = threading.Thread(target=wait)
    waiter.start()
    listening.wait()
    bell.close()
    waiter.join()
    with bell.listen("q") as ear:
        assert ear.wait(60)
    assert woken == [True]


def test_half_of_a_coordinator_s_threads_may_wait(world: World) -> None:
    """The others serve: polls that are held can't keep a query from being answered."""
    with world.coordinator(workers=8) as hub:
        places = hub.bell._places

        taken = [places.acquire(blocking=False) for _ in range(5)]

    assert taken == [True, True, True, True, False]
