"""Who is not in the suspect index: victims, minors then or now, what is past its time.

`judge` decides for one row; what it returns is stored beside the row's encoding as one
byte. Every doubt about an age is read for the child: the youngest reading counts. Where
the mapping names a column of roles, whoever it does not list as a suspect stays out:
staff and guardians are nobody's suspects. The guard reads no source and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from . import mapping as sources
from .normalise import Fields, ages, dates, fields_of

CHILD_CATEGORIES = frozenset(("child-protection", "child-custody", "missing-person"))
"""Data categories that hold children: there an unknown age counts as minor."""

_ADULT = 18
_OLDEST = 120


class Guard(IntEnum):
    """One byte per row: role (two bits) above status of age (two bits)."""

    UNKNOWN_OTHER = 0
    ADULT_OTHER = 1
    MINOR_OTHER = 2
    UNKNOWN_SUSPECT = 4
    ADULT_SUSPECT = 5
    MINOR_SUSPECT = 6
    UNKNOWN_VICTIM = 8
    ADULT_VICTIM = 9
    MINOR_VICTIM = 10


class Reason(StrEnum):
    """Why a row was admitted or not, for counting."""

    ADMITTED = "admitted"
    VICTIM = "victim"
    ROLE_NOT_NAMED = "role not named"
    MINOR_AT_EVENT = "minor at the event"
    MINOR_TODAY = "minor today"
    AGE_UNKNOWN = "age unknown where children are held"
    PAST_RETENTION = "past its retention"


_STATUS = {
    Reason.ADMITTED: "ADULT",
    Reason.MINOR_AT_EVENT: "MINOR",
    Reason.MINOR_TODAY: "MINOR",
    Reason.AGE_UNKNOWN: "UNKNOWN",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of one row."""

    byte: Guard
    admitted: bool
    reason: Reason


def judge(values: Mapping[str, str], mapping: sources.Mapping, today: date) -> Verdict:
    """Judge a row's mapped columns as of `today`."""
    role = mapping.role.of(values.get(mapping.role.column or "", ""))
    born = max(_births(fields_of(values, mapping), today), default=None)
    reason = _reason(born, values, mapping, today)
    byte = Guard[f"{_STATUS[reason]}_{role.upper()}"]
    if role == "victim":
        return Verdict(byte, False, Reason.VICTIM)
    if not _is_retained(values, mapping, today):
        return Verdict(byte, False, Reason.PAST_RETENTION)
    if role == "other" and mapping.role.column is not None:
        return Verdict(byte, False, Reason.ROLE_NOT_NAMED)
    if reason is Reason.AGE_UNKNOWN and mapping.category not in CHILD_CATEGORIES:
        return Verdict(byte, True, Reason.ADMITTED)
    return Verdict(byte, reason is Reason.ADMITTED, reason)


def _reason(
    born: date | None,
    values: Mapping[str, str],
    mapping: sources.Mapping,
    today: date,
) -> Reason:
    if born is None:
        return Reason.AGE_UNKNOWN
    event = dates.moment(values.get(mapping.event, "")) if mapping.event else None
    if event is not None and _age(born, event) < _ADULT:
        return Reason.MINOR_AT_EVENT
    if _age(born, today) < _ADULT:
        return Reason.MINOR_TODAY
    # An event that should be dated and is not leaves the age at it unknown.
    undated = mapping.event is not None and event is None
    return Reason.AGE_UNKNOWN if undated else Reason.ADMITTED


def _is_retained(
    values: Mapping[str, str], mapping: sources.Mapping, today: date
) -> bool:
    """Whether a row may still be searched; without a date there is no end to it.

    A date that can't be read is over: what must be forgotten is not found by mistake.
    """
    rule = mapping.retain
    text = values.get(rule.column, "").strip() if rule else ""
    if rule is None or not text:
        return True
    ends = [_years_after(day, rule.years) for day in _readings(text)]
    return bool(ends) and today < min(ends)


def _readings(text: str) -> Sequence[date]:
    """What a date may mean; as a database writes it, it means one day."""
    try:
        return [date.fromisoformat(text[:10])]
    except ValueError:
        return dates.readings(text)


def _births(fields: Fields, today: date) -> Iterator[date]:
    """The latest birth that each piece of evidence allows."""
    for text in filter(None, fields.get("birth_date", ())):
        yield from _by_date(text, today)
        if not dates.readings(text):
            yield from _by_age(text, ages.stated(text), fields, today)
    for text in fields.get("birth_year", ()):
        yield from _credible(_year_ends(text), today)
    for text in filter(None, fields.get("age", ())):
        age = ages.read(text)
        yield from _by_age(text, age, fields, today)
        if age is None:
            yield from _by_date(text, today)


def _by_date(text: str, today: date) -> Iterator[date]:
    if dates.stands_for_none(text):
        return
    exact = () if dates.is_guess(text) else dates.readings(text)
    yield from _credible(map(_latest, exact) if exact else _year_ends(text), today)


def _by_age(
    text: str, age: ages.Age | None, fields: Fields, today: date
) -> Iterator[date]:
    if ages.says_minor(text):
        yield today
    if age:
        stated = (dates.moment(at) for at in fields.get("age_as_of", ()))
        yield _years_before(next(filter(None, stated), today), ages.whole_years(age)[0])


def _year_ends(text: str) -> list[date]:
    return [date(year, 12, 31) for year in dates.possible_years(text)]


def _latest(day: date) -> date:
    """A first of January stands for an unknown day of its year."""
    return date(day.year, 12, 31) if (day.month, day.day) == (1, 1) else day


def _credible(days: Iterable[date], today: date) -> Iterator[date]:
    return (day for day in days if today.year - day.year <= _OLDEST)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


def _years_after(day: date, years: int) -> date:
    return _years_before(day, -years) if day.year + years <= date.max.year else day


def _age(born: date, on: date) -> int:
    before_birthday = (on.month, on.day) < (born.month, born.day)
    return on.year - born.year - before_birthday
