"""Other calendars: the Indian national one by the day, others by the year.

Saka dates of the Indian national calendar follow from a rule (Calendar Reform
Committee 1955, in force since 1957). The months of Bikram Sambat and of the Bengali
calendar follow tables or the sun, so that only the year is told. Without a mark of its
era a year with one of these months is none: it may be of any of three.
"""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, timedelta

from .lexicon import table
from .orders import checked
from .script import to_latin
from .spelling import fold, skeleton
from .text import clean

_TABLE = table("dates")
_ENGLISH = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_SHORTEST, _BONES, _LONG = 3, 4, 6
_SHIFT = {"saka": 78, "vikram": -57, "bengali": 593, "kollam": 825}
_LUNAR_YEAR, _HIJRA = 0.970224, 621.577
"""A year of the Hijri calendar in common years, and the year before its first."""
_BENGALI_YEARS = range(1290, 1460)
_PAUSHA, _MONTHS_A_YEAR = 9, 12
"""The month of New Year in a year that begins with Vaisakha."""


def _fold(word: str) -> str:
    return fold(to_latin(word))


def _exact(section: str) -> dict[str, int]:
    months = _TABLE[section].items()
    return {clean(name).strip("."): int(m) for m, names in months for name in names}


def _folded(section: str) -> dict[str, int]:
    return {_fold(name): month for name, month in _exact(section).items()}


_MONTHS, _FOLDED = _exact("months"), _folded("months")
_NATIONAL, _NATIONAL_FOLDED = _exact("national_months"), _folded("national_months")
_SKELETONS = {
    bones: month
    for month, name in enumerate(_ENGLISH, 1)
    if len(bones := skeleton(_fold(name))) >= _BONES
}


def month(word: str) -> int:
    """The month that a cleaned word names, 1 to 12, else 0."""
    if found := _MONTHS.get(word):
        return found
    if len(word) < _SHORTEST or word in _NATIONAL:
        return 0
    if word.isascii():
        starts = (m for m, name in enumerate(_ENGLISH, 1) if name.startswith(word))
        if found := next(starts, 0):
            return found
    folded = _fold(word)
    if len(word) >= _LONG and (found := _misspelt(word)):
        return found
    return _FOLDED.get(folded) or _SKELETONS.get(skeleton(folded), 0)


def _misspelt(word: str) -> int:
    """The month whose English name is one letter away, else 0."""
    months = enumerate(_ENGLISH, 1)
    return next((m for m, name in months if _one_edit(word, name)), 0)


def _one_edit(one: str, two: str) -> bool:
    pairs = enumerate(zip(one, two, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))
    left, right = one[same:], two[same:]
    changed = left[1:] in (right, right[1:]) or left == right[1:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return changed or swapped


def national(word: str) -> int:
    """The month of the national calendar that a cleaned word names, else 0."""
    return _NATIONAL.get(word) or (
        _NATIONAL_FOLDED.get(_fold(word), 0) if len(word) > _SHORTEST else 0
    )


_BEFORE, _AFTER = r"(?<![^\W\d_])(?<![\u0900-\u0dff])", r"(?![^\W\d_]|[\u0900-\u0dff])"


def _pattern(names: list[str]) -> str:
    loose = (r"\.?\s?".join(map(re.escape, clean(n).split("."))) for n in names)
    return rf"{_BEFORE}(?:{'|'.join(loose)}){_AFTER}"


_ERAS = re.compile(
    "|".join(f"(?P<{era}>{_pattern(names)})" for era, names in _TABLE["eras"].items())
)


def era(text: str) -> str:
    """The era that a cleaned text marks: "saka", "vikram", "bengali", or none."""
    found = _ERAS.search(text)
    return found.lastgroup or "" if found else ""


def common_year(era: str, year: int, month: int = 0, day: int = 0) -> int:
    """The common year of a year of an era; the earlier one where no month decides.

    Months count from Vaisakha. Bikram Sambat and the Bengali year begin in April: their
    last months fall into the next common year, and so do the days of Pausha after New
    Year. Raises ValueError for
    what is no year of a birth.
    """
    if era == "hijri":
        return checked(int(year * _LUNAR_YEAR + _HIJRA))
    after = era != "kollam" and (month > _PAUSHA or (month == _PAUSHA and day > 15))
    return checked(year + _SHIFT[era] + after)


def from_vaisakha(month: int) -> int:
    """A month of the national calendar, counted from Vaisakha."""
    return (month - 2) % _MONTHS_A_YEAR + 1


def is_bengali(year: int) -> bool:
    """Whether a year can be none but a Bengali one (1290 is 1883)."""
    return year in _BENGALI_YEARS


def saka_day(year: int, month: int, day: int) -> date:
    """The common date of a day of the Indian national calendar.

    Raises ValueError if there is no such day.

    >>> saka_day(1879, 1, 1).isoformat()
    '1957-03-22'
    """
    common = checked(year + _SHIFT["saka"])
    leap = isleap(common)
    lengths = [31 if leap else 30, *[31] * 5, *[30] * 6]
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise ValueError("no such day")
    first = date(common, 3, 21 if leap else 22)
    return first + timedelta(sum(lengths[: month - 1]) + day - 1)
