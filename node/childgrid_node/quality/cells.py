"""What is wrong with a cell that should hold an identifier, a name or a place.

A reader of `normalise` says whether a cell is usable; here it is said why not, or what
is doubtful in spite of it. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from stdnum import luhn

from ..normalise.dates import ascii_digits
from ..normalise.numbers import READERS
from ..normalise.unsaid import states_nothing

CHECK_DIGIT, PLACEHOLDER, MASKED = "wrong check digit", "placeholder", "masked"
FORM, NO_PERSON, LOST = "wrong form", "not a person's", "letters lost"

_REPEATED = re.compile(r"^(.)\1+$")
_WORDS = frozenset(
    ("na", "nil", "none", "null", "unknown", "notknown", "notavailable", "test", "x")
)
_LOST = re.compile("\ufffd|\\?\\?|Ã[\u0080-\u00bf]|à[¤¥]")
"""What is left where letters went through a code page that has none of them."""
_PERSON, _KIND = "P", 3
_EPIC = re.compile(r"^[A-Z]{3}\d{7}$")
_PHONE_DIGITS = 10


def identifier(field: str, text: str) -> str:
    """What is wrong or doubtful in an identifier's cell, or nothing."""
    bare = "".join(c for c in ascii_digits(text).upper() if c.isalnum())
    if placeholder(bare):
        return PLACEHOLDER
    forms = READERS[field](text)
    if field == "aadhaar" and not forms:
        return _aadhaar(bare, text)
    if field == "epic" and any(_EPIC.match(f) and not _luhn(f[3:]) for f in forms):
        return CHECK_DIGIT
    if field == "pan" and any(form[_KIND] != _PERSON for form in forms):
        return NO_PERSON
    return "" if forms else FORM


def _aadhaar(bare: str, text: str) -> str:
    if len(bare) == 12 and bare.isdecimal():
        return CHECK_DIGIT if bare[0] in "23456789" else FORM
    return MASKED if READERS["aadhaar4"](text) else FORM


def _luhn(digits: str) -> bool:
    return bool(luhn.is_valid(digits))


def placeholder(bare: str) -> bool:
    """Whether letters and digits alone say that there is nothing: 0000, NA, UNKNOWN."""
    digits = bare[-_PHONE_DIGITS:] if bare.isdecimal() else bare
    return bool(_REPEATED.match(digits)) or bare.casefold() in _WORDS


def words(text: str) -> str:
    """What is wrong in a name's or place's cell, or nothing."""
    if _LOST.search(text):
        return LOST
    bare = "".join(c for c in text if c.isalnum())
    nothing = placeholder(bare) or (bare and states_nothing(text))
    return PLACEHOLDER if nothing else ""


def script(text: str) -> str:
    """The script of a text: Latin, Devanagari, …, `mixed`, or `no letters`."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "no letters"
    found = {_script(sign) for sign in text} - {""}
    if len(found) > 1:
        return "mixed"
    return found.pop() if found else "no letters"


@lru_cache(maxsize=4_096)
def _script(sign: str) -> str:
    if not sign.isalpha():
        return ""
    return unicodedata.name(sign, "unnamed").partition(" ")[0].capitalize()
