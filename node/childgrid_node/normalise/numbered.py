"""Numbers of houses, lanes and wards in an address, each with what it numbers.

"3rd Cross, 5th Main" and "5th Main 3rd Cross" are one place, "5th Cross, 3rd Main"
another. A number of which nothing says what it counts is a house's. Postal codes are
taken out before; numbers longer than a house's are somebody's telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .lexicon import table
from .words import place_word

_TABLE = table("places")
_KINDS = {
    place_word(form): kind
    for kind, forms in _TABLE["numbered"].items()
    for form in forms
}
_SILENT = frozenset(place_word(word) for word in _TABLE["number_marks"]["words"])
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
_DIGIT = re.compile("[0-9]")
_ORDINAL = re.compile(r"0*(\d{1,5})(?:st|nd|rd|th|[^\x00-\x7f]+)?")
_HOUSE = re.compile(r"([a-z]{0,2})0*(\d{1,5})([a-z]?)")
_FILLER = re.compile("9{4,5}")
"""What forms hold where there is no number."""

MARK = "#"
"""What a piece of an address that is a number begins with."""


def numbered(words: Sequence[str], folded: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each cleaned word that is a number, by place, as a piece like "#cross3".

    >>> words = ["3rd", "cross", "5th", "main"]
    >>> [piece for _, piece in numbered(words, words)]
    ['#cross3', '#main5']
    """
    taken: set[int] = set()
    for place, word in enumerate(words):
        if word not in _ROMAN and not _DIGIT.search(word):
            continue
        kind, at = _kind(folded, place, taken)
        if word in _ROMAN:
            if kind:
                taken.add(at)
                yield place, f"{MARK}{kind}{_ROMAN[word]}"
        elif kind and (found := _ORDINAL.fullmatch(word)):
            taken.add(at)
            yield place, f"{MARK}{kind}{found[1]}"
        elif (house := _HOUSE.fullmatch(word)) and not _FILLER.fullmatch(word):
            yield place, MARK + _lettered(words, place) + "".join(house.groups())


def _kind(folded: Sequence[str], place: int, taken: set[int]) -> tuple[str, int]:
    """What a number counts: what stands before it, else behind; and where."""
    before = place - 1
    while before >= 0 and folded[before] in _SILENT:
        before -= 1
    for at in (before, place + 1):
        free = 0 <= at < len(folded) and at not in taken
        if free and (kind := _KINDS.get(folded[at])):
            return kind, at
    return "", -1


def _lettered(words: Sequence[str], place: int) -> str:
    """The letter that stands apart before a house's number ("B-12")."""
    letter = words[place - 1] if place else ""
    alone = len(letter) == 1 and letter.isascii() and letter.isalpha()
    return letter if alone and words[place].isdigit() else ""
