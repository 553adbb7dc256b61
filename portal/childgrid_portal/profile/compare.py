"""The same field of several sources side by side, and where two can't both be true.

Several spellings of a name are no contradiction, nor are two phones. Contradictions are
shown with every value that takes part in one, and none is preferred: which register is
wrong is for people to find out. What the asker wrote takes part like a source.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from childgrid_portal.profile import dates
from childgrid_portal.profile.dates import Birth
from childgrid_portal.profile.model import FIELDS, Profile, Value
from childgrid_portal.profile.text import folded

NUMBERS = ("aadhaar", "pan", "epic", "passport", "driving_licence")
"""Documents of which a person has one at a time."""

PHONE_DIGITS = 10
_SEXES = {
    "male": ("m", "male", "man", "purush", "पुरुष", "पु", "مرد", "ஆண்", "পুরুষ"),
    "female": (
        "f",
        "female",
        "woman",
        "mahila",
        "महिला",
        "स्त्री",
        "عورت",
        "பெண்",
        "মহিলা",
    ),
    "third": ("t", "tg", "transgender", "third", "o", "other"),
}
_SEX = {folded(word): sex for sex, words in _SEXES.items() for word in words}


@dataclass(frozen=True)
class Row:
    """One field; `agreement` is `one` (source), `same` or `differ`."""

    field: str
    label: str
    values: tuple[Value, ...]
    agreement: str


@dataclass(frozen=True)
class Conflict:
    """Values that can't all be true of one person.

    `kind` is `birth-day` (two days), `birth-year` (a year against a day or year),
    `birth-age` (an age against a birth), `sex`, or `number` (two of one document).
    """

    kind: str
    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Evidence:
    """A value that says when somebody was born, and how it is read."""

    value: Value
    birth: Birth


def rows(profile: Profile) -> list[Row]:
    """Every field that anybody has, the grid's own first, in the grid's order."""
    found: dict[tuple[str, str], list[Value]] = {}
    for value in (*profile.asked, *profile.values):
        label = "" if value.field else value.label
        found.setdefault((value.field, label), []).append(value)
    return [
        Row(field, label, tuple(values), _agreement(values))
        for (field, label), values in sorted(found.items(), key=_place)
    ]


def _place(item: tuple[tuple[str, str], list[Value]]) -> tuple[int, str]:
    field, label = item[0]
    known = FIELDS.index(field) if field in FIELDS else len(FIELDS)
    return known, label or field


def _agreement(values: Sequence[Value]) -> str:
    if len({value.origin.mark for value in values}) == 1:
        return "one"
    return "same" if len({key_of(value) for value in values}) == 1 else "differ"


def key_of(value: Value) -> str:
    """What two writings of one value have in common; for this field only."""
    if value.field == "phone":
        return folded(value.text)[-PHONE_DIGITS:]
    if value.field == "sex":
        return _SEX.get(folded(value.text), folded(value.text))
    if value.field == "birth_date":
        found = dates.days(value.text)
        return found[0].isoformat() if found else folded(value.text)
    return folded(value.text)


def evidence(profile: Profile) -> list[Evidence]:
    """Every value that says when the person was born, the asker's own too."""
    values = [*profile.asked, *profile.values]
    found = []
    for value in values:
        made = _birth(value, values)
        if made is not None and made.readings:
            found.append(Evidence(value, made))
    return found


def _birth(value: Value, values: Iterable[Value]) -> Birth | None:
    if value.field in ("birth_date", "birth_year"):
        return dates.birth(value.text)
    if value.field != "age":
        return None
    latest = _day(value.origin.row_as_of or value.origin.read_at)
    return dates.aged(value.text, _stated(value, values), latest)


def _stated(value: Value, values: Iterable[Value]) -> dt.date | None:
    """The day on which an age was true: as its record says, or as it was asked."""
    if value.origin.number == "":
        return _day(value.origin.row_as_of)
    same = [one for one in values if one.origin == value.origin]
    for field in ("age_as_of", "event"):
        for one in same:
            if one.field == field and (found := dates.days(one.text)):
                return found[0]
    return None


def _day(when: int) -> dt.date:
    return dt.datetime.fromtimestamp(when, dt.UTC).date()


def conflicts(profile: Profile) -> list[Conflict]:
    """What can't be true of one person, the births first."""
    return [
        *_births(evidence(profile)),
        *_alternatives(profile, "sex", ("sex",)),
        *_alternatives(profile, "number", NUMBERS),
    ]


def _births(found: Sequence[Evidence]) -> Iterator[Conflict]:
    apart: dict[str, dict[Value, None]] = {}
    for one, two in combinations(found, 2):
        if not one.birth.meets(two.birth):
            both = apart.setdefault(_kind(one.birth, two.birth), {})
            both.update({one.value: None, two.value: None})
    for kind in ("birth-day", "birth-year", "birth-age"):
        if kind in apart:
            yield Conflict(kind, "birth_date", tuple(apart[kind]))


def _kind(one: Birth, two: Birth) -> str:
    kinds = {one.kind, two.kind}
    if "age" in kinds:
        return "birth-age"
    return "birth-year" if "year" in kinds else "birth-day"


def _alternatives(
    profile: Profile, kind: str, fields: Sequence[str]
) -> Iterator[Conflict]:
    for field in fields:
        values = [
            one for one in (*profile.asked, *profile.values) if one.field == field
        ]
        if len({key_of(one) for one in values}) > 1:
            yield Conflict(kind, field, tuple(values))
