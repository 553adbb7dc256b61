"""The state that a cell names, in any writing, as its code.

States and union territories of today; what was renamed or divided stands under the
present one. Abbreviations and numbers that are two states' name none. A country around
stands in the place of a state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from .lexicon import table
from .nearest import Nearest
from .spelling import GROUP
from .text import ascii_digits, clean
from .unsaid import states_nothing
from .words import place_word

Parts = tuple[str, ...]
Fold = Callable[[str], str]

_TABLE = table("states")
_BREAKS = re.compile(r"[\s.,;:'\"<>\[\]{}()|_+*#!?=/\\^%@–—।॰-]+")
_DOTTED = re.compile(r"\b(\w)[.॰]\s?(?=\w\b)")
_AND = re.compile(r"\s*[&+]\s*")
_DECIMALS = re.compile(r"(?<=\d)\.0+\s*\Z")
"""What a spreadsheet writes behind a whole number."""

_ZERO = re.compile("(?<=[\u0900-\u0dff])0(?![0-9])")
_LEAST_NEAR, _SLACK = 5, 6
PARENTS: dict[str, str] = _TABLE["parents"]
"""States by the younger state that was once a part of each."""


def raw_words(text: str) -> Parts:
    """The cleaned words of a text; "U.P." and "उ0प्र0" are one word, "&" is "and"."""
    return cleaned_words(clean(text))


def cleaned_words(plain: str) -> Parts:
    """`raw_words` of a text that is cleaned."""
    if not plain.isascii():
        plain = _ZERO.sub(".", ascii_digits(plain))
    if "&" in plain:
        plain = _AND.sub(" and ", plain)
    if "." in plain or "॰" in plain:
        plain = _DOTTED.sub(GROUP, plain)
    if plain.isascii() and plain.replace(" ", "").isalnum():
        return tuple(plain.split())
    return tuple(filter(None, _BREAKS.split(plain)))


def split(text: str, fold: Fold = place_word) -> Parts:
    """The folded words of a text; see `raw_words`."""
    return tuple(w for raw in raw_words(text) if (w := fold(raw)))


_NAMES = [
    (code, split(form))
    for code, forms in (*_TABLE["names"].items(), *_TABLE["abroad"].items())
    for form in forms
]
KNOWN: dict[str, str] = {"".join(words): code for code, words in _NAMES}
"""Codes by folded name without blanks."""

BRIEF: dict[str, str] = {
    "".join(raw_words(form)): code
    for code, forms in _TABLE["brief"].items()
    for form in forms
}
"""Codes by abbreviation, as cleaned, without blanks."""

ABROAD = frozenset(_TABLE["abroad"])
"""The codes of countries around, which have none of our districts."""

CODES = (*_TABLE["names"], *_TABLE["abroad"])
"""The codes of all states, territories and countries around."""

LONGEST = max(len(words) for _, words in _NAMES)
"""Words of the longest name."""

_NUMBERS: dict[str, str] = _TABLE["numbers"]
_BESIDE = frozenset(w for word in _TABLE["beside"]["words"] for w in raw_words(word))


def state(text: str, fold: Fold = place_word) -> str:
    """The code of the state that `text` names, or nothing.

    >>> state("U.T. of Puducherry"), state("IN-OR"), state("21"), state("97")
    ('PY', 'OD', 'OD', '')
    """
    if not text:
        return ""
    raw = raw_words(_DECIMALS.sub("", text))
    own = tuple(word for word in raw if word not in _BESIDE)
    if len(own) == 1 and own[0].isdigit():
        return _NUMBERS.get(own[0].lstrip("0"), "")
    for written in (raw, own):
        words = tuple(filter(None, map(fold, written)))
        letters = "".join(word for word in written if not word.isdigit())
        if code := BRIEF.get(letters) or KNOWN.get("".join(words)):
            return code
    if states_nothing(text):
        return ""
    return _within(words) or _near("".join(w for w in words if not w.isdigit()))


def _within(words: Parts) -> str:
    """The only state whose whole name stands within `words`."""
    runs = (
        "".join(words[at : at + length])
        for length in range(LONGEST, 0, -1)
        for at in range(len(words) - length + 1)
    )
    named = {KNOWN[run] for run in runs if run in KNOWN}
    return named.pop() if len(named) == 1 else ""


@cache
def _nearest() -> Nearest[str]:
    return Nearest({n: c for n, c in KNOWN.items() if len(n) >= _LEAST_NEAR})


def _near(name: str) -> str:
    found = _nearest()(name, _SLACK) if len(name) >= _LEAST_NEAR else []
    return found[0] if len(found) == 1 else ""
