"""Dates, years and ages as registers write them.

Day first is the habit; other orders are read where day first is impossible. A first of
January is how a known year with an unknown day is written, and counts as the year only.
What cannot be a date is nothing, never an error. A column has few days and ways to
write them, so what was read lately is remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .lexicon import table
from .text import ascii_digits as ascii_digits
from .text import clean

_TABLE = table("dates")
_PIVOT: int = _TABLE["pivot"]
_MINOR = tuple(clean(word) for word in _TABLE["minor"])
_MONTHS = {clean(n): int(m) for m, names in _TABLE["months"].items() for n in names}
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_PART = re.compile(r"\d+|[^\W\d_]+(?:[\u0300-\u0dff][^\W\d_]*)*")
_TIME = re.compile(r"[t\s]\d{1,2}:\d\d.*$")
_RANGE = re.compile(r"(\d{1,3})(?:\.0+)?\s*(?:-|–|to|/)\s*(\d{1,3})(?!\d)")
_NUMBER = re.compile(r"\d+")
_OLDEST = 120
_USUAL = 40
"""Characters of a cell that is worth remembering; a longer one is no plain date."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What a cell says of a birth: a full `day`, or only the `year`, or nothing.

    `declared` is true where a first of January stands for the year.
    """

    day: date | None = None
    year: int | None = None
    declared: bool = False


def readings(text: str) -> tuple[date, ...]:
    """Every full date that `text` may mean, the likeliest (day first) first."""
    return _lately(text) if len(text) <= _USUAL else _read(text)


def _read(text: str) -> tuple[date, ...]:
    parts = _parts(text)
    if len(parts) == 1 and len(parts[0]) == 8:
        whole = parts[0]
        orders = [
            (whole[:4], whole[4:6], whole[6:]),
            (whole[4:], whole[2:4], whole[:2]),
        ]
        return _valid(orders)
    if len(parts) != 3:
        return ()
    one, two, three = parts
    if len(one) == 4:
        return _valid([(one, two, three), (one, three, two)])
    return _valid([(three, two, one), (three, one, two)])


_lately = lru_cache(maxsize=65_536)(_read)


def moment(text: str) -> date | None:
    """The likeliest full date in `text`, the first of January included."""
    return next(iter(readings(text)), None)


def birth(text: str) -> Birth:
    """A date of birth; the first of January, or a day 0, is a year (see the module)."""
    if not text:
        return Birth()
    found = moment(text)
    if found is not None:
        placeholder = (found.month, found.day) == (1, 1)
        return Birth(None if placeholder else found, found.year, placeholder)
    impossible = len(parts := _parts(text)) == 3 and all(map(int, parts))
    return Birth(None, None if impossible else year(text))


def year(text: str) -> int | None:
    """The only four-digit year from 1800 to 2099 in `text`."""
    found = set(_YEAR.findall(ascii_digits(text)))
    return int(found.pop()) if len(found) == 1 else None


def age(text: str) -> tuple[int, int] | None:
    """Lowest and highest age in years that `text` states ("34 yrs", "30-35")."""
    text = ascii_digits(clean(text))
    if span := _RANGE.search(text):
        low, high = sorted((int(span[1]), int(span[2])))
        return (low, high) if high <= _OLDEST else None
    numbers = _NUMBER.findall(text)
    if not numbers or int(numbers[0]) > _OLDEST:
        return None
    if re.match(r"\D*\d+\s*(?:months?|mths?|days?|weeks?)", text):
        return 0, int(numbers[0]) // 12 if "m" in text else 0
    return int(numbers[0]), int(numbers[0])


def says_minor(text: str) -> bool:
    """Whether an age is given in words that mean a minor."""
    text = clean(text)
    return any(word in text for word in _MINOR)


def _parts(text: str) -> list[str]:
    text = _TIME.sub("", ascii_digits(clean(text)).strip())
    parts = _PART.findall(text)
    named = [_MONTHS.get(part, 0) for part in parts]
    parts = [str(m) if m else part for m, part in zip(named, parts, strict=True)]
    digits = [part for part in parts if part.isdecimal()]
    if any(named[:1]) and len(digits) == 3:
        # "Jan 13, 1984": a named month needs no guess about the order.
        return [digits[1], digits[0], digits[2]]
    return digits


def _valid(orders: list[tuple[str, str, str]]) -> tuple[date, ...]:
    found: dict[date, None] = {}
    for year_text, month, day in orders:
        try:
            found[date(_full_year(year_text), int(month), int(day))] = None
        except (ValueError, OverflowError):
            continue
    return tuple(found)


def _full_year(text: str) -> int:
    number = int(text)
    if len(text) == 2:
        return number + (2000 if number < _PIVOT else 1900)
    if not 1800 <= number <= 2099:
        raise ValueError
    return number
