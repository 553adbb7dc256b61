"""Is it formed as it should be: doubts about what was typed, never a refusal.

An officer may know half a number or a wrong one. What has not the form of its kind is
said, since the search may leave it out (a false equality would accuse the wrong
person); it can still be sent. Check digits and forms are python-stdnum's and the rules
by which nodes read the same fields.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stdnum.in_ import epic as stdnum_epic
from stdnum.in_ import pan as stdnum_pan

from childgrid_portal.profile import dates
from childgrid_portal.web import clock, phones
from childgrid_portal.web.days import day, digits, year
from childgrid_portal.web.forms import Sheet
from childgrid_portal.web.words import N_

_FORMS = {
    "passport": r"[A-Z]\d{7}|[A-Z0-9]{6,9}",
    "driving_licence": r"[A-Z]{2}\d{1,2}(?:19|20)\d{2}\d{6,7}|[A-Z0-9]{6,20}",
    "vehicle": r"[A-Z]{2}\d{1,2}[A-Z]{0,3}\d{1,4}|\d{2}BH\d{4}[A-Z]{1,2}|\d{1,4}",
    "pin": r"[1-9]\d{5}",
    "cnr": r"[A-Z0-9]{6}\d{10}",
}
_MARKS = re.compile(r"[\s.\-/()]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_UPI = re.compile(r"[\w.\-]{2,}@[A-Za-z][A-Za-z0-9]+")
_AGE = re.compile(r"(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?\s*(?:y|yrs?|years?)?\.?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_YEARLY = frozenset(
    (
        *("y", "yr", "yrs", "year", "years", "old", "age", "aged", "s", "m", "f"),
        *("about", "approx", "approximately", "around", "nearly", "male", "female"),
        *(
            "or",
            "to",
            "and",
            "between",
            "वर्ष",
            "वर्षीय",
            "साल",
            "उम्र",
            "आयु",
            "लगभग",
            "करीब",
        ),
        *("से", "या", "पुरुष", "महिला"),
    )
)
"""Words beside an age that leave its number one of years."""

MOST_PHONES, MOST_WORDS, OLDEST = 3, 6, 120
_KIN = re.compile(r"@|\b[sdwcrf]\s?/\s?o\b|\b(?:alias|urf)\b|उर्फ", re.IGNORECASE)
"""What parts the names of one line."""

_MANY_PHONES = N_("Only the first three phone numbers are searched.")
_YEAR_ONLY = N_("Only the year of this is searched: it names no day that there is.")
_OTHER_BIRTH = N_(
    "This does not fit what is said of the birth above it: one of the two is wrong."
)
_NOT_A_NAME = N_("Type only the name here; other facts belong in their own boxes.")

DOUBTS = {
    "name": _NOT_A_NAME,
    "alias": _NOT_A_NAME,
    "relative": _NOT_A_NAME,
    "phone": N_("This has not the form of a phone number."),
    "pan": N_("This has not the form of a PAN (five letters, four digits, a letter)."),
    "epic": N_("This voter's card number has a wrong form or check digit."),
    "passport": N_("This has not the form of a passport number."),
    "driving_licence": N_("This has not the form of a driving licence number."),
    "vehicle": N_("This has not the form of a vehicle number or of its end."),
    "email": N_("This has not the form of an e-mail address."),
    "upi": N_("This has not the form of a UPI address (name@bank)."),
    "pin": N_("A PIN code has six digits and does not begin with 0."),
    "cnr": N_("A CNR has six letters or digits and then ten digits."),
    "birth_date": N_("This date may not be understood; write it like 27-3-1984."),
    "birth_year": N_("A year of birth has four digits, such as 1984."),
    "age": N_("Write an age in years, such as 34 or 30-35."),
    "age_as_of": N_("This date may not be understood; write it like 27-3-1984."),
}
"""What is said of each field whose form is doubtful."""


@dataclass(frozen=True)
class Doubt:
    """What is doubtful at one field, and the lines of it that are."""

    field: str
    text: str
    lines: tuple[str, ...]


def child(sheet: Sheet, today: dt.date) -> str:
    """`minor` where what was typed makes the person a child today, `unsure`, or empty.

    Every doubt is read for the child, as the guard of each register reads it: an age
    that says nothing here may be one in words.
    """
    said = {one.status(today) for one in _births(sheet, today).values()}
    if sheet.one("age") and not said:
        return "unsure"
    return next((word for word in ("minor", "unsure") if word in said), "")


def _births(sheet: Sheet, today: dt.date) -> dict[str, dates.Birth]:
    """What each field says of the birth; an age of no day is one of today."""
    said = {name: _birth(sheet.one(name)) for name in ("birth_date", "birth_year")}
    stated, age = day(sheet.one("age_as_of")), digits(sheet.one("age")).casefold()
    said["age"] = (
        dates.aged(age, stated, today)
        or dates.birth(age)
        or dates.birth(str(day(age) or ""))
        or _in_words(age, stated, today)
    )
    return {name: one for name, one in said.items() if one is not None}


def _birth(text: str) -> dates.Birth | None:
    """A date, a year, or one of the years that are named."""
    read = dates.birth(text) or dates.birth(str(day(text) or year(text) or ""))
    named = map(dates.birth, _YEARS.findall(digits(text)))
    spans = tuple(span for one in named if one for span in one.readings)
    return read or (dates.Birth("year", spans) if spans else None)


def _in_words(age: str, stated: dt.date | None, today: dt.date) -> dates.Birth | None:
    """An age beside words: where one is strange, its number is the most that it is.

    It may be the end of a span ("under 18"), or of months.
    """
    number = re.search(r"\d{1,3}", age)
    if number is None:
        return None
    strange = set(re.sub(r"[\d\s.,'’()+~/–-]", " ", age).split()) - _YEARLY
    return dates.aged(f"0-{number[0]}" if strange else number[0], stated, today)


def _code(text: str) -> str:
    return _MARKS.sub("", digits(text)).upper()


def _is_formed(field: str, text: str) -> bool:
    return re.fullmatch(_FORMS[field], _code(text), re.ASCII) is not None


def _is_age(text: str) -> bool:
    found = _AGE.fullmatch(text)
    return found is not None and all(int(one or 0) <= OLDEST for one in found.groups())


def _is_name(text: str) -> bool:
    """No digits, and no part longer than names are."""
    parts = _KIN.split(text)
    brief = all(len(part.split()) <= MOST_WORDS for part in parts)
    return brief and not any(sign.isdigit() for sign in text)


_RULES: Mapping[str, Callable[[str], bool]] = {
    "name": _is_name,
    "alias": _is_name,
    "relative": _is_name,
    "phone": lambda text: not phones.read(text).odd,
    "pan": lambda text: bool(stdnum_pan.is_valid(_code(text))),
    "epic": lambda text: bool(stdnum_epic.is_valid(_code(text))),
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "upi": lambda text: _UPI.fullmatch(text) is not None,
    "birth_date": lambda text: (
        day(text) is not None or _YEAR.fullmatch(digits(text).strip()) is not None
    ),
    "birth_year": lambda text: year(text) is not None,
    "age": lambda text: _is_age(digits(text).strip().lower()),
    "age_as_of": lambda text: day(text) is not None,
}


def is_doubtful(field: str, text: str) -> bool:
    """Whether `text` has not the form of what stands in this field."""
    rule = _RULES.get(field)
    if rule is not None:
        return not rule(text)
    return field in _FORMS and not _is_formed(field, text)


def doubts(sheet: Sheet) -> list[Doubt]:
    """What is doubtful of what was typed, field by field."""
    return [*_of_forms(sheet), *_of_births(sheet), *_of_number(sheet)]


def _of_forms(sheet: Sheet) -> Iterator[Doubt]:
    for field, text in DOUBTS.items():
        odd = tuple(one for one in sheet.lines(field) if is_doubtful(field, one))
        if odd and field == "birth_date" and year(odd[0]):
            yield Doubt(field, _YEAR_ONLY, odd)
        elif odd:
            yield Doubt(field, text, odd)


def _of_births(sheet: Sheet) -> Iterator[Doubt]:
    """What cannot be true beside a birth that stands above it.

    An age beside words ("about 40") is not exact enough to be held against anything.
    """
    found = _births(sheet, clock.today())
    if is_doubtful("age", sheet.one("age")):
        found.pop("age", None)
    for name, one in found.items():
        above = list(found.values())[: list(found).index(name)]
        if not all(one.meets(other) for other in above):
            yield Doubt(name, _OTHER_BIRTH, (sheet.one(name),))


def _of_number(sheet: Sheet) -> Iterator[Doubt]:
    """More phone numbers than are searched."""
    lines = sheet.lines("phone")
    every = dict.fromkeys(one for line in lines for one in phones.read(line).numbers)
    if len(every) > MOST_PHONES:
        yield Doubt("phone", _MANY_PHONES, tuple(every)[MOST_PHONES:])
