"""The first pass for several queries: what they share is done once for a block of rows.

Here the scheme's layout is put into arrays for the loops in ``batch_loops``, which are
the same for every scheme. The answers are those of the loops for one query, of
``kernels``, which are faster for one or two: they read each row once, where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Event, Lock
from typing import TYPE_CHECKING

import numpy as np
import structlog

from childgrid_node.batch_loops import BESIDE, loops
from childgrid_node.columns import PITCH
from childgrid_node.plan import LEVELS, Plan, shape_of
from childgrid_node.query_tables import QueryTables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme


@dataclass(frozen=True)
class Terms:
    """What the loops need of a scheme: the arguments that follow the queries'.

    ``pairs`` is ``uint64[pairs, 6]``: comparison, first word, words, folds, field, and
    whether the comparison has an earlier pair; ``tags`` ``uint64[tags, 4]``:
    comparison, first word, words, mask; ``rank`` ``int16[comparisons, 256]``;
    ``unless`` ``int64[comparisons]``, -1 for none; ``widest`` the most words of one.
    """

    pairs: NDArray[np.uint64]
    tags: NDArray[np.uint64]
    rank: NDArray[np.int16]
    unless: NDArray[np.int64]
    widest: int


@lru_cache(maxsize=8)
def terms(scheme: Scheme) -> Terms:
    """Return what the loops need of ``scheme``."""
    shape, seen, pairs = shape_of(scheme), set[int](), []
    for pair in shape.pairs:
        at, later = pair.comparison, pair.comparison in seen
        pairs.append((at, pair.start, pair.words, pair.folds, pair.field, later))
        seen.add(at)
    tags, unless, names = [], [], {"": -1}
    for at, comparison in enumerate(scheme.comparisons):
        if comparison.kind == "tag":
            place = scheme.layout[comparison.pairs[0][0]]
            tags.append((at, place.start, place.words, place.mask))
        unless.append(names[comparison.unless])
        names[comparison.name] = at
    return Terms(
        np.array(pairs, np.uint64).reshape(-1, 6),
        np.array(tags, np.uint64).reshape(-1, 4),
        shape.rank,
        np.array(unless, np.int64),
        max(row[2] for row in (*pairs, *tags)),
    )


log = structlog.get_logger(__name__)
_making, _tried, _made = Lock(), Event(), Event()


def ready(scheme: Scheme) -> bool:
    """Whether the loops are compiled; where nobody is at it, this compiles them, once.

    That takes seconds the first time after an installation. Meanwhile, and where it
    fails for whatever a damaged cache of machine code raises, those of ``kernels``
    answer.
    """
    if not _tried.is_set() and _making.acquire(blocking=False):
        try:
            _try_out(scheme)
            _made.set()
        except Exception as error:
            log.warning("searched one by one", error=type(error).__name__)
        finally:
            _tried.set()
            _making.release()
    return _made.is_set()


def _try_out(scheme: Scheme) -> None:
    """Compare a query with no rows."""
    plan = Plan.of(scheme, np.ones(scheme.layout.words, np.uint64))
    able = np.ones(len(scheme.comparisons), np.bool_)
    tables = QueryTables.of([plan], able, many=True)
    rows = np.empty((0, scheme.layout.words), np.uint64)
    filled = np.empty((0, len(scheme.fields)), np.uint16)
    for one in (rows, filled):
        # As an index has them; for others the loops would be compiled once more.
        one.setflags(write=False)
    counts = np.zeros((1, len(able), LEVELS), np.int64)
    nothing = np.empty(0, np.uint8)
    spot = np.full((1, len(able)), -1)
    survey(tables, spot, rows, filled, nothing, counts, nothing)


def survey(
    tables: QueryTables,
    spot: NDArray[np.int64],
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
    counts: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Write levels into ``out`` and add to ``counts``, as ``kernels.survey`` says.

    ``spot`` is ``int64[queries, comparisons]``, where levels begin or -1; from there
    on ``out`` has room for whole blocks of rows.
    """
    _, sought, words, table, offset, stride, _, tags = tables.arguments
    asked = words.reshape(-1, words.shape[2]), table, offset, stride
    of = terms(tables.scheme)
    layout = of.pairs, of.tags, of.rank, of.unless
    columns = np.empty((of.widest + BESIDE) * PITCH, np.uint64)
    goal = out, spot
    rows = np.ascontiguousarray(rows)
    loops()(rows, filled, dead, goal, counts, sought, asked, tags, layout, columns)
