"""The timeline: what records date, and what was asked, answered and given since.

Days of records come first as their source wrote them; steps of the grid carry a time
and the hash of the statement that says so. Nothing is guessed between two of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from childgrid_portal.profile import ages
from childgrid_portal.profile.model import Outcome, Profile, Source, Value


@dataclass(frozen=True)
class Step:
    """One entry. `kind` is `record` or a deed of the grid.

    Deeds: `asked`, `hit`, `none`, `refused`, `requested`, `disclosed`, `denied`. `when`
    is in Unix seconds (midnight UTC of a record's day), `value` the record's,
    `statement` a hash or empty.
    """

    day: dt.date
    when: int
    kind: str
    agency: str
    statement: str = ""
    detail: str = ""
    value: Value | None = None


def steps(profile: Profile) -> list[Step]:
    """Everything with a date, the earliest first."""
    found = [*_records(profile), *_deeds(profile)]
    return sorted(found, key=lambda one: (one.when, one.kind, one.agency))


def _records(profile: Profile) -> Iterator[Step]:
    for day, value in ages.events(profile):
        midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        when = int(midnight.timestamp())
        yield Step(day, when, "record", value.origin.agency, value=value)


def _deeds(profile: Profile) -> Iterator[Step]:
    yield _deed(profile.issued, "asked", profile.by, profile.query, profile.purpose)
    for source in profile.sources:
        if source.answered_at:
            yield _deed(source.answered_at, source.answer, source.agency)
        for one in source.requests:
            yield from _request(source, one)


def _request(source: Source, one: Outcome) -> Iterator[Step]:
    yield _deed(one.issued, "requested", one.by, one.request, source.agency)
    if one.settled:
        deed = "denied" if one.state == "denied" else "disclosed"
        name = one.origin.disclosure if one.origin else ""
        yield _deed(one.settled, deed, source.agency, name, one.reason)


def _deed(when: int, kind: str, who: str, name: str = "", detail: str = "") -> Step:
    day = dt.datetime.fromtimestamp(when, dt.UTC).date()
    return Step(day, when, kind, who, name, detail)
