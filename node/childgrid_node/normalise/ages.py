"""Ages as registers write them: in years, months or days, in words, as a span.

A spoken age is rounded and grows old; with the day on which it was true it gives the
years in which the person may have been born. One that spans too much says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from . import dates
from .lexicon import table
from .numerals import WORD, digits
from .text import ascii_digits, clean, remembered

_TABLE = table("dates")["ages"]
_MINOR = tuple(clean(word) for word in _TABLE["minor"])
_LABELS, _SPAN, _BELOW, _ABOVE = (
    frozenset(clean(word) for word in _TABLE[part])
    for part in ("label", "span", "below", "above")
)
_UNIT_PARTS = {"year": "y", "month": "m", "week": "w", "day": "d"}
_UNITS = {
    clean(word): unit for part, unit in _UNIT_PARTS.items() for word in _TABLE[part]
}
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{2,4}")
_SIGNED_FRACTION = re.compile("[¼½¾]")
_FRACTION = re.compile(r"(?<=\d)\s+[13]\s?/\s?[24]\b")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?[\s.]*")
_SPAN_MARKS = frozenset("-–—/&~")
_SLACK = re.compile(r"(?:±|\+\s?/?\s?-)\s?(\d{1,2})")
_DECADE = re.compile(r"(?<!\d)([1-9]0)['’]?s\b")
_TWELFTHS = re.compile(r"\d{1,2}\s?/\s?12")
_UNDER = re.compile(r"(?<!\w)u\W{0,2}1[0-8](?!\d)")
_NEVER = frozenset(table("dates")["never_ages"])
_OLDEST, _WIDEST = 120, 10
_MONTHS, _WEEK = 12, 7
_MOST_MONTHS, _MOST_DAYS = 12 * 121 - 1, 3_660
_LONGEST = 9
_CODED = 3
"""Digits of an age in the DICOM form ("006M")."""


@dataclass(frozen=True, slots=True)
class Age:
    """Lowest and highest age, in years (`unit` "y"), months ("m") or days ("d")."""

    low: int
    high: int
    unit: str = "y"


@dataclass(frozen=True, slots=True)
class _Number:
    value: int
    unit: str
    start: int
    end: int


def read(text: str) -> Age | None:
    """The age that a cell states, or nothing; a date is no age.

    >>> read("30 to 35 yrs"), read("1Y 3M"), read("5 days")
    (Age(low=30, high=35, unit='y'), Age(low=15, high=15, unit='m'), \
Age(low=5, high=5, unit='d'))
    """
    if text.isascii() and text.isdecimal():
        return _bare(int(text)) if len(text) <= _CODED else None
    return _read(text)


@remembered
def _read(text: str) -> Age | None:
    plain = digits(ascii_digits(clean(_SIGNED_FRACTION.sub("", text))))
    plain = _FRACTION.sub("", _DATE.sub(" ", plain))
    if dates.readings(plain):
        return None
    numbers = [_number(plain, found) for found in _NUMBER.finditer(plain)]
    if not numbers:
        return None
    words = frozenset(WORD.findall(plain))
    if around := _around(plain, numbers[0]):
        return around
    if bounded := _bounded(plain, numbers[0], words):
        return bounded
    if span := _span(plain, numbers):
        return span
    return _compound(numbers)


def years(text: str) -> tuple[int, int] | None:
    """Lowest and highest age in whole years that `text` states ("34 yrs", "30-35")."""
    age = read(text)
    return whole_years(age) if age else None


def whole_years(age: Age) -> tuple[int, int]:
    """Lowest and highest age in whole years."""
    year = {"y": 1, "m": _MONTHS, "d": 365.25}[age.unit]
    return int(age.low // year), int(age.high // year)


@remembered
def stated(text: str) -> Age | None:
    """The age in a cell of a column of dates: only where a word says that it is one."""
    if not text or dates.readings(text) or dates.year(text):
        return None
    plain = digits(ascii_digits(clean(text)))
    said = any(_number(plain, found).unit for found in _NUMBER.finditer(plain))
    return read(text) if said or _LABELS.intersection(WORD.findall(plain)) else None


def misplaced(text: str) -> dates.Birth:
    """The date or year of birth that stands in a column of ages."""
    return dates.Birth() if not text or read(text) else dates.birth(text)


def born(age: Age, on: date) -> tuple[int, int] | None:
    """Earliest and latest year of birth of someone of that age on a day."""
    if age.unit == "m":
        month = on.year * _MONTHS + on.month - 1
        return (month - age.high - 1) // _MONTHS, (month - age.low) // _MONTHS
    if age.unit == "d":
        first, last = timedelta(age.high), timedelta(age.low)
        return (on - first).year, (on - last).year
    if not says_years(age):
        return None
    turned = turned_year(on)
    return turned - age.high, turned - age.low


def born_within(age: Age, on: tuple[date, date]) -> tuple[int, int] | None:
    """The same of someone of that age on one of the days from the first to the last."""
    first, last = born(age, on[0]), born(age, on[1])
    return (first[0], last[1]) if first and last else None


def says_years(age: Age) -> bool:
    """Whether an age in years tells one from others; 0 is an unset column."""
    return age.high > 0 and age.high - age.low <= _WIDEST


def turned_year(on: date) -> int:
    """The year whose difference to an age on that day is the likelier birth year.

    Whoever is a years old on a day was born in one of two years; the day of the year
    says which is likelier.
    """
    return on.year if on.month > 6 else on.year - 1


def says_minor(text: str) -> bool:
    """Whether an age is given in words that mean a minor, or as "U/18"."""
    text = clean(text)
    if _UNDER.search(ascii_digits(text)):
        return True
    return any(word in text for word in _MINOR)


def _plain(low: int, high: int) -> Age | None:
    return Age(low, high) if high <= _OLDEST else None


def _number(text: str, found: re.Match[str]) -> _Number:
    word = WORD.match(text, found.end())
    unit = _UNITS.get(word[0], "") if word else ""
    # What is longer is no age, whatever stands at its end.
    value = int(found[1][:_LONGEST])
    brief = word is not None and len(word[0]) == 1 and unit in ("m", "w")
    if brief and len(found[1]) < _CODED and len(_NUMBER.findall(text)) == 1:
        # "25M" is a man of 25; below twelve it may be months.
        unit = "" if value >= _MONTHS else "?"
    return _Number(
        value, unit, found.start(), word.end() if unit and word else found.end()
    )


def _bare(value: int) -> Age | None:
    return None if value in _NEVER else _plain(value, value)


def _around(text: str, first: _Number) -> Age | None:
    """ "35 ± 5", "30s", and months as "5/12", which may be a span of years too."""
    if _TWELFTHS.fullmatch(text.strip()):
        return Age(0, _MONTHS)
    if slack := _SLACK.search(text):
        width = int(slack[1])
        return _plain(max(first.value - width, 0), first.value + width)
    if decade := _DECADE.search(text):
        return _plain(int(decade[1]), int(decade[1]) + 9)
    return None


def _bounded(text: str, first: _Number, words: frozenset[str]) -> Age | None:
    """ "Below 18", "60+": an age with one end only."""
    year = first.unit in ("", "y") and first.value <= _OLDEST
    if year and (_BELOW & words or "<" in text):
        return Age(0, first.value)
    if year and (_ABOVE & words or ">" in text or "+" in text):
        return Age(first.value, _OLDEST)
    return None


def _span(text: str, numbers: list[_Number]) -> Age | None:
    """ "30-35", "30 yrs to 35 yrs", "30 से 35 वर्ष"."""
    if len(numbers) < 2:
        return None
    one, two = numbers[:2]
    between = text[one.end : two.start]
    word = WORD.search(between)
    linked = word[0] in _SPAN if word else bool(_SPAN_MARKS.intersection(between))
    alike = one.unit in ("", two.unit) and "?" not in (one.unit, two.unit)
    if not (linked and alike):
        return None
    low, high = sorted((one.value, two.value))
    if two.unit in ("m", "d", "w"):
        return _small({two.unit: low}, {two.unit: high})
    return _plain(low, high)


def _compound(numbers: list[_Number]) -> Age | None:
    """One age in one unit or several: "34 yrs", "25Y 3M", "0Y 0M 5D"."""
    if numbers[0].unit == "?":
        return Age(0, numbers[0].value)
    found: dict[str, int] = {}
    for number in numbers:
        if number.unit in _UNIT_PARTS.values():
            found.setdefault(number.unit, number.value)
    if not found or found.keys() == {"y"}:
        value = found.get("y", numbers[0].value)
        return _plain(value, value)
    return _small(found, found)


def _small(low: dict[str, int], high: dict[str, int]) -> Age | None:
    """An age that is told in months or days too."""
    if not any(high.values()):
        return Age(0, 0)
    if low.get("y") or low.get("m"):
        months = [one.get("y", 0) * _MONTHS + one.get("m", 0) for one in (low, high)]
        return Age(months[0], months[1], "m") if months[1] <= _MOST_MONTHS else None
    days = [one.get("w", 0) * _WEEK + one.get("d", 0) for one in (low, high)]
    return Age(days[0], days[1], "d") if days[1] <= _MOST_DAYS else None
