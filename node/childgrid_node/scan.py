"""The exact scan: one query row against every row of an index.

First pass (``survey``): for each comparison the query can make, a level per row, and
how often each level occurs in this table. Second pass (``best``): the sum of the
levels' integer weights, and the rows with the greatest sums, ties by row order. No
row is skipped by a bound or an approximation; deleted rows count nowhere.

Several queries go over the rows in one pass. Threads take the rows piece by piece, as
each gets free, so that they end together though the processors are shared. Answers do
not depend on how many there are. What a level weighs is ``score``'s affair. The numba
and the numpy engine give the same answers.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from childgrid_node import fallback, priority
from childgrid_node.plan import LEVELS, SEVERAL, Plan

if TYPE_CHECKING:
    from typing import Protocol

    from childgrid_node.scheme import Scheme

    class Segment(Protocol):
        """Rows that lie together: ``uint64[n, words]`` and what stands beside them.

        ``filled`` is ``uint16[n, fields]``, the popcount of each Bloom field;
        ``dead`` is 1 for a deleted row; ``first`` is the number of the first row.
        """

        @property
        def first(self) -> int: ...  # noqa: D102
        @property
        def rows(self) -> NDArray[np.uint64]: ...  # noqa: D102
        @property
        def filled(self) -> NDArray[np.uint16]: ...  # noqa: D102
        @property
        def dead(self) -> NDArray[np.uint8]: ...  # noqa: D102


NOTHING = -(2**62)
PIECE_ROWS = 2**15
"""Rows that a thread takes at a time: a millisecond or a few."""

Result = TypeVar("Result")
_Ranked = tuple[NDArray[np.int64], NDArray[np.int64]]


def engine(name: str | None = None) -> ModuleType:
    """Return the module of loops: ``numba`` where installed, or ``numpy``.

    The environment variable CHILDGRID_SCAN chooses where ``name`` does not.
    """
    chosen = name or os.environ.get("CHILDGRID_SCAN", "numba")
    return fallback if chosen == "numpy" else _compiled()


@cache
def _compiled() -> ModuleType:
    """Import numba's loops when something is first searched: that takes a second."""
    try:
        return importlib.import_module("childgrid_node.kernels")
    except ImportError:
        return fallback


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Survey:
    """Levels of every row, and how often each occurs among living rows.

    ``active`` are the positions, in the scheme, of the comparisons that the query
    can make; ``segments`` are the rows, perhaps cut into smaller pieces, and
    ``levels`` holds for each ``uint8[len(active), n or more]``;
    ``counts`` is ``int64[len(active), 256]``, all 0 for a comparison that was not to
    be counted; ``cpu_ns`` the processor time of the scan, of all threads.
    """

    active: tuple[int, ...]
    segments: Sequence[Segment]
    levels: tuple[NDArray[np.uint8], ...]
    counts: NDArray[np.int64]
    cpu_ns: int


@dataclass(frozen=True)
class Survivors:
    """The best rows: numbers, sums in millinats (falling), levels by comparison.

    ``levels`` is ``uint8[k, len(scheme.comparisons)]``; a comparison that the query
    cannot make has level 0. ``cpu_ns`` covers both passes.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.int64]
    levels: NDArray[np.uint8]
    cpu_ns: int


def row_popcounts(scheme: Scheme, rows: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the popcount of each Bloom field: ``uint16[n, fields]``."""
    filled = np.empty((len(rows), len(scheme.fields)), np.uint16)
    for number, field in enumerate(scheme.fields):
        place = scheme.layout[field.name]
        bits = np.bitwise_count(rows[:, place.start : place.stop])
        filled[:, number] = bits.sum(axis=1, dtype=np.uint16)
    return filled


@dataclass(frozen=True)
class _Piece:
    """Some rows of a segment, as a segment."""

    first: int
    rows: NDArray[np.uint64]
    filled: NDArray[np.uint16]
    dead: NDArray[np.uint8]

    @classmethod
    def of(cls, segment: Segment, low: int, high: int) -> _Piece:
        return cls(
            segment.first + low,
            segment.rows[low:high],
            segment.filled[low:high],
            segment.dead[low:high],
        )


def _pieces(segments: Sequence[Segment], threads: int) -> Sequence[Segment]:
    """Segments cut for several threads; one thread takes them as they are."""
    if threads == 1:
        return segments
    return [
        _Piece.of(segment, low, low + PIECE_ROWS)
        for segment in segments
        for low in range(0, len(segment.dead), PIECE_ROWS)
    ]


def warm(scheme: Scheme, segment: Segment) -> None:
    """Load the loops as the first searches would, over none of a segment's rows.

    That takes a second from the cache, and several where they are compiled first.
    """
    none = _Piece.of(segment, 0, 0)
    query = np.ones(scheme.layout.words, np.uint64)
    (found,) = survey_many(scheme, [none], [query], all_counts=False)
    best(scheme, found, np.zeros((len(found.active), LEVELS), np.int64), 1)
    forest = scheme.calibration.forest
    forest.add(np.zeros((1, len(forest.features)), np.int64))
    # Last: who asks meanwhile is served by what is there already.
    survey_many(scheme, [none], [query] * SEVERAL, all_counts=False)


def survey(
    scheme: Scheme,
    segments: Sequence[Segment],
    query: NDArray[np.uint64],
    engine_name: str | None = None,
    threads: int = 1,
) -> Survey:
    """Compare ``query`` (``uint64[words]``) with every row of ``segments``."""
    return survey_many(scheme, segments, [query], engine_name, threads)[0]


def survey_many(
    scheme: Scheme,
    segments: Sequence[Segment],
    queries: Sequence[NDArray[np.uint64]],
    engine_name: str | None = None,
    threads: int = 1,
    *,
    all_counts: bool = True,
) -> list[Survey]:
    """Compare each query with every row of ``segments``, in one pass over them.

    Args:
        scheme: the scheme of rows and queries.
        segments: the rows.
        queries: at least one, each ``uint64[words]``.
        engine_name: ``numba`` or ``numpy``.
        threads: how many threads share the segments.
        all_counts: count the levels of every comparison, not only of those whose
            chance depends on the table (``rarity``).
    """
    run = engine(engine_name)
    began = time.thread_time_ns()
    plans = [Plan.of(scheme, query) for query in queries]
    counted = np.array([all_counts or each.rarity for each in scheme.comparisons])
    prepared = run.prepare(plans, counted)
    spent = time.thread_time_ns() - began
    shape = (len(plans), len(scheme.comparisons), LEVELS)

    pieces = _pieces(segments, threads)
    ends = list(accumulate(run.room(prepared, len(one.dead)) for one in pieces))
    # One space for all pieces: large ones come from the system in large pages.
    space = np.empty(ends[-1] if ends else 0, np.uint8)

    def work(turns: Iterator[int]) -> tuple[NDArray[np.int64], dict[int, Any]]:
        counts, found = np.zeros(shape, np.int64), {}
        for at in turns:
            one, room = pieces[at], space[ends[at - 1] if at else 0 : ends[at]]
            found[at] = run.survey(
                prepared, one.rows, one.filled, one.dead, counts, room
            )
        return counts, found

    done = _shared(work, len(pieces), threads)
    by_piece = {at: each for (_, found), _ in done for at, each in found.items()}
    levels = [by_piece[at] for at in range(len(pieces))]
    counts = sum((one for (one, _), _ in done), np.zeros(shape, np.int64))
    spent += sum(ns for _, ns in done)
    return [
        Survey(
            plan.active,
            pieces,
            tuple(part[at] for part in levels),
            counts[at, list(plan.active)],
            spent // len(plans),
        )
        for at, plan in enumerate(plans)
    ]


def best(
    scheme: Scheme,
    found: Survey,
    weights: NDArray[np.int64],
    k: int,
    engine_name: str | None = None,
    threads: int = 1,
    least: int = NOTHING,
) -> Survivors:
    """Return the ``k`` rows with the greatest sums of ``weights`` (millinats).

    ``weights`` is ``int64[len(found.active), 256]``, 0 at level 0. Rows whose sum is
    not above ``least`` are left out; of equal sums the earlier row comes first.
    """
    run = engine(engine_name)
    sizes = [scheme.comparisons[at].levels + 1 for at in found.active]
    weighed = run.weigh(weights, sizes)

    def work(turns: Iterator[int]) -> _Ranked:
        rows, scores = np.full(k, -1, np.int64), np.full(k, least, np.int64)
        for at in turns:
            part, levels = found.segments[at], found.levels[at]
            run.best(levels, weighed, part.dead, part.first, rows, scores)
        return rows, scores

    done = _shared(work, len(found.segments), threads)
    began = time.thread_time_ns()
    rows, scores = _merged([ranked for ranked, _ in done], k)
    table = levels_of(scheme, found, rows)
    spent = time.thread_time_ns() - began + sum(ns for _, ns in done)
    return Survivors(rows, scores, table, found.cpu_ns + spent)


def _merged(done: Sequence[_Ranked], k: int) -> _Ranked:
    nothing = np.empty(0, np.int64)
    rows = np.concatenate([nothing, *(rows for rows, _ in done)])
    scores = np.concatenate([nothing, *(scores for _, scores in done)])
    order = np.lexsort((rows, -scores))
    order = order[rows[order] >= 0][:k]
    return rows[order], scores[order]


@cache
def _pool(count: int) -> ThreadPoolExecutor:
    """Threads that stay: starting them anew costs as much as a small scan."""
    return ThreadPoolExecutor(count, "scan", priority.yield_to_others, (priority.SCAN,))


# A forked process has none of the threads that it would wait for.
os.register_at_fork(after_in_child=_pool.cache_clear)


def _shared(
    work: Callable[[Iterator[int]], Result], parts: int, threads: int
) -> list[tuple[Result, int]]:
    """Let threads take parts in turn; return results, with processor times.

    ``work`` takes the numbers of its parts one by one, rising, from an iterator that
    all threads share.
    """
    turns = iter(range(parts))

    def timed(_: int) -> tuple[Result, int]:
        began = time.thread_time_ns()
        result = work(turns)
        return result, time.thread_time_ns() - began

    count = max(1, min(threads, parts))
    if count == 1:
        return [timed(0)]
    return list(_pool(count).map(timed, range(count)))


def levels_of(
    scheme: Scheme, found: Survey, rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the levels of chosen rows: ``uint8[k, len(scheme.comparisons)]``."""
    table = np.zeros((len(rows), len(scheme.comparisons)), np.uint8)
    active = np.array(found.active, np.intp)
    for part, levels in zip(found.segments, found.levels, strict=True):
        inside = np.flatnonzero(
            (rows >= part.first) & (rows < part.first + len(part.dead))
        )
        if not len(inside):
            continue
        table[np.ix_(inside, active)] = levels[:, rows[inside] - part.first].T
    return table
