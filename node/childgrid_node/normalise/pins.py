"""PIN codes, also as the delivery zones of cities ("Delhi-52").

A PIN has six digits and begins with one of the postal regions. One that nobody has, or
that fills a form, is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .lexicon import table
from .text import ascii_digits, clean
from .words import place_word

_TABLE = table("places")
_PIN = re.compile(r"(?<![\d/])([1-9]\d{2})\s?(\d{3})(?![\d/])")
_DECIMALS = re.compile(r"\.0+$")
_APART = re.compile(r"[\s.,_–—-]+")
_LABEL = re.compile(r"^[^\d]*?(?=[\doil]{6}$)")
_MISREAD = str.maketrans("oil", "011")
_SIX = re.compile(r"[\doil]{6}")
_ZONE = re.compile(r"(?<![\d/])\d{1,3}(?=\s*(?:$|[,;.()\n|/]))")
_BETWEEN = " .,\t\n-–—"
_REGIONS = frozenset(_TABLE["pins"]["regions"])
_UNREAL = frozenset(_TABLE["pins"]["unreal"]) | {digit * 6 for digit in "123456789"}
_LAST_ZONE = 160
_LONGEST_CITY = 32


def _cities() -> dict[str, str]:
    cities = _TABLE["zones"].items()
    return {place_word(clean(name)): c for c, names in cities for name in names}


_CITIES = _cities()


def pin(text: str) -> str:
    """The last PIN code in `text`, or nothing.

    >>> pin("Pin- 411 001"), pin("11O052"), pin("000000"), pin("999999")
    ('411001', '110052', '', '')
    """
    plain = _DECIMALS.sub("", ascii_digits(text).strip())
    if code := found_in(plain):
        return code
    whole = _LABEL.sub("", _APART.sub("", clean(plain)))
    if not _SIX.fullmatch(whole):
        return ""
    code = whole.translate(_MISREAD)
    return code if _is_real(code) else ""


def found_in(plain: str) -> str:
    """The last PIN code in a text with ASCII digits, or nothing."""
    codes = ["".join(match) for match in _PIN.findall(plain)]
    return next(filter(_is_real, reversed(codes)), "")


def _is_real(code: str) -> bool:
    return code[:2] in _REGIONS and code not in _UNREAL


def without_pins(plain: str) -> str:
    """A cleaned text with ASCII digits without its PIN codes."""
    return _PIN.sub(" , ", plain)


def take_zone(plain: str, fold: Callable[[str], str]) -> tuple[str, str]:
    """A text without the delivery zone of a city, and the zone's PIN code if any.

    >>> take_zone("triplicane, chennai - 5", place_word)
    ('triplicane, chennai ', '600005')
    """
    for found in _ZONE.finditer(plain):
        before = plain[: found.start()].rstrip(_BETWEEN)
        name = re.split(r"[\s,;()–—-]", before[-_LONGEST_CITY:])[-1]
        city = _CITIES.get(fold(name)) if name else None
        if city and 0 < int(found[0]) <= _LAST_ZONE:
            return f"{before} {plain[found.end() :]}", f"{city}{int(found[0]):03}"
    return plain, ""
