"""Telephone numbers of a line, found as every node finds them.

Several may stand on one line, with signs, words or blanks between. A node reads more
(numbers abroad without their sign, letters for digits): what is not read here is only
doubted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from childgrid_portal.web.days import digits

_NUMBER = re.compile(r"(?:(?:\+|00|0)?910?|0)?((?!18[06]0)[1-9]\d{9})")
_ABROAD = re.compile(r"(?:\+|00)(?!91)[1-9]\d{7,14}")
_FILLER = re.compile(r"\d(\d)\1{8}|(\d\d)\2{4}")
"""What stands where nobody knows a number, such as 9999999999."""

_LISTED = re.compile(r"(?<![\d.\-])\(?[1-5][).]\s*(?=\+?\d{4})")
"""The number of an entry of a list, before a telephone number."""

_RUN = re.compile(r"\(?\+?\(?\d[\d\s()\-–.]*")
_SHORT, _LONGEST_TAIL = 4, 5


@dataclass(frozen=True)
class Line:
    """The numbers of a line, and whether anything on it is none."""

    numbers: tuple[str, ...]
    odd: bool


def read(text: str) -> Line:
    """Find the telephone numbers of one line."""
    plain, end = _LISTED.sub(" ", digits(text)), 0
    found: list[str] = []
    odd = False
    for run in _RUN.finditer(plain):
        made = list(_in_run(run[0])) or _completed(found, plain[end : run.start()], run)
        odd |= not made and sum(map(str.isdigit, run[0])) >= _SHORT
        found += made
        end = run.end()
    return Line(tuple(dict.fromkeys(found)), odd or not found)


def _in_run(run: str) -> Iterator[str]:
    """One number, or several with nothing but blanks between them."""
    words = re.sub(r"[^\d+\s]", "", run).split()
    if whole := _dialled("".join(words)):
        yield whole
        return
    gathered = ""
    for word in words:
        gathered += word
        if number := _dialled(gathered):
            yield number
            gathered = ""


def _dialled(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    if found:
        return "" if _FILLER.fullmatch(found[1]) else found[1]
    return re.sub(r"^00", "+", text) if _ABROAD.fullmatch(text) else ""


def _completed(found: list[str], between: str, run: re.Match[str]) -> list[str]:
    """What "9436021875/76" means by its second part."""
    tail = run[0].strip()
    if not found or between.strip() not in ("/", "&") or not tail.isdigit():
        return []
    brief = len(tail) <= _LONGEST_TAIL
    return [found[-1][: -len(tail)] + tail] if brief else []
