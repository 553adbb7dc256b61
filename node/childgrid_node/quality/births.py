"""What is doubtful in a row's dates: placeholders, contradictions, impossible ones.

A first of January stands for an unknown day where clerks write it so: one in 365 is
born on it, and the report says how many that would be. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from ..normalise import Fields, ages, dates
from ..normalise.unsaid import states_nothing

_T = TypeVar("_T")
NOT_READ, FUTURE, OLD = "birth date unreadable", "born in the future", "over 120 years"
JANUARY, NEVER = "first of January", "date that stands for none"
YEARS, AGE, EVENT = (
    "birth year against birth date",
    "age against birth date",
    "event before birth",
)

_OLDEST = 120
_SLACK = 1
_EPOCH = date(1970, 1, 1)
_NEVER_TEXTS = ("00000000", "99991231", "31129999", "11111111", "01010001", "00010101")


def doubts(fields: Fields, event: str, today: date) -> Iterator[tuple[str, str]]:
    """Pairs of (grid field, kind) for one row.

    Args:
        fields: the row's grid fields.
        event: the text of the mapping's event, empty where there is none.
        today: the day of the report.
    """
    text = "-".join(filter(None, fields.get("birth_date", ())))
    day = dates.moment(text)
    if text:
        yield from (("birth_date", kind) for kind in _of(text, day, today))
    if day is None or _is_never(text, day):
        return
    year = _first(dates.year(one) for one in fields.get("birth_year", ()))
    if year is not None and year != day.year:
        yield "birth_year", YEARS
    if not _agrees(fields, day):
        yield "age", AGE
    happened = dates.moment(event)
    if happened is not None and happened < day:
        yield "birth_date", EVENT


def _of(text: str, day: date | None, today: date) -> Iterator[str]:
    if _is_never(text, day):
        yield NEVER
    elif day is None:
        if dates.birth(text).year is None and ages.stated(text) is None:
            yield NOT_READ
    elif day > today:
        yield FUTURE
    elif today.year - day.year > _OLDEST:
        yield OLD
    elif (day.month, day.day) == (1, 1):
        yield JANUARY


def _is_never(text: str, day: date | None) -> bool:
    if day is not None:
        return day == _EPOCH or dates.stands_for_none(text)
    digits = "".join(c for c in dates.ascii_digits(text)[:10] if c.isdecimal())
    return digits in _NEVER_TEXTS or states_nothing(text)


def _agrees(fields: Fields, day: date) -> bool:
    """Whether a dated age, if there is one, is what the birth date gives."""
    stated = _first(ages.years(text) for text in fields.get("age", ()))
    on = _first(dates.moment(text) for text in fields.get("age_as_of", ()))
    if stated is None or on is None:
        return True
    age = on.year - day.year - ((on.month, on.day) < (day.month, day.day))
    return stated[0] - _SLACK <= age <= stated[1] + _SLACK


def _first(found: Iterator[_T | None]) -> _T | None:
    return next((one for one in found if one is not None), None)
