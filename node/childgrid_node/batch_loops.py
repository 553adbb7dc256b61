"""The loops of the first pass for several queries, over block after block of rows.

A *side* is the row's half of a pair of fields, of a block of rows: columns of its
words, folded to the common width, one of sizes and one that lists the rows that have
the field at all; the others are not looked at. It is made once and stays in the cache
while query after query is compared with it. A tag's columns hold every row, 0 where it
has none.

``spot`` is where in ``out`` a query's levels of a comparison begin, negative where it
cannot make it; the tables are those of ``query_tables``, ``pairs`` and the like those
of ``batch_pass.Terms``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numba import njit

from childgrid_node import bitwise
from childgrid_node import columns as vectors
from childgrid_node.bitwise import BLOCK, LANES, Kernel, equals, popcount
from childgrid_node.columns import (
    FEW,
    PITCH,
    SIDE,
    agree,
    gauge,
    turn_1,
    turn_2,
    turn_4,
)
from childgrid_node.compiled import kept

STRETCH = 8 * BLOCK
"""Rows after which levels are counted; of 256 vectors a byte would overflow."""

BESIDE = 3
"""Columns of a side after its words: sizes, rows, places in a table of levels."""

LINE = 8

_U = np.uint64
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ALL = np.uint64(2**64 - 1)
_PITCH = np.uint64(PITCH)
_BLOCK = np.uint64(BLOCK)


@njit(nogil=True)
def _listed(filled, field, most, low, high, columns, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """List the rows that have a field, and its sizes; return how many they are."""
    have, listed = _ZERO, sizes + _PITCH
    for i in range(high - low):
        size = _U(filled[low + i, field])
        columns[sizes + have] = min(size, most)
        columns[listed + have] = i
        have += _U(size != _ZERO)
    for j in range(have, have + _U(FEW)):
        columns[listed + j] = _ZERO
    return have


@njit(nogil=True)
def _turn(rows, wide, start, words, have, columns, listed, kept):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write words of the listed rows into columns."""
    for j in range(_ZERO, have, _U(FEW)):
        here = listed + j
        one = start + columns[here] * wide
        two = start + columns[here + _ONE] * wide
        three = start + columns[here + _U(2)] * wide
        four = start + columns[here + _U(3)] * wide
        if words == _ONE:
            turn_1(rows, one, two, three, four, columns, j, kept)
        elif words == _U(2):
            turn_2(rows, one, two, three, four, columns, j, kept)
        else:
            for word in range(_ZERO, words, _U(FEW)):
                at = j + word * _PITCH
                turn_4(
                    rows,
                    one + word,
                    two + word,
                    three + word,
                    four + word,
                    columns,
                    at,
                    kept,
                )


@njit(nogil=True)
def _side(rows, filled, pair, low, high, columns):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn a block of rows into a side; return how many rows have the field."""
    start, words, folds = pair[1], pair[2], pair[3]
    wide, sizes = _U(rows.shape[1]), words * _PITCH
    most = words * _U(64)
    have = _listed(filled, pair[4], most, low, high, columns, sizes)
    flat = rows.reshape(-1)
    for fold in range(folds):
        at = low * wide + start + fold * words
        kept = _ZERO if fold == _ZERO else _ALL
        _turn(flat, wide, at, words, have, columns, sizes + _PITCH, kept)
    if folds > _ONE:
        columns[sizes : sizes + have] = _ZERO
        for word in range(words):
            for j in range(have):
                columns[sizes + j] += popcount(columns[word * _PITCH + j])
    return have


@njit(nogil=True)
def _look(table, columns, words, have, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the level of each listed row."""
    listed = (words + _ONE) * _PITCH
    reached = listed + _PITCH
    for j in range(have):
        out[columns[listed + j]] = table[columns[reached + j]]


@njit(nogil=True)
def _better(table, columns, words, have, out, rank):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the level of each listed row where it ranks higher than what is there."""
    listed = (words + _ONE) * _PITCH
    reached = listed + _PITCH
    for j in range(have):
        level, i = table[columns[reached + j]], columns[listed + j]
        if rank[level] > rank[out[i]]:
            out[i] = level


@njit(nogil=True)
def _pair(rows, filled, number, pair, low, high, columns, goal, tables, rank):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Compare a pair of fields, for all queries."""
    (out, spot), (words, table, offset, stride) = goal, tables
    have, turned, c = _ZERO, False, pair[0]
    width, wide = _U(words.shape[1]), pair[2]
    flat = words.reshape(-1)
    for q in range(_U(len(spot))):
        if stride[q, number] == _ZERO:
            continue
        if not turned:
            have = _side(rows, filled, pair, low, high, columns)
            turned = True
        first = (q * _U(stride.shape[1]) + number) * width
        for j in range(_ZERO, have, _U(SIDE)):
            gauge(columns, j, wide, flat, first, stride[q, number])
        levels, here = table[offset[q, number] :], out[_U(spot[q, c]) + low :]
        if pair[5] == _ZERO:
            _look(levels, columns, wide, have, here)
        else:
            _better(levels, columns, wide, have, here, rank[c])


@njit(nogil=True)
def _pick(rows, tag, low, high, columns, known):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn a block of rows into a tag's columns; ``known`` is 1 where a row has one."""
    known[:] = 0
    for slot in range(tag[2]):
        at, word = slot * _PITCH, tag[1] + slot
        columns[at : at + _BLOCK] = _ZERO
        for i in range(high - low):
            found = rows[low + i, word] & tag[3]
            columns[at + i] = found
            known[i] |= found != _ZERO


@njit(nogil=True)
def _tag(rows, tag, low, high, columns, known, out, spot, tags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Compare a tag, for all queries: level 1 where it differs, 2 where it agrees."""
    turned, c = False, tag[0]
    for q in range(len(spot)):
        if spot[q, c] < 0:
            continue
        if not turned:
            _pick(rows, tag, low, high, columns, known)
            turned = True
        place = _U(spot[q, c]) + low
        for i in range(_BLOCK):
            out[place + i] = known[i]
        for sought in tags[q, c]:
            if sought == _ZERO:
                break
            for slot in range(tag[2]):
                for i in range(_ZERO, _BLOCK, _U(LANES)):
                    agree(columns, slot * _PITCH + i, sought, out, place + i)


@njit(nogil=True)
def _blank(low, out, spot):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for place in spot.flat:
        if place >= 0:
            for i in range(_BLOCK):
                out[_U(place) + low + i] = 0


@njit(nogil=True)
def _defer(low, out, spot, unless):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Leave a comparison out where another one says something."""
    for q in range(len(spot)):
        for c in range(len(unless)):
            if unless[c] >= 0 and spot[q, c] >= 0 and spot[q, unless[c]] >= 0:
                mine, theirs = _U(spot[q, c]) + low, _U(spot[q, unless[c]]) + low
                for i in range(_BLOCK):
                    out[mine + i] *= out[theirs + i] == 0


@njit(nogil=True)
def _bury(dead, low, high, out, spot):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write level 0 for deleted rows; return how many rows live."""
    gone = _ZERO
    for i in range(low, high):
        gone += _U(dead[i] != 0)
    if gone > _ZERO:
        for place in spot.flat:
            if place >= 0:
                for i in range(low, high):
                    out[_U(place) + i] *= dead[i] == 0
    return high - low - gone


@njit(nogil=True)
def _count(low, high, living, out, spot, sought, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add to ``counts`` how often each level stands; the dead have level 0."""
    steps = (high - low + _U(LANES - 1)) // _U(LANES)
    for q in range(len(spot)):
        for c in range(spot.shape[1]):
            if spot[q, c] < 0 or sought[q, c, 0] == 0:
                continue
            known = _ZERO
            for level in sought[q, c]:
                if level == 0:
                    break
                found = equals(out, _U(spot[q, c]) + low, steps, level)
                counts[q, c, level] += np.int64(found)
                known += found
            counts[q, c, 0] += np.int64(living - known)


@njit(nogil=True)
def _fetch(rows, low, high):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Read a word in each line, one after another, which is how memory is fast."""
    seen, flat, wide = _ZERO, rows.reshape(-1), _U(rows.shape[1])
    for at in range(low * wide, high * wide, _U(LINE)):
        seen |= flat[at]
    return seen


@lru_cache(maxsize=1)
def loops() -> Kernel:
    """Return the pass over all rows, which writes ``out`` and adds to ``counts``."""
    # Numba keeps machine code by this file; it holds what the others define, too.
    files = (Path(vectors.__file__), Path(bitwise.__file__))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    @kept
    def survey(rows, filled, dead, goal, counts, sought, tables, tags, layout, columns):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        _ = digest
        (out, spot), (pairs, exact, rank, unless) = goal, layout
        many, known = _U(len(dead)), np.empty(BLOCK, np.uint8)
        begun = living = seen = _ZERO
        for low in range(_ZERO, many, _BLOCK):
            high = min(low + _BLOCK, many)
            seen |= _fetch(rows, low, high)
            _blank(low, out, spot)
            for p in range(_U(len(pairs))):
                of = p, pairs[p], low, high
                _pair(rows, filled, *of, columns, goal, tables, rank)
            for tag in exact:
                _tag(rows, tag, low, high, columns, known, out, spot, tags)
            _defer(low, out, spot, unless)
            living += _bury(dead, low, high, out, spot)
            if high - begun == _U(STRETCH) or high == many:
                _count(begun, high, living, out, spot, sought, counts)
                begun, living = high, _ZERO
        return seen

    made: Kernel = survey
    return made
