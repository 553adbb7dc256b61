"""Casebooks in a few words: officers who search, and what came of it.

Hashes follow from a counter, so that a test can say which statement it means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from childgrid_audit.workbench.facts import (
    Asked,
    Casebook,
    Decision,
    Glass,
    Lifting,
    Release,
    Reply,
    Review,
    Search,
)

MONDAY = 1_799_038_800
"""10.30 in India on Monday, 4 January 2027."""
HOUR, DAY = 3_600, 86_400
UNIT = "police-a/unit-1"
ANN, BEA, CAI = "police-a/ann", "police-a/bea", "police-a/cai"
BOSS, CHIEF = "police-a/boss", "police-a/chief"
LATER = MONDAY + 400 * DAY


@dataclass
class Told:
    """Collects what happened; `book` is the result."""

    searches: list[Search] = field(default_factory=list)
    liftings: list[Lifting] = field(default_factory=list)
    glasses: list[Glass] = field(default_factory=list)
    now: int = LATER
    _count: int = 0

    def name(self) -> str:
        """A fresh hash."""
        self._count += 1
        return hashlib.sha256(str(self._count).encode()).hexdigest()

    def decision(
        self,
        person: str = BOSS,
        when: int = MONDAY,
        *,
        granted: bool = True,
        looked: int = 60,
        side: str = "requester",
    ) -> Decision:
        """An approval, or a refusal."""
        unit = UNIT if person.startswith("police-a/") else "prison-c/records"
        reason = "" if granted else "weak-basis"
        name = self.name()
        return Decision(name, person, unit, granted, reason, side, when, 300, looked)

    def search(
        self,
        person: str = ANN,
        when: int = MONDAY,
        *,
        case: str = "",
        decisions: Sequence[Decision] = (),
        outcome: str = "none",
        reason: str = "",
        requests: Sequence[Asked] = (),
        unit: str = UNIT,
    ) -> Search:
        """A query to the prisons and their answer; `outcome` may be `away`."""
        replies = [Reply(self.name(), "prison-c", outcome, reason, when + 700)]
        made = Search(
            self.name(),
            person,
            unit,
            case or self.name(),
            "investigation",
            ("BNS:143",),
            when,
            when + 7 * DAY,
            ("prison-c",),
            tuple(decisions) or (self.decision(when=when + 600),),
            () if outcome == "away" else tuple(replies),
            tuple(requests),
        )
        self.searches.append(made)
        return made

    def asked(
        self,
        person: str = ANN,
        when: int = MONDAY,
        *,
        handle: str = "",
        decisions: Sequence[Decision] = (),
        releases: Sequence[Release] = (),
    ) -> Asked:
        """A request to the prisons; not in the book until a search carries it."""
        return Asked(
            self.name(),
            person,
            UNIT,
            self.name(),
            "ca" * 32,
            "prison-c",
            handle or self.name()[:32],
            when,
            when + 3 * DAY,
            tuple(decisions),
            tuple(releases),
        )

    def released(
        self,
        when: int = MONDAY,
        *,
        approvals: Sequence[Decision] = (),
        reported: bool = True,
    ) -> Release:
        """A disclosure that was received."""
        names = tuple(one.hash for one in approvals)
        name, receipt = self.name(), self.name()
        return Release(name, when, when + 60, False, reported, names, receipt)

    def lifted(
        self,
        subject: str = ANN,
        when: int = MONDAY,
        *,
        queries: int = 60,
        by: str = BOSS,
    ) -> Lifting:
        """A budget that was lifted."""
        made = Lifting(
            self.name(), by, "officer", subject, queries, when, when + DAY, ()
        )
        self.liftings.append(made)
        return made

    def broken(self, when: int = MONDAY, *reviews: tuple[str, int]) -> Glass:
        """A break-glass release, with who reviewed it after how many hours."""
        found = [Review(self.name(), who, when + h * HOUR) for who, h in reviews]
        made = Glass(self.name(), "prison-c", self.name(), when, tuple(found))
        self.glasses.append(made)
        return made

    def colleagues(self, count: int = 100, **how: object) -> None:
        """Ordinary searches of two colleagues in the same unit."""
        for number in range(count):
            person = (BEA, CAI)[number % 2]
            self.search(person, MONDAY + number * 60, **how)  # type: ignore[arg-type]

    def book(self) -> Casebook:
        """The casebook."""
        by_time = sorted(self.searches, key=lambda one: (one.issued, one.hash))
        return Casebook(
            self.now,
            tuple(by_time),
            tuple(self.liftings),
            tuple(self.glasses),
            {"officer": 50, "case": 50, "agency": 500},
        )
