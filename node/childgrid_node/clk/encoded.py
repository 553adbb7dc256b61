"""What an encoder gives back: filters as words, and which rows have none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bitarray import bitarray
    from numpy.typing import NDArray

    from childgrid_node.clk.formats import Fault

LISTED = 1000
"""Faults listed by row; all are counted."""


@dataclass(slots=True)
class Faults:
    """Rows that could not be encoded; no cell is kept.

    Attributes:
        rows: rows with at least one fault.
        counts: faults by (feature's identifier, kind); "" for faults of whole rows.
        listed: the first ``LISTED`` as (row from 0, identifier, kind).
    """

    rows: int = 0
    counts: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    listed: list[tuple[int, str, Fault]] = field(default_factory=list)

    def add(self, row: int, identifier: str, fault: Fault) -> None:
        """Count one fault; the caller counts its row."""
        self.counts[identifier, fault] += 1
        if len(self.listed) < LISTED:
            self.listed.append((row, identifier, fault))

    def merge(self, later: Faults, offset: int = 0) -> None:
        """Take over the faults of rows that began at row ``offset`` of these."""
        self.rows += later.rows
        self.counts += later.counts
        room = LISTED - len(self.listed)
        self.listed += [
            (row + offset, name, fault) for row, name, fault in later.listed[:room]
        ]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encodings of rows in their order.

    Attributes:
        words: ``uint64[rows, words]``; the words' little-endian bytes are the CLK's
            bytes, and the last word may have unused bits, which are 0.
        bits: length of one CLK.
        faults: which rows are empty because they could not be encoded.
    """

    words: NDArray[np.uint64]
    bits: int
    faults: Faults

    def __len__(self) -> int:
        return len(self.words)

    def octets(self) -> NDArray[np.uint8]:
        """Return the CLKs' bytes, ``uint8[rows, bytes]``; bit 0 is byte 0's top bit."""
        raw = self.words.astype("<u8", copy=False).view(np.uint8)
        return raw.reshape(len(self), -1)[:, : (self.bits + 7) // 8]

    def bytes(self) -> list[bytes]:
        """Return each CLK's bytes, as clkhash's ``tobytes`` does."""
        octets = self.octets()
        raw, size = octets.tobytes(), octets.shape[1]
        return [raw[at : at + size] for at in range(0, len(raw), size)]

    def bitarrays(self) -> list[bitarray]:
        """Return big-endian bitarrays, as clkhash does; needs the bitarray package."""
        from bitarray import bitarray

        made = []
        for raw in self.bytes():
            bits = bitarray(endian="big")
            bits.frombytes(raw)
            made.append(bits[: self.bits])
        return made


def fold(rows: NDArray[np.uint64], length: int, folds: int) -> NDArray[np.uint64]:
    """XOR the ``2**folds`` equal parts of each filter onto each other.

    ``length`` is what remains, in bits. Halving ``folds`` times is the same thing.
    """
    if not folds:
        return rows
    parts = 1 << folds
    octets = rows.astype("<u8", copy=False).view(np.uint8).reshape(len(rows), -1)
    if length % 8 == 0:
        pieces = octets[:, : parts * length // 8].reshape(len(rows), parts, -1)
        small = np.bitwise_xor.reduce(pieces, axis=1)
    else:
        bits = np.unpackbits(octets, axis=1)[:, : parts * length]
        pieces = bits.reshape(len(rows), parts, length)
        small = np.packbits(np.bitwise_xor.reduce(pieces, axis=1), axis=1)
    made = np.zeros((len(rows), (length + 63) // 64), "<u8")
    made.view(np.uint8).reshape(len(rows), -1)[:, : small.shape[1]] = small
    return made.astype(np.uint64, copy=False)
