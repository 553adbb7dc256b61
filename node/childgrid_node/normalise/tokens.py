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
from .words import GENERIC, HONOURED, HONOURS, SECOND, is_surname, without_surname

Tokens = dict[str, tuple[str, ...]]
"""Tokens by scheme field, without repeats, only for fields with evidence."""

BLOOM = (
    "name",
    "given",
    "skeleton",
    "alias",
    "called",
    "relative",
    "dob",
    "yob",
    "aged",
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
    "declared",
    "sex",
    "named_sex",
    "state",
)
"""Fields compared for equality; some may hold several values."""

NAME_GRAM, DISTRICT_GRAM, ADDRESS_GRAM = 2, 2, 3
_INITIAL = "i:"
_WEIGHTS = {"=": 3, "@": 2}
_SLIP = 2
YEAR_SPAN = 2
"""Years around a birth year that count as near it."""


def tokens_of(person: Person) -> Tokens:
    """The tokens of `person` by scheme field (see `BLOOM` and `EXACT`)."""
    found: dict[str, Iterable[str]] = {
        "name": _cut(name_pieces(person.names)),
        "given": _given(person),
        "skeleton": map(bone_token, bone_pieces(person.names)),
        "alias": _cut(name_pieces(person.aliases)),
        "called": _own(person.aliases),
        "relative": _cut(name_pieces(person.relatives)),
        "dob": day_tokens(person.day) if person.day else (),
        "yob": year_tokens(person.year, person.year) if person.year else (),
        "aged": year_tokens(*person.years) if person.years else (),
        "pin": pin_tokens(person.pin) if person.pin else (),
        "district": [t for piece in person.district for t in district_tokens(piece)],
        "address": [t for piece in person.address for t in address_tokens(piece)],
        **person.numbers,
        "declared": [str(person.year)] if person.declared else (),
        "sex": [person.sex],
        "named_sex": [person.sex or person.implied],
        "state": [person.state],
    }
    distinct = ((f, tuple(dict.fromkeys(filter(None, t)))) for f, t in found.items())
    return {field: tokens for field, tokens in distinct if tokens}


def _telling(names: Iterable[Name]) -> list[str]:
    """Whole words that are not generic; else all whole words; else the initials."""
    words = [word for name in names for word in name]
    whole = [word for word in words if len(word) > 1]
    return [word for word in whole if word not in GENERIC] or whole or words


def name_pieces(names: Iterable[Name]) -> list[str]:
    """What names are cut into before `piece_tokens`: words, generic ones marked "=".

    A name of generic words only ("Ram") so agrees weakly with a longer one that holds
    them ("Ram Mishra"), and not at all with what merely looks alike ("Ramesh").
    Initials count only where no name has a whole word.
    """
    words = [word for name in names for word in name]
    whole = [word for word in words if len(word) > 1]
    if GENERIC.isdisjoint(whole):
        return whole or words
    telling = [word for word in whole if word not in GENERIC]
    return telling + [f"={word}" for word in whole if word in GENERIC]


def piece_tokens(piece: str) -> list[str]:
    """The tokens of one piece of a name: its pairs of letters, or a marked word."""
    return [piece] if piece[0] == "=" else grams(piece, NAME_GRAM)


def _cut(pieces: Iterable[str]) -> list[str]:
    return [token for piece in pieces for token in piece_tokens(piece)]


def _given(person: Person) -> list[str]:
    """Pairs of letters of what tells a person from the family; often nothing."""
    shared = {skeleton(word) for name in person.relatives for word in name}
    telling = [w for w in own_words(person.names) if skeleton(w) not in shared]
    return [gram for word in telling for gram in given_tokens(word)]


def _own(names: Iterable[Name]) -> list[str]:
    """Pairs of letters of what tells a person's other names from a family's."""
    return [gram for word in own_words(names) for gram in given_tokens(word)]


def own_words(names: Iterable[Name]) -> list[str]:
    """Whole words that are neither generic nor a family's name.

    A word of `SECOND` ("Rina Akter") is one only where a name has no other; Subba and
    Rama are before Rao, whatever they are elsewhere.
    """
    return [word for name in names for word in _own_of(name)]


def _own_of(name: Name) -> list[str]:
    own = [word for word in name if is_own(word)]
    if len(own) > 1:
        return [word for word in own if word not in SECOND] or own
    if not own and not HONOURS.isdisjoint(name):
        return [word for word in name if word in HONOURED]
    return own


def is_own(word: str) -> bool:
    """Whether a canonical word tells a person from the family."""
    return len(word) > 1 and word not in GENERIC and not is_surname(word)


def given_tokens(word: str) -> list[str]:
    """Pairs of letters of one given name, without a surname written on to it."""
    return grams(without_surname(word), NAME_GRAM)


def bone_pieces(names: Iterable[Name]) -> list[str]:
    """What names are cut into before `bone_token`: telling words, marked initials."""
    names = tuple(names)
    telling = _telling(names)
    initials = [word for name in names for word in name if len(word) == 1]
    whole = [word for word in telling if len(word) > 1]
    return whole + [f"{_INITIAL}{word[0]}" for word in telling + initials]


def bone_token(piece: str) -> str:
    """The token of one piece: its consonants, or the initial; it may be empty."""
    return piece if piece.startswith(_INITIAL) else skeleton(piece)


def district_tokens(piece: str) -> list[str]:
    """The tokens of a piece of `districts.settle`.

    Of a known district, what it shares with its namesakes weighs three, what it is two:
    alone the former is near each of them, and no two of them are near each other.
    """
    if piece[0] in _WEIGHTS:
        return [f"{piece}{n}" for n in range(_WEIGHTS[piece[0]])]
    return grams(piece, DISTRICT_GRAM)


def address_tokens(piece: str) -> list[str]:
    """The tokens of a word of an address, or of a number, which is marked "#"."""
    return [piece] if piece[0] == "#" else grams(piece, ADDRESS_GRAM)


def pin_tokens(pin: str) -> list[str]:
    """The beginnings of a PIN code, two to six digits."""
    return [f"{n}:{pin[:n]}" for n in range(2, 7)]


def day_tokens(day: date) -> Iterator[str]:
    """Parts, pairs of parts, digits, and the day in the years around.

    One wrong digit, a year that is a little wrong, a day and month that changed places:
    each leaves more than strangers share by chance.
    """
    y, m, d = f"{day.year:04}", f"{day.month:02}", f"{day.day:02}"
    yield from (f"y{y}", f"m{m}", f"d{d}", f"ym{y}{m}", f"md{m}{d}", f"yd{y}{d}")
    low, high = sorted((m, d))
    near = range(day.year - _SLIP, day.year + _SLIP + 1)
    yield from (f"u{year}{low}{high}" for year in near)
    yield from (f"{place}:{digit}" for place, digit in enumerate(y + m + d))


def year_tokens(low: int, high: int) -> Iterator[str]:
    """The years of a window and those around it."""
    yield from map(str, range(low - YEAR_SPAN, high + YEAR_SPAN + 1))
