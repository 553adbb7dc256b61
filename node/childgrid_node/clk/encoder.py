"""Columns of strings to cryptographic long-term keys (CLKs), as clkhash makes them.

Bit for bit what clkhash 0.18.3 gives for the same schema, secret and cells: all
features OR'd into one filter, then folded by XOR. Columns are taken stretch by stretch,
so that little more than the encodings themselves is in memory; give a source of any
size in batches.

A record-level CLK is far weaker than the grid's own field-level encodings, both in what
it finds and in what it hides; it exists to exchange with partners who have nothing
else. A row with a fault gets an empty encoding, keeps its place and is reported; no
fault stops a run.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from childgrid_node.clk import fields, keys
from childgrid_node.clk.encoded import Encoded, Faults, fold
from childgrid_node.clk.errors import TableInvalid
from childgrid_node.clk.hashing import hasher
from childgrid_node.clk.schema import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Column
    from childgrid_node.clk.schema import Schema

STRETCH_ROWS = 2**16
STRETCH_BYTES = 2**25
PART_ROWS = 2**14


@dataclass(slots=True)
class _Place:
    """One feature's field, where its column stands, and who may use it."""

    at: int
    identifier: str
    encoder: fields.Field
    lock: Lock = field(default_factory=Lock)


class Encoder:
    """Encodes columns under one schema and one secret.

    It remembers parts of cells between calls, within a bound, because they recur; use
    it as a context manager or call ``clear``. Threads may share one.

    Args:
        schema: columns, formats and hashing.
        secret: what the partners share; a string is taken as UTF-8.
        threads: how many may work at once; one for each core if left out.

    Raises:
        SecretInvalid: the secret is empty.
    """

    def __init__(
        self, schema: Schema, secret: bytes | str, threads: int | None = None
    ) -> None:
        self.schema = schema
        self._threads = threads or os.cpu_count() or 1
        self._words = (schema.filter_bits + 63) // 64
        self._stretch = max(16, min(STRETCH_ROWS, STRETCH_BYTES // (8 * self._words)))
        derived = keys.derive(secret, schema)
        self._places = [
            _Place(at, feature.identifier, self._field(feature, derived[at]))
            for at, feature in enumerate(schema.features)
            if isinstance(feature, Feature)
        ]

    def _field(self, feature: Feature, pair: keys.Keys) -> fields.Field:
        made = hasher(feature.hash, pair, self.schema.filter_bits)
        return fields.field(feature, made, self._words, self._stretch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every remembered cell and token."""
        for place in self._places:
            with place.lock:
                place.encoder.clear()

    def encode(self, columns: Sequence[Column]) -> Encoded:
        """Encode rows given as columns.

        Args:
            columns: one for each feature, ignored ones included, all equally long:
                sequences of strings, numpy arrays of them or Arrow string arrays.

        Raises:
            TableInvalid: another number of columns, or columns of unequal length.
        """
        count = self._rows(columns)
        length = self.schema.length
        words = np.zeros((count, (length + 63) // 64), np.uint64)

        def fill(first: int) -> Faults:
            return self._fill(words[first : first + self._stretch], columns, first)

        faults = Faults()
        starts = range(0, count, self._stretch)
        if self._threads == 1 or len(starts) < 2:
            found = [fill(first) for first in starts]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                found = list(pool.map(fill, starts))
        for one in found:
            faults.merge(one)
        return Encoded(words, length, faults)

    def _rows(self, columns: Sequence[Column]) -> int:
        given = len(self.schema.features)
        if len(columns) != given:
            raise TableInvalid(
                f"the schema has {given} features but {len(columns)} columns were "
                "given; give ignored ones too"
            )
        counts = {len(column) for column in columns}
        if len(counts) != 1:
            raise TableInvalid("the columns have unequal numbers of rows")
        return counts.pop()

    def _fill(
        self, out: NDArray[np.uint64], columns: Sequence[Column], first: int
    ) -> Faults:
        """Encode the rows from ``first`` on into ``out``, which is all zero.

        Each field is used by one thread at a time and in any order of stretches, so
        that several stretches move through the fields one behind the other.
        """
        faults = Faults()
        bad: set[int] = set()
        rows = out
        if self.schema.folds:
            rows = np.zeros((len(out), self._words), np.uint64)
        for place in self._places:
            with place.lock:
                found = _add(place.encoder, rows, columns[place.at], first)
            for row, fault in found:
                faults.add(first + row, place.identifier, fault)
                bad.add(row)
        faults.rows = len(bad)
        rows[sorted(bad)] = 0
        if self.schema.folds:
            out[:] = fold(rows, self.schema.length, self.schema.folds)
        return faults


def _add(
    encoder: fields.Field, rows: NDArray[np.uint64], column: Column, first: int
) -> fields.Faults:
    """Add one field to a stretch, by parts that stay in the processor's cache."""
    found: fields.Faults = []
    for low in range(0, len(rows), PART_ROWS):
        part = rows[low : low + PART_ROWS]
        at = first + low
        for row, fault in encoder.add(part, column, at, at + len(part)):
            found.append((low + row, fault))
    return found
