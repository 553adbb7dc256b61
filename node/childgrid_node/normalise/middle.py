"""A father's or a husband's given name within a person's own name.

Maharashtra and Gujarat write three names: the person's, the father's or husband's, the
family's ("Sunita Ramesh Patil", "Patil Sunita Ramesh"); Gujarat also marks both given
names ("Bharatbhai Keshavbhai"). The second given name is a relative's. It is told by a
family's name that only these regions bear, or by -bhai and -ben behind a given name; a
name that shows neither keeps all its words, since elsewhere both may be one person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from .lexicon import table
from .words import GENERIC, canonical, is_surname

_PARTS = tuple[str, ...]
_TABLES = (table("surnames"), table("families"))
_WEST = ("marathi", "gujarati")
# The north of Karnataka writes its names as its neighbours do.
_ALIKE = frozenset((*_WEST, "kannada"))
_SHORTEST = 4
_BROTHERS = frozenset(map(canonical, ("bhai", "ben", "behen")))


@cache
def _of_the_west() -> frozenset[str]:
    """Families' names that no other region bears, read at the first name."""
    named = [
        (region, canonical(word))
        for regions in _TABLES
        for region, words in regions.items()
        for word in words
    ]
    west = {word for region, word in named if region in _WEST}
    elsewhere = {word for region, word in named if region not in _ALIKE}
    return frozenset(w for w in west - elsewhere if len(w) >= _SHORTEST)


def parent(parts: Sequence[_PARTS]) -> slice | None:
    """Where a father's or a husband's name stands, if it does.

    `parts` are a name's canonical words by the word that they were written in.

    >>> parent([("sunita",), ("rames",), ("patil",)]), parent([("rames",), ("patil",)])
    (slice(1, 2, None), None)
    """
    telling = [at for at, part in enumerate(parts) if not _is_silent(part)]
    if telling[:1] != [0]:
        return None
    families = [_is_family(parts[at]) for at in telling]
    if len(telling) == 2:
        first, second = telling
        both = _is_marked(parts, first) and _is_marked(parts, second)
        return slice(second, len(parts)) if both and not any(families) else None
    if len(telling) != 3 or sum(families) != 1:
        return None
    first, second, third = telling
    given = [at for at, family in zip(telling, families, strict=True) if not family]
    known = parts[telling[families.index(True)]][0] in _of_the_west()
    if not (known or any(_is_marked(parts, at) for at in given)):
        return None
    if families[0]:
        return slice(third, len(parts))
    return slice(second, third) if families[2] and third == len(parts) - 1 else None


def _is_silent(part: _PARTS) -> bool:
    """Whether a word is an initial or one that says little ("bhai", "Kumar")."""
    return all(len(word) == 1 or word in GENERIC for word in part)


def _is_family(part: _PARTS) -> bool:
    return len(part) == 1 and is_surname(part[0])


def _is_marked(parts: Sequence[_PARTS], at: int) -> bool:
    """Whether -bhai or -ben is written on to a given name or behind it."""
    if len(parts[at]) > 1 and parts[at][-1] in _BROTHERS:
        return True
    after = parts[at + 1] if at + 1 < len(parts) else ()
    return len(after) == 1 and after[0] in _BROTHERS
