"""The filters of one feature: each distinct token hashed once, then only OR'd.

Memory is bounded: at most ``MOST_TOKENS`` tokens and ``MASK_BYTES`` of their filters
are kept, and a full store is emptied. Tokens are parts of personal data: ``clear``
forgets them, and so does dropping the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk import kernels
from childgrid_node.clk.hashing import BLOCK
from childgrid_node.clk.schema import Ngram
from childgrid_node.clk.tokens import MOST_TOKENS, Grams, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Cells
    from childgrid_node.clk.hashing import Hasher
    from childgrid_node.clk.schema import Feature

MASK_BYTES = 2**25
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
        self._have = np.zeros(MOST_TOKENS, np.int32)
        self._want = np.zeros(MOST_TOKENS, np.int32)
        self._known = np.zeros((MOST_TOKENS, BLOCK), np.int32)
        self._slot_of = np.full(self._strategy.bits + 1, -1, np.int32)
        self._mask_of = np.zeros((SLOTS, MOST_TOKENS), np.int32)
        room = max(2, MASK_BYTES // (8 * self._words))
        self._masks = np.zeros((room, self._words), np.uint64)
        self._sizes = np.zeros(2, np.int64)

    def learn(self, texts: Sequence[str]) -> None:
        """Take the next tokens, in the order of their numbers."""
        first = len(self._octets)
        self._octets += [text.encode(self._encoding) for text in texts]
        self._want[first : len(self._octets)] = 1
        self._hash(np.arange(first, len(self._octets), dtype=np.int32))

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
        begins, order = np.empty_like(counts), np.empty_like(counts)
        kernels.arrange(counts, begins, order)
        kernels.unite(
            rows,
            numbers,
            counts,
            begins,
            order,
            bits,
            shared,
            self._known,
            self._slot_of,
            self._mask_of,
            self._masks,
            self._sizes,
        )

    def _hash(self, short: NDArray[np.int32]) -> None:
        """Hash tokens up to the positions that are wanted of them."""
        while len(short):
            lowest = int(self._have[short].min())
            batch = short[self._have[short] == lowest]
            if lowest >= self._known.shape[1]:
                wider = np.zeros((MOST_TOKENS, lowest + BLOCK), np.int32)
                wider[:, :lowest] = self._known
                self._known = wider
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
