"""From a person's canonical parts to the tokens that are hashed.

One token list per field of the scheme; a field without evidence is left out. Nothing
is hashed or weighed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from .names import Name
from .person import Person
from .spelling import grams, skeleton
from .words import GENERIC, is_surname, without_surname

Tokens = dict[str, tuple[str, ...]]
"""Tokens by scheme field, without repeats, only for fields with evidence."""

BLOOM = (
    "name",
    "given",
    "skeleton",
    "alias",
    "relative",
    "dob",
    "yob",
    "pin",
    "district",
    "address",
)
"""Fields compared by likeness."""

EXACT = (
    "phone",
    "aadhaar",
    "aadhaar4",
    "pan",
    "epic",
    "passport",
    "driving_licence",
    "vehicle",
    "vehicle4",
    "email",
    "handle",
    "upi",
    "fir",
    "cnr",
    "sex",
    "state",
)
"""Fields compared for equality; some may hold several values."""

_SPAN = 3


def tokens_of(person: Person) -> Tokens:
    """The tokens of `person` by scheme field (see `BLOOM` and `EXACT`)."""
    found: dict[str, Iterable[str]] = {
        "name": _name(person.names),
        "given": _given(person),
        "skeleton": _skeletons(person.names),
        "alias": _name(person.aliases),
        "relative": _name(person.relatives),
        "dob": _day(person.day) if person.day else (),
        "yob": _years(person.years) if person.years else (),
        "pin": [f"{n}:{person.pin[:n]}" for n in range(2, 7) if person.pin],
        "district": _grams(person.district, 2),
        "address": _grams(person.address, 3),
        **person.numbers,
        "sex": [person.sex],
        "state": [person.state],
    }
    distinct = ((f, tuple(dict.fromkeys(filter(None, t)))) for f, t in found.items())
    return {field: tokens for field, tokens in distinct if tokens}


def _grams(words: Iterable[str], size: int) -> list[str]:
    return [gram for word in words for gram in grams(word, size)]


def _telling(names: Iterable[Name]) -> list[str]:
    """Whole words that are not generic; else all whole words; else the initials."""
    words = [word for name in names for word in name]
    whole = [word for word in words if len(word) > 1]
    return [word for word in whole if word not in GENERIC] or whole or words


def _name(names: tuple[Name, ...]) -> list[str]:
    """Pairs of letters of telling words, and one token for each generic one.

    A name of generic words only ("Ram") so agrees weakly with a longer one that holds
    them ("Ram Mishra"), and not at all with what merely looks alike ("Ramesh").
    """
    words = [word for name in names for word in name if len(word) > 1]
    generic = [f"={word}" for word in words if word in GENERIC]
    telling = [word for word in words if word not in GENERIC]
    if words:
        return _grams(telling, 2) + generic
    return _grams([word for name in names for word in name], 2)


def _given(person: Person) -> list[str]:
    """Pairs of letters of what tells a person from the family; often nothing."""
    shared = {skeleton(word) for name in person.relatives for word in name}
    words = [word for name in person.names for word in name if len(word) > 1]
    own = [w for w in words if w not in GENERIC and not is_surname(w)]
    telling = [w for w in own if skeleton(w) not in shared]
    return _grams(map(without_surname, telling), 2)


def _skeletons(names: tuple[Name, ...]) -> Iterator[str]:
    telling = _telling(names)
    for word in telling:
        if len(word) > 1:
            yield skeleton(word)
    initials = [word for name in names for word in name if len(word) == 1]
    for word in telling + initials:
        yield f"i:{word[0]}"


def _day(day: date) -> Iterator[str]:
    """Parts and pairs of parts, so that one wrong digit or a swap costs little."""
    y, m, d = f"{day:%Y}", f"{day:%m}", f"{day:%d}"
    yield from (f"y{y}", f"m{m}", f"d{d}", f"ym{y}{m}", f"md{m}{d}", f"yd{y}{d}")
    low, high = sorted((m, d))
    # Swapped day and month are the commonest slip: what survives it counts thrice.
    yield from (f"u{y}{low}{high}", f"v{y}{low}{high}", f"w{low}{high}")
    # So does a day and month that survive another year.
    yield from (f"n{m}{d}", f"o{m}{d}")
    yield from (f"{place}:{digit}" for place, digit in enumerate(y + m + d))


def _years(years: tuple[int, int]) -> Iterator[str]:
    low, high = years
    yield from map(str, range(low - _SPAN, high + _SPAN + 1))
