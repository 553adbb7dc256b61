"""Numbers of identity papers: Aadhaar, PAN, voter's number, passport, court case.

Each reader takes a cell, with whatever label or remark is around the number, and gives
the canonical forms it holds. A letter for a digit and a digit for a letter are read by
their place. Samples and fillers ("A1234567") are nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import verhoeff

from . import codes
from .codes import Canonical, alnum, legible, letters, numerals, unlikely
from .lexicon import table
from .text import ascii_digits, clean

_NATIONS = frozenset(table("identifiers")["nations"]["codes"])
_ZERO = re.compile(r"(?<![A-Z])O(?=\d)|(?<=\d)O(?![A-Z])|(?<=\d)O(?=\d)")
_ONE = re.compile(r"(?<=\d)[IL](?=\d)")
_VIRTUAL = re.compile(r"(?<!\d)\d{4}(?:[\s\-]?\d{4}){3}(?!\d)")
_RUN = re.compile(r"\d[\d\s\-–—./]*")
_TWELVE = re.compile(r"(?<!\d)\d{4}([\s\-]?)\d{4}\1\d{4}(?!\d)")
_MASKED = re.compile(r"(?<![A-Z\d])(?:[X*#•.]{4}[\s\-]*){1,2}(\d{4})(?!\d)")
_LAST = re.compile(
    r"(?:[^\d]*(?:LAST\s*(?:4|FOUR)|ENDING|ENDS|अंतिम|आखिरी)[^\d]*|[X*#•.\-\s]*)(\d{4})\W*"
)
_VID = re.compile(r"\bVIDS?\b")
_PAN = re.compile(r"[A-Z]{3}[PCHFATBLJGE][A-Z]\d{4}[A-Z]")
_PAN_HERE = re.compile(
    r"(?<![A-Z0-9])(?:PAN(?:CARD)?(?:NO)?)?([A-Z0158]{5})[\s\-./]*([0-9OISB]{4})[\s\-./]*([A-Z0158])(?![A-Z0-9])"
)
_TAXED = re.compile(
    r"(?<![A-Z0-9])\d{2}([A-Z]{5}\d{4}[A-Z])[A-Z0-9]Z[A-Z0-9](?![A-Z0-9])"
)
_EPIC = re.compile(r"[A-Z]{3}\d{7}")
_EPIC_HERE = re.compile(
    r"(?<![A-Z0-9])(?:EPIC|VOTERID|VID|VOTERCARD)?(?:NO)?([A-Z0158]{3})[\s\-./]*([0-9OISB]{7})(?![A-Z0-9])"
)
_OLD_EPIC = re.compile(
    r"(?<![A-Z0-9])([A-Z0]{2})[\s\-/]+(\d{1,3})[\s\-/]+(\d{1,3})[\s\-/]+(\d{4,7})(?!\d)"
)
_JOINED_EPIC = re.compile(r"([A-Z]{2})(\d{2})(\d{3})(\d{6,7})")
_ODD_EPIC = re.compile(r"[A-Z]{1,4}\d{8,15}")
_INDIAN = re.compile(r"[A-Z]\d{7}")
_PASSPORT_HERE = re.compile(
    r"(?<![A-Z0-9])(?:IND[\s<]*|PASSPORT(?:NO)?)?([A-Z]{1,2})[\s\-]?(\d[0-9OISB]{5,7})(?:IND)?(?![A-Z0-9])"
)
_MACHINE = re.compile(r"([A-Z0-9<]{9})(\d)([A-Z]{3}|[A-Z]<<)")
_FOREIGN = re.compile(r"[A-Z]{0,2}\d{6,9}|[A-Z]\d{6}[A-Z]\d?")
_SHORT_LABELS = ("NO", "PP", "PT")
_WEIGHTS = (7, 3, 1)
_YEARS = range(1900, 2100)
_COURT = re.compile(
    r"(?<![A-Z0-9])([A-Z]{4})[\s\-/]*([A-Z0-9]{2})[\s\-/]*([0-9OISB]{6})[\s\-/]*"
    r"([0-9OISB]{4})(?![A-Z0-9])"
)


def aadhaar(text: str) -> Canonical:
    """Twelve digits whose last is the Verhoeff check digit; a virtual ID is none."""
    return codes.distinct(filter(_sound, _twelves(text)))


def _sound(number: str) -> bool:
    valid = number[0] in "23456789" and verhoeff.is_valid(number)
    return bool(valid) and number != number[::-1]


def aadhaar4(text: str) -> Canonical:
    """The last four digits of a full, masked or mistyped Aadhaar number."""
    if full := [n for n in _twelves(text) if not unlikely(n)]:
        return codes.distinct([n[-4:] for n in full])
    plain = ascii_digits(clean(codes.whole(text))).upper().strip()
    masked = _LAST.fullmatch(plain) or _MASKED.search(plain)
    return (masked[1],) if masked and not _VID.search(plain) else ()


def _twelves(text: str) -> list[str]:
    """Every number of twelve digits, however it is grouped."""
    plain = ascii_digits(clean(codes.whole(text))).upper()
    plain = _VIRTUAL.sub(" VID ", _ONE.sub("1", _ZERO.sub("0", plain)))
    found = []
    for run in _RUN.findall(plain):
        number = codes.digits(run)
        if len(number) == 12:
            found.append(number)
        elif len(number) > 12:
            found += [codes.digits(part[0]) for part in _TWELVE.finditer(run)]
    return found


def pan(text: str) -> Canonical:
    """A permanent account number, alone, labelled, or inside a GST number."""
    text = legible(text)
    code = alnum(text)
    if len(code) == 10 and (form := _pan(code)):
        return (form,)
    here = (_pan("".join(m.groups())) for m in codes.matches(_PAN_HERE, text))
    if found := codes.distinct(here):
        return found
    return codes.distinct(_pan(m[1]) for m in _TAXED.finditer(text))


def _pan(code: str) -> str:
    code = letters(code[:5]) + numerals(code[5:9]) + letters(code[9:])
    sound = _PAN.fullmatch(code) and code[5:9] != "0000"
    return code if sound else ""


def epic(text: str) -> Canonical:
    """A voter's number: three letters and seven digits, or an older long form.

    The older one is state, two constituencies and a serial number of up to seven
    digits; its parts are filled with zeros, which clerks leave out.
    """
    text = legible(text)
    code = alnum(text)
    if len(code) == 10 and (form := _epic(code)):
        return (form,)
    here = (_epic("".join(m.groups())) for m in codes.matches(_EPIC_HERE, text))
    if found := codes.distinct(here):
        return found
    if old := _OLD_EPIC.search(text) or _JOINED_EPIC.fullmatch(code):
        return _old_epic(*old.groups())
    odd = _ODD_EPIC.fullmatch(code)
    return (code,) if odd and not unlikely(codes.digits(code)) else ()


def _epic(code: str) -> str:
    code = letters(code[:3]) + numerals(code[3:])
    return code if _EPIC.fullmatch(code) and not unlikely(code[3:]) else ""


def _old_epic(state: str, seat: str, part: str, serial: str) -> Canonical:
    code = f"{letters(state)}{seat:0>2}{part:0>3}{serial:0>7}"
    return (code,) if int(serial) else ()


def passport(text: str) -> Canonical:
    """A passport number: a letter and seven digits, or a foreign one of 6 to 9 signs.

    Of a machine-readable line the number is taken if its check digit is right; what
    stands around a number (country, place and day of issue) is passed over.
    """
    text = legible(text)
    code = alnum(text)
    indian = code[:1] + numerals(code[1:])
    if _INDIAN.fullmatch(indian):
        return () if unlikely(indian[1:]) else (indian,)
    if machine := [number for number in _machine(text) if number]:
        return codes.distinct(machine)
    here = _PASSPORT_HERE.finditer(text)
    if found := codes.distinct(_passport(m[1], numerals(m[2])) for m in here):
        return found
    return codes.distinct([_foreign(text)])


def _passport(head: str, number: str) -> str:
    if head in _SHORT_LABELS and len(number) == 7:
        # A label, not two letters of the number.
        return ""
    return "" if unlikely(number) else head + number


def _foreign(text: str) -> str:
    """The code that is left of a cell without the words around it."""
    left = [piece for piece in codes.pieces(text) if any(map(str.isdigit, piece))]
    code = left[0] if len(left) == 1 else alnum(text) if text.isascii() else ""
    code = "" if code[:2] in _SHORT_LABELS else code
    if len(code) > 1 and code[0].isalpha():
        code = code[0] + numerals(code[1:])
    spoilt = unlikely(code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return code if _FOREIGN.fullmatch(code) and not spoilt else ""


def _machine(text: str) -> Iterator[str]:
    """Numbers in the second line of a machine-readable zone (ICAO 9303)."""
    for found in codes.matches(_MACHINE, text.replace(" ", "")):
        number, check, nation = found.groups()
        if nation.strip("<") in _NATIONS and _check(number) == int(check):
            yield number.rstrip("<")


def _check(number: str) -> int:
    values = (0 if sign == "<" else int(sign, 36) for sign in number)
    return sum(v * _WEIGHTS[at % 3] for at, v in enumerate(values)) % 10


def cnr(text: str) -> Canonical:
    """A court's case number record: court, six digits, and the year."""
    text = legible(codes.upright(text))
    if alone := _COURT.fullmatch(alnum(text)):
        return codes.distinct([_court(*alone.groups())])
    found = codes.matches(_COURT, text)
    return codes.distinct(_court(*one.groups()) for one in found)


def _court(court: str, place: str, serial: str, year: str) -> str:
    if any(map(str.isdigit, place)):
        place = numerals(place)
    serial, year = numerals(serial), numerals(year)
    sound = int(serial) and int(year) in _YEARS
    return f"{court}{place}{serial}{year}" if sound else ""
