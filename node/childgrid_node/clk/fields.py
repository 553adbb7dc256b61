"""One feature's columns to filters, by the shorter of two ways.

Plain strings compared by n-grams go as code points straight to the compiled loop.
Everything else is checked, formatted and tokenised once per distinct cell, and the
filters of cells are remembered, within a bound, until ``clear``. A cell that cannot be
encoded leaves its row as it was and is returned as a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from childgrid_node.clk import comparators, kernels
from childgrid_node.clk.cells import (
    Cells,
    arrow_cells,
    code_points,
    is_arrow,
    strings,
)
from childgrid_node.clk.filters import GramFilters, TokenFilters
from childgrid_node.clk.formats import MOST_CHARACTERS, Fault, Faulty, formatter
from childgrid_node.clk.known import Known
from childgrid_node.clk.schema import Ngram, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Column
    from childgrid_node.clk.hashing import Hasher
    from childgrid_node.clk.schema import Feature

Faults = list[tuple[int, Fault]]
"""Rows of a stretch and what is wrong with them."""

REMEMBERED_BYTES = 2**25


class Field(Protocol):
    """Adds one feature's filters to rows."""

    def add(
        self, rows: NDArray[np.uint64], column: Column, first: int, last: int
    ) -> Faults:
        """OR the filters of ``column[first:last]`` into rows; return the faults."""

    def clear(self) -> None:
        """Forget every cell and token."""


def field(feature: Feature, hasher: Hasher, words: int, stretch: int) -> Field:
    """Return the field of a feature; ``stretch`` is the most rows of one ``add``."""
    if isinstance(feature.format, Text) and feature.format.pattern is None:
        comparison = feature.comparison
        if isinstance(comparison, Ngram) and comparison.n <= kernels.MOST_N:
            return Direct(feature, feature.format, comparison, hasher, words)
    return Remembered(feature, hasher, words, stretch)


class Direct:
    """Strings without a pattern, compared by n-grams."""

    def __init__(
        self,
        feature: Feature,
        kind: Text,
        comparison: Ngram,
        hasher: Hasher,
        words: int,
    ) -> None:
        self._kind = kind
        self._missing = feature.missing
        self._format = formatter(feature)
        self._filters = GramFilters(comparison, feature, hasher, words)

    def clear(self) -> None:
        """Forget every token."""
        self._filters.clear()

    def add(
        self, rows: NDArray[np.uint64], column: Column, first: int, last: int
    ) -> Faults:
        """See ``Field.add``."""
        cells, faults = _laid_out(column, first, last)
        missing = self._missing_rows(cells)
        suspects = self._suspects(cells)
        if self._missing is not None and missing.any():
            suspects &= ~missing
            try:
                replacement = self._format(self._missing.sentinel)
                _replace(cells, missing, replacement)
            except Faulty:
                suspects |= missing
        suspects[[row for row, _ in faults]] = False
        faults += self._judged(cells, suspects)
        cells.lengths[[row for row, _ in faults]] = 0
        self._filters.add(rows, cells)
        return faults

    def _missing_rows(self, cells: Cells) -> NDArray[np.bool_]:
        if self._missing is None:
            return np.zeros(len(cells), np.bool_)
        sentinel = code_points(self._missing.sentinel)
        found: NDArray[np.bool_] = cells.lengths == len(sentinel)
        likely = np.flatnonzero(found)
        places = cells.starts[likely][:, None] + np.arange(len(sentinel))
        found[likely] = (cells.codes[places] == sentinel).all(axis=1)
        return found

    def _suspects(self, cells: Cells) -> NDArray[np.bool_]:
        """Mark every row that may be faulty, and some that are not."""
        kind = self._kind
        found: NDArray[np.bool_] = cells.lengths > MOST_CHARACTERS
        if kind.shortest:
            found |= cells.lengths < kind.shortest
        if kind.longest is not None:
            found |= cells.lengths > kind.longest
        for doubtful in self._doubtful(cells.codes):
            found[cells.rows_of(doubtful)] = True
        return found

    def _doubtful(self, codes: NDArray[np.uint32]) -> list[NDArray[np.bool_]]:
        """Return marks of code points that no cell, or not every cell, may hold."""
        marks = []
        top = int(codes.max()) if codes.size else 0
        if self._kind.case != "mixed":
            low = ord("a") if self._kind.case == "upper" else ord("A")
            marks.append((codes - low < 26) | (codes >= 128))
        if self._kind.encoding == "ascii" and top >= 128:
            marks.append(codes >= 128)
        elif top >= 0xD800:
            marks.append(codes - 0xD800 < 0x800)
        return marks

    def _judged(self, cells: Cells, suspects: NDArray[np.bool_]) -> Faults:
        faults: Faults = []
        for row in np.flatnonzero(suspects):
            try:
                self._format(cells.text(int(row)))
            except Faulty as error:
                faults.append((int(row), error.fault))
        return faults


def _laid_out(column: Column, first: int, last: int) -> tuple[Cells, Faults]:
    if is_arrow(column):
        return arrow_cells(column, first, last), []
    values = strings(column, first, last)
    try:
        return Cells.of(values), []
    except TypeError:
        clean, faults = _cleaned(values)
        return Cells.of(clean), faults


def _cleaned(values: Sequence[Any]) -> tuple[list[str], Faults]:
    """Replace None by an empty cell, and other things by one with a fault."""
    clean = [value if isinstance(value, str) else "" for value in values]
    faults = [
        (row, Fault.TYPE)
        for row, value in enumerate(values)
        if value is not None and not isinstance(value, str)
    ]
    return clean, faults


def _replace(cells: Cells, rows: NDArray[np.bool_], text: str) -> None:
    cells.starts[rows] = len(cells.codes)
    cells.lengths[rows] = len(text)
    cells.codes = np.concatenate((cells.codes, code_points(text)))


class Remembered:
    """Cells of any format, each distinct one worked out once."""

    def __init__(
        self, feature: Feature, hasher: Hasher, words: int, stretch: int
    ) -> None:
        self._format = formatter(feature)
        self._comparison = feature.comparison
        self._words = words
        self._room = max(stretch, REMEMBERED_BYTES // (8 * words))
        self._known = Known(self._room)
        self._grams = self._tokens = None
        comparison = feature.comparison
        if isinstance(comparison, Ngram) and comparison.n <= kernels.MOST_N:
            self._grams = GramFilters(comparison, feature, hasher, words)
        else:
            self._tokens = TokenFilters(feature, hasher, words)
        self._forget()

    def clear(self) -> None:
        """Forget every cell and token."""
        self._forget()
        for filters in (self._grams, self._tokens):
            if filters is not None:
                filters.clear()

    def _forget(self) -> None:
        self._known.clear()
        self._faults: dict[int, Fault] = {}
        self._filters = np.zeros((self._room, self._words), np.uint64)

    def add(
        self, rows: NDArray[np.uint64], column: Column, first: int, last: int
    ) -> Faults:
        """See ``Field.add``."""
        cells, faults = _laid_out(column, first, last)
        untyped = {row for row, _ in faults}
        at = 0
        while at < len(cells):
            before = len(self._known)
            reached, numbers, texts = self._known.number(cells, at)
            self._work_out(before, texts)
            kernels.gather(rows[at:reached], numbers, self._filters)
            faults += [
                (row, fault)
                for row, fault in self._faulty(numbers, at)
                if row not in untyped
            ]
            if reached == at:
                self._forget()
            at = reached
        return faults

    def _faulty(self, numbers: NDArray[np.int64], first: int) -> Faults:
        if not self._faults:
            return []
        bad = np.flatnonzero(np.isin(numbers, list(self._faults))).tolist()
        return [(first + row, self._faults[int(numbers[row])]) for row in bad]

    def _work_out(self, before: int, cells: Sequence[str]) -> None:
        """Make the filters of the cells numbered ``before`` onwards."""
        formatted = []
        tokens = []
        for number, value in enumerate(cells, before):
            text, words = "", []
            try:
                text = self._format(value)
                if self._tokens is not None:
                    words = comparators.tokens(text, self._comparison)
            except Faulty as error:
                self._faults[number] = error.fault
                text, words = "", []
            formatted.append(text)
            tokens.append(words)
        rows = self._filters[before : before + len(formatted)]
        if self._grams is not None:
            self._grams.add(rows, Cells.of(formatted))
        elif self._tokens is not None:
            self._tokens.add(rows, tokens)
