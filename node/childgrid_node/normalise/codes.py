"""What all codes of letters and digits have in common: read in any script, by place.

`legible` writes a cell in Latin capitals and ASCII digits, letters that are spelt out
in another script included. Which shapes a code may have is each reader's own affair.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .lexicon import table
from .text import ascii_digits, clean

Canonical = tuple[str, ...]

LONGEST = 1_000
"""Characters of a cell in which a number is looked for."""

_LETTERS: dict[str, dict[str, list[str]]] = table("letters")
_DECIMAL = re.compile(r"^\s*(\d+)\.0+\s*$")
_REPEATED = re.compile(r"^(.)\1*$")
_DIGIT = str.maketrans("OISB", "0158")
_LETTER = str.maketrans("0158", "OISB")
_SMALL_L = re.compile(r"(?<=\d)l+(?=[\dOo])|(?<=\d[Oo])l+(?=\d)")
_NO_DIGIT = re.compile(r"[^0-9]+")
_SEAM = re.compile(r"[^A-Z0-9]+")
STATES = frozenset(table("identifiers")["states"]["codes"])
"""Codes of states on number plates and licences, former ones included."""


def _spelt(letters: dict[str, list[str]]) -> dict[str, str]:
    return {clean(name): latin for latin, names in letters.items() for name in names}


_NAMES = {
    name: latin
    for letters in _LETTERS.values()
    for name, latin in _spelt(letters).items()
}
_NAME = "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True)))
_SPELT = re.compile(rf"(?<![^\W\d])(?:(?:{_NAME})[.॰]?)+(?![^\W\d]|[\u0900-\u0dff])")
_ONE = re.compile(_NAME)
_MARKED = re.compile(r"[\u0900-\u0dff]")


def legible(text: str) -> str:
    """`text` in capitals, with ASCII digits; letters spelt in a script are Latin.

    >>> legible("यूपी ३२ सी.एम. 5521")
    'UP 32 CM 5521'
    """
    if text.isascii():
        return text.upper()
    return _SPELT.sub(_latin, ascii_digits(clean(text))).upper()


def upright(text: str) -> str:
    """`text` with small letters l between digits as ones, where no letter may stand."""
    return _SMALL_L.sub(lambda found: "1" * len(found[0]), text)


def _latin(found: re.Match[str]) -> str:
    before = found.string[: found.start()][-1:]
    if before and _MARKED.match(before):
        # A vowel sign before it: the middle of a word.
        return found[0]
    return "".join(_NAMES[name] for name in _ONE.findall(found[0]))


def alnum(text: str) -> str:
    """The Latin letters and digits of a legible text, and nothing between them."""
    return _SEAM.sub("", text)


def pieces(text: str) -> list[str]:
    """The runs of letters and digits of a legible text."""
    return [piece for piece in _SEAM.split(text) if piece]


def digits(text: str) -> str:
    """The digits of any script in `text`."""
    return _NO_DIGIT.sub("", ascii_digits(text))


def whole(text: str) -> str:
    """A number that passed through a spreadsheet, without its decimals."""
    if "." not in text:
        return text
    found = _DECIMAL.match(text)
    return found[1] if found else text


def letters(text: str) -> str:
    """Digits that look like letters, where letters must stand."""
    return text.translate(_LETTER)


def numerals(text: str) -> str:
    """Letters that look like digits, where digits must stand."""
    return text.translate(_DIGIT)


_FEWEST = 4
"""Digits that may count up or down by chance."""

CLIMBING = frozenset(
    row[at:end]
    for row in ("01234567890", "09876543210")
    for end in range(_FEWEST + 1, len(row) + 1)
    for at in range(end - _FEWEST)
)
"""Digits counted up or down, of any length above a few."""


def unlikely(number: str) -> bool:
    """Whether digits are a filler: all the same, or counted up or down."""
    return number in CLIMBING or bool(_REPEATED.match(number))


def distinct(forms: Iterable[str]) -> Canonical:
    """Forms without the empty ones and repeats."""
    return tuple(dict.fromkeys(form for form in forms if form))


def matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every place, overlapping ones too, where a code may begin in a legible text."""
    at = 0
    while found := pattern.search(text, at):
        yield found
        at = found.start() + 1
