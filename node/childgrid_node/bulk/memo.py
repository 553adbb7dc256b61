"""Distinct cells, each read once into a record of words.

A `Store` holds records of one width; record 0 is the empty cell's and all zero. A
`Memo` numbers the cells of one kind and has new ones read. Both hold parts of personal
data; their owner clears them, together, when they have grown past a bound.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from childgrid_node.encode import Filter

FIRST_RECORDS = 1024
UNREADABLE = (ValueError, OverflowError)
"""What a reader raises for a cell that no rule provides for."""


class Store:
    """Records of ``words`` 64-bit words, in the order in which they came."""

    def __init__(self, words: int) -> None:
        self._words = words
        self.clear()

    def __len__(self) -> int:
        return self._size

    def clear(self) -> None:
        """Forget every record but the empty one."""
        self._rows = np.zeros((FIRST_RECORDS, self._words), np.uint64)
        self._fresh: list[bytes] = []
        self._size = 1

    def add(self, record: bytes) -> int:
        """Take one record and return its number; short ones are filled with zeros."""
        self._fresh.append(record.ljust(8 * self._words, b"\0"))
        self._size += 1
        return self._size - 1

    @property
    def rows(self) -> NDArray[np.uint64]:
        """All records, ``uint64[at least len(self), words]``."""
        if self._fresh:
            first = self._size - len(self._fresh)
            if self._size > len(self._rows):
                room = np.zeros((2 * self._size, self._words), np.uint64)
                room[:first] = self._rows[:first]
                self._rows = room
            fresh = np.frombuffer(b"".join(self._fresh), "<u8")
            self._rows[first : self._size] = fresh.reshape(-1, self._words)
            self._fresh.clear()
        return self._rows


class Memo:
    """Numbers of the records of distinct cells of one kind.

    Args:
        store: where the records are kept; several memos may share one.
        read: the record of a cell, in bytes; it may raise ``UNREADABLE``.
    """

    def __init__(self, store: Store, read: Callable[[str], bytes]) -> None:
        self.store = store
        self._read = read
        self.clear()

    def __len__(self) -> int:
        return len(self._numbers)

    def clear(self) -> None:
        """Forget every cell; the store is its owner's to clear."""
        self._numbers: dict[str, int] = {"": 0}
        self._faulty: list[int] = []

    def numbers(self, cells: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of each cell's record, reading those that are new."""
        known = self._numbers
        found = np.fromiter(map(known.get, cells, repeat(-1)), np.int64, len(cells))
        if len(new := np.flatnonzero(found < 0)):
            found[new] = [self.number(cells[row]) for row in new.tolist()]
        return found

    def number(self, cell: str) -> int:
        """Return the number of one cell's record."""
        known = self._numbers.get(cell)
        return self._learn(cell) if known is None else known

    def _learn(self, cell: str) -> int:
        try:
            number = self.store.add(self._read(cell))
        except UNREADABLE:
            number = self.store.add(b"")
            self._faulty.append(number)
        self._numbers[cell] = number
        return number

    def faults(self, numbers: NDArray[np.int64]) -> list[int]:
        """Return the places of cells that could not be read; they count as empty."""
        if not self._faulty:
            return []
        places: list[int] = np.flatnonzero(np.isin(numbers, self._faulty)).tolist()
        return places


class Pieces:
    """Filters of one Bloom field, from pieces that are cut into tokens once each.

    Args:
        bloom: the field's encoder.
        cut: the tokens of one piece.
    """

    def __init__(self, bloom: Filter, cut: Callable[[str], Iterable[str]]) -> None:
        self._bloom = bloom
        self._cut = cut
        self._masks: dict[str, int] = {}
        self._empty = bloom.octets(0)
        self._size = len(self._empty)

    def __len__(self) -> int:
        return len(self._masks)

    def clear(self) -> None:
        """Forget every piece."""
        self._masks.clear()

    def octets(self, pieces: Sequence[str]) -> bytes:
        """Return the filter of all tokens of some pieces, in bytes."""
        if not pieces:
            return self._empty
        filled, known = 0, self._masks
        for piece in pieces:
            mask = known.get(piece)
            if mask is None:
                mask = known[piece] = self._bloom.mask(self._cut(piece))
            filled |= mask
        return filled.to_bytes(self._size, "big")
