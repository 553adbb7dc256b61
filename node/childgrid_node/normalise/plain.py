"""Identifiers as most clerks write them, read many at a time.

A whole column is cleaned by one table and each cell tried against one pattern. Only
what is surely one identifier, or surely none, is decided here; every other cell goes to
the reader in `numbers`, whose answers these are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, reduce

from .codes import CLIMBING, LONGEST, STATES
from .numbers import READERS, Canonical
from .phones import FILLERS
from .roads import written

_NOTHING: Canonical = ()
_SEAM = "\n"
_ALNUM: dict[int, str | None] = {
    code: chr(code).upper() if chr(code).isalnum() else None
    for code in range(128)
    if chr(code) != _SEAM
}
# In licences a slash says where an old number's parts end.
_SLASHED = _ALNUM | {ord("/"): "/"}
_UNSPACED: dict[int, str | None] = {ord(" "): None, ord("-"): None}

_PHONE = re.compile(r"(?:\+?91|0|0091|091)?((?!18[06]0)[1-9][0-9]{9})").fullmatch
_TWELVE = re.compile(r"[0-9]{12}").fullmatch
_PAN = re.compile(r"[A-Z]{3}[PCHFATBLJGE][A-Z][0-9]{4}[A-Z]").fullmatch
_EPIC = re.compile(r"[A-Z]{3}([0-9]{7})").fullmatch
_PASSPORT = re.compile(r"[A-Z]([0-9]{7})").fullmatch
_VEHICLE = re.compile(
    r"(?:IND)?([A-Z]{2})([0-9]{1,2})([A-Z]{1,3})([0-9]{1,4})"
).fullmatch
_NUMBERED = re.compile(r"[A-Z]{2}([0-9]{9,16})").fullmatch
_YEAR = re.compile(r"(?:19|20)[0-9]{2}").search
_DIGITS = "0123456789"
_SAME = frozenset(digit * size for digit in _DIGITS for size in (7, 12)) | CLIMBING


def read(kind: str, texts: Sequence[str]) -> list[Canonical]:
    """The canonical forms that each text holds, as `READERS[kind]` gives them.

    Raises what the reader raises; nothing then is known of any of the texts.
    """
    reader = READERS[kind]
    if kind not in _WAYS:
        return [reader(text) for text in texts]
    table, way = _WAYS[kind]
    found = []
    for text, code in zip(texts, _cleaned(texts, table), strict=True):
        forms = way(code) if len(text) <= LONGEST else None
        found.append(reader(text) if forms is None else forms)
    return found


def _cleaned(texts: Sequence[str], table: dict[int, str | None]) -> list[str]:
    """Each text by `table`; nothing for what is not ASCII or holds the seam."""
    joined = _SEAM.join(texts)
    if not joined.isascii() or joined.count(_SEAM) != len(texts) - 1:
        plain = [t if t.isascii() and _SEAM not in t else "" for t in texts]
        joined = _SEAM.join(plain)
    return joined.translate(table).split(_SEAM) if texts else []


def _phone(code: str) -> Canonical | None:
    found = _PHONE(code)
    if found is None:
        return None
    return _NOTHING if found[1] in FILLERS else (found[1],)


def _aadhaar(code: str) -> Canonical | None:
    if _TWELVE(code) is None:
        return None
    valid = code[0] > "1" and _checked(code) and code != code[::-1]
    return (code,) if valid else _NOTHING


def _aadhaar4(code: str) -> Canonical | None:
    if _TWELVE(code) is None:
        return None
    return _NOTHING if code in _SAME else (code[8:],)


def _pan(code: str) -> Canonical | None:
    return (code,) if _PAN(code) and code[5:9] != "0000" else None


def _epic(code: str) -> Canonical | None:
    found = _EPIC(code)
    if found is None:
        return None
    return _NOTHING if found[1] in _SAME else (code,)


def _passport(code: str) -> Canonical | None:
    found = _PASSPORT(code)
    if found is None:
        return None
    return _NOTHING if found[1] in _SAME else (code,)


def _licence(code: str) -> Canonical | None:
    form = written(code)
    return (form,) if form else _undated(code)


def _undated(code: str) -> Canonical | None:
    """An old licence: its state and digits, no four of which can be its year."""
    found = _NUMBERED(code)
    if found is None or code[:2] not in STATES or _YEAR(code, 3):
        return None
    return None if found[1] in CLIMBING or len(set(found[1])) == 1 else (code,)


def _vehicle(code: str) -> Canonical | None:
    found = _VEHICLE(code)
    if found is None or not found[4].strip("0"):
        return None
    state, office, series, number = found.groups()
    return (f"{state}{office:0>2}{series}{number:0>4}",)


def _vehicle4(code: str) -> Canonical | None:
    found = _VEHICLE(code)
    if found is None:
        return None
    number = found[4]
    return (number.rjust(4, "0"),) if number.strip("0") else _NOTHING


@cache
def _triples() -> tuple[dict[str, int], ...]:
    """What each three digits of twelve contribute to the check, the last ones first.

    Verhoeff's scheme (1969) multiplies permuted digits in the dihedral group of ten
    elements, which is associative: three digits at a time give the same product.
    """
    permuted = [tuple(range(10))]
    for _ in range(11):
        permuted.append(tuple(_PERMUTATION[digit] for digit in permuted[-1]))
    return tuple(
        {
            f"{digits:03}": _product(
                permuted[place + by][digits // 10**by % 10] for by in range(3)
            )
            for digits in range(1000)
        }
        for place in (0, 3, 6, 9)
    )


def _product(elements: Iterable[int]) -> int:
    return reduce(lambda one, two: _TIMES[one][two], elements, 0)


def _checked(code: str) -> bool:
    """Whether the check digit of twelve digits is right."""
    one, two, three, four = _triples()
    times = _TIMES[one[code[9:]]][two[code[6:9]]]
    return _TIMES[_TIMES[times][three[code[3:6]]]][four[code[:3]]] == 0


def _times(one: int, two: int) -> int:
    """The dihedral group of the pentagon: 0 to 4 turn it, 5 to 9 also flip it."""
    turned = (one - two if one >= FLIPPED else one + two) % FLIPPED
    return turned if (one >= FLIPPED) is (two >= FLIPPED) else turned + FLIPPED


FLIPPED = 5
_TIMES = tuple(tuple(_times(one, two) for two in range(10)) for one in range(10))
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

_Way = Callable[[str], Canonical | None]
_WAYS: dict[str, tuple[dict[int, str | None], _Way]] = {
    "phone": (_UNSPACED, _phone),
    "aadhaar": (_UNSPACED, _aadhaar),
    "aadhaar4": (_UNSPACED, _aadhaar4),
    "pan": (_ALNUM, _pan),
    "epic": (_ALNUM, _epic),
    "passport": (_ALNUM, _passport),
    "driving_licence": (_SLASHED, _licence),
    "vehicle": (_ALNUM, _vehicle),
    "vehicle4": (_ALNUM, _vehicle4),
}
