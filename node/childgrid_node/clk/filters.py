"""The filters of one feature: each distinct token hashed once, then only OR'd.

Memory is bounded: at most ``tokens.MOST_TOKENS`` tokens and ``MASK_BYTES`` of their
filters are kept, and a full store is emptied. Tokens are parts of personal data:
``clear`` forgets them, and so does dropping the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk import kernels
from childgrid_node.clk.hashing import BLOCK
from childgrid_node.clk.schema import Ngram
from childgrid_node.clk.tokens import Grams, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Cells
    from childgrid_node.clk.hashing import Hasher
    from childgrid_node.clk.schema import Feature

MASK_BYTES = 2**25
FIRST_MASKS = 2**12
FIRST_TOKENS = 2**10
SLOTS = 64


class Positions:
    """Where each numbered token goes in a filter, and the filters made of that."""

    def __init__(self, feature: Feature, hasher: Hasher, words: int) -> None:
        self._strategy = feature.strategy
        self._encoding = feature.encoding
        self._hasher = hasher
        self._words = words
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self._octets: list[bytes] = []
        self._have = np.zeros(FIRST_TOKENS, np.int32)
        self._want = np.zeros(FIRST_TOKENS, np.int32)
        self._known = np.zeros((FIRST_TOKENS, BLOCK), np.int32)
        self._slot_of = np.full(self._strategy.bits + 1, -1, np.int32)
        self._mask_of = np.zeros((SLOTS, FIRST_TOKENS), np.int32)
        self._most_masks = max(2, MASK_BYTES // (8 * self._words))
        room = min(self._most_masks, FIRST_MASKS)
        self._masks = np.zeros((room, self._words), np.uint64)
        self._sizes = np.zeros(2, np.int64)

    def learn(self, texts: Sequence[str]) -> None:
        """Take the next tokens, in the order of their numbers, and hash them once."""
        first = len(self._octets)
        self._octets += [text.encode(self._encoding) for text in texts]
        last = len(self._octets)
        if last > len(self._have):
            self._grow(max(last, 4 * len(self._have)))
        self._want[first:last] = 1
        self._hash(np.arange(first, last, dtype=np.int32))

    def _grow(self, tokens: int) -> None:
        """Make room for tokens; large arrays up front would cost more than this."""
        more = tokens - len(self._have)
        self._have = np.pad(self._have, (0, more))
        self._want = np.pad(self._want, (0, more))
        self._known = np.pad(self._known, ((0, more), (0, 0)))
        self._mask_of = np.pad(self._mask_of, ((0, 0), (0, more)))

    def _more_masks(self) -> None:
        """Enlarge the store of masks, up to its bound."""
        room = min(self._most_masks, 4 * len(self._masks))
        masks = np.zeros((room, self._words), np.uint64)
        masks[: len(self._masks)] = self._masks
        self._masks = masks

    def unite(
        self,
        rows: NDArray[np.uint64],
        numbers: NDArray[np.int32],
        counts: NDArray[np.int64],
    ) -> None:
        """OR the filters of each value's tokens into its row."""
        bits, shared = self._strategy.bits, self._strategy.per == "feature"
        short = np.empty(len(self._octets), np.int32)
        found = kernels.demand(
            numbers, counts, bits, shared, BLOCK, self._have, self._want, short
        )
        self._hash(short[:found])
        done = 0
        while done < len(counts):
            done = kernels.unite(
                rows,
                numbers[int(counts[:done].sum()) :],
                counts,
                done,
                bits,
                shared,
                len(self._masks) < self._most_masks,
                self._known,
                self._slot_of,
                self._mask_of,
                self._masks,
                self._sizes,
            )
            if done < len(counts):
                self._more_masks()

    def _hash(self, short: NDArray[np.int32]) -> None:
        """Hash tokens up to the positions that are wanted of them."""
        while len(short):
            lowest = int(self._have[short].min())
            batch = short[self._have[short] == lowest]
            if lowest >= self._known.shape[1]:
                self._known = np.pad(self._known, ((0, 0), (0, BLOCK)))
            octets = [self._octets[token] for token in batch]
            block = self._hasher.block(octets, lowest // BLOCK)
            self._known[batch, lowest : lowest + BLOCK] = block
            self._have[batch] = lowest + BLOCK
            short = short[self._have[short] < self._want[short]]


class GramFilters:
    """Filters of n-grams that the compiled loop takes."""

    def __init__(
        self, comparison: Ngram, feature: Feature, hasher: Hasher, words: int
    ) -> None:
        self._grams = Grams(comparison)
        self._positions = Positions(feature, hasher, words)

    def clear(self) -> None:
        """Forget every token."""
        self._grams.clear()
        self._positions.clear()

    def add(self, rows: NDArray[np.uint64], cells: Cells) -> None:
        """OR each value's filter into its row, ``uint64[values, words]``."""
        counts = self._grams.counts(cells)
        first = 0
        while first < len(cells):
            last, numbers, texts = self._grams.number(cells, first, counts)
            self._positions.learn(texts)
            self._positions.unite(rows[first:last], numbers, counts[first:last])
            if last == first:
                self.clear()
            first = last


class TokenFilters:
    """Filters of tokens that Python made."""

    def __init__(self, feature: Feature, hasher: Hasher, words: int) -> None:
        self._tokens = Words()
        self._positions = Positions(feature, hasher, words)

    def clear(self) -> None:
        """Forget every token."""
        self._tokens.clear()
        self._positions.clear()

    def add(self, rows: NDArray[np.uint64], values: Sequence[Sequence[str]]) -> None:
        """OR the filter of each value's tokens into its row."""
        counts = np.fromiter(map(len, values), np.int64, len(values))
        first = 0
        while first < len(values):
            last, numbers, texts = self._tokens.number(values, first)
            self._positions.learn(texts)
            self._positions.unite(rows[first:last], numbers, counts[first:last])
            if last == first:
                self.clear()
            first = last
