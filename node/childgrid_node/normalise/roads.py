"""Driving licences and registration marks of vehicles.

A licence is brought into Sarathi's form where it can only be that one; a mark keeps the
code it was given under, since renamed states began their numbers anew. Make, colour,
class and validity around the number are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import codes
from .codes import STATES, Canonical, alnum, legible, numerals, unlikely
from .lexicon import table

_TABLE = table("identifiers")
RENAMED: dict[str, str] = _TABLE["states"]["licences"]
"""Codes of states under which licences went on when the state was renamed."""
WIDE = frozenset(_TABLE["states"]["wide"])
"""States whose licences have three digits for the office."""
_LABELS = frozenset(_TABLE["licence"]["labels"])
_CLASSES = frozenset(_TABLE["licence"]["classes"])
_ENDS = re.compile(rf"(?<![A-Z])(?:{'|'.join(_TABLE['licence']['ends'])})(?![A-Z])")
_MAKES = frozenset(_TABLE["vehicle"]["makes"])

_GAP = r"[\s\-/.]{0,4}"
_LICENCE = re.compile(
    rf"(?<![A-Z0-9])([A-Z0]{{2}}){_GAP}([0-9O]{{1,3}}){_GAP}([A-Z]{{0,2}}){_GAP}"
    rf"((?:19|2[0O])[\dO]{{2}})({_GAP})(\d[\dO]{{0,6}})(?![A-Z0-9])"
)
_NARROW = re.compile(_LICENCE.pattern.replace("{1,3}", "{1,2}"))
_OLD = re.compile(
    r"(?<![A-Z0-9])([A-Z0]{2})[\s\-/]*([0-9O]{1,3})[\s\-]*/[\s\-]*(\d{3,7})\s*/\s*"
    r"(\d{4}|\d{2})(?!\d)"
)
_WRITTEN = re.compile(r"([A-Z]{2})(\d{1,2})((?:19|20)\d\d)(\d{6,7})")
_WRITTEN_WIDE = re.compile(_WRITTEN.pattern.replace("{1,2}", "{1,3}"))
_PIVOT, _SERIAL, _TOLD = 40, 6, 11
FIRST_YEAR = "1940"
"""No licence is older."""

_WHOLE = re.compile(r"([A-Z]{2})(\d{1,2})([A-Z]{1,3})(\d{1,4})")
_MARK = re.compile(
    rf"(?<![A-Z0-9])(?:IND{_GAP})?([A-Z]{{2}}){_GAP}([0-9O]{{1,2}}){_GAP}"
    rf"([A-Z](?:[\s\-./]?[A-Z]){{0,2}})?{_GAP}(?=[OISB]*\d)([0-9OISB]{{1,4}})"
    r"(?![A-Z0-9])"
)
_BHARAT = re.compile(
    r"(?<![A-Z0-9])(\d{2})[\s\-]?BH[\s\-]?(\d{4})[\s\-]?([A-Z]{1,2})(?![A-Z0-9])"
)
_ODD_MARKS = re.compile(
    # Before 1989; embassies; the forces; temporary ones of today.
    r"([A-Z]{3})\d{1,4}|\d{1,3}(?:CD|CC|UN)\d{1,4}|\d{2}[A-Z]\d{5,6}[A-Z]"
    r"|T\d{4}[A-Z]{2}\d{4}[A-Z]{0,2}"
)
_PART = re.compile(r"(?:[A-Z]{0,2}[X?*]*|[X?*]{2,6}|[A-Z]{2}\d{2})?(\d{4})|(\d{1,4})")
_END = re.compile(r"(\d{1,4})[A-Z]*")


def driving_licence(text: str) -> Canonical:
    """A driving licence: state, office (two digits), year, seven digits.

    Other old numbers stay as they are written, without the words around them.
    """
    text = legible(codes.upright(text))
    if form := written(alnum(text)):
        return (form,)
    if found := codes.distinct(_licences(text)):
        return found
    head = _ENDS.split(text, maxsplit=1)[0]
    code = "".join(_unlabelled(codes.pieces(head)))
    number = codes.digits(code)
    told = len(code) - len(number) >= 2 or len(number) >= _TOLD
    formed = 8 <= len(code) <= 18 and len(number) >= 5 and told
    formed = formed and not unlikely(number)
    return (code,) if formed else ()


def written(code: str) -> str:
    """Sarathi's form of a licence that is written in it, without gaps; or nothing."""
    found = (_WRITTEN_WIDE if code[:2] in WIDE else _WRITTEN).fullmatch(code)
    if found is None:
        return ""
    state, office, year, serial = found.groups()
    return _sarathi(state, office, "", year, serial)


def _licences(text: str) -> Iterator[str]:
    for found in codes.matches(_LICENCE, text):
        if one := _wide(found) or _narrow(text, found.start()):
            yield one
    for old in codes.matches(_OLD, text) if "/" in text else ():
        state, office, serial, year = old.groups()
        yield _sarathi(state, office, "", _full(year), serial)


def _wide(found: re.Match[str]) -> str:
    """Three digits for the office, which only some states have."""
    if found[1] not in WIDE or len(found[2]) < len("000"):
        return ""
    return _checked(found)


def _narrow(text: str, at: int) -> str:
    found = _NARROW.match(text, at)
    return _checked(found) if found else ""


def _checked(found: re.Match[str]) -> str:
    state, office, letter, year, gap, serial = found.groups()
    if not gap and len(serial) < _SERIAL:
        return ""
    return _sarathi(state, office, letter, year, serial)


def _sarathi(state: str, office: str, letter: str, year: str, serial: str) -> str:
    state, year, serial = codes.letters(state), numerals(year), numerals(serial)
    if state not in STATES or not int(serial) or year < FIRST_YEAR:
        return ""
    width = 3 if state in WIDE else 2
    office = numerals(office).lstrip("0").rjust(width, "0")
    return f"{RENAMED.get(state, state)}{office}{letter}{year}{serial:0>7}"


def _full(year: str) -> str:
    if len(year) > 2:
        return year
    return f"{'19' if int(year) >= _PIVOT else '20'}{year}"


def _unlabelled(pieces: list[str]) -> list[str]:
    """Pieces without the label before them and the classes behind them.

    "DL" is a label only before another one: else it is Delhi.
    """
    while pieces and (
        pieces[0] in _LABELS or (pieces[0] == "DL" and pieces[1:2] == ["NO"])
    ):
        pieces = pieces[1:]
    first = next((at for at, p in enumerate(pieces) if p[-1].isdigit()), 0)
    return pieces[:first] + [p for p in pieces[first:] if p not in _CLASSES]


def vehicle(text: str) -> Canonical:
    """A registration mark: state, office (two digits), series, four digits."""
    text = legible(text)
    code = alnum(text).removeprefix("IND")
    if text.isascii() and (found := _WHOLE.fullmatch(code)):
        return codes.distinct([_mark(*found.groups())])
    if marks := codes.distinct([*_bharat(text), *_marks(text)]):
        return marks
    code = "".join(p for p in codes.pieces(text) if p not in _LABELS)
    odd = _ODD_MARKS.fullmatch(code)
    sound = odd and odd[1] not in _MAKES and not unlikely(codes.digits(code))
    return (code,) if sound else ()


def _bharat(text: str) -> Iterator[str]:
    yield from (f"{y}BH{n}{s}" for y, n, s in _BHARAT.findall(text) if int(n))


def _marks(text: str) -> Iterator[str]:
    """Marks of known states anywhere in a text."""
    at = 0
    while found := _MARK.search(text, at):
        state, office, series, number = found.groups()
        gap = found.start(4) > found.end(2)
        number = numerals(number)
        # Without a series and a gap nobody knows where the office's digits end.
        whole = series or (len(number) > 2 and (gap or len(office + number) > 5))
        form = _mark(state, numerals(office), alnum(series or ""), number)
        known = whole and state in STATES
        at = found.end() if known and form else found.start() + 1
        if known:
            yield form


def _mark(state: str, office: str, series: str, number: str) -> str:
    return f"{state}{office:0>2}{series}{number:0>4}" if int(number) else ""


def vehicle4(text: str) -> Canonical:
    """The last number of a registration mark, or of a part of one, in four digits."""
    if marks := vehicle(text):
        ends = (_last(mark) for mark in marks)
    else:
        text = legible(text).strip()
        left = "".join(p for p in codes.pieces(text) if p not in _LABELS)
        part = _PART.fullmatch(left) if len(left) >= 4 or text.isdigit() else None
        ends = ((part[1] or part[2]) if part else "" for _ in range(1))
    return codes.distinct(e.rjust(4, "0") for e in ends if e and int(e))


def _last(mark: str) -> str:
    found = _END.search(mark[::-1].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[:4])
    return found[1][::-1] if found else ""
