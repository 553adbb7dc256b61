"""The exact scan: one query row against every row of an index.

First pass (``survey``): for each comparison the query can make, a level per row, and
how often each level occurs in this table. Second pass (``best``): the sum of the
levels' integer weights, and the rows with the greatest sums, ties by row order. No
row is skipped by a bound or an approximation; deleted rows count nowhere.

What a level weighs is ``score``'s affair. The numba and the numpy engine give the
same answers.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node import fallback
from childgrid_node.plan import LEVELS, Plan

compiled: ModuleType = fallback
with contextlib.suppress(ImportError):
    compiled = importlib.import_module("childgrid_node.kernels")

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from numpy.typing import NDArray

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


def engine(name: str | None = None) -> ModuleType:
    """Return the module of loops: ``numba`` where installed, or ``numpy``.

    The environment variable CHILDGRID_SCAN chooses where ``name`` does not.
    """
    chosen = name or os.environ.get("CHILDGRID_SCAN", "numba")
    return fallback if chosen == "numpy" else compiled


@dataclass(frozen=True)
class Survey:
    """Levels of every row, and how often each occurs among living rows.

    ``active`` are the positions, in the scheme, of the comparisons that the query
    can make; ``levels`` holds per segment ``uint8[n, len(active)]``; ``counts`` is
    ``int64[len(active), 256]``; ``cpu_ns`` the processor time of this thread.
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


def survey(
    scheme: Scheme,
    segments: Sequence[Segment],
    query: NDArray[np.uint64],
    engine_name: str | None = None,
) -> Survey:
    """Compare ``query`` (``uint64[words]``) with every row of ``segments``."""
    began = time.thread_time_ns()
    run = engine(engine_name).survey
    plan = Plan.of(scheme, query)
    counts = np.zeros((len(plan.active), LEVELS), np.int64)
    levels = tuple(
        run(plan, part.rows, part.filled, part.dead, counts) for part in segments
    )
    spent = time.thread_time_ns() - began
    return Survey(plan.active, segments, levels, counts, spent)


def best(
    scheme: Scheme,
    found: Survey,
    weights: NDArray[np.int64],
    k: int,
    engine_name: str | None = None,
) -> Survivors:
    """Return the ``k`` rows with the greatest sums of ``weights`` (millinats).

    ``weights`` is ``int64[len(found.active), 256]``, 0 at level 0.
    """
    began = time.thread_time_ns()
    run = engine(engine_name).best
    rows = np.full(k, -1, np.int64)
    scores = np.full(k, NOTHING, np.int64)
    for part, levels in zip(found.segments, found.levels, strict=True):
        run(levels, weights, part.dead, part.first, rows, scores)
    kept = int((rows >= 0).sum())
    rows, scores = rows[:kept], scores[:kept]
    table = levels_of(scheme, found, rows)
    spent = found.cpu_ns + time.thread_time_ns() - began
    return Survivors(rows, scores, table, spent)


def levels_of(
    scheme: Scheme, found: Survey, rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the levels of chosen rows: ``uint8[k, len(scheme.comparisons)]``."""
    table = np.zeros((len(rows), len(scheme.comparisons)), np.uint8)
    active = np.array(found.active, np.intp)
    for part, levels in zip(found.segments, found.levels, strict=True):
        inside = np.flatnonzero(
            (rows >= part.first) & (rows < part.first + len(levels))
        )
        table[np.ix_(inside, active)] = levels[rows[inside] - part.first]
    return table
