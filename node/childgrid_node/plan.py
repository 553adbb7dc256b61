"""What a scan needs of one query, laid out as arrays.

A pair is one query field against one row field. Where two fields differ in width the
wider is folded: bit i of a filter of width w is i mod w, so that OR-ing the parts of
a wide filter gives the narrow one. All arithmetic is on integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.levels import reciprocals, steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Comparison, Place, Scheme

LEVELS = 256

SEVERAL = 3
"""Queries from which it pays to compare them together (``batch_pass``), measured."""


@dataclass(frozen=True)
class Pair:
    """Where a kernel finds a pair's row field: constants of the layout.

    ``start`` is the row field's first word, ``words`` the common width, ``folds``
    how many times as wide the row field is, ``field`` its place in the popcounts.
    """

    comparison: int
    start: int
    words: int
    folds: int
    field: int
    query: int


@dataclass(frozen=True)
class Shape:
    """What all queries under one scheme share.

    ``tags`` are the places of comparisons of tags, and where in a row each tag is.
    ``dice`` and ``overlap`` are ``uint8[comparisons, 10_001]``, the summands of a
    level; ``rank`` is ``int16[comparisons, 256]``, by which the best pair is taken.
    """

    pairs: tuple[Pair, ...]
    tags: tuple[tuple[int, Place], ...]
    dice: NDArray[np.uint8]
    overlap: NDArray[np.uint8]
    rank: NDArray[np.int16]


@dataclass(frozen=True)
class Plan:
    """One query's arrays.

    ``active`` lists the comparisons it can make; ``column`` is ``int64[comparisons]``,
    the place of each in ``active`` or -1. ``used`` is 1 for each pair whose query
    field is not empty; ``words`` is ``uint64[pairs, w]``; ``by_dice`` and
    ``by_overlap`` are ``uint64[pairs, bits + 1]``; ``tags`` is
    ``uint64[comparisons, slots]`` with ``tag_counts`` filled from the left.
    """

    scheme: Scheme
    shape: Shape
    active: tuple[int, ...]
    column: NDArray[np.int64]
    used: NDArray[np.uint8]
    words: NDArray[np.uint64]
    by_dice: NDArray[np.uint64]
    by_overlap: NDArray[np.uint64]
    tags: NDArray[np.uint64]
    tag_counts: NDArray[np.int64]

    @classmethod
    def of(cls, scheme: Scheme, query: NDArray[np.uint64]) -> Plan:
        """Lay out ``query``, ``uint64[words]``."""
        shape = shape_of(scheme)
        used, words, by_dice, by_overlap = _pair_arrays(scheme, shape, query)
        tags, tag_counts = _tag_arrays(scheme, shape, query)
        able = set(np.flatnonzero(tag_counts).tolist())
        able |= {p.comparison for p, u in zip(shape.pairs, used, strict=True) if u}
        active = tuple(sorted(able))
        column = np.full(len(scheme.comparisons), -1, np.int64)
        column[list(active)] = np.arange(len(active))
        return cls(
            scheme,
            shape,
            active,
            column,
            used,
            words,
            by_dice,
            by_overlap,
            tags,
            tag_counts,
        )


@lru_cache(maxsize=8)
def shape_of(scheme: Scheme) -> Shape:
    """Return what all queries under ``scheme`` share."""
    pairs = tuple(
        _pair(scheme, position, *names)
        for position, comparison in enumerate(scheme.comparisons)
        if comparison.kind == "bloom"
        for names in comparison.pairs
    )
    tables = [steps(comparison) for comparison in scheme.comparisons]
    tags = tuple(
        (position, scheme.layout[comparison.pairs[0][0]])
        for position, comparison in enumerate(scheme.comparisons)
        if comparison.kind == "tag"
    )
    return Shape(
        pairs,
        tags,
        np.stack([dice for dice, _ in tables]),
        np.stack([overlap for _, overlap in tables]),
        np.stack([_rank(comparison) for comparison in scheme.comparisons]),
    )


def _pair(scheme: Scheme, comparison: int, mine: str, theirs: str) -> Pair:
    names = [field.name for field in scheme.fields]
    own, other = scheme.layout[mine], scheme.layout[theirs]
    words = min(own.words, other.words)
    return Pair(
        comparison,
        other.start,
        words,
        other.words // words,
        names.index(theirs),
        names.index(mine),
    )


def _rank(comparison: Comparison) -> NDArray[np.int16]:
    weights = np.subtract(comparison.match, comparison.chance)
    rank = np.full(LEVELS, -1, np.int16)
    order = np.lexsort((np.arange(len(weights)), weights))
    rank[1 + order] = np.arange(len(weights))
    return rank


def _pair_arrays(
    scheme: Scheme, shape: Shape, query: NDArray[np.uint64]
) -> tuple[
    NDArray[np.uint8], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]
]:
    count = len(shape.pairs)
    width = max(pair.words for pair in shape.pairs)
    used = np.zeros(count, np.uint8)
    words = np.zeros((count, width), np.uint64)
    by_dice = np.zeros((count, 64 * width + 1), np.uint64)
    by_overlap = np.zeros_like(by_dice)
    own: dict[tuple[int, int], tuple[int, NDArray[np.uint64]]] = {}
    for at, pair in enumerate(shape.pairs):
        known = own.get((pair.query, pair.words))
        if known is None:
            known = own[pair.query, pair.words] = _folded(scheme, pair, query)
        filled, folded = known
        if filled:
            used[at], words[at, : pair.words] = 1, folded
            sizes = 64 * pair.words
            by_dice[at, : sizes + 1], by_overlap[at, : sizes + 1] = reciprocals(
                filled, sizes
            )
    return used, words, by_dice, by_overlap


def _folded(
    scheme: Scheme, pair: Pair, query: NDArray[np.uint64]
) -> tuple[int, NDArray[np.uint64]]:
    """Return the popcount and the words of a pair's query field, folded."""
    place = scheme.layout[scheme.fields[pair.query].name]
    words = query[place.start : place.stop].reshape(-1, pair.words)
    folded = np.bitwise_or.reduce(words, axis=0)
    return int(np.bitwise_count(folded).sum()), folded


def _tag_arrays(
    scheme: Scheme, shape: Shape, query: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    slots = max((tag.slots for tag in scheme.tags), default=1)
    tags = np.zeros((len(scheme.comparisons), slots), np.uint64)
    counts = np.zeros(len(scheme.comparisons), np.int64)
    for position, place in shape.tags:
        values = query[place.start : place.stop] & np.uint64(place.mask)
        values = values[values != 0]
        tags[position, : len(values)] = values
        counts[position] = len(values)
    return tags, counts
