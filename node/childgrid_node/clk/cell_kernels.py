"""Compiled loops over whole cells: where they are in UTF-8, and which are the same.

Nothing here knows formats, and nothing holds the GIL.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from childgrid_node.compiled import compiled

ONE = np.uint64(1)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
CELLS = 0


@compiled("void(Array(uint8, 1, 'C', readonly=True), int64[::1])")
def characters(raw: Any, places: Any) -> None:  # noqa: ANN401
    """Turn growing places in UTF-8 into numbers of code points; the first is 0."""
    seen = 0
    for at in range(1, places.shape[0]):
        low, high = np.uint64(places[at - 1]), np.uint64(places[at])
        places[at - 1] = seen
        for one in range(low, high):
            seen += (raw[one] & 0xC0) != 0x80
    places[-1] = seen


@compiled("void(uint64[::1], int32[::1], uint64[::1], int32[::1])")
def rehash_cells(old: Any, old_numbers: Any, keys: Any, numbers: Any) -> None:  # noqa: ANN401
    """Move every entry of a table of cells into a larger, empty one."""
    mask = np.uint64(keys.shape[0] - 1)
    for at in range(old.shape[0]):
        if old[at] != 0:
            slot = old[at] >> np.uint64(32)
            while keys[slot & mask] != 0:
                slot += ONE
            keys[slot & mask] = old[at]
            numbers[slot & mask] = old_numbers[at]


@compiled(
    "int64(Array(uint32, 1, 'C', readonly=True), int64[::1], int64[::1], int64, "
    "uint64[::1], int32[::1], uint32[::1], int64[::1], int64[::1], int64[::1])"
)
def number_cells(
    codes: Any,  # noqa: ANN401
    starts: Any,  # noqa: ANN401
    lengths: Any,  # noqa: ANN401
    first: int,
    keys: Any,  # noqa: ANN401
    numbers: Any,  # noqa: ANN401
    known: Any,  # noqa: ANN401
    ends: Any,  # noqa: ANN401
    sizes: Any,  # noqa: ANN401
    out: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Number whole cells from ``first`` onwards; return the cell to go on with.

    Args:
        codes: code points of all cells, ``uint32``.
        starts: where each begins, ``int64``.
        lengths: its code points.
        first: the cell to begin with; its number goes to ``out[0]``.
        keys: hashes of the known cells, an open table of a power of two slots, at
            least twice the cells that there may be; 0 is free.
        numbers: their numbers.
        known: their code points one after the other.
        ends: where in it each begins, and the last one ends; as long as there may be
            cells, and one.
        sizes: how many there are, updated.
        out: the numbers, ``int64``.
    """
    mask = np.uint64(keys.shape[0] - 1)
    for cell in range(first, lengths.shape[0]):
        start, length = np.uint64(starts[cell]), np.uint64(lengths[cell])
        key = GOLDEN ^ length
        for at in range(length):
            key = (key ^ np.uint64(codes[start + at])) * GOLDEN
            key ^= key >> np.uint64(29)
        key |= ONE
        slot = key >> np.uint64(32)
        while True:
            if keys[slot & mask] == 0:
                number = sizes[CELLS]
                end = np.uint64(ends[number])
                if number + 1 == ends.shape[0] or end + length > known.shape[0]:
                    return cell
                for at in range(length):
                    known[end + at] = codes[start + at]
                ends[number + 1] = end + length
                sizes[CELLS] = number + 1
                keys[slot & mask] = key
                numbers[slot & mask] = number
                break
            if keys[slot & mask] == key:
                number = numbers[slot & mask]
                begin = np.uint64(ends[number])
                same = np.uint64(ends[number + 1]) - begin == length
                for at in range(length):
                    if not same or known[begin + at] != codes[start + at]:
                        same = False
                        break
                if same:
                    break
            slot += ONE
        out[cell - first] = number
    return lengths.shape[0]
