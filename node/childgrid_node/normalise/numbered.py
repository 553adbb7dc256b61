"""Numbers of houses, lanes and wards in an address, each with what it numbers.

"3rd Cross, 5th Main" and "5th Main 3rd Cross" are one place, "5th Cross, 3rd Main"
another. A number of which nothing says what it counts is a house's. Postal codes are
taken out before; numbers longer than a house's are somebody's telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

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
_ORDINAL_ENDS = re.compile(r"[0-9](?:st|nd|rd|th|[^\x00-\x7f]+)$")
_LETTER = re.compile("[a-z]")
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
    kinds = _kinds(words, folded)
    for place, word in enumerate(words):
        kind = kinds.get(place, "")
        if word in _ROMAN:
            if kind:
                yield place, f"{MARK}{kind}{_ROMAN[word]}"
        elif kind and (found := _ORDINAL.fullmatch(word)):
            yield place, f"{MARK}{kind}{found[1]}"
        elif (house := _HOUSE.fullmatch(word)) and not _FILLER.fullmatch(word):
            yield place, MARK + _lettered(words, place) + "".join(house.groups())


def _kinds(words: Sequence[str], folded: Sequence[str]) -> dict[int, str]:
    """What each number counts, by its place."""
    taken: dict[int, str] = {}
    for place, word in enumerate(folded):
        if (kind := _KINDS.get(word)) and not _DIGIT.search(words[place]):
            at = _counted(words, folded, place, taken)
            if at is not None:
                taken[at] = kind
    return taken


def _counted(
    words: Sequence[str], folded: Sequence[str], label: int, taken: Mapping[int, str]
) -> int | None:
    """The place of the number that a word like "cross" or "ward" belongs to.

    An ordinal stands before it ("5th Cross 3rd Main"), another number behind it ("House
    12 Sector 5"), unless another such word follows and has none ("5 Cross 3 Main").
    """
    before = label - 1 if _is_number(words, label - 1) else None
    if before in taken:
        before = None
    behind = _behind(words, folded, label)
    if before is not None and _ORDINAL_ENDS.search(words[before]):
        return before
    if behind is None:
        return None if _is_letter(words, label + 1) else before
    follows = behind + 1 < len(words) and folded[behind + 1] in _KINDS
    if before is None:
        return None if follows and _ORDINAL_ENDS.search(words[behind]) else behind
    told = behind > label + 1 or (before > 0 and folded[before - 1] in _SILENT)
    last = follows and _behind(words, folded, behind + 1) is None
    return before if last and not told else behind


def _behind(words: Sequence[str], folded: Sequence[str], label: int) -> int | None:
    """The place of the number behind a word, "No." or nothing between them."""
    place = label + 1
    while place < len(words) and folded[place] in _SILENT:
        place += 1
    return place if _is_number(words, place) else None


def _is_number(words: Sequence[str], place: int) -> bool:
    return 0 <= place < len(words) and (
        words[place] in _ROMAN or _DIGIT.search(words[place]) is not None
    )


def _is_letter(words: Sequence[str], place: int) -> bool:
    """Whether a letter stands apart where a number could ("Block B")."""
    return place < len(words) and _LETTER.fullmatch(words[place]) is not None


def _lettered(words: Sequence[str], place: int) -> str:
    """The letter that stands apart before a house's number ("B-12")."""
    alone = place > 0 and _is_letter(words, place - 1)
    return words[place - 1] if alone and words[place].isdigit() else ""
