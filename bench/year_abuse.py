"""Twenty abuses, planted in an ordinary year, and the list that says which.

Each is done by another person, and as such a person would: mixed with honest work,
signed and approved like everything else. The truth names pattern, person and, where
single deeds are meant, the statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.year_cast import DAY, HOLDERS, HUB, START, Officer
from bench.year_life import HOUR, Life, Told
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Abuse:
    """One planted abuse: `who` did it; `events` where it is about these alone."""

    id: str
    pattern: str
    who: str
    events: tuple[str, ...] = ()


class Planter:
    """Turns some of the cast into abusers; use once, before and after the year."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._cast = life.cast
        self._free = self._spread()
        self.planted: list[Abuse] = []

    def _spread(self) -> Iterator[Officer]:
        """Officers to corrupt: one of each unit in turn, none with another oddity."""
        by_unit: dict[tuple[str, ...], list[Officer]] = {}
        moving = self._cast.swapped[1]
        for number, one in enumerate(self._cast.officers):
            if one.night < 0.5 and number % 15 != 14 and moving not in one.approvers:
                by_unit.setdefault(one.approvers, []).append(one)
        for turn in range(2):
            for officers in by_unit.values():
                yield officers[1 + turn]

    def _plant(self, pattern: str, who: str, *events: str) -> None:
        number = len(self.planted) + 1
        self.planted.append(Abuse(f"A{number:02d}", pattern, who, events))

    def habits(self) -> None:
        """Abuses that are habits: whoever has them lives the year with them."""
        for _ in range(2):
            approver = next(self._free).approvers[0]
            self._cast.readers[approver].glance = 0.8
            self._plant("hasty", approver)
        for _ in range(2):
            officer = next(self._free)
            officer.favour, officer.favoured = officer.approvers[1], 0.97
            self._plant("pairs", f"{officer.person} + {officer.favour}")
        self._habit("hours", night=0.85)
        self._habit("hits", hit=0.95, pace=1.5)
        self._habit("misses", hit=0.02, pace=2.5)
        self._habit("idle", idle=0.95, pace=2.0)
        self._habit("undecided", ignored=0.9, pace=2.0)
        self._habit("unreported", report=0.02, pace=3.0)

    def _habit(self, pattern: str, **traits: float) -> None:
        officer = next(self._free)
        vars(officer).update(traits)
        self._plant(pattern, officer.person)

    def deeds(self) -> None:
        """Abuses that are single deeds, done once the year has been lived."""
        self._declared()
        self._mutual()
        self._query_overruled()
        self._release_overruled()
        self._unreviewed()
        self._lifted()
        self._sweep_of_variants()
        self._sweep_of_a_case()

    def _mark(self, officer: Officer, day: int) -> tuple[str, str]:
        """A search about somebody declared, which the officer's own node marks."""
        told = self._life.search(officer, _noon(day))
        own = officer.person.partition("/")[0]
        notice = self._life.pen.say(
            Kind.NOTICE,
            own,
            told.query.issued + 1,
            (own,),
            topic="declared",
            subject=told.query.hash,
        )
        return told.query.hash, notice.hash

    def _declared(self) -> None:
        """A colleague's brother is looked up; twice a namesake of somebody declared."""
        for day in (51, 188):
            self._mark(self._cast.officers[day % 11], day)
        officer = next(self._free)
        self._plant("declared", officer.person, *self._mark(officer, 127))

    def _mutual(self) -> None:
        """Two who change places in July sign for each other before and after."""
        life, (one, other) = self._life, self._cast.swapped
        asker = self._cast.officers[-1]
        for number in range(5):
            life.search(asker, _noon(20 + 30 * number), approver=other)
            back = Officer(other, asker.unit, (one,), 0.35, 1.0, 0.8)
            life.search(back, _noon(200 + 30 * number), approver=one)
        self._plant("mutual", " + ".join(sorted((one, other))))

    def _query_overruled(self) -> None:
        life, officer = self._life, next(self._free)
        case, when = life.pen.hexes(32), _noon(63)
        asker = officer.person.partition("/")[0]
        query = life.query(officer, when, case, ["prisons", "residents"], (asker,))
        first = Told(officer, query, (asker,))
        refusal = life.refuse(first, query, officer.approvers[0])
        again = life.search(
            officer, when + DAY, case=case, approver=officer.approvers[1]
        )
        events = (refusal.hash, again.approvals[0].hash)
        self._plant("overruled", officer.person, *events)

    def _release_overruled(self) -> None:
        life, officer = self._life, next(self._free)
        told = self._hit(officer, 140)
        answer = next(one for one in told.answers if one["outcome"] == "hit")
        first, second = life.cast.custodians[answer.issuer][:2]
        request = life.request(told, answer, answer.issued + HOUR)
        life.approve(told, request, officer.approvers[0])
        refusal = life.refuse(told, request, first)
        anew = life.request(told, answer, answer.issued + 20 * HOUR)
        life.approve(told, anew, officer.approvers[0])
        when = life.approve(told, anew, second)
        life.release(told, anew, when + 5)
        events = (refusal.hash, told.approvals[-1].hash)
        self._plant("overruled", officer.person, *events)

    def _hit(self, officer: Officer, day: int) -> Told:
        """Search until somebody is found; some targets may be away."""
        kept, officer.hit = officer.hit, 0.999
        told = self._life.search(officer, _noon(day))
        officer.hit = kept
        found = any(one["outcome"] == "hit" for one in told.answers)
        return told if found else self._hit(officer, day + 7)

    def _glass(self, day: int, reviews: tuple[int, ...]) -> Statement:
        """A break-glass release of the prisons; reviewed after so many hours each."""
        life, when = self._life, _noon(day)
        notice = life.pen.say(
            Kind.NOTICE,
            "prisons",
            when,
            ("prisons", HUB),
            topic="break-glass",
            subject=life.pen.hexes(32),
        )
        for hours, person in zip(
            reviews, life.cast.custodians["prisons"], strict=False
        ):
            life.pen.say(
                Kind.REVIEW,
                person,
                when + hours * HOUR,
                ("prisons",),
                answers=notice.hash,
                subject="break-glass",
                pairs=0,
                agreed=0,
                result=notice["subject"],
            )
        return notice

    def _unreviewed(self) -> None:
        for day in (30, 90, 330):
            self._glass(day, (20, 30))
        alone = self._glass(150, (20,))
        self._glass(260, (60, 70))
        upon = self._glass(261, (5, 6))
        self._plant("unreviewed", "prisons", alone.hash)
        self._plant("unreviewed", "prisons", upon.hash)

    def _lift(self, officer: Officer, day: int, queries: int) -> Statement:
        """A superior lifts an officer's budget; the prisons' custodian countersigns."""
        pen, when, superior = self._life.pen, _noon(day), officer.approvers[0]
        logs = (superior.partition("/")[0], HUB, *HOLDERS)
        budget = pen.say(
            Kind.BUDGET,
            superior,
            when,
            logs,
            seconds=7 * DAY,
            scope="officer",
            subject=officer.person.partition("/")[2],
            queries=queries,
            until=when + 7 * DAY,
        )
        pen.say(
            Kind.APPROVAL,
            self._life.cast.custodians["prisons"][0],
            when + 2 * HOUR,
            logs,
            answers=budget.hash,
            subject="budget",
            side="holder",
            slot="budget",
            fields=[],
            policy="",
        )
        return budget

    def _lifted(self) -> None:
        for day in (40, 170, 300):
            self._lift(self._cast.officers[day % 7], day, 80)
        much = next(self._free)
        self._plant("lifted", much.person, self._lift(much, 111, 450).hash)
        often = next(self._free)
        events = [self._lift(often, 200 + 9 * n, 100).hash for n in range(4)]
        self._plant("lifted", often.person, *events)

    def _sweep(self, day: int, count: int, gap: int, spent_from: int) -> None:
        life, officer = self._life, next(self._free)
        case, events = life.pen.hexes(32), []
        for number in range(count):
            when = _noon(day) + number * gap
            spent = number >= spent_from
            told = life.search(officer, when, case=case, spent=spent)
            events.append(told.query.hash)
        self._plant("sweeps", officer.person, *events)

    def _sweep_of_variants(self) -> None:
        """One suspect with a detail varied: after five the targets refuse."""
        self._sweep(77, 9, 25 * 60, 5)

    def _sweep_of_a_case(self) -> None:
        """Ten people, one case, one afternoon."""
        self._sweep(222, 10, 20 * 60, 99)


def _noon(day: int) -> int:
    """Half past ten of a working day about `day`."""
    day += day % 7 == 2
    return START + day * DAY + 10 * HOUR + HOUR // 2
