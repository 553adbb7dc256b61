"""Columns of strings to cryptographic long-term keys (CLKs), as clkhash makes them.

Bit for bit what clkhash 0.18.3 gives for the same schema, secret and cells: all
features OR'd into one filter, then folded by XOR. It works column by column and
stretch by stretch, so that memory does not grow with the rows that are streamed.

A record-level CLK is far weaker than the grid's own field-level encodings, both in what
it finds and in what it hides; it exists to exchange with partners who have nothing
else. A row with a fault gets an empty encoding, keeps its place and is reported; no
fault stops a run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from childgrid_node.clk import fields, keys
from childgrid_node.clk.errors import TableInvalid
from childgrid_node.clk.hashing import hasher
from childgrid_node.clk.schema import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Column
    from childgrid_node.clk.formats import Fault
    from childgrid_node.clk.schema import Schema

STRETCH_ROWS = 2**15
STRETCH_BYTES = 2**24
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
        """Count one fault."""
        self.counts[identifier, fault] += 1
        if len(self.listed) < LISTED:
            self.listed.append((row, identifier, fault))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encodings of rows in their order.

    Attributes:
        words: ``uint64[rows, words]``; the words' little-endian bytes are the CLK's
            bytes, and the last may have unused bits, which are 0.
        bits: length of one CLK.
        faults: which rows are empty because they could not be encoded.
    """

    words: NDArray[np.uint64]
    bits: int
    faults: Faults

    def __len__(self) -> int:
        return len(self.words)

    def octets(self) -> NDArray[np.uint8]:
        """Return the CLKs' bytes, ``uint8[rows, bytes]``; bit 0 is the top of byte 0."""
        raw = self.words.astype("<u8", copy=False).view(np.uint8)
        return raw.reshape(len(self), -1)[:, : (self.bits + 7) // 8]

    def bytes(self) -> list[bytes]:
        """Return each CLK's bytes, as clkhash's ``tobytes`` does."""
        octets = np.ascontiguousarray(self.octets())
        raw, size = octets.tobytes(), octets.shape[1]
        return [raw[at : at + size] for at in range(0, len(raw), size)]

    def bitarrays(self) -> list[object]:
        """Return big-endian bitarrays, as clkhash does; needs the bitarray package."""
        from bitarray import bitarray

        made = []
        for raw in self.bytes():
            bits = bitarray(endian="big")
            bits.frombytes(raw)
            made.append(bits[: self.bits])
        return made


class Encoder:
    """Encodes columns under one schema and one secret.

    It remembers parts of cells between calls, within a bound, because they recur; use
    it as a context manager or call ``clear``. For one thread at a time.

    Args:
        schema: columns, formats and hashing.
        secret: what the partners share; a string is taken as UTF-8.

    Raises:
        SecretInvalid: the secret is empty.
    """

    def __init__(self, schema: Schema, secret: bytes | str) -> None:
        self.schema = schema
        self._words = (schema.filter_bits + 63) // 64
        self._stretch = max(16, min(STRETCH_ROWS, STRETCH_BYTES // (8 * self._words)))
        self._fields: list[tuple[str, fields.Field] | None] = [
            (feature.identifier, self._field(feature, one))
            if isinstance(feature, Feature)
            else None
            for feature, one in zip(
                schema.features, keys.derive(secret, schema), strict=True
            )
        ]

    def _field(self, feature: Feature, one: keys.Keys) -> fields.Field:
        made = hasher(feature.hash, one, self.schema.filter_bits)
        return fields.field(feature, made, self._words, self._stretch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every remembered cell and token."""
        for one in self._fields:
            if one is not None:
                one[1].clear()

    def encode(self, columns: Sequence[Column]) -> Encoded:
        """Encode whole columns.

        Args:
            columns: one for each feature, ignored ones included, all equally long:
                sequences of strings, numpy arrays of them or Arrow string arrays.

        Raises:
            TableInvalid: another number of columns, or columns of unequal length.
        """
        count = self._rows(columns)
        faults = Faults()
        words = np.zeros((count, (self.schema.length + 63) // 64), np.uint64)
        for first in range(0, count, self._stretch):
            last = min(count, first + self._stretch)
            rows = words[first:last]
            if self.schema.folds:
                rows[:] = self._folded(columns, first, last, faults)
            else:
                self._fill(rows, columns, first, faults)
        return Encoded(words, self.schema.length, faults)

    def stretches(self, columns: Sequence[Column]) -> Iterator[Encoded]:
        """Encode columns stretch by stretch, so that no more is in memory.

        Rows in the faults are counted from the columns' start.

        Raises:
            TableInvalid: as ``encode``.
        """
        count = self._rows(columns)
        for first in range(0, count, self._stretch):
            faults = Faults()
            last = min(count, first + self._stretch)
            rows = self._folded(columns, first, last, faults)
            yield Encoded(rows, self.schema.length, faults)

    def _rows(self, columns: Sequence[Column]) -> int:
        if len(columns) != len(self._fields):
            raise TableInvalid(
                f"the schema has {len(self._fields)} features but {len(columns)} "
                "columns were given; give ignored ones too"
            )
        counts = {len(column) for column in columns}
        if len(counts) != 1:
            raise TableInvalid("the columns have unequal numbers of rows")
        return counts.pop()

    def _folded(
        self, columns: Sequence[Column], first: int, last: int, faults: Faults
    ) -> NDArray[np.uint64]:
        rows = np.zeros((last - first, self._words), np.uint64)
        self._fill(rows, columns, first, faults)
        return fold(rows, self.schema.length, self.schema.folds)

    def _fill(
        self,
        rows: NDArray[np.uint64],
        columns: Sequence[Column],
        first: int,
        faults: Faults,
    ) -> None:
        """Fill zeroed filters from row ``first`` on; empty and list the faulty ones."""
        bad: set[int] = set()
        for one, column in zip(self._fields, columns, strict=True):
            if one is None:
                continue
            for row, fault in one[1].add(rows, column, first, first + len(rows)):
                faults.add(first + row, one[0], fault)
                bad.add(row)
        faults.rows += len(bad)
        rows[sorted(bad)] = 0


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
