"""What clerks write beside a name in its cell: an age, a number, a caste's name.

"A-2 Ramesh Kumar, aged about 30 yrs, caste Meena" names Ramesh Kumar Meena. A number
goes together with the words that belong to it ("aged about", "yrs", "mob no"), which by
themselves may be names; a digit within a word ("S0nia") is a slip and stays. The words
stand in `tables/particulars.toml`. Nothing is made of what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lexicon import table
from .text import clean

_TABLE = table("particulars")
_BEFORE = frozenset(map(clean, _TABLE["before"]))
_AFTER = frozenset(map(clean, _TABLE["after"]))
_LONG_AFTER = frozenset(word for word in _AFTER if len(word) > 1)
_SEXES = frozenset(_TABLE["sexes"])
_CASTE = frozenset(map(clean, _TABLE["caste"]))
STANDING = frozenset(map(clean, _TABLE["standing"]))
"""Cleaned words that a case calls somebody ("absconding")."""

NOBODY = frozenset(map(clean, _TABLE["nobody"]))
"""Cleaned words that begin what names nobody ("unknown driver")."""

_BY = "by"
_ACCUSED = "a"
"""As in "A-1", the first of the accused; elsewhere an initial."""

_UNITS = "|".join(sorted(map(re.escape, map(clean, _TABLE["units"])), key=len))
_NUMBER = re.compile(rf"\d+|a\d{{1,2}}|\d{{1,3}}(?:{_UNITS})|(?:\D*\d){{3}}.*")
"""Figures, an accused's number, an age, or what holds more figures than slips would."""


def named(words: list[str]) -> list[str]:
    """A segment's cleaned words without numbers, their company, and "caste".

    >>> named(["a", "2", "ramesh", "aged", "about", "30", "yrs"])
    ['ramesh']
    >>> named(["ramesh", "by", "caste", "meena"]), named(["s0nia"])
    (['ramesh', 'meena'], ['s0nia'])
    """
    gone = {
        at
        for number, word in enumerate(words)
        if _NUMBER.fullmatch(word)
        for at in _company(words, number)
    }
    if not _CASTE.isdisjoint(words):
        gone |= _castes(words)
    if not gone:
        return words
    return [word for at, word in enumerate(words) if at not in gone]


def _company(words: Sequence[str], number: int) -> range:
    """The places of a number and of the words around it that belong to it."""
    first, last = number, number + 1
    while last < len(words) and words[last] in (_AFTER if first else _LONG_AFTER):
        last += 1
    if last == len(words) - 1 and words[last] in _SEXES:
        last += 1
    if first and words[first - 1] in _SEXES:
        first -= 1
    while first and words[first - 1] in _BEFORE:
        first -= 1
    if first == 1 and words[0] == _ACCUSED:
        first = 0
    return range(first, last)


def _castes(words: Sequence[str]) -> set[int]:
    """The places of "caste" and "by caste" between two other words."""
    found = set()
    for at, word in enumerate(words[1:-1], 1):
        if word in _CASTE:
            found |= {at - 1, at} if words[at - 1] == _BY else {at}
    return found
