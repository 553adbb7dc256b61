"""A pass over memory yields to the checks of those who come meanwhile."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from childgrid_node import priority, scan
from childgrid_node.bulk import intake
from childgrid_node.priority import READING, SCAN, yield_to_others

linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have no rank here")


def rank() -> int:
    """The calling thread's."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_threads_that_scan_yield_and_whoever_waits_for_them_does_not() -> None:
    """A check that comes while a pass is under way goes first."""
    scan._pool.cache_clear()

    before = rank()
    found = list(scan._pool(2).map(lambda _: rank(), range(8)))

    assert set(found) == {max(SCAN, before)}
    assert rank() == before


@linux
def test_what_reads_a_register_yields_to_a_scan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A search goes before the indexing that it meets."""
    monkeypatch.setattr(intake, "Intake", lambda _: None)
    monkeypatch.setattr(intake, "_intakes", [])

    with ThreadPoolExecutor(1, initializer=intake._begin, initargs=(None,)) as one:
        assert one.submit(rank).result() == max(READING, rank())
    assert READING > SCAN


@linux
def test_no_rank_is_raised() -> None:
    """Where an operator put the whole node lower, it stays there."""

    def lowered() -> int:
        yield_to_others(19)
        yield_to_others(SCAN)
        return rank()

    with ThreadPoolExecutor(1) as one:
        assert one.submit(lowered).result() == 19


def test_a_system_that_forbids_it_is_searched_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ranks make a node quicker; answers don't hang on them."""

    def refuse(*_: int) -> int:
        raise PermissionError

    monkeypatch.setattr(priority.sys, "platform", "linux")
    monkeypatch.setattr(priority.os, "getpriority", refuse, raising=False)

    yield_to_others(SCAN)
