"""Addresses, districts, states and PIN codes.

Old and new names of a district or state become one; an address gives its PIN, district,
state and the words that tell it from others. No map, no distances. The functions take
the `fold` that cleans one word, so that a run may remember words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .dates import ascii_digits
from .lexicon import table
from .words import clean, place_word

Parts = tuple[str, ...]
Fold = Callable[[str], str]

_TABLE = table("places")
_PIN = re.compile(r"(?<![\d/])([1-9]\d{2})\s?(\d{3})(?![\d/])")
_SEGMENT = re.compile(r"[,;\n()]|\s[-–]\s?|(?<=[^\d\s])[-–](?=\d)")
_BREAKS = re.compile(r"[\s.,;:'\"<>\[\]{}()|_+*&#!?=/\\^%@–—-]+")
_DOTTED = re.compile(r"\b(\w)\.\s?(?=\w\b)")
_DECIMALS = re.compile(r"\.0+$")
_BRIEF = 2


@dataclass(frozen=True, slots=True)
class Place:
    """What an address says; `words` are folded and tell it from other addresses."""

    words: Parts = ()
    district: Parts = ()
    state: str = ""
    pin: str = ""


def _words(text: str, fold: Fold = place_word) -> Parts:
    """The folded words of a text; "U.P." is one word."""
    plain = ascii_digits(clean(text))
    if "." in plain:
        plain = _DOTTED.sub(r"\1", plain)
    return tuple(w for raw in _BREAKS.split(plain) if raw and (w := fold(raw)))


_DIRECTION = {
    word: place_word(name)
    for name, forms in _TABLE["directions"].items()
    for form in forms
    for word in _words(form)
}
_MARK = frozenset(w for word in _TABLE["marks"]["district"] for w in _words(word))
_IDLE = _MARK | {w for word in _TABLE["idle"]["words"] for w in _words(word)}
_ENDS = frozenset(w for word in _TABLE["ends"]["words"] for w in _words(word))
_STATES: dict[Parts, str] = {
    _words(n): c for c, names in _TABLE["states"].items() for n in names
}
_LONGEST_STATE = max(map(len, _STATES))


def _directed(words: Iterable[str]) -> Parts:
    return tuple(_DIRECTION.get(word, word) for word in words)


def _key(words: Iterable[str]) -> str:
    """Words in one order and without blanks, so that "Yamuna Nagar" is one place."""
    return "".join(sorted(word for word in _directed(words) if word != "and"))


def _entries() -> Iterator[tuple[str, Parts]]:
    for entries in _TABLE["districts"].values():
        for entry in entries:
            first, *others = (_words(name) for name in entry.split("="))
            for name in (first, *others):
                yield _key(name), _directed(first)


_DISTRICTS = dict(_entries())


def pin(text: str) -> str:
    """The last PIN code (six digits, not starting with 0) in `text`, or nothing."""
    found = _PIN.findall(_DECIMALS.sub("", ascii_digits(text).strip()))
    return "".join(found[-1]) if found else ""


def state(text: str, fold: Fold = place_word) -> str:
    """The code of the state that `text` names, or nothing."""
    return _STATES.get(_words(text, fold), "") if text else ""


def district(text: str, fold: Fold = place_word) -> Parts:
    """The folded words of the district's present name, or of what is written."""
    if not text:
        return ()
    return _district(word for word in _words(text, fold) if word not in _MARK)


def place(text: str, fold: Fold = place_word) -> Place:
    """Take an address apart."""
    if not text:
        return Place()
    plain = _PIN.sub(" , ", ascii_digits(clean(text)))
    cut = (_without_end(_words(part, fold)) for part in _SEGMENT.split(plain))
    parts = [words for words in cut if words]
    where = _take_state(parts)
    area = _take_district(parts)
    telling = dict.fromkeys(w for part in parts for w in part if _tells(w))
    return Place(tuple(telling), area, where, pin(text))


def _without_end(words: Parts) -> Parts:
    while words and words[-1] in _ENDS:
        words = words[:-1]
    return words


def _tells(word: str) -> bool:
    return len(word) > _BRIEF and word not in _IDLE and not word.isdigit()


def _district(words: Iterable[str]) -> Parts:
    written = _directed(words)
    return _DISTRICTS.get(_key(written), written)


def _take_state(parts: list[Parts]) -> str:
    """Take the state that ends the last part which ends with one out of `parts`."""
    for index in range(len(parts) - 1, -1, -1):
        words = parts[index]
        brief = _BRIEF if index < len(parts) - 1 else 0
        for length in range(min(_LONGEST_STATE, len(words)), 0, -1):
            tail = words[-length:]
            # Two letters name a state only at the very end of an address.
            if tail in _STATES and len("".join(tail)) > brief:
                if not _is_district(words):
                    parts[index] = words[:-length]
                return _STATES[tail]
    return ""


def _is_district(words: Parts) -> bool:
    return _key(word for word in words if word not in _MARK) in _DISTRICTS


def _take_district(parts: list[Parts]) -> Parts:
    """Take the district out of `parts`: after its marker, else a part that is one."""
    for index in range(len(parts) - 1, -1, -1):
        words = parts[index]
        marks = [place for place, word in enumerate(words) if word in _MARK]
        if marks:
            before, after = words[: marks[-1]], words[marks[-1] + 1 :]
            # "Meerut District" puts the marker behind.
            parts[index] = before if after else ()
            return _district(after or before)
    for index in range(len(parts) - 1, -1, -1):
        if known := _DISTRICTS.get(_key(parts[index])):
            parts[index] = ()
            return known
    return ()
