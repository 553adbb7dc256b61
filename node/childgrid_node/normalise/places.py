"""Addresses, taken apart into district, state, PIN code, numbers and telling words.

What a part is called is read here, what it names in `states`, `districts`, `pins` and
`numbered`. No map, no distances. The functions take the `fold` that cleans one word, so
that a run may remember words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import districts, gazetteer, numbered, pins
from .districts import NOWHERE, Area, settle
from .lexicon import table
from .pins import pin
from .states import (
    ABROAD,
    BRIEF,
    KNOWN,
    LONGEST,
    Fold,
    Parts,
    cleaned_words,
    raw_words,
    split,
    state,
)
from .text import ascii_digits, clean, once
from .unsaid import is_left_out, states_nothing
from .words import place_word

__all__ = ["Area", "Place", "Reader", "district", "pin", "place", "settle", "state"]

_TABLE = table("places")
_SEGMENT = re.compile(r"[,;\n()]|\s[-–]\s?")
_DIGIT = re.compile("[0-9]")
_NUMERIC = re.compile(r"[0-9]|(?<!\S)[iv]+(?!\S)")
_BRIEF = 2
_LONG = 40
_CAPACITY = 200_000
_LONGEST_NAME = 4
_LEAST_NAME = 4
_LOCALITY = "nagar"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address says; `words` tell it from others, numbers marked "#"."""

    words: Parts = ()
    district: Area = NOWHERE
    state: str = ""
    pin: str = ""


_WEAK = frozenset(w for word in _TABLE["marks"]["weak"] for w in raw_words(word))
_IDLE = gazetteer.MARKS | {
    w for word in _TABLE["idle"]["words"] for w in split(word) if len(w) > _BRIEF
}
_ENDS = frozenset(w for word in _TABLE["ends"]["words"] for w in split(word))


def district(text: str, fold: Fold = place_word) -> Area:
    """What a cell says of the district; see `settle`."""
    return districts.read(text, fold)


def place(text: str, fold: Fold = place_word) -> Place:
    """Take an address apart."""
    return Reader(fold).place(text)


class _Piece:
    """A part of an address: its cleaned words, and they folded, one for one.

    What follows from it is found once, since villages and districts come again.
    """

    def __init__(self, raw: Parts, words: Parts) -> None:
        self.raw = raw
        self.words = words

    def without(self, start: int, end: int) -> _Piece:
        """The part with some words taken out."""
        raw, words = self.raw, self.words
        if not start and end >= len(words):
            return _NO_PIECE
        return _Piece(raw[:start] + raw[end:], words[:start] + words[end:])

    @once
    def telling(self) -> Parts:
        """Words that tell one address from another, and numbers of something."""
        if not _NUMERIC.search(" ".join(self.raw)):
            return tuple(w for w in self.words if len(w) > _BRIEF and w not in _IDLE)
        found = dict(numbered.numbered(self.raw, self.words))
        pairs = enumerate(zip(self.raw, self.words, strict=True))
        return tuple(
            found.get(at, word)
            for at, (raw, word) in pairs
            if at in found or _tells(word, raw)
        )

    @once
    def state(self) -> tuple[str, int]:
        """The code of the state whose name ends the part, and its words."""
        if self.words[-1:] and self.words[-1] not in _STATE_ENDS:
            return "", 0
        for length in range(min(LONGEST, len(self.words)), 0, -1):
            if code := KNOWN.get("".join(self.words[-length:])):
                return code, length
        return "", 0

    @once
    def ending(self) -> Area:
        """The district whose whole name the part is, or ends with behind a marker.

        Without one too, if it is none of the state's that its last words name.
        """
        code, length = self.state
        longer = Area(among=gazetteer.exact(self.words[-length - 1 :]))
        if code and longer and not districts.fits(longer, code):
            return longer
        marks = [at for at, word in enumerate(self.words) if word in gazetteer.MARKS]
        start = marks[-1] + 1 if marks else 0
        return Area(among=gazetteer.exact(self.words[start:]))

    @once
    def brief_state(self) -> tuple[str, int]:
        """The same of an abbreviation."""
        for length in range(min(_BRIEF, len(self.raw)), 0, -1):
            if code := BRIEF.get("".join(self.raw[-length:])):
                return code, length
        return "", 0

    @once
    def is_known(self) -> bool:
        """Whether the whole part is a district's name."""
        return gazetteer.may_name(self.raw) and gazetteer.is_known(self.words)

    @once
    def marked(self) -> tuple[Area, _Piece] | None:
        """The district that stands beside its marker, and the rest of the part."""
        if gazetteer.MARKS.isdisjoint(self.words) and _WEAK.isdisjoint(self.raw):
            return None
        marks = [at for at, word in enumerate(self.words) if self._is_mark(at, word)]
        return self._beside(marks[-1]) if marks else None

    @once
    def stateless(self) -> _Piece:
        """The part without the state, in full or abbreviated, that ends it."""
        end = len(self.words)
        return self.without(end - (self.state[1] or self.brief_state[1]), end)

    def _is_mark(self, at: int, word: str) -> bool:
        """Whether a word is a marker; a weak one is, before a district's name."""
        if word in gazetteer.MARKS:
            return True
        after = self.words[at + 1 : at + 1 + _LONGEST_NAME]
        if self.raw[at] not in _WEAK or not after:
            return False
        area = districts.named_by(after)
        return bool(area.among) and not area.words

    def _beside(self, mark: int) -> tuple[Area, _Piece]:
        """What stands behind a marker, else before it ("Meerut District")."""
        after, before = self.words[mark + 1 :], self.words[:mark]
        if after:
            length = _run(after[:n] for n in range(_LONGEST_NAME, 0, -1)) or len(after)
            if gazetteer.DIRECTIONS.issuperset(gazetteer.same(after[:length])):
                # "Dist. North Goaa": the rest is no more than misspelt.
                length = len(after)
            rest = self.without(mark, mark + 1 + length)
            return self._named(mark + 1, mark + 1 + length), rest
        length = _run(before[-n:] for n in range(_LONGEST_NAME, 0, -1)) or mark
        rest = self.without(mark - length, mark + 1)
        return self._named(mark - length, mark), rest

    def _named(self, start: int, end: int) -> Area:
        """What some words beside a marker name."""
        raw, words = self.raw[start:end], self.words[start:end]
        direction = gazetteer.DIRECTIONS.issuperset(gazetteer.same(words))
        if not direction and (among := gazetteer.written(" ".join(raw))):
            return Area(among=among)
        if gazetteer.may_name(raw):
            return districts.named_by(words)
        return districts.unnamed(raw, words)


_NO_PIECE = _Piece((), ())
_STATE_ENDS = frozenset(name[at:] for name in KNOWN for at in range(len(name)))
"""What the last word of a state's name can be, however it is written apart."""


def _tells(word: str, raw: str) -> bool:
    return len(word) > _BRIEF and word not in _IDLE and not _DIGIT.search(raw)


def _run(runs: Iterable[Parts]) -> int:
    """How many words the first run that is exactly a district has, or 0."""
    return next((len(run) for run in runs if gazetteer.is_known(run)), 0)


class Reader:
    """Takes addresses apart, remembering at most `capacity` of their parts.

    The memory holds parts of addresses: it belongs to one run.
    """

    def __init__(self, fold: Fold, capacity: int = _CAPACITY) -> None:
        self._fold = fold
        self._capacity = capacity
        self._pieces: dict[str, _Piece] = {}

    def __len__(self) -> int:
        return len(self._pieces)

    def clear(self) -> None:
        """Forget every part."""
        self._pieces.clear()

    def place(self, text: str) -> Place:
        """Take an address apart."""
        if not text or (len(text) < _LONG and states_nothing(text)):
            return Place()
        plain, code, zone = ascii_digits(clean(text)), "", ""
        if _DIGIT.search(plain):
            code = pins.found_in(plain)
            plain, zone = pins.take_zone(pins.without_pins(plain), self._fold)
        pieces = [p for part in _SEGMENT.split(plain) if (p := self._piece(part)).words]
        where = _take_state(pieces)
        area = _take_marked(pieces)
        if area:
            pieces = [p for p in pieces if "".join(p.words) not in KNOWN]
        else:
            area = _take_whole(pieces, where) or _take_tail(pieces, where)
        telling = dict.fromkeys(word for piece in pieces for word in piece.telling)
        return Place(tuple(telling), area, where, code or zone)

    def _piece(self, text: str) -> _Piece:
        known = self._pieces.get(text)
        if known is None:
            if len(self._pieces) >= self._capacity:
                self._pieces.clear()
            known = self._pieces[text] = self._read(text)
        return known

    def _read(self, text: str) -> _Piece:
        raw = () if is_left_out(text) else cleaned_words(text)
        words = tuple(map(self._fold, raw))
        end = len(words)
        while end and words[end - 1] in _ENDS:
            end -= 1
        raw, words = raw[:end], words[:end]
        if "" in words:
            raw = tuple(r for r, word in zip(raw, words, strict=True) if word)
            words = tuple(filter(None, words))
        return _Piece(raw, words)


def _take_state(pieces: list[_Piece]) -> str:
    """Take the state that ends the last part which ends with one out of `pieces`."""
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        code, length = piece.state
        if code in ABROAD and length < len(piece.words) and index < len(pieces) - 1:
            code = ""  # Kheri Bhutan is a village
        # An abbreviation names a state only at the very end of an address.
        if not code and index == len(pieces) - 1:
            code, _ = piece.brief_state
        if code and not piece.ending:
            pieces[index] = piece.stateless
            return code
        # "Goa" ends North Goa and names its state; "Behar" ends Cooch Behar, and none.
        if code and districts.fits(piece.ending, code):
            return code
    return ""


def _take_marked(pieces: list[_Piece]) -> Area:
    """Take the district out of `pieces` that stands beside its marker."""
    for index in range(len(pieces) - 1, -1, -1):
        if found := pieces[index].marked:
            area, pieces[index] = found
            return area
    return NOWHERE


def _take_whole(pieces: list[_Piece], where: str) -> Area:
    """Take the last part that is a district's name, where it can be in that state.

    The first of several is the village's or the house's, whatever it is called: an
    address begins with what is nearest (India Post's addressing format).
    """
    told = [index for index, piece in enumerate(pieces) if piece.telling]
    nearest = told[0] if len(told) > 1 else -1
    for index in range(len(pieces) - 1, nearest, -1):
        piece = pieces[index]
        last = index == len(pieces) - 1
        if (last or where) and (area := _neighbour(piece.words, where)):
            pieces[index] = _NO_PIECE
            return area
        if piece.is_known and (area := _unmarked(piece, 0, where)):
            pieces[index] = _left(piece, 0)
            return area
    return NOWHERE


def _neighbour(words: Parts, where: str) -> Area:
    """A neighbouring country's district; where none is stated, if it can't be ours."""
    name = gazetteer.bare(words)
    if where in ABROAD:
        return Area(gazetteer.neighbour(name))
    return NOWHERE if where else Area(gazetteer.unmistaken(name), loose=True)


def _take_tail(pieces: list[_Piece], where: str) -> Area:
    """Take the district that ends the last part ("Civil Lines Agra")."""
    index = next((i for i in range(len(pieces) - 1, -1, -1) if pieces[i].words), None)
    if index is None:
        return NOWHERE
    piece = pieces[index]
    for length in range(min(_LONGEST_NAME, len(piece.words) - 1), 0, -1):
        start = len(piece.words) - length
        named = gazetteer.may_name(piece.raw[start:])
        if named and (area := _unmarked(piece, start, where)):
            pieces[index] = _left(piece, start)
            return area
        if area := _neighbour(piece.words[start:], where):
            pieces[index] = piece.without(start, len(piece.words))
            return area
    return NOWHERE


def _left(piece: _Piece, start: int) -> _Piece:
    """A part without a district's name, but with a town's that stands for it."""
    own = gazetteer.is_own(piece.words[start:])
    return piece.without(start, len(piece.words)) if own else piece


def _unmarked(piece: _Piece, start: int, where: str) -> Area:
    """An exact name that is not more likely a locality's ("Gandhi Nagar")."""
    name, written = piece.words[start:], "".join(piece.raw[start:])
    # Howrah is short only once it is folded.
    listed = len(written) >= _LEAST_NAME and gazetteer.written(written)
    brief = len("".join(name)) < _LEAST_NAME and not (where or listed)
    if brief or not gazetteer.is_known(name):
        return NOWHERE
    area = districts.named_by(name)
    local = len(name) > 1 and name[-1] == _LOCALITY and not where
    if local or not districts.fits(area, where):
        return NOWHERE
    return replace(area, loose=not where)
