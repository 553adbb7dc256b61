"""Identifiers as most clerks write them, read many at a time.

A whole column is cleaned by one table and searched by one pattern, a cell a line. Only
what is surely one identifier, or surely none, is decided here; every other cell goes to
the reader in `numbers`, whose answers these are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, reduce
from typing import Any, cast

from .codes import CLIMBING, LONGEST, STATES
from .numbers import READERS, Canonical
from .phones import FILLERS
from .roads import written

_Forms = list[Canonical | None]
"""What is decided of each text of a column; None is left to the reader."""

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


def _lines(pattern: str) -> re.Pattern[str]:
    """A pattern that finds every line: its groups where it matches, else nothing."""
    return re.compile(f"^(?:{pattern})$|^.*$", re.MULTILINE)


_PHONE = _lines(r"(?:\+?91|0|0091|091)?((?!18[06]0)[1-9][0-9]{9})")
_TWELVE = _lines(r"([0-9]{12})")
_PAN = _lines(r"([A-Z]{3}[PCHFATBLJGE][A-Z](?!0000)[0-9]{4}[A-Z])")
_EPIC = _lines(r"([A-Z]{3}[0-9]{7})")
_PASSPORT = _lines(r"([A-Z][0-9]{7})")
_VEHICLE = _lines(r"(?:IND)?([A-Z]{2})([0-9]{1,2})([A-Z]{1,3})([0-9]{1,4})")
_NUMBERED = _lines("([A-Z]{2}[0-9]{9,16})")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}").search
_DIGITS = "0123456789"
_SAME = frozenset(digit * size for digit in _DIGITS for size in (7, 12)) | CLIMBING


def read(kind: str, texts: Sequence[str]) -> list[Canonical]:
    """The canonical forms that each text holds, as `READERS[kind]` gives them.

    Raises what the reader raises; nothing then is known of any of the texts.
    """
    reader = READERS[kind]
    if kind not in _WAYS or not texts:
        return [reader(text) for text in texts]
    table, pattern, way = _WAYS[kind]
    found = way(pattern.findall(_cleaned(texts, table)))
    if None in found:
        pairs = zip(texts, found, strict=True)
        return [reader(text) if forms is None else forms for text, forms in pairs]
    return cast("list[Canonical]", found)


def _cleaned(texts: Sequence[str], table: dict[int, str | None]) -> str:
    """A line for each text by `table`; empty for what no pattern is to be tried on."""
    joined = _SEAM.join(texts)
    apart = joined.count(_SEAM) != len(texts) - 1
    if apart or not joined.isascii() or max(map(len, texts)) > LONGEST:
        joined = _SEAM.join([t if _is_plain(t) else "" for t in texts])
    return joined.translate(table)


def _is_plain(text: str) -> bool:
    return text.isascii() and _SEAM not in text and len(text) <= LONGEST


def _phones(found: list[str]) -> _Forms:
    return [(_NOTHING if n in FILLERS else (n,)) if n else None for n in found]


def _aadhaars(found: list[str]) -> _Forms:
    return [((n,) if _is_aadhaar(n) else _NOTHING) if n else None for n in found]


def _is_aadhaar(number: str) -> bool:
    return number[0] > "1" and _checked(number) and number != number[::-1]


def _aadhaar4s(found: list[str]) -> _Forms:
    return [(_NOTHING if n in _SAME else (n[8:],)) if n else None for n in found]


def _pans(found: list[str]) -> _Forms:
    return [(code,) if code else None for code in found]


def _epics(found: list[str]) -> _Forms:
    return [(_NOTHING if c[3:] in _SAME else (c,)) if c else None for c in found]


def _passports(found: list[str]) -> _Forms:
    return [(_NOTHING if c[1:] in _SAME else (c,)) if c else None for c in found]


def _licences(found: list[str]) -> _Forms:
    return [_licence(code) if code else None for code in found]


def _licence(code: str) -> Canonical | None:
    """A state and digits: Sarathi's form, or an old licence that no year can be in."""
    if _YEAR(code, 3):
        form = written(code)
        return (form,) if form else None
    if code[:2] not in STATES:
        return None
    return _NOTHING if code[2:] in CLIMBING or len(set(code[2:])) == 1 else (code,)


def _vehicles(found: list[tuple[str, ...]]) -> _Forms:
    return [
        (f"{state}{office:0>2}{series}{number:0>4}",) if number.strip("0") else None
        for state, office, series, number in found
    ]


def _vehicle4s(found: list[tuple[str, ...]]) -> _Forms:
    return [
        ((n.rjust(4, "0"),) if n.strip("0") else _NOTHING) if n else None
        for *_, n in found
    ]


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

_Way = Callable[[list[Any]], _Forms]
_WAYS: dict[str, tuple[dict[int, str | None], re.Pattern[str], _Way]] = {
    "phone": (_UNSPACED, _PHONE, _phones),
    "aadhaar": (_UNSPACED, _TWELVE, _aadhaars),
    "aadhaar4": (_UNSPACED, _TWELVE, _aadhaar4s),
    "pan": (_ALNUM, _PAN, _pans),
    "epic": (_ALNUM, _EPIC, _epics),
    "passport": (_ALNUM, _PASSPORT, _passports),
    "driving_licence": (_SLASHED, _NUMBERED, _licences),
    "vehicle": (_ALNUM, _VEHICLE, _vehicles),
    "vehicle4": (_ALNUM, _VEHICLE, _vehicle4s),
}
