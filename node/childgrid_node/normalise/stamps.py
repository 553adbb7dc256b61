"""Dates as machines write them: instants with a zone, epochs, serial days, bare digits.

An instant is told as the day that it was in India. What is a number alone counts only
where it cannot be anything else: a serial day of a spreadsheet has five digits, an
epoch falls on a midnight, six digits have one reading.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from .orders import valid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INDIA = timedelta(hours=5, minutes=30)
_DAY_SECONDS, _INDIA_SECONDS = 86_400, 19_800
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(10_000, 48_000)
"""Days of 1927 to 2031; fewer digits could be a year."""
_MOST_SECONDS = 2_000_000_000
"""An epoch reaches from 1906 to 2033."""
_LONGEST = 13
"""Digits of an epoch in milliseconds."""
_JSON = re.compile(r"/?date\((-?\d{1,14})(?:[+-]\d{4})?\)/?")
_NUMBER = re.compile(r"(-?\d+)(?:\.0+)?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_HALF_DAY = r"(?:\s?(?P<half{0}>[ap])\.?\s?m\b\.?)"
_TIME = re.compile(
    r"(?:(?<=\d)t|(?<![\d:./-])|(?<=\d[\s:]))"
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d(?:[.:,]\d+)?)?"
    + _HALF_DAY.format(1)
    + r"?|(?P<hour2>\d{1,2})(?:\.(?P<minute2>\d\d))?(?:\.\d\d(?:\.\d+)?)?"
    + _HALF_DAY.format(2)
    + r"|\d{3,4}\s?(?:hrs|hours)\b|\d{1,2}\s?बजे)"
    r"\s?(?P<zone>(?:z|utc|gmt|ist)\b)?\s?(?P<shift>[+-]\d\d(?::?\d\d)?\b)?"
)
_BASIC = re.compile(r"(\d{8})t(\d\d)(\d\d)(?:\d\d)?(?=z|[+-]|$)")
"""The form of ISO 8601 without signs between."""
_NOON = 12


def stamp(text: str) -> tuple[date, ...] | None:
    """What a cleaned text means that is one number or an epoch; None if it is neither.

    Nothing (an empty tuple) is a number that means no day.
    """
    if found := _JSON.fullmatch(text):
        return _since_epoch(int(found[1]) / 1000)
    if found := _SERIAL.fullmatch(text):
        return _serial(int(found[1]))
    if found := _NUMBER.fullmatch(text):
        return _number(found[1])
    return None


def without_time(text: str) -> tuple[str, int]:
    """A cleaned text without its time of day, and the days by which India is ahead.

    >>> without_time("1990-04-02t18:30:00z")
    ('1990-04-02 ', 1)
    """
    text = _BASIC.sub(r"\1 \2:\3", text)
    found = _TIME.search(text)
    if found is None:
        return text, 0
    rest = f"{text[: found.start()]} {text[found.end() :]}".rstrip()
    return (rest if rest.strip() else text), _days_ahead(found)


def _days_ahead(found: re.Match[str]) -> int:
    shift = _shift(found)
    hour = found["hour"] or found["hour2"]
    if shift is None or not hour:
        return 0
    hours = int(hour)
    if half := found["half1"] or found["half2"]:
        hours = hours % _NOON + (_NOON if half == "p" else 0)
    minutes = int(found["minute"] or found["minute2"] or 0)
    return (timedelta(hours=hours, minutes=minutes) + _INDIA - shift).days


def _shift(found: re.Match[str]) -> timedelta | None:
    """How far the zone that stands beside a time is ahead of universal time."""
    if shift := found["shift"]:
        ahead = timedelta(hours=int(shift[1:3]), minutes=int(shift[3:].strip(":") or 0))
        return -ahead if shift[0] == "-" else ahead
    if not found["zone"]:
        return None
    return _INDIA if found["zone"] == "ist" else timedelta()


def _since_epoch(seconds: float) -> tuple[date, ...]:
    if abs(seconds) >= _MOST_SECONDS:
        return ()
    return ((_EPOCH + timedelta(seconds=seconds) + _INDIA).date(),)


def _serial(days: int) -> tuple[date, ...]:
    return (_SERIAL_ZERO + timedelta(days),) if days in _SERIALS else ()


def _number(text: str) -> tuple[date, ...]:
    size = len(text.lstrip("-"))
    if text[0] != "-" and (found := _digits(text)):
        return found
    if size > _LONGEST:
        return ()
    for divisor, sizes in ((1, range(8, 11)), (1000, range(11, 14))):
        seconds, rest = divmod(int(text), divisor)
        midnight = seconds % _DAY_SECONDS in (0, _DAY_SECONDS - _INDIA_SECONDS)
        if size in sizes and midnight and not rest and abs(seconds) < _MOST_SECONDS:
            return _since_epoch(seconds)
    return ()


def _digits(text: str) -> tuple[date, ...]:
    """Days of six to eight digits, or of a longer one that ends with a time of day."""
    size = len(text)
    if size == 8:
        return valid([(text[:4], text[4:6], text[6:]), (text[4:], text[2:4], text[:2])])
    if size == 7:
        return valid([(text[3:], text[1:3], text[:1])])
    if size == 6:
        found = valid(
            [(text[4:], text[2:4], text[:2]), (text[:2], text[2:4], text[4:])]
        )
        return found if len(found) == 1 else ()
    if size in (12, 14) and int(text[8:10]) < 24 and int(text[10:12]) < 60:
        return valid([(text[:4], text[4:6], text[6:8])])
    return ()
