"""Compiled loops: text to token numbers, token numbers to filters.

Tokens are numbered in the order of their first use. A filter's position ``p`` is bit
``7 - p % 8`` of byte ``p // 8``; filters are kept as words whose little-endian bytes
are the filter's bytes. A mask is one token's filter for one number of insertions; masks
are built when first needed and dropped together when their store is full, which costs
time and never a bit.

Nothing here knows formats, keys or hashes, and nothing holds the GIL.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from childgrid_node.clk.masks import join_4, join_16
from childgrid_node.compiled import compiled

MOST_N = 8
"""Longest n-gram that ``number_grams`` takes."""

FIRST_NODE = 2**21
"""Numbers of inner nodes start above every code point and every position."""

NO_SYMBOL = np.uint64(FIRST_NODE - 1)
SPACE = np.uint64(32)
ONE = np.uint64(1)
SYMBOL_BITS = np.uint64(21)
PREFIX_BITS = np.uint64(42)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)

TOKENS, NODES = 0, 1
SLOTS, MASKS = 0, 1


@compiled("int32(uint64[::1], int32[::1], uint64, int32)")
def find(keys: Any, numbers: Any, key: Any, fresh: Any) -> Any:  # noqa: ANN401
    """Return the number of ``key``; give it ``fresh`` if it has none.

    ``keys`` and ``numbers`` are an open hash table of a power of two slots, never full.
    """
    mask = np.uint64(keys.shape[0] - 1)
    slot = (key * GOLDEN) >> np.uint64(32)
    while True:
        at = slot & mask
        if keys[at] == key:
            return numbers[at]
        if keys[at] == 0:
            keys[at] = key
            numbers[at] = fresh
            return fresh
        slot += ONE


@compiled("void(uint64[::1], int32[::1], uint64[::1], int32[::1])")
def rehash(old: Any, old_numbers: Any, keys: Any, numbers: Any) -> None:  # noqa: ANN401
    """Move every entry of a table into a larger, empty one."""
    for at in range(old.shape[0]):
        if old[at] != 0:
            find(keys, numbers, old[at], old_numbers[at])


@compiled(
    "int64(Array(uint32, 1, 'C', readonly=True), int64, int64, int64, boolean, "
    "uint64[::1], int32[::1], int64, int64[:, ::1], int64, int32[::1])"
)
def number_pairs(
    codes: Any,  # noqa: ANN401
    low: int,
    length: int,
    n: int,
    positional: bool,
    keys: Any,  # noqa: ANN401
    numbers: Any,  # noqa: ANN401
    known: int,
    born: Any,  # noqa: ANN401
    value: int,
    out: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Number one value's n-grams of one or two; return how many tokens there are now.

    See ``number_grams``: a gram is one key, and the symbol before is at hand.
    """
    mask = np.uint64(keys.shape[0] - 1)
    before, after = SPACE, SPACE
    start, end = np.uint64(low), np.uint64(length)
    for place in range(np.uint64(length + n - 1)):
        after = np.uint64(codes[start + place]) if place < end else SPACE
        key = (before << SYMBOL_BITS) | after
        if n == 1:
            key = (after << SYMBOL_BITS) | NO_SYMBOL
        if positional:
            key |= (place + ONE) << PREFIX_BITS
        key += ONE
        before = after
        slot = (key * GOLDEN) >> np.uint64(32)
        while keys[slot & mask] != key:
            if keys[slot & mask] == 0:
                keys[slot & mask] = key
                numbers[slot & mask] = known
                born[known, 0] = value
                born[known, 1] = place
                known += 1
                break
            slot += ONE
        out[place] = numbers[slot & mask]
    return known


@compiled(
    "int64(Array(uint32, 1, 'C', readonly=True), int64[::1], int64[::1], int64, "
    "int64, boolean, uint64[::1], int32[::1], int64[::1], int64[::1], "
    "int64[:, ::1], int32[::1])"
)
def number_grams(
    codes: Any,  # noqa: ANN401
    starts: Any,  # noqa: ANN401
    lengths: Any,  # noqa: ANN401
    first: int,
    n: int,
    positional: bool,
    keys: Any,  # noqa: ANN401
    numbers: Any,  # noqa: ANN401
    sizes: Any,  # noqa: ANN401
    rooms: Any,  # noqa: ANN401
    born: Any,  # noqa: ANN401
    out: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Number the n-grams of values ``first`` onwards; return the value to go on with.

    Args:
        codes: code points of all values, ``uint32``.
        starts: where each value begins, ``int64``.
        lengths: its code points; 0 gives no token.
        first: the value to begin with.
        n: length of a gram, at most ``MOST_N``.
        positional: whether a gram's place is part of it.
        keys: hash table, see ``find``.
        numbers: its numbers.
        sizes: tokens and inner nodes so far, updated.
        rooms: how many of each there may be.
        born: for each new token its value and place, ``int64[tokens, 2]``.
        out: the token numbers in order, ``int32``, beginning at 0.
    """
    filled = 0
    inner = (n - 1) // 2
    for value in range(first, lengths.shape[0]):
        length = lengths[value]
        if length == 0:
            continue
        count = length + n - 1
        if sizes[TOKENS] + count > rooms[TOKENS]:
            return value
        if sizes[NODES] + inner * count > rooms[NODES]:
            return value
        low = starts[value]
        if n <= 2:
            sizes[TOKENS] = number_pairs(
                codes,
                low,
                length,
                n,
                positional,
                keys,
                numbers,
                sizes[TOKENS],
                born,
                value,
                out[filled:],
            )
            filled += count
            continue
        high = low + length
        for place in range(count):
            prefix = np.uint64(place + 1) if positional else np.uint64(0)
            at = low + place - n + 1
            symbol = 0
            while True:
                one = np.uint64(codes[at]) if low <= at < high else SPACE
                two = NO_SYMBOL
                if symbol + 1 < n:
                    two = np.uint64(codes[at + 1]) if low <= at + 1 < high else SPACE
                key = ((prefix << PREFIX_BITS) | (one << SYMBOL_BITS) | two) + ONE
                at += 2
                symbol += 2
                if symbol >= n:
                    break
                node = find(keys, numbers, key, np.int32(FIRST_NODE + sizes[NODES]))
                if node == FIRST_NODE + sizes[NODES]:
                    sizes[NODES] += 1
                prefix = np.uint64(node)
            token = find(keys, numbers, key, np.int32(sizes[TOKENS]))
            if token == sizes[TOKENS]:
                born[token, 0] = value
                born[token, 1] = place
                sizes[TOKENS] += 1
            out[filled] = token
            filled += 1
    return lengths.shape[0]


@compiled(
    "int64(int32[::1], int64[::1], int64, boolean, int64, int32[::1], "
    "int32[::1], int32[::1])"
)
def demand(
    tokens: Any,  # noqa: ANN401
    counts: Any,  # noqa: ANN401
    bits: int,
    shared: bool,
    sure: int,
    have: Any,  # noqa: ANN401
    want: Any,  # noqa: ANN401
    short: Any,  # noqa: ANN401
) -> int:
    """Find tokens whose known positions do not suffice; return how many.

    ``have`` and ``want`` count positions by token, every token has ``sure``, and
    ``short`` receives the tokens.
    """
    found = 0
    at = 0
    for value in range(counts.shape[0]):
        count = counts[value]
        if count == 0:
            continue
        each = bits // count if shared else bits
        left = bits % count if shared else 0
        if each + 1 > sure:
            for place in range(count):
                token = tokens[at + place]
                needed = each + 1 if place < left else each
                if needed > have[token]:
                    if want[token] <= have[token]:
                        short[found] = token
                        found += 1
                    if needed > want[token]:
                        want[token] = needed
        at += count
    return found


@compiled("void(uint64[:, ::1], int64, int32[:, ::1], int64, int64)")
def put(rows: Any, row: int, positions: Any, token: int, needed: int) -> None:  # noqa: ANN401
    """Set the first ``needed`` of a token's positions in one row."""
    for turn in range(needed):
        p = positions[token, turn]
        rows[row, p >> 6] |= ONE << np.uint64((p & 56) + 7 - (p & 7))


@compiled("void(uint64[::1], int64, int64, uint64[::1], int64[::1], int64)")
def merge(
    rows: Any,  # noqa: ANN401
    row: int,
    words: int,
    masks: Any,  # noqa: ANN401
    chosen: Any,  # noqa: ANN401
    count: int,
) -> None:
    """OR the first ``count`` chosen masks into one row; they are named by their start.

    Rows and masks are in one dimension, ``words`` words each.
    """
    start = row * words
    sixteens, fours = words // 16 * 16, words // 4 * 4
    for word in range(0, sixteens, 16):
        join_16(rows, start + word, masks, chosen, count, word)
    for word in range(sixteens, fours, 4):
        join_4(rows, start + word, masks, chosen, count, word)
    for word in range(fours, words):
        for at in range(count):
            rows[start + word] |= masks[chosen[at] + word]


@compiled(
    "int64(uint64[:, ::1], int32[::1], int64[::1], int64, int64, boolean, boolean, "
    "int32[:, ::1], int32[::1], int32[:, ::1], uint64[:, ::1], int64[::1])"
)
def unite(
    rows: Any,  # noqa: ANN401
    tokens: Any,  # noqa: ANN401
    counts: Any,  # noqa: ANN401
    first: int,
    bits: int,
    shared: bool,
    stop: bool,
    positions: Any,  # noqa: ANN401
    slot_of: Any,  # noqa: ANN401
    mask_of: Any,  # noqa: ANN401
    masks: Any,  # noqa: ANN401
    sizes: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """OR the filters of each value's tokens into its row; return the value reached.

    Args:
        rows: filters, ``uint64[values, words]``.
        tokens: token numbers of all values in order, ``int32``.
        counts: tokens by value.
        first: the value to begin with; its tokens begin at ``tokens[0]``.
        bits: insertions of each token, or of all together if ``shared``.
        shared: whether a value's tokens share ``bits``.
        stop: whether to return, rather than drop all masks, when there is no room for
            those of one more value.
        positions: positions by token, ``int32[tokens, known]``.
        slot_of: the slot of a number of insertions, -1 for none.
        mask_of: a token's mask by slot, counted from 1, 0 for none.
        masks: the masks, ``uint64[masks, words]``.
        sizes: slots and masks in use, updated.
    """
    chosen = np.empty(max(np.int64(1), counts[first:].max()), np.int64)
    words = rows.shape[1]
    flat, store = rows.reshape(-1), masks.reshape(-1)
    at = 0
    for value in range(first, counts.shape[0]):
        count = counts[value]
        if count == 0:
            continue
        if stop and sizes[MASKS] + count > masks.shape[0]:
            return value
        each = np.int64(np.uint32(bits) // np.uint32(count)) if shared else bits
        left = bits - each * count if shared else 0
        if sizes[SLOTS] + 2 > mask_of.shape[0]:
            slot_of[:] = -1
            mask_of[:] = 0
            sizes[SLOTS] = 0
            sizes[MASKS] = 0
        for needed in (each, each + 1):
            if needed < slot_of.shape[0] and slot_of[needed] < 0:
                slot_of[needed] = sizes[SLOTS]
                sizes[SLOTS] += 1
        ready = 0
        for place in range(count if each else left):
            token = np.uint64(tokens[at + place])
            needed = each + 1 if place < left else each
            slot = np.uint64(slot_of[needed])
            mask = np.int64(mask_of[slot, token])
            if mask == 0:
                if sizes[MASKS] == masks.shape[0]:
                    merge(flat, value, words, store, chosen, ready)
                    ready = 0
                    mask_of[:] = 0
                    sizes[MASKS] = 0
                mask = sizes[MASKS] + 1
                masks[mask - 1] = 0
                put(masks, mask - 1, positions, token, needed)
                sizes[MASKS] = mask
                mask_of[slot, token] = mask
            chosen[np.uint64(ready)] = (mask - 1) * words
            ready += 1
        merge(flat, value, words, store, chosen, ready)
        at += count
    return counts.shape[0]


@compiled("void(uint64[:, ::1], int64[::1], uint64[:, ::1])")
def gather(rows: Any, numbers: Any, filters: Any) -> None:  # noqa: ANN401
    """OR ``filters[numbers[row]]`` into each row."""
    for row in range(rows.shape[0]):
        number = numbers[row]
        for word in range(rows.shape[1]):
            rows[row, word] |= filters[number, word]
