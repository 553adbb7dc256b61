"""Cells with addresses, districts, states and PIN codes, as records of a row.

A district, state or PIN of its own comes before one that an address tells. What a
district's name means may depend on the state, which stands in another cell: cells are
read into numbers of areas and states, and each pair that occurs is settled once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.bulk import kernels
from childgrid_node.bulk.memo import Memo, Pieces, Store
from childgrid_node.normalise import places
from childgrid_node.normalise.states import CODES
from childgrid_node.normalise.tokens import (
    address_tokens,
    district_tokens,
    pin_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from childgrid_node.encode import Encoder
    from childgrid_node.normalise.words import Words

    Numbers = NDArray[np.int64]
    Rows = NDArray[np.uint64]

_STATES = ("", *CODES)
_FIRST_AREAS = 1024
_UNSETTLED = -1


class Where:
    """Reads where a person is.

    Args:
        encoder: makes the filters.
        words: cleans and remembers words.
        tag: the word that a state's code sets.
    """

    def __init__(
        self, encoder: Encoder, words: Words, tag: Callable[[str], int]
    ) -> None:
        self._words = words
        self._reader = places.Reader(words.place)
        self._tag = tag
        self._layout = encoder.scheme.layout
        self._pin_filter = encoder.filters["pin"]
        self._district = Pieces(encoder.filters["district"], district_tokens)
        self._address = Pieces(encoder.filters["address"], address_tokens)
        names = ("address", "district", "pin")
        self._size = {name: encoder.filters[name].field.words for name in names}
        size = self._size
        self.memos = {
            "address": Memo(
                Store(size["address"] + size["pin"] + 2), self._read_address
            ),
            "district": Memo(Store(1), self._read_district),
            "pin": Memo(Store(size["pin"]), self._read_pin),
            "state": Memo(Store(1), self._read_state),
        }
        self._settled = Store(size["district"] + 1)
        self._forget()

    def __len__(self) -> int:
        known = (
            *(self._district, self._address, self._reader, self._areas),
            self._numbers,
        )
        return max(len(one) for one in known)

    def clear(self) -> None:
        """Forget every word and area; the memos are cleared with it."""
        self._district.clear()
        self._address.clear()
        self._reader.clear()
        self._settled.clear()
        self._forget()

    def _forget(self) -> None:
        self._areas: dict[places.Area, int] = {places.Area(): 0}
        self._by_number: list[places.Area] = []
        self._numbers: dict[tuple[tuple[str, ...], str], int] = {}
        self._pairs = np.full((_FIRST_AREAS, len(_STATES)), _UNSETTLED, np.int64)

    def fill(self, rows: Rows, found: dict[str, Numbers]) -> None:
        """OR address, district, PIN and state into ``rows`` from the memos' numbers."""
        told = found.get("address", np.zeros(len(rows), np.int64))
        records = self.memos["address"].store.rows
        start = self._layout["address"].start
        size, pin = self._size["address"], self._size["pin"]
        kernels.gather(rows, told, records, 0, size, start)
        self._fill_pin(rows, found, told)
        areas = self._own("district", found, records[told, size + pin])
        states = self._own("state", found, records[told, size + pin + 1])
        self._fill_settled(rows, areas, states)

    def _own(self, name: str, found: dict[str, Numbers], told: Rows) -> Numbers:
        """The numbers that a column tells, else those that an address tells."""
        if name in found:
            own = self.memos[name].store.rows[found[name], 0]
            told = np.where(own != 0, own, told)
        return told.astype(np.int64)

    def _fill_pin(self, rows: Rows, found: dict[str, Numbers], told: Numbers) -> None:
        first, words = self._size["address"], self._size["pin"]
        start = self._layout["pin"].start
        if "pin" in found:
            own = self.memos["pin"].store.rows
            kernels.gather(rows, found["pin"], own, 0, words, start)
            known = np.any(own[found["pin"], :words], axis=1)
            told = np.where(known, 0, told)
        records = self.memos["address"].store.rows
        kernels.gather(rows, told, records, first, words, start)

    def _fill_settled(self, rows: Rows, areas: Numbers, states: Numbers) -> None:
        if len(self._areas) > len(self._pairs):
            room = len(self._areas)
            more = np.full((room, len(_STATES)), _UNSETTLED, np.int64)
            self._pairs = np.concatenate((self._pairs, more))
        numbers = self._pairs[areas, states]
        if len(new := np.flatnonzero(numbers == _UNSETTLED)):
            self._settle(areas[new], states[new])
            numbers = self._pairs[areas, states]
        records, words = self._settled.rows, self._size["district"]
        start = self._layout["district"].start
        kernels.gather(rows, numbers, records, 0, words, start)
        rows[:, self._layout["state"].start] |= records[numbers, words]

    def _settle(self, areas: Numbers, states: Numbers) -> None:
        """Settle pairs of areas and states, each once."""
        if len(self._by_number) < len(self._areas):
            self._by_number = list(self._areas)
        pairs = np.unique(areas * len(_STATES) + states)
        at = np.divmod(pairs, len(_STATES))
        told = zip(at[0].tolist(), at[1].tolist(), strict=True)
        self._pairs[at] = [self._number(*one) for one in told]

    def _number(self, area: int, state: int) -> int:
        """The record of what a pair means; many pairs mean the same."""
        settled = places.settle(self._by_number[area], _STATES[state])
        number = self._numbers.get(settled)
        if number is None:
            pieces, code = settled
            record = self._district.octets(pieces) + _word(self._tag(code))
            number = self._numbers[settled] = self._settled.add(record)
        return number

    def _area(self, area: places.Area) -> bytes:
        return _word(self._areas.setdefault(area, len(self._areas)))

    def _read_address(self, cell: str) -> bytes:
        where = self._reader.place(cell)
        return b"".join(
            (
                self._address.octets(where.words),
                self._pin(where.pin),
                self._area(where.district),
                _word(_STATES.index(where.state)),
            )
        )

    def _read_district(self, cell: str) -> bytes:
        return self._area(places.district(cell, self._words.place))

    def _read_pin(self, cell: str) -> bytes:
        return self._pin(places.pin(cell))

    def _pin(self, pin: str) -> bytes:
        return self._pin_filter.encode(pin_tokens(pin) if pin else ())

    def _read_state(self, cell: str) -> bytes:
        return _word(_STATES.index(places.state(cell, self._words.place)))


def _word(number: int) -> bytes:
    return number.to_bytes(8, "little")
