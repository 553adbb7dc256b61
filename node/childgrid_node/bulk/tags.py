"""Columns of exact identifiers to keyed tags, straight into rows.

Nearly every identifier is another one: they are read many at a time and nothing of them
is remembered. A cell that no reader can take counts as empty and is told.
"""

from __future__ import annotations

from itertools import chain, compress, islice
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.bulk.memo import UNREADABLE
from childgrid_node.normalise import numbers, plain
from childgrid_node.normalise.person import MOST_PHONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from childgrid_node.encode import Encoder
    from childgrid_node.normalise.numbers import Canonical

    Cells = Sequence[str]
    Given = tuple[list[int], list[str]]
    """Rows and the texts that they have."""

MOST = {"phone": MOST_PHONES}
"""Forms of one kind that a person may have, where there is a bound."""


class Tags:
    """Reads every column of exact identifiers, in the order of the mapping."""

    def __init__(self, encoder: Encoder) -> None:
        self._taggers = encoder.taggers
        self._layout = encoder.scheme.layout

    def fill(
        self, rows: NDArray[np.uint64], columns: dict[str, list[Cells]]
    ) -> list[tuple[int, str]]:
        """Put tags into ``rows``, ``uint64[n, words]``; return unreadable cells.

        Args:
            rows: encodings without tags.
            columns: for each grid field its columns of ``n`` cells.
        """
        faults: list[tuple[int, str]] = []
        kinds: dict[str, list[tuple[list[int], list[Canonical]]]] = {}
        for field, name, (filled, texts) in _sources(columns):
            for kind in numbers.DERIVED.get(name, (name,)):
                forms, bad = _read(kind, texts)
                faults += [(filled[at], field) for at in bad]
                kinds.setdefault(kind, []).append((filled, forms))
        for kind, found in kinds.items():
            self._put(rows, kind, found)
        return faults

    def _put(
        self,
        rows: NDArray[np.uint64],
        kind: str,
        found: list[tuple[list[int], list[Canonical]]],
    ) -> None:
        at, slots, values = _slots(found, self._taggers[kind].tag.slots, kind)
        if not values:
            return
        place = self._layout[kind]
        shift = np.uint64(0 if place.mask & 1 else 32)
        tags = self._taggers[kind].digests(values) << shift
        words = place.start + np.array(slots, np.int64)
        rows[np.array(at, np.int64), words] |= tags


def _sources(columns: dict[str, list[Cells]]) -> Iterator[tuple[str, str, Given]]:
    """Field, kind and cells that are not empty; those of varying kind at the end."""
    for name, parts in columns.items():
        if name in numbers.READERS:
            for cells in parts:
                filled = list(compress(range(len(cells)), cells))
                yield name, name, (filled, list(filter(None, cells)))
    for cells in columns.get("identifier", ()):
        for kind, given in _by_kind(cells).items():
            yield "identifier", kind, given


def _by_kind(cells: Cells) -> dict[str, Given]:
    found: dict[str, Given] = {}
    plain: dict[str, str] = {}
    for row, cell in enumerate(cells):
        if cell:
            told, _, text = cell.partition(":")
            kind = plain.get(told, "")
            if not kind:
                kind, text = numbers.typed(cell)
                if kind and kind not in numbers.NAMED_BY_TYPE:
                    plain |= {told: kind} if numbers.kind(told) else {}
            if kind:
                rows, texts = found.setdefault(kind, ([], []))
                rows.append(row)
                texts.append(text)
    return found


def _read(kind: str, texts: list[str]) -> tuple[list[Canonical], list[int]]:
    """Forms of each text, and the places of texts that cannot be read."""
    try:
        forms = plain.read(kind, texts)
        "".join(chain.from_iterable(forms)).encode("utf-8")
    except UNREADABLE:
        return _read_singly(kind, texts)
    return forms, []


def _read_singly(kind: str, texts: list[str]) -> tuple[list[Canonical], list[int]]:
    found: list[Canonical] = []
    bad = []
    for at, text in enumerate(texts):
        try:
            forms = numbers.READERS[kind](text)
            "".join(forms).encode("utf-8")
        except UNREADABLE:
            forms = ()
            bad.append(at)
        found.append(forms)
    return found, bad


def _slots(
    found: list[tuple[list[int], list[Canonical]]], slots: int, kind: str
) -> tuple[list[int], list[int], list[str]]:
    """Rows, slots and forms of what is kept: each form once, the first ones first."""
    if len(found) == 1:
        rows, forms = found[0]
        kept = list(filter(None, forms))
        if slots == 1 or max(map(len, kept), default=1) == 1:
            values = [one[0] for one in kept]
            return list(compress(rows, forms)), [0] * len(values), values
    distinct: dict[int, dict[str, None]] = {}
    for rows, forms in found:
        for row, one in zip(rows, forms, strict=True):
            if one:
                distinct.setdefault(row, {}).update(dict.fromkeys(one))
    return _dealt(distinct, min(slots, MOST.get(kind, slots)))


def _dealt(
    distinct: dict[int, dict[str, None]], most: int
) -> tuple[list[int], list[int], list[str]]:
    """The first forms of each row, in a slot each."""
    at: list[int] = []
    slots: list[int] = []
    values: list[str] = []
    for row, forms in distinct.items():
        for slot, form in enumerate(islice(forms, most)):
            at.append(row)
            slots.append(slot)
            values.append(form)
    return at, slots, values
