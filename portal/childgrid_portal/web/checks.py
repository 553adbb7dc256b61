"""Is it formed as it should be: doubts about what was typed, never a refusal.

An officer may know half a number or a wrong one. What has not the form of its kind is
said, since the search may leave it out (a false equality would accuse the wrong
person); it can still be sent. Check digits and forms are python-stdnum's and the rules
by which nodes read the same fields.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from stdnum.in_ import epic as stdnum_epic
from stdnum.in_ import pan as stdnum_pan

from childgrid_portal.profile import dates
from childgrid_portal.web.forms import Sheet
from childgrid_portal.web.words import N_

_FORMS = {
    "phone": r"(?:\+(?!91)\d{8,15}|(?:\+?0{0,2}91|0)?[1-9]\d{9})",
    "passport": r"[A-Z]\d{7}|[A-Z0-9]{6,9}",
    "driving_licence": r"[A-Z]{2}\d{1,2}(?:19|20)\d{2}\d{6,7}|[A-Z0-9]{6,20}",
    "vehicle": r"[A-Z]{2}\d{1,2}[A-Z]{0,3}\d{1,4}|\d{2}BH\d{4}[A-Z]{1,2}|\d{1,4}",
    "pin": r"[1-9]\d{5}",
    "cnr": r"[A-Z0-9]{6}\d{10}",
    "birth_year": r"(?:19|20)\d{2}",
    "age": r"\d{1,3}(?:(?:-|TO)\d{1,3})?(?:YRS?|YEARS?)?",
}
_MARKS = re.compile(r"[\s.\-/()]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_UPI = re.compile(r"[\w.\-]{2,}@[A-Za-z][A-Za-z0-9]+")
_DATE = re.compile(r"(\d{1,4})\D+(\d{1,2})\D+(\d{1,4})")

DOUBTS = {
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


def child(sheet: Sheet, today: dt.date) -> str:
    """`minor` where what was typed makes the person a child today, `unsure`, or empty.

    Every doubt is read for the child, as the guard of each register reads it.
    """
    said = {one.status(today) for one in _births(sheet, today)}
    return next((word for word in ("minor", "unsure") if word in said), "")


def _births(sheet: Sheet, today: dt.date) -> Iterator[dates.Birth]:
    found = [dates.birth(sheet.one(name)) for name in ("birth_date", "birth_year")]
    stated = day(sheet.one("age_as_of"))
    found.append(dates.aged(sheet.one("age"), stated, today))
    yield from (one for one in found if one is not None)


def digits(text: str) -> str:
    """`text` with the decimal digits of any script written 0 to 9."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


def day(text: str) -> dt.date | None:
    """The date that `text` writes day first, or year first; none if it is none."""
    found = _DATE.fullmatch(digits(text).strip())
    if not found:
        return None
    one, two, three = (int(part) for part in found.groups())
    year, month, day_ = (one, two, three) if one > 31 else (three, two, one)
    try:
        return dt.date(year, month, day_) if year > 1800 else None
    except ValueError:
        return None


def _code(text: str) -> str:
    return _MARKS.sub("", digits(text)).upper()


def _is_formed(field: str, text: str) -> bool:
    return re.fullmatch(_FORMS[field], _code(text), re.ASCII) is not None


_RULES: Mapping[str, Callable[[str], bool]] = {
    "pan": lambda text: bool(stdnum_pan.is_valid(_code(text))),
    "epic": lambda text: bool(stdnum_epic.is_valid(_code(text))),
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "upi": lambda text: _UPI.fullmatch(text) is not None,
    "birth_date": lambda text: day(text) is not None or _is_formed("birth_year", text),
    "age_as_of": lambda text: day(text) is not None,
}


def is_doubtful(field: str, text: str) -> bool:
    """Whether `text` has not the form of what stands in this field."""
    rule = _RULES.get(field)
    if rule is not None:
        return not rule(text)
    return field in _FORMS and not _is_formed(field, text)


def doubts(sheet: Sheet) -> dict[str, str]:
    """Field to what is doubtful about something typed there."""
    return {
        field: said
        for field, said in DOUBTS.items()
        if any(is_doubtful(field, text) for text in sheet.lines(field))
    }
