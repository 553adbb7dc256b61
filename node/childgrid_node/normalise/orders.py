"""Day, month and year out of their digits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from .lexicon import table

Order = tuple[str, str, str]
"""Digits of a year, a month and a day."""

_PIVOT: int = table("dates")["pivot"]
_FIRST_YEAR, _LAST_YEAR = 1800, 2099


def valid(orders: Iterable[Order]) -> tuple[date, ...]:
    """The days that exist among some readings, each once, in their order."""
    found: dict[date, None] = {}
    for year_text, month, day in orders:
        try:
            found[date(full_year(year_text), int(month), int(day))] = None
        except (ValueError, OverflowError):
            continue
    return tuple(found)


def full_year(text: str) -> int:
    """The year of two or four digits; ValueError if it is no year of a birth."""
    number = int(text)
    if len(text) == 2:
        return number + (2000 if number < _PIVOT else 1900)
    return checked(number)


def checked(year: int) -> int:
    """A year from 1800 to 2099; ValueError for any other."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError("no year of a birth")
    return year
