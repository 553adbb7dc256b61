"""Telephone numbers of a cell, each in one form.

An Indian number is its ten digits, a landline's with its area code; a foreign one is
"+" and all its digits. Labels, remarks, extensions and links are passed over; a second
number that is written only as far as it differs is made whole. A number that cannot be
dialled, or is a filler, is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .codes import Canonical, digits, distinct, whole
from .lexicon import table
from .text import ascii_digits, clean

_TABLE = table("phones")
_ABROAD: dict[str, list[int]] = _TABLE["abroad"]
_PLAIN = re.compile(r"[+\d\s\-]{10,18}")
_EXTENSION = re.compile(
    r"(?<![^\W\d])(?:ext[a-z]*|x|एक्सटेंशन|विस्तार)[.:\s]*\d{1,5}(?!\d)"
)
_LINK = re.compile(r"(?:phone=|wa\.me/|tel:)\+?")
_TRUNK = re.compile(r"(?<=\d)\s*\(0\)\s*")
_LISTED = re.compile(r"(?<![\d.\-])\(?[1-5][).]\s*(?=\+?\d{4})")
_ZERO = re.compile(r"(?<=[\dil])o(?=[\d\s\-il])")
_ONE = re.compile(r"(?<=\d)[il](?=\d)")
_PAIR = re.compile(r"(?<!\d)([6-9]\d{9})\s*[-–—./]\s*([6-9]\d{9})(?!\d)")
"""Two mobile numbers with one sign between them."""

_CHUNK = re.compile(r"\(?\+?\(?\d[\d\s()\-–—.]*")
_NUMBER = re.compile(r"(?!18[06]0)[1-9]\d{9}")
"""Ten digits; 1800 and 1860 are free lines of firms."""
_MOBILE = "6789"
_CALLS = frozenset(("00910", "0091", "0910", "091", "910", "91", "0"))
_UNSIGNED = frozenset(_TABLE["unsigned"])

FILLERS = frozenset(
    {head + digit * 9 for head in "0123456789" for digit in "0123456789"}
    | {f"{pair:02}" * 5 for pair in range(100)}
    | set(_TABLE["fillers"])
)
"""Ten digits that registers hold where nobody knows a number."""


def phone(text: str) -> Canonical:
    """Telephone numbers: ten digits, or "+" and all digits of a foreign one."""
    text = whole(text)
    if text.isascii() and _PLAIN.fullmatch(text):
        number = _dialled(text)
        return (number,) if number else ()
    text = _TRUNK.sub(" ", ascii_digits(clean(text)))
    text = _LINK.sub(" +", _EXTENSION.sub(" ", text))
    text = _ONE.sub("1", _ZERO.sub("0", _LISTED.sub(" ", text)))
    return distinct(_numbers(text))


def _numbers(text: str) -> Iterator[str]:
    """Every number of a cell; a short one is completed from the one before it."""
    last, end = "", 0
    for found in _CHUNK.finditer(text):
        between = text[end : found.start()]
        end = found.end()
        chunk = found[0]
        number = _dialled(chunk) or _completed(last, digits(chunk), between)
        if number:
            yield number
            last = number if number[0] != "+" else ""
        else:
            yield from _run_together(chunk)
            last = ""


def _dialled(chunk: str) -> str:
    """The number that one run of digits is, or nothing."""
    number = digits(chunk)
    if "+" in chunk:
        if not number.startswith("91"):
            return _abroad(number, strict=False)
        return _indian(number[2:].removeprefix("0"))
    if number.startswith("00") and not number.startswith("0091"):
        return _abroad(number[2:], strict=False) if len(number) > 12 else ""
    if number[:-10] in _CALLS:
        return _indian(number[-10:])
    return _indian(number) or _abroad(number, strict=True)


def _indian(number: str) -> str:
    return number if _NUMBER.fullmatch(number) and number not in FILLERS else ""


def _abroad(number: str, *, strict: bool) -> str:
    """A foreign number; `strict` where no sign says that its country comes first."""
    for size in (3, 2, 1, 0):
        code = number[:size]
        if code in _ABROAD:
            break
    rest = number[len(code) :].removeprefix("0")
    if strict:
        told = code in _UNSIGNED and len(number) > 10 and len(rest) in _ABROAD[code]
        return f"+{code}{rest}" if told else ""
    if code and len(rest) in _ABROAD[code]:
        return f"+{code}{rest}"
    sound = 8 <= len(number) <= 15 and number[0] != "0" and len(set(number)) > 1
    return f"+{number}" if sound else ""


def _completed(last: str, tail: str, between: str) -> str:
    """What "9436021875/76" and "0361-2540917/2540918" mean by their second part."""
    near = between.strip() in ("/", ",", "&", "and", "or", "-")
    if not (last and near and 0 < len(tail) < len(last)):
        return ""
    landline = last[0] not in _MOBILE or len(tail) >= 6
    brief = len(tail) <= 5 and between.strip() in ("/", "&")
    local = landline and 6 <= len(tail) <= 8 and last[0] not in _MOBILE
    number = last[: len(last) - len(tail)] + tail
    return _indian(number) if brief or local else ""


def _run_together(chunk: str) -> Iterator[str]:
    """Numbers with nothing but blanks, or one sign, between them."""
    gathered = ""
    for word in _PAIR.sub(r"\1 \2", chunk).split():
        gathered += word
        if number := _dialled(gathered):
            yield number
            gathered = ""
