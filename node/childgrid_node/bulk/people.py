"""Cells with a person's name, as the record that rows are put together from.

The same text gives another record as name, as alias and as relative. What depends on
other cells of the row stays apart until then: initials count only where no cell of the
row has a whole word, and a given name only where it is no relative's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.bulk import kernels
from childgrid_node.bulk.memo import Memo, Pieces, Store
from childgrid_node.normalise import implied
from childgrid_node.normalise.names import parse
from childgrid_node.normalise.sexes import SEXES
from childgrid_node.normalise.spelling import skeleton
from childgrid_node.normalise.tokens import (
    bone_pieces,
    bone_token,
    given_tokens,
    name_pieces,
    own_words,
    piece_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from childgrid_node.encode import Encoder
    from childgrid_node.normalise.names import Name
    from childgrid_node.normalise.words import Words

WHOLE_ALIAS, WHOLE_RELATIVE, CROWDED = 1, 2, 4
"""Flags: has a whole word as alias, as relative; more words than a record holds."""

OWN, KIN = 8, 8
"""Given names and relatives' words that a record holds."""

_PARTS = ("name", "skeleton", "alias", "relative", "called")


@dataclass(frozen=True, slots=True)
class Filled:
    """What names say beside the filters, by row of the batch.

    Attributes:
        crowded: rows with more words than records hold: not to be trusted.
        residences: where a name's cell says that the person lives.
        sexes: what a title in it says.
        implied: what the name itself tells, by places in `SEXES`: ``uint64[n]``.
        faults: cells that could not be read, by row and grid field.
    """

    crowded: list[int]
    residences: dict[int, str]
    sexes: dict[int, str]
    implied: NDArray[np.uint64]
    faults: list[tuple[int, str]]


class People:
    """Reads the cells of the name, alias and relative columns.

    Args:
        encoder: makes the filters.
        words: cleans and remembers words.
    """

    def __init__(self, encoder: Encoder, words: Words) -> None:
        self._words = words
        filters = encoder.filters
        cuts = {"skeleton": _bones, "called": given_tokens}
        # An earlier scheme lacks "called": a part of no words.
        self._pieces = {
            part: Pieces(filters[part], cuts.get(part, piece_tokens))
            for part in _PARTS
            if part in filters
        }
        sizes = [filters[p].field.words if p in filters else 0 for p in _PARTS]
        flags = sum(sizes)
        given = filters["given"]
        self._given = Memo(
            Store(given.field.words), lambda word: given.encode(given_tokens(word))
        )
        self._store = Store(flags + 1 + OWN + KIN + 1)
        self._own = Memo(self._store, self._read_own)
        self._alias = Memo(self._store, self._read_alias)
        self._kin = Memo(self._store, self._read_kin)
        self._entries: dict[str, int] = {}
        self._bone_of: dict[str, int] = {}
        self._bones: dict[str, int] = {}
        self._residences: dict[int, str] = {}
        self._sexes: dict[int, str] = {}
        layout = encoder.scheme.layout
        self._places = np.array(
            [
                *zip(
                    [layout[p].start if p in filters else 0 for p in _PARTS],
                    np.cumsum([0, *sizes[:-1]]).tolist(),
                    sizes,
                    strict=True,
                ),
                (layout["given"].start, flags, given.field.words),
            ],
            np.int64,
        )

    def __len__(self) -> int:
        return max(
            len(self._store),
            len(self._given.store),
            len(self._entries),
            len(self._bone_of),
            *map(len, self._pieces.values()),
        )

    def clear(self) -> None:
        """Forget every cell and word."""
        for store in (self._store, self._given.store):
            store.clear()
        for pieces in self._pieces.values():
            pieces.clear()
        for memo in (self._own, self._alias, self._kin, self._given):
            memo.clear()
        for known in (self._entries, self._bone_of, self._bones):
            known.clear()
        for told in (self._residences, self._sexes):
            told.clear()

    def fill(
        self,
        rows: NDArray[np.uint64],
        own: Sequence[str],
        aliases: Sequence[Sequence[str]],
        kin: Sequence[Sequence[str]],
    ) -> Filled:
        """OR names into ``rows``, ``uint64[n, words]``, of ``n`` cells a column."""
        sources = [(self._own, own, "name")]
        sources += [(self._alias, cells, "alias") for cells in aliases]
        sources += [(self._kin, cells, "relative") for cells in kin]
        numbers = np.empty((len(rows), len(sources)), np.int64)
        faults: list[tuple[int, str]] = []
        for at, (memo, cells, name) in enumerate(sources):
            numbers[:, at] = memo.numbers(cells)
            faults += [(row, name) for row in memo.faults(numbers[:, at])]
        records = self._store.rows
        kernels.unite_people(
            rows, numbers, records, self._given.store.rows, self._places, OWN, KIN
        )
        flags = records[:, self._places[kernels.GIVEN, kernels.RECORD]]
        crowded = (flags[numbers] & np.uint64(CROWDED)).any(axis=1)
        return Filled(
            np.flatnonzero(crowded).tolist(),
            _told(numbers[:, 0], self._residences),
            _told(numbers[:, 0], self._sexes),
            records[numbers[:, 0], -1],
            faults,
        )

    def _read_own(self, cell: str) -> bytes:
        found = parse(cell, self._words)
        number = len(self._store)
        if found.residence:
            self._residences[number] = found.residence
        if found.sex:
            self._sexes[number] = found.sex
        told = implied.sex(found.written, self._words)
        return self._record(found.names, found.aliases, found.relatives, told)

    def _read_alias(self, cell: str) -> bytes:
        found = parse(cell, self._words)
        return self._record((), found.names + found.aliases, found.relatives)

    def _read_kin(self, cell: str) -> bytes:
        found = parse(cell, self._words)
        return self._record((), (), found.names + found.relatives)

    def _record(
        self,
        names: tuple[Name, ...],
        aliases: tuple[Name, ...],
        kin: tuple[Name, ...],
        told: str = "",
    ) -> bytes:
        own = [self._entry(word) for word in own_words(names)] if names else []
        bones = {self._bone(word) for name in kin for word in name} if kin else ()
        flags = _whole(aliases) * WHOLE_ALIAS | _whole(kin) * WHOLE_RELATIVE
        if len(own) > OWN or len(bones) > KIN:
            flags |= CROWDED
        pieces = self._pieces
        return b"".join(
            (
                pieces["name"].octets(name_pieces(names) if names else ()),
                pieces["skeleton"].octets(bone_pieces(names) if names else ()),
                pieces["alias"].octets(name_pieces(aliases) if aliases else ()),
                pieces["relative"].octets(name_pieces(kin) if kin else ()),
                self._called(aliases),
                flags.to_bytes(8, "little"),
                _packed(own, OWN),
                _packed(bones, KIN),
                SEXES.index(told).to_bytes(8, "little"),
            )
        )

    def _called(self, aliases: tuple[Name, ...]) -> bytes:
        pieces = self._pieces.get("called")
        if pieces is None:
            return b""
        return pieces.octets(own_words(aliases) if aliases else ())

    def _entry(self, word: str) -> int:
        """A person's own word as a record holds it."""
        entry = self._entries.get(word)
        if entry is None:
            entry = self._given.number(word) << 32 | self._bone(word)
            self._entries[word] = entry
        return entry

    def _bone(self, word: str) -> int:
        """The number of a word's consonants, from 1."""
        number = self._bone_of.get(word)
        if number is None:
            bones = skeleton(word)
            number = self._bones.setdefault(bones, len(self._bones) + 1)
            self._bone_of[word] = number
        return number


def _bones(piece: str) -> list[str]:
    token = bone_token(piece)
    return [token] if token else []


def _whole(names: tuple[Name, ...]) -> bool:
    return any(len(word) > 1 for name in names for word in name)


def _packed(numbers: Iterable[int], room: int) -> bytes:
    kept = [number.to_bytes(8, "little") for number in islice(numbers, room)]
    return b"".join(kept).ljust(8 * room, b"\0")


def _told(numbers: NDArray[np.int64], what: dict[int, str]) -> dict[int, str]:
    """What is said by some records, by row; few have anything to say."""
    if not what:
        return {}
    rows = np.flatnonzero(np.isin(numbers, list(what)))
    told = zip(rows.tolist(), numbers[rows].tolist(), strict=True)
    return {row: what[number] for row, number in told}
