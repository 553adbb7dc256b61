"""The district that a text names, in any writing, and what it says of the state.

Reading takes two steps, since a name may be two states': `read` finds the districts
that a text may mean, `settle` decides with the state that is known. Districts of today;
what was renamed stands under one name. A name near no known one stays as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .gazetteer import (
    AFTER,
    DIRECTIONS,
    MARKS,
    Among,
    bare,
    exact,
    group,
    may_name,
    near,
    near_in,
    neighbour,
    same,
    written,
)
from .states import (
    ABROAD,
    BRIEF,
    KNOWN,
    LONGEST,
    PARENTS,
    Fold,
    Parts,
    raw_words,
    split,
    state,
)
from .unsaid import states_nothing
from .words import place_word

_PIECE = re.compile(r"[,;/()\[\]]|\s[-–]\s")
_GLUED = re.compile(r"(?<=\b24)(?=[a-z])", re.IGNORECASE)
"""The Parganas' number, before a word that it is written on to."""

_NAME, _OWN = "=", "@"


@dataclass(frozen=True, slots=True)
class Area:
    """What a text says of a district.

    `among` are the districts that it may name; `words`, folded as written, stand for it
    where those are none or cannot be told apart. `state` is the code of a state beside
    it. `loose` is a name that nothing marks as a district's, which a village may have.
    """

    words: Parts = ()
    among: Among = ()
    state: str = ""
    loose: bool = False

    def __bool__(self) -> bool:
        return bool(self.words or self.among)


NOWHERE = Area()
"""What says nothing."""


def read(text: str, fold: Fold = place_word) -> Area:
    """The districts that a cell may name, or what is written there."""
    if not text or states_nothing(text):
        return NOWHERE
    if among := written(text):
        return Area(among=among)
    raw = tuple(w for w in raw_words(text) if fold(w) and fold(w) not in MARKS)
    if not may_name(raw):
        return unnamed(raw, tuple(map(fold, raw)))
    if among := written(" ".join(raw)):
        return Area(among=among)
    text = _GLUED.sub(" ", text)
    pieces = [(p, w) for p in _PIECE.split(text) if (w := bare(split(p, fold)))]
    told = [code for piece, _ in pieces[1:] if (code := state(piece))]
    named = [w for at, (p, w) in enumerate(pieces) if not at or not state(p)]
    words = tuple(word for piece in named for word in piece)
    beside = next(iter(told), "")
    if not exact(words):
        words, beside = _without_state(words, raw_words(text)[-1], beside)
    if not any(not word.isdigit() for word in words):
        return NOWHERE
    return named_by(words, named, beside)


def unnamed(raw: Parts, words: Parts) -> Area:
    """What is too short for a district's name, unless it is a state's code."""
    letters = "".join(filter(str.isalpha, "".join(raw)))
    return NOWHERE if not letters or letters in BRIEF else Area(bare(words))


def named_by(words: Parts, pieces: Iterable[Parts] = (), beside: str = "") -> Area:
    """The districts that folded words name, whole or piece by piece."""
    words, pieces = bare(words), list(pieces)
    among = exact(words) or _common(pieces) or _loose(words)
    if among:
        return Area(among=among, state=beside)
    if there := neighbour(words):
        return Area(there, state=beside)
    for name in (words, *pieces):
        if likely := near(name):
            return Area(words, likely, beside)
    return Area(words, state=beside)


def _without_state(words: Parts, last: str, beside: str) -> tuple[Parts, str]:
    """Words without the state that ends them, and its code; `last` is as cleaned."""
    for length in range(min(LONGEST, len(words) - 1), 0, -1):
        if code := KNOWN.get("".join(words[-length:])):
            return words[:-length], beside or code
    if len(words) > 1 and last in BRIEF and place_word(last) == words[-1]:
        return words[:-1], beside or BRIEF[last]
    return words, beside


def _common(pieces: list[Parts]) -> Among:
    """What the pieces that name districts have in common, else the first one's."""
    found = [among for piece in pieces if (among := exact(piece) or _loose(piece))]
    if not found:
        return ()
    shared = tuple(e for e in found[0] if all(e in among for among in found[1:]))
    return shared or found[0]


def _loose(words: Parts) -> Among:
    """Districts by name without the words behind it, then without directions."""
    name = same(words)
    while len(name) > 1 and name[-1] in AFTER:
        name = name[:-1]
        if among := exact(name):
            return among
    plain = tuple(word for word in name if word not in DIRECTIONS)
    return exact(plain) if plain != name else ()


def settle(area: Area, code: str) -> tuple[Parts, str]:
    """The pieces of `tokens.district_tokens` for an area, and the state.

    `code` is the state that is known otherwise, or "". Where a district is one of
    today's younger states, and the older is stated, the younger is meant; where none is
    stated, a district's own state is, if its name was written as it is.

    >>> settle(read("Aurangabad"), "BR"), settle(read("Aurangabad"), "")
    ((('=BRorangabad', '@BRorangabad'), 'BR'), (('=BRorangabad',), ''))
    >>> settle(read("Siwan"), "")[1], settle(read("Siwaan Nagar"), "")[1]
    ('BR', '')
    """
    code = code or area.state
    if code in ABROAD:
        return area.words, code
    if area.loose and not fits(area, code):
        return (), code
    among = _of_state(area.among, code)
    if area.words and not fits(area, code):
        # What is like another state's district is not looked for in this one's too.
        among = () if among else near_in(area.words, code)
    groups = {group(entry) for entry in among}
    if len(among) == 1:
        where, key = among[0]
        if PARENTS.get(where) == code or not (code or area.words):
            code = where
        return (_NAME + groups.pop(), f"{_OWN}{where}{key}"), code
    if len(groups) == 1:
        return (_NAME + groups.pop(),), code
    return area.words, code


def _of_state(among: Among, code: str) -> Among:
    own = tuple(entry for entry in among if entry[0] == code)
    younger = tuple(entry for entry in among if PARENTS.get(entry[0]) == code)
    return own or younger or among


def fits(area: Area, code: str) -> bool:
    """Whether an area can be in the state `code`, or none is known."""
    return not code or any(code in (e[0], PARENTS.get(e[0])) for e in area.among)
