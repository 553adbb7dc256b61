"""Days and births as registers write them, read with every doubt left in.

A birth is a list of readings, each a span of days: `03/04/1984` may be two days, a year
or a first of January is a year, an age is a year before the day on which it was true. A
birth may have two digits of a year, or digits alone, which elsewhere are other numbers.
What can't be read is no reading. Whether somebody was a child on a day is therefore
`minor`, `adult` or `unsure`, and only sure where every reading agrees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

ADULT = 18
_OLDEST = 120
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_DAY = re.compile(r"(\d{1,4})[-/. ]+(\d{1,2}|[a-z]{3,9})[-/., ]+(\d{1,4})(?=$|[t ])")
_WHOLE = re.compile(r"(\d{4})(\d{2})(\d{2})$")
_YEAR = re.compile(r"(?:18|19|20)\d\d$")
_SHORT_DAY = re.compile(
    r"(\d{1,2})[-/. ]+(\d{1,2}|[a-z]{3,9})[-/., ]+(\d{2})(?=$|[t ])"
)
_ALONE = re.compile(r"(\d{4,8})(?:\.0+)?$")
_PIVOT = 30
"""A two-digit year below this is of this century."""

_SERIALS = range(10_000, 48_000)
"""Days of a spreadsheet from 1927 to 2031, counted from `_SERIAL_ZERO`."""

_SERIAL_ZERO = date(1899, 12, 30)
_AGE = re.compile(r"(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?\s*(?:y|yrs?|years?)?\.?$")


@dataclass(frozen=True)
class Span:
    """From `first` to `last`, both included."""

    first: date
    last: date

    def meets(self, other: Span) -> bool:
        """Whether a day lies in both."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Birth:
    """What one value says of a birth; `kind` is `day`, `year` or `age`."""

    kind: str
    readings: tuple[Span, ...]

    def meets(self, other: Birth) -> bool:
        """Whether both can be true of one person."""
        return any(a.meets(b) for a in self.readings for b in other.readings)

    def status(self, on: date) -> str:
        """`minor`, `adult` or `unsure` on a day."""
        said = {_status(span, on) for span in self.readings}
        return said.pop() if len(said) == 1 else "unsure"


def days(text: str) -> tuple[date, ...]:
    """Every day that `text` may mean, day before month first; none if it is no day."""
    text = _plain(text)
    if whole := _WHOLE.match(text):
        return _valid([whole.groups()])
    found = _DAY.match(text)
    if found is None:
        return ()
    one, two, three = found.groups()
    if len(one) == 4:
        return _valid([(one, two, three)])
    return _valid([(three, two, one), (three, one, two)])


def birth(text: str) -> Birth | None:
    """What a date or year of birth says; None where it can't be read."""
    found = tuple(map(_span, days(text))) or tuple(_short(_plain(text)))
    if not found:
        return None
    years = all(one == _year(one.first.year) for one in found)
    return Birth("year" if years else "day", found)


def _span(day: date) -> Span:
    """A day; a first of January stands for an unknown day of its year."""
    return _year(day.year) if (day.month, day.day) == (1, 1) else Span(day, day)


def _short(text: str) -> Iterator[Span]:
    """What a birth may mean that has a short year, or is digits alone."""
    if found := _SHORT_DAY.match(text):
        one, two, three = found.groups()
        orders = [(_full(three), two, one), (_full(three), one, two)]
        yield from map(_span, _valid(orders))
    elif found := _ALONE.match(text):
        yield from _alone(found[1])


def _alone(text: str) -> Iterator[Span]:
    """Day first or year first, a month of a year, a year, a spreadsheet's number."""
    if _YEAR.match(text):
        yield _year(int(text))
    elif len(text) == len("30767"):
        if int(text) in _SERIALS:
            yield _span(_SERIAL_ZERO + timedelta(int(text)))
    elif len(text) == len("270384"):
        one, two, three = text[:2], text[2:4], text[4:]
        yield from map(_span, _valid([(_full(three), two, one)]))
        yield from map(_span, _valid([(_full(one), two, three)]))
        yield from map(
            _whole, _valid([(one + two, three, "1"), (two + three, one, "1")])
        )
    elif len(text) > len("270384"):
        yield from map(_span, _valid([(text[-4:], text[-6:-4], text[:-6])]))


def _full(text: str) -> str:
    """The year of two digits as four."""
    return f"{20 if int(text) < _PIVOT else 19}{text}"


def _whole(first: date) -> Span:
    """The month that a day begins."""
    return Span(first, (first + timedelta(31)).replace(day=1) - timedelta(1))


def aged(text: str, on: date | None, latest: date) -> Birth | None:
    """What an age says that was true `on` a day, or on some day until `latest`."""
    found = _AGE.match(_plain(text))
    if found is None:
        return None
    low, high = int(found[1]), int(found[2] or found[1])
    if not low <= high <= _OLDEST:
        return None
    day = on or latest
    first = _before(day, high + 1) + timedelta(days=1)
    earliest = first if on else _before(day, _OLDEST)
    return Birth("age", (Span(earliest, _before(day, low)),))


def _status(span: Span, on: date) -> str:
    turned = _before(on, ADULT)
    if span.last <= turned:
        return "adult"
    return "minor" if span.first > turned else "unsure"


def _before(day: date, years: int) -> date:
    """The same day so many years earlier; a 29 February becomes the next day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(max(1, day.year - years), 3, 1)


def _year(number: int) -> Span:
    return Span(date(number, 1, 1), date(number, 12, 31))


def _plain(text: str) -> str:
    """Without case and outer blanks, digits of any script as 0 to 9."""
    return "".join(_digits(text.strip().casefold()[:64]))


def _digits(text: str) -> Iterator[str]:
    for sign in text:
        value = unicodedata.decimal(sign, -1)
        yield str(value) if value >= 0 else sign


def _valid(orders: Sequence[tuple[str, ...]]) -> tuple[date, ...]:
    found: dict[date, None] = {}
    for year, month, day in orders:
        try:
            made = date(int(year), _month(month), int(day))
        except ValueError:
            continue
        if len(year) == 4 and made.year >= 1800:
            found[made] = None
    return tuple(found)


def _month(text: str) -> int:
    if text.isdecimal():
        return int(text)
    return _MONTHS.index(text[:3]) + 1
