"""Was this a child? Every birth that a source states, held against every dated event.

Records of children are no suspects' records (POCSO, Juvenile Justice Act s. 74): their
holder's guard keeps them back by what it knows itself. Another register may know more:
where one says minor and another adult, on a day on which something happened or today,
it is shown above all else, as it stands, and nobody's word is taken for the truth.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from childgrid_portal.profile import dates
from childgrid_portal.profile.compare import Evidence, evidence
from childgrid_portal.profile.model import Profile, Value
from childgrid_portal.profile.ties import IDENTIFIERS

_NO_EVENTS = ("birth_date", "birth_year", "age", "age_as_of", *IDENTIFIERS)


@dataclass(frozen=True)
class Check:
    """One day and who says what of it; no `events` where the day is today."""

    day: dt.date
    events: tuple[Value, ...]
    minor: tuple[Value, ...]
    adult: tuple[Value, ...]
    unsure: tuple[Value, ...]

    @property
    def contradicts(self) -> bool:
        """Whether one says minor and another adult."""
        return bool(self.minor and self.adult)


def checks(profile: Profile) -> list[Check]:
    """The days on which somebody says minor, or none is sure, by day; often none."""
    births = evidence(profile)
    made = [
        _check(births, day, happened) for day, happened in _moments(profile).items()
    ]
    return [one for one in made if one.minor or (one.unsure and not one.adult)]


def events(profile: Profile) -> list[tuple[dt.date, Value]]:
    """Every value that is a day and no birth, by day: what happened, as records say.

    The day of the case itself is among them, where the register of cases has it.
    """
    own = (profile.case_date,) if profile.case_date else ()
    found = [
        (dates.days(value.text)[0], value)
        for value in (*own, *profile.values)
        if value.field not in _NO_EVENTS and dates.days(value.text)
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].origin.mark))


def _moments(profile: Profile) -> dict[dt.date, list[Value]]:
    """The days that count, today the last, and what happened on each."""
    found: dict[dt.date, list[Value]] = {}
    for day, value in events(profile):
        found.setdefault(day, []).append(value)
    found.setdefault(dt.datetime.fromtimestamp(profile.read_at, dt.UTC).date(), [])
    return found


def _check(births: list[Evidence], day: dt.date, happened: list[Value]) -> Check:
    said: dict[str, list[Value]] = {"minor": [], "adult": [], "unsure": []}
    for one in births:
        said[one.birth.status(day)].append(one.value)
    return Check(day, tuple(happened), *map(tuple, said.values()))
