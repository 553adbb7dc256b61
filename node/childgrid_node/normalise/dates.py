"""Dates and years as registers write them.

Day first is the habit; other orders are read where day first is impossible. A first of
January is how a known year with an unknown day is written, and counts as the year only;
so does what is marked as a guess, and a day that does not exist. What cannot be a date
is nothing, never an error. A column has few days and ways to write them, so what was
read lately is remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from . import eras
from .lexicon import table
from .numerals import WORD, digits
from .orders import Order, full_year, valid
from .stamps import stamp, without_time
from .text import ascii_digits as ascii_digits
from .text import clean, remembered

_TABLE = table("dates")
_ABOUT = frozenset(map(clean, _TABLE["about"]))
_ABOUT_PHRASES = tuple(phrase for phrase in _ABOUT if " " in phrase)
_NEVER_DAYS = frozenset(map(date.fromisoformat, _TABLE["never_days"]))
_EPOCH = date.fromisoformat(_TABLE["epoch"])
EPOCH_YEAR = _EPOCH.year
"""The year of the day from which machines count."""

_BY_MACHINE = re.compile(r"1970\D?0?1\D?0?1(?!\d)|:|date\(|\d\s?[ap]m\b")
_NEVER_YEARS = frozenset(_TABLE["never_years"])
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_PLAIN = re.compile(r"\s*([0-9]{1,4})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{1,4})\s*")
_NAMED = re.compile(
    r"\s*([0-9]{1,2})[\s\-/.]?([A-Za-z]{3,9})[\s\-/.,]?([0-9]{4}|[0-9]{2})\s*"
)
_DIGITS = re.compile(r"\d+")
_INNER = re.compile(r"(?<!\d)(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})(?!\d)")
_ROMAN = re.compile(r"(?<=\d)(\s*[-/.]\s*)(x?i{1,3}|i?[vx]|vi{1,3})(?=\s*[-/.]\s*\d)")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_TYPED = re.compile(r"[\dol|]{1,4}([-/.])[\dol|]{1,2}\1[\dol|]{2,4}")
_AS_DIGITS = str.maketrans("ol|", "011")
"""Letters that are typed for digits."""
_BRACKETS = re.compile(r"\(([^()]*)\)?")
_TERM = re.compile(r"(?<![\d/])(20[0-2]\d)\s*[-–/]\s*(?:20)?(\d\d)(?![\d/])")
_TERM_MONTH = 4
_LAST_DAY = 31
_SHORT = 2
_ONLY_VIKRAM = range(2031, 2100)


@dataclass(frozen=True, slots=True)
class Birth:
    """What a cell says of a birth: a full `day`, or only the `year`, or nothing.

    `declared` is true where a first of January stands for the year.
    """

    day: date | None = None
    year: int | None = None
    declared: bool = False


@dataclass(frozen=True, slots=True)
class _Parts:
    """Numbers of a text in their order, the month it names, and whether of an era."""

    numbers: list[str]
    month: int = 0
    national: int = 0


@remembered
def readings(text: str) -> tuple[date, ...]:
    """Every full date that `text` may mean, the likeliest (day first) first."""
    if found := _PLAIN.fullmatch(text):
        return valid(_orders(*found.groups()))
    if (found := _NAMED.fullmatch(text)) and (month := eras.month(found[2].lower())):
        return valid([(found[3], str(month), found[1])])
    return _slowly(text)


def moment(text: str) -> date | None:
    """The likeliest full date in `text`, the first of January included."""
    return next(iter(readings(text)), None)


@remembered
def days(text: str) -> tuple[date, date] | None:
    """The first and the last day that a date, or only a month or a year, may be.

    >>> days("March 2020"), days("123/2020")
    ((datetime.date(2020, 3, 1), datetime.date(2020, 3, 31)), \
(datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)))
    """
    if day := moment(text):
        return day, day
    plain = digits(ascii_digits(clean(text)))
    found = _TERM.search(plain)
    if found and (int(found[1]) + 1) % 100 == int(found[2]):
        return _term(int(found[1]))
    year = _only_year(plain)
    if year is None:
        return None
    last = max(map(int, _YEAR.findall(plain)))
    parts = _parts(plain)
    month = parts.month if parts and last == year else 0
    return _first(year, month or 1), _first(last, (month or 12) + 1) - timedelta(1)


def _term(year: int) -> tuple[date, date]:
    """India's financial year that begins in a year."""
    return _first(year, _TERM_MONTH), _first(year + 1, _TERM_MONTH) - timedelta(1)


def _first(year: int, month: int) -> date:
    """The first day of a month; the thirteenth is the next year's first."""
    return date(year + month // 13, (month - 1) % 12 + 1, 1)


def birth(text: str) -> Birth:
    """A date of birth; the first of January, or a day 0, is a year (see the module)."""
    if not text:
        return Birth()
    found = moment(text)
    if found is None:
        return Birth(None, _year(text))
    if _stands_for_none(text, found):
        return Birth()
    found = _of_this_age(text, found)
    if is_guess(text):
        return Birth(None, found.year)
    declared = (found.month, found.day) == (1, 1)
    return Birth(None if declared else found, found.year, declared)


def _of_this_age(text: str, day: date) -> date:
    """A day without the century that Oracle's "YY" put before a short year.

    Only with a month by name: in digits alone it may be Bikram Sambat.
    """
    later = day.year in _ONLY_VIKRAM and any(map(eras.month, WORD.findall(clean(text))))
    return day.replace(year=day.year - 100) if later else day


def stands_for_none(text: str) -> bool:
    """Whether a cell holds what machines write of a day that nobody entered.

    >>> stands_for_none("1970-01-01 05:30:00"), stands_for_none("01/01/1970")
    (True, False)
    """
    found = moment(text)
    return found is not None and _stands_for_none(text, found)


def _stands_for_none(text: str, found: date) -> bool:
    if found != _EPOCH:
        return found in _NEVER_DAYS
    return _BY_MACHINE.search(ascii_digits(clean(text))) is not None


def year(text: str) -> int | None:
    """The only year of a birth from 1800 to 2099 in `text`, whatever its era."""
    if text.isdecimal() and text.isascii():
        return _only_year(text)
    plain = digits(ascii_digits(clean(text)))
    parts = _parts(plain)
    era = _era(plain, parts)
    return _era_year(parts, era) if parts and era else _only_year(plain)


@remembered
def possible_years(text: str) -> tuple[int, ...]:
    """Every year that a cell without a full date may mean, whatever its era.

    For who must not take a child for an adult: it guesses where `birth` says nothing.
    """
    if not text:
        return ()
    plain = digits(ascii_digits(clean(text)))
    parts = _parts(plain)
    era = _era(plain, parts)
    found = {_year(text), *(day.year for day in readings(text))}
    if not era and (only := _only_year(plain)):
        found |= {only, max(map(int, _YEAR.findall(plain)))}
    if not any(found) and parts and parts.month:
        found |= {_behind_month(plain, parts)}
    if parts and (parts.national or era):
        # A year of an era reaches into two; without its mark it may be Saka.
        found |= {_era_year(parts, era or "saka"), *map(_next, found)}
    return tuple(year for year in found if year)


def _behind_month(plain: str, parts: _Parts) -> int | None:
    """The year of "Mar-12", as spreadsheets show a month; or it is a day of March."""
    first = _DIGITS.search(plain)
    behind = first is not None and WORD.search(plain[: first.start()]) is not None
    short = len(parts.numbers) == 1 and len(parts.numbers[0]) == _SHORT
    return full_year(parts.numbers[0]) if behind and short else None


def _next(year: int | None) -> int | None:
    return year and year + 1


def is_guess(text: str) -> bool:
    """Whether words beside a date say that it is not exact."""
    if _PLAIN.fullmatch(text) or _NAMED.fullmatch(text):
        return False
    plain = clean(text)
    known = _ABOUT.isdisjoint(WORD.findall(plain))
    return not known or any(phrase in plain for phrase in _ABOUT_PHRASES)


def _only_year(plain: str) -> int | None:
    """The year in a text, the first of two that follow each other ("1990-1991")."""
    found = sorted(set(map(int, _YEAR.findall(plain))))
    one = bool(found) and found[-1] - found[0] == len(found) - 1 < 2
    return found[0] if one and found[0] not in _NEVER_YEARS else None


def _slowly(text: str) -> tuple[date, ...]:
    plain = _ROMAN.sub(_from_roman, ascii_digits(clean(text)).strip())
    if _TYPED.fullmatch(plain):
        plain = plain.translate(_AS_DIGITS)
    if (alone := stamp(plain)) is not None:
        return alone
    plain = digits(plain)
    rest, ahead = without_time(plain)
    if eras.era(rest) or ahead == 0:
        return _dated(rest)
    return tuple(day + timedelta(ahead) for day in _dated(rest))


def _dated(text: str) -> tuple[date, ...]:
    """The days that a text without a time may mean; what brackets hold comes last."""
    if found := stamp(text.strip()) or _whole(text):
        return found
    if "(" in text:
        outside = _BRACKETS.sub(" ", text)
        inside = " ".join(_BRACKETS.findall(text))
        if found := _whole(outside) or _whole(inside):
            return found
    inner = {(m[1], m[3], m[4]) for m in _INNER.finditer(text)}
    plain = len(inner) == 1 and not eras.era(text)
    return valid(_orders(*inner.pop())) if plain else ()


def _whole(text: str) -> tuple[date, ...]:
    parts = _parts(text)
    if parts is None:
        return ()
    if era := eras.era(text):
        return _saka(parts) if era == "saka" else ()
    if parts.national:
        return ()
    if parts.month:
        return valid(_named(parts)) if len(parts.numbers) == 2 else ()
    return valid(_orders(*parts.numbers)) if len(parts.numbers) == 3 else ()


def _parts(text: str) -> _Parts | None:
    """The parts of a cleaned text; None if it names several months."""
    named: set[int] = set()
    national: set[int] = set()
    for word in WORD.findall(text):
        if found := eras.month(word):
            named.add(found)
        elif found := eras.national(word):
            national.add(found)
    if len(named) > 1 or len(national) > 1 or (named and national):
        return None
    numbers = _DIGITS.findall(text)
    return _Parts(numbers, next(iter(named), 0), next(iter(national), 0))


def _from_roman(found: re.Match[str]) -> str:
    month = _ROMANS.index(found[2]) + 1 if found[2] in _ROMANS else found[2]
    return f"{found[1]}{month}"


def _orders(one: str, two: str, three: str) -> list[Order]:
    if len(one) == 4:
        return [(one, two, three), (one, three, two)]
    if len(one) == 2 and int(one) > _LAST_DAY and len(three) < 4:
        return [(one, two, three)]
    return [(three, two, one), (three, one, two)]


def _named(parts: _Parts) -> list[Order]:
    """A named month needs no guess about the order: "Jan 13, 1984", "1984 Jan 13"."""
    one, two = parts.numbers
    if len(one) == 4 or int(one) > _LAST_DAY:
        one, two = two, one
    return [(two, str(parts.month), one)]


def _saka(parts: _Parts) -> tuple[date, ...]:
    numbers, month = parts.numbers, parts.national
    if not month and not parts.month and len(numbers) == 3:
        month = int(numbers.pop(1))
    if not month or len(numbers) != 2:
        return ()
    day, year = sorted(map(int, numbers))
    try:
        return (eras.saka_day(year, month, day),)
    except ValueError:
        return ()


def _year(text: str) -> int | None:
    """The year in a cell without a full date that exists."""
    plain, _ = without_time(digits(ascii_digits(clean(text))))
    parts = _parts(plain)
    era = _era(plain, parts)
    if parts and (era or parts.national):
        return _era_year(parts, era)
    if found := _only_year(plain):
        return found
    return _short_year(parts) if parts else None


def _era(text: str, parts: _Parts | None) -> str:
    """The era that a text marks, or that its year in a month of another calendar tells.

    No birth lies in the year 2046 of the common or the Saka era: it is Bikram Sambat.
    """
    numbers = parts.numbers if parts and parts.national else []
    later = any(len(n) == 4 and int(n) in _ONLY_VIKRAM for n in numbers)
    return eras.era(text) or ("vikram" if later else "")


def _era_year(parts: _Parts, era: str) -> int | None:
    """The common year of a date of an era, which the Bengali one's number tells."""
    numbers = list(map(int, parts.numbers))
    year = max(numbers, default=0)
    month, day = 0, next((n for n in numbers if n != year), 0)
    if parts.national:
        month = eras.from_vaisakha(parts.national)
    elif len(numbers) == 3:
        month = numbers[1]
    if eras.is_bengali(year) and era in ("", "vikram", "bengali"):
        era = "bengali"
    elif era in ("", "bengali") or len(str(year)) != 4:
        return None
    try:
        return eras.common_year(era, year, month, day)
    except ValueError:
        return None


def _short_year(parts: _Parts) -> int | None:
    """The two-digit year of a day that does not exist, or of a month without a day."""
    numbers = parts.numbers
    days = [n for n in numbers[:-1] if len(n) <= 2 and int(n) <= _LAST_DAY]
    whole = len(days) == 2 or (parts.month and len(numbers) == 2)
    alone = parts.month and len(numbers) == 1 and int(numbers[0]) > _LAST_DAY
    if not (whole or alone) or len(numbers[-1]) != 2 or not any(map(int, numbers)):
        return None
    return full_year(numbers[-1])
