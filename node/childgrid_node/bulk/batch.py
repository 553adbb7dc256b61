"""Batches of columns to rows of an index, for one mapping and one key.

What one batch learned serves the next, within a bound; past it everything is forgotten,
which costs time and never a bit. Every row keeps its place. A cell that cannot be read
counts as empty and is reported by row and grid field, never by value.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from childgrid_node.bulk.facts import Facts
from childgrid_node.bulk.people import Filled, People
from childgrid_node.bulk.tags import Tags
from childgrid_node.clk.cells import strings
from childgrid_node.encode import LATER
from childgrid_node.index_errors import EncodingError
from childgrid_node.normalise import BLOOM, EXACT, Normaliser, tokens_of
from childgrid_node.normalise.person import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.cells import Column
    from childgrid_node.encode import Encoder
    from childgrid_node.mapping import Mapping as SourceMapping

MOST_CELLS = 2**17
"""Distinct cells, or words, of one kind that are remembered between batches."""

_FACTS = (
    *("birth_date", "birth_year", "age", "age_as_of"),
    *("sex", "address", "district", "state", "pin"),
)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A cell that counts as empty because it cannot be read."""

    row: int
    field: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Encodings of rows in their order, ``uint64[rows, words]``, and their faults."""

    encodings: NDArray[np.uint64]
    faults: list[Fault]


class BatchEncoder:
    """Normalises and encodes columns; not for several threads at once.

    Use it as a context manager, or call ``clear``: it remembers parts of cells.

    Args:
        encoder: scheme and keys.
        mapping: which columns make which grid fields.

    Raises:
        EncodingError: the scheme lacks a field that a person may have.
    """

    def __init__(self, encoder: Encoder, mapping: SourceMapping) -> None:
        if lacking := {*BLOOM, *EXACT} - LATER - encoder.scheme.layout.places.keys():
            names = ", ".join(sorted(lacking))
            raise EncodingError(f"the scheme does not know these fields: {names}")
        self._encoder = encoder
        self._mapping = mapping
        self._columns = tuple(
            dict.fromkeys(c for one in mapping.fields.values() for c in one.names)
        )
        self._normaliser = Normaliser()
        self._people = People(encoder, self._normaliser.words)
        self._facts = Facts(encoder, self._normaliser.words)
        self._tags = Tags(encoder)

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that are read."""
        return self._columns

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every cell, word and token."""
        self._people.clear()
        self._facts.clear()
        self._normaliser.clear()
        self._encoder.clear()

    def remembered(self) -> int:
        """The most distinct cells or words of one kind that are remembered."""
        return max(len(self._people), len(self._facts))

    def encode(self, columns: Mapping[str, Column], count: int) -> Batch:
        """Encode ``count`` rows.

        Args:
            columns: strings by column: sequences, numpy or Arrow arrays; null and
                absent columns are empty.
            count: rows, the length of every column.
        """
        if self.remembered() > MOST_CELLS:
            self.clear()
        faults: list[tuple[int, str]] = []
        texts = {}
        for name in self._columns:
            cells = (
                strings(columns[name], 0, count) if name in columns else [""] * count
            )
            texts[name], bad = _texts(cells)
            faults += [(row, field) for row in bad for field in self._fields(name)]
        rows = np.zeros((count, self._encoder.scheme.layout.words), np.uint64)
        faults += self._fill(rows, columns_of(texts, self._mapping), texts)
        return Batch(rows, sorted({Fault(row, name) for row, name in faults}))

    def _fields(self, column: str) -> list[str]:
        fields = self._mapping.fields.items()
        return [name for name, source in fields if column in source.names]

    def _fill(
        self,
        rows: NDArray[np.uint64],
        columns: dict[str, list[Sequence[str]]],
        texts: dict[str, list[str]],
    ) -> list[tuple[int, str]]:
        empty = [""] * len(rows)
        own = next(iter(columns.get("name", ())), empty)
        aliases, kin = columns.get("alias", []), columns.get("relative", [])
        filled = self._people.fill(rows, own, aliases, kin)
        facts = {name: columns[name][0] for name in _FACTS if columns.get(name)}
        self._settle(facts, filled, empty)
        faults = filled.faults + self._facts.fill(rows, facts)
        faults += self._tags.fill(rows, columns)
        self._title(rows, filled)
        self._facts.fill_named(rows, filled.implied)
        for row in {*filled.crowded, *self._facts.unsure(facts)}:
            values = {name: cells[row] for name, cells in texts.items()}
            rows[row] = self._singly(values, [f for at, f in faults if at == row])
        return faults

    def _settle(
        self, facts: dict[str, Sequence[str]], filled: Filled, empty: list[str]
    ) -> None:
        """Add what names' cells say of residence to the addresses."""
        if filled.residences:
            addresses = list(facts.get("address", empty))
            for row, residence in filled.residences.items():
                addresses[row] = f"{addresses[row]} , {residence}"
            facts["address"] = addresses

    def _title(self, rows: NDArray[np.uint64], filled: Filled) -> None:
        """Let a title tell the sex where nothing else does."""
        place = self._encoder.scheme.layout["sex"]
        mask = np.uint64(place.mask)
        for row, sex in filled.sexes.items():
            if not rows[row, place.start] & mask:
                rows[row, place.start] |= self._facts.sex_tag(sex)

    def _singly(
        self, values: dict[str, str], faulty: Sequence[str]
    ) -> NDArray[np.uint64]:
        """Encode one row the reference's way, without the fields that are faulty."""
        for name in faulty:
            values |= dict.fromkeys(self._mapping.fields[name].names, "")
        person = self._normaliser.person(values, self._mapping)
        return self._encoder.encode(tokens_of(person))


def _texts(cells: list[Any]) -> tuple[list[str], list[int]]:
    """Cells as strings, null as an empty one, and the places of what is neither."""
    if all(map(isinstance, cells, repeat(str))):
        return cells, []
    bad = [
        at for at, one in enumerate(cells) if one is not None and type(one) is not str
    ]
    return [one if type(one) is str else "" for one in cells], bad
