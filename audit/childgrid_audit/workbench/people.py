"""What one person did, counted: searches that led nowhere, decisions, reading times.

Counts only, beside the statements themselves; no score of anybody.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from childgrid_audit.workbench.facts import Asked, Casebook, Decision, Search


@dataclass
class Person:
    """One officer: what was asked, what came of it, what was decided, by time."""

    id: str
    unit: str = ""
    searches: list[Search] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def member(self) -> str:
        """The officer's agency."""
        return self.id.partition("/")[0]

    @property
    def requests(self) -> list[Asked]:
        """The officer's requests."""
        return [one for search in self.searches for one in search.requests]

    def counts(self, now: int) -> dict[str, int]:
        """Every count by name; `now` tells what has run out."""
        requests = self.requests
        releases = [
            release for one in requests for release in one.releases if release.received
        ]
        hits = [one for one in self.searches if one.hit]
        return {
            "searches": len(self.searches),
            "hits": len(hits),
            "idle": sum(not one.requests for one in hits),
            "requests": len(requests),
            "undecided": sum(not r.decided and r.expires <= now for r in requests),
            "releases": len(releases),
            "unreported": sum(not one.reported for one in releases),
            "granted": sum(one.granted for one in self.decisions),
            "denied": sum(not one.granted for one in self.decisions),
        }

    def looked(self) -> int:
        """Median seconds between opening and deciding; -1 where none is known."""
        known = [one.looked for one in self.decisions if one.looked >= 0]
        return int(median(known)) if known else -1


def people(book: Casebook) -> dict[str, Person]:
    """Everybody who searched or decided, by id; the unit is the one seen last."""
    found: dict[str, Person] = defaultdict(lambda: Person(""))
    for search in book.searches:
        _person(found, search.person, search.unit).searches.append(search)
        for subject in search.subjects():
            for one in subject.decisions:
                _person(found, one.person, one.unit).decisions.append(one)
    return dict(sorted(found.items()))


def _person(found: dict[str, Person], name: str, unit: str) -> Person:
    person = found[name]
    person.id, person.unit = name, unit
    return person
