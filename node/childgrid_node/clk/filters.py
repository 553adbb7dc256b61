"""The filters of one feature: each distinct token hashed once, then only OR'd.

Memory is bounded: at most ``MOST_TOKENS`` tokens and ``MASK_BYTES`` of masks are kept;
when a store is full it is emptied. Tokens are parts of personal data: ``clear`` forgets
them, and so does dropping the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk.hashing import BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Cells
    from childgrid_node.clk.hashing import Hasher
    from childgrid_node.clk.schema import Feature, Strategy

MOST_TOKENS = 2**17
MOST_NODES = 2**18
FIRST_KEYS = 2**13
MASK_BYTES = 2**25
SLOTS = 64
BATCH_TOKENS = 2**20

Numbered = tuple[int, int, "NDArray[np.int32]", "NDArray[np.int64]"]
"""First and last value, their tokens' numbers in order, tokens by value."""


class Filters:
    """Turns tokens of one feature into filters of ``words`` 64-bit words."""

    def __init__(self, feature: Feature, hasher: Hasher, words: int) -> None:
        self._strategy = feature.strategy
        self._encoding = feature.encoding
        self._hasher = hasher
        self._words = words
        self._tokens = _store(feature.comparison)
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self._tokens.clear()
        self._octets: list[bytes] = []
        self._have = np.zeros(MOST_TOKENS, np.int32)
        self._want = np.zeros(MOST_TOKENS, np.int32)
        self._positions = np.zeros((MOST_TOKENS, BLOCK), np.int32)
        self._slot_of = np.full(_most_insertions(self._strategy) + 1, -1, np.int32)
        self._mask_of = np.zeros((SLOTS, MOST_TOKENS), np.int32)
        room = max(2, min(MOST_TOKENS, MASK_BYTES // (8 * self._words)))
        self._masks = np.zeros((room, self._words), np.uint64)
        self._sizes = np.zeros(2, np.int64)

    def add_grams(self, rows: NDArray[np.uint64], cells: Cells) -> None:
        """OR each value's filter into its row, ``uint64[values, words]``.

        Only for n-grams that the compiled loop takes; see ``takes_cells``.
        """
        store = self._tokens
        assert_grams(store)
        first = 0
        while first < len(cells):
            last, numbers, counts, born = store.number(cells, first)
            if last == first:
                self.clear()
                continue
            self._octets += [self._encoded(text) for text in born]
            self._unite(rows[first:last], numbers, counts)
            first = last

    def add_tokens(
        self, rows: NDArray[np.uint64], tokens: Sequence[Sequence[str]]
    ) -> None:
        """OR the filter of each value's tokens into its row."""


def _most_insertions(strategy: Strategy) -> int:
    return strategy.bits + 1
