"""A sex as registers write it: a word, an abbreviation or a code, in ten scripts."""

from __future__ import annotations

import re

from .codes import LONGEST, whole
from .lexicon import table
from .text import ascii_digits, clean

SEXES = ("", "m", "f", "t")
"""What a sex may be."""

_TABLE = table("sexes")
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff'’])*")
_ABBREVIATED = re.compile(r"(?<=[\u0900-\u0dff])(?:[0०॰oः]|\.)+(?=\s|$|[()/,\-])")
_WORDS = {
    clean(name): sex
    for sex in ("m", "f", "t")
    for names in _TABLE[sex].values()
    for name in names
}
_CODES = {code: sex for sex, codes in _TABLE["codes"].items() for code in codes}
_IDLE = frozenset(clean(word) for word in _TABLE["idle"]["words"])


def sex(text: str) -> str:
    """`m`, `f`, `t`, or nothing; two that differ are nothing, and so is the unknown.

    >>> sex("1 - Male"), sex("म०"), sex("M/F")
    ('m', 'f', '')
    """
    plain = whole(ascii_digits(_ABBREVIATED.sub(" ", clean(text[:LONGEST]))))
    words = [word for word in _WORD.findall(plain) if word not in _IDLE]
    if whole_word := _WORDS.get("".join(words)):
        return whole_word
    told = {_WORDS.get(word, "") for word in words if not word.isdigit()}
    if not told:
        told = {_CODES.get(word.lstrip("0"), "") for word in words}
    return told.pop() if len(told) == 1 else ""
