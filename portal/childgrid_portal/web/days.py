"""Dates as officers write them, read as every node reads them.

Day first is the habit; the month may come first where the day cannot, be named, or the
digits may stand alone. What is no day that there is may still tell its year. A node
reads more (other calendars, misspelt months): what is not read here is only doubted.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_HINDI = (
    *("जनवरी", "फरवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त"),
    *("सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
)
_WORD = re.compile(r"[^\W\d_][^\W\d_\u0900-\u0903\u093a-\u094f]*[\u0900-\u097f]*")
_ENDINGS = frozenset(("st", "nd", "rd", "th", "of"))
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_NUMBER = re.compile(r"\d+(?:\.0+)?")
"""A number alone, as a spreadsheet may write it."""

_PIVOT = 30
"""A two-digit year below this is of this century."""

_SHORT = [[day, month, 2] for day in (1, 2) for month in (1, 2)]
"""How long the numbers of a date are that ends in two digits of a year."""

_SHORTEST, _LAST_DAY, _FIRST_YEAR = 3, 31, 1800
Order = tuple[str, str, str]
"""Digits of a year, a month and a day."""


def digits(text: str) -> str:
    """`text` with the decimal digits of any script written 0 to 9."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


def day(text: str) -> dt.date | None:
    """The day that `text` names; none where there is no such day."""
    plain = digits(text).strip().lower()
    found = list(dict.fromkeys(_days(_orders(plain))))
    # Six digits alone are a day only where they can be no other.
    alone = _NUMBER.fullmatch(plain) and len(plain.partition(".")[0]) == len("270384")
    return found[0] if found and not (alone and len(found) > 1) else None


def year(text: str) -> int | None:
    """The only year that `text` names, whatever stands beside it."""
    plain = digits(text)
    found = {int(one) for one in _YEAR.findall(plain)}
    if len(found) == 1:
        return found.pop()
    numbers = re.findall(r"\d+", plain)
    short = [len(one) for one in numbers] in _SHORT
    return _full_year(numbers[-1]) if short and not found else None


def _orders(plain: str) -> list[Order]:
    numbers, months = re.findall(r"\d+", plain), _named(plain)
    if months is None:
        return []
    if not months and _NUMBER.fullmatch(plain):
        return _alone(numbers[0])
    if months and len(numbers) == 2:
        return [_with_name(numbers, months[0])]
    return _in_turn(*numbers) if not months and len(numbers) == 3 else []


def _named(plain: str) -> list[int] | None:
    """The months that a text names; None where another word stands in it."""
    words = [word for word in _WORD.findall(plain) if word not in _ENDINGS]
    found = [_month(word) for word in words]
    return found if all(found) and len(found) <= 1 else None


def _month(word: str) -> int:
    if word in _HINDI:
        return _HINDI.index(word) + 1
    starts = (n for n, name in enumerate(_MONTHS, 1) if name.startswith(word))
    return next(starts, 0) if len(word) >= _SHORTEST else 0


def _alone(text: str) -> list[Order]:
    if len(text) == len("270384"):
        return [(text[4:], text[2:4], text[:2]), (text[:2], text[2:4], text[4:])]
    if len(text) == len("7031984"):
        return [(text[3:], text[1:3], text[:1])]
    if len(text) != len("27031984"):
        return []
    return [(text[:4], text[4:6], text[6:]), (text[4:], text[2:4], text[:2])]


def _with_name(numbers: list[str], month: int) -> Order:
    one, two = numbers
    if len(one) == 4 or int(one) > _LAST_DAY:
        one, two = two, one
    return two, str(month), one


def _in_turn(one: str, two: str, three: str) -> list[Order]:
    if len(one) == 4:
        return [(one, two, three), (one, three, two)]
    if len(one) == 2 and int(one) > _LAST_DAY and len(three) < 4:
        return [(one, two, three)]
    return [(three, two, one), (three, one, two)]


def _days(orders: list[Order]) -> Iterator[dt.date]:
    for year_, month, day_ in orders:
        try:
            yield dt.date(_full_year(year_), int(month), int(day_))
        except (ValueError, OverflowError):
            continue


def _full_year(text: str) -> int:
    """The year of two or four digits; what has not come is the form's to refuse."""
    number = int(text)
    if len(text) == 2:
        return number + (2000 if number < _PIVOT else 1900)
    if number < _FIRST_YEAR:
        raise ValueError("no year of a birth")
    return number
