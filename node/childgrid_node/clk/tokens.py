"""Numbers tokens in the order of their first use, within a bound.

``Grams`` finds n-grams in code points by a compiled loop; ``Words`` takes tokens of any
kind that Python made. Both refuse what no longer fits; their owner then clears them.
Tokens are parts of personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk import kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Cells
    from childgrid_node.clk.schema import Ngram

MOST_TOKENS = 2**17
"""Tokens kept at once; more than any one value has."""

MOST_NODES = 2**18
FIRST_KEYS = 2**13
BATCH_TOKENS = 2**20


class Grams:
    """Numbers the n-grams of values; ``comparison.n`` at most ``kernels.MOST_N``."""

    def __init__(self, comparison: Ngram) -> None:
        self._n = comparison.n
        self._positional = comparison.positional
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self._keys = np.zeros(FIRST_KEYS, np.uint64)
        self._numbers = np.zeros(FIRST_KEYS, np.int32)
        self._sizes = np.zeros(2, np.int64)
        self._born = np.empty((MOST_TOKENS, 2), np.int64)

    def counts(self, cells: Cells) -> NDArray[np.int64]:
        """Return the number of tokens of each value."""
        filled = cells.lengths > 0
        return np.where(filled, cells.lengths + (self._n - 1), 0)

    def number(
        self, cells: Cells, first: int, counts: NDArray[np.int64]
    ) -> tuple[int, NDArray[np.int32], list[str]]:
        """Number the tokens of values ``first`` onwards, as many as fit.

        Returns the value to go on with (``first`` if none fitted and ``clear`` is
        due), the tokens' numbers in order, and the texts of the new tokens.
        """
        known = int(self._sizes[kernels.TOKENS])
        size = int(np.searchsorted(np.cumsum(counts[first:]), BATCH_TOKENS)) + 1
        lengths = cells.lengths[: first + size]
        out = np.empty(int(counts[first : first + size].sum()), np.int32)
        last = self._fill(cells, lengths, first, out)
        texts = self._texts(cells, known) if self._sizes[0] > known else []
        return last, out[: int(counts[first:last].sum())], texts

    def _fill(
        self,
        cells: Cells,
        lengths: NDArray[np.int64],
        first: int,
        out: NDArray[np.int32],
    ) -> int:
        while True:
            last = int(
                kernels.number_grams(
                    cells.codes,
                    cells.starts,
                    lengths,
                    first,
                    self._n,
                    self._positional,
                    self._keys,
                    self._numbers,
                    self._sizes,
                    self._rooms(),
                    self._born,
                    out,
                )
            )
            if last > first or not self._grow():
                return last

    def _rooms(self) -> NDArray[np.int64]:
        """Room for tokens and nodes that keeps the table at most half full."""
        half = len(self._keys) // 2
        tokens = min(MOST_TOKENS, half - int(self._sizes[kernels.NODES]))
        nodes = min(MOST_NODES, half - int(self._sizes[kernels.TOKENS]))
        return np.array([tokens, nodes], np.int64)

    def _grow(self) -> bool:
        if len(self._keys) >= 2 * (MOST_TOKENS + MOST_NODES):
            return False
        keys = np.zeros(4 * len(self._keys), np.uint64)
        numbers = np.zeros(len(keys), np.int32)
        kernels.rehash(self._keys, self._numbers, keys, numbers)
        self._keys, self._numbers = keys, numbers
        return True

    def _texts(self, cells: Cells, known: int) -> list[str]:
        """Return the tokens numbered ``known`` onwards as strings."""
        value, place = self._born[known : int(self._sizes[kernels.TOKENS])].T
        low = cells.starts[value][:, None]
        at = low + place[:, None] + np.arange(1 - self._n, 1)
        inside = (low <= at) & (at < low + cells.lengths[value][:, None])
        codes = np.where(inside, cells.codes[np.where(inside, at, 0)], ord(" "))
        text = codes.astype("<u4").tobytes().decode("utf-32-le")
        runs = [text[at : at + self._n] for at in range(0, len(text), self._n)]
        if self._positional:
            return [f"{at + 1} {run}" for at, run in zip(place, runs, strict=True)]
        return runs


class Words:
    """Numbers tokens that are already strings."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def clear(self) -> None:
        """Forget every token."""
        self._numbers.clear()

    def number(
        self, values: Sequence[Sequence[str]], first: int
    ) -> tuple[int, NDArray[np.int32], list[str]]:
        """Number the tokens of values ``first`` onwards; as ``Grams.number``."""
        known = len(self._numbers)
        out: list[int] = []
        last = first
        for tokens in values[first:]:
            full = len(self._numbers) + len(tokens) > MOST_TOKENS
            if full or (out and len(out) + len(tokens) > BATCH_TOKENS):
                break
            out += [self._numbers.setdefault(t, len(self._numbers)) for t in tokens]
            last += 1
        return last, np.array(out, np.int32), list(self._numbers)[known:]
