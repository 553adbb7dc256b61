"""The officers of a grid who ask and decide all day, and what is counted of them.

Every query is to be answered by every target that runs, and one that doesn't run is to
be shown as such. Whatever else comes back is noted with the hour it came in.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from childgrid_wire.errors import WireError
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR, SUSPECT
from process.arms import suspect
from process.players import SECONDS, Case, Cast
from process.yardstick import AGENCIES, Grid

TARGETS = ("customs", "prisons")
ANSWERED = ("hit", "none")
Known = Mapping[str, Sequence[str]]
_WAIT_MS = 5_000


@dataclass
class Count:
    """What came of all that was asked."""

    asked: list[str] = field(default_factory=list)
    """Queries that a supervisor approved, by hash."""

    answered: int = 0
    """Answers of targets, hit or no hit."""

    offline: int = 0
    """Targets that did not run, and were shown as offline."""

    failed: list[str] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    """What else was done, by a word for it."""

    @property
    def disclosed(self) -> int:
        """Cases in which a record was released."""
        return sum(one.granted for one in self.cases)


@dataclass
class Crew:
    """The officers at their desks, from the morning on."""

    grid: Grid
    chance: random.Random
    count: Count = field(default_factory=Count)
    cast: Cast = field(init=False)

    def sit_down(self) -> None:
        """Begin a day, with desk passes for a day."""
        for name in AGENCIES:
            (self.grid.folder / name / "desk.pass").unlink(missing_ok=True)
        self.cast = Cast.of(self.grid)

    def rise(self) -> None:
        """End the day."""
        for desk in (
            self.cast.asker,
            self.cast.supervisor,
            *self.cast.custodians.values(),
        ):
            desk.close()

    def query(
        self,
        known: Known | None = None,
        targets: Sequence[str] = TARGETS,
        absent: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Ask for somebody, or somebody new; returns the answers by target."""
        name = self.ask(known or suspect(self.chance), targets)
        return self.answers(name, targets, absent)

    def ask(self, known: Known, targets: Sequence[str]) -> str:
        """Ask, and have it approved; returns the query's hash."""
        query = self.cast.asker.ask(
            {key: list(value) for key, value in known.items()},
            purpose="investigation",
            sections=[SECTIONS[0]],
            case=FIR,
            targets=list(targets),
        )
        self.cast.supervisor.approve(query)
        self.count.asked.append(query)
        return query

    def answers(
        self, query: str, targets: Sequence[str], absent: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Wait until all have answered, and the absent are said to be offline."""
        shown: dict[str, Any] = {}

        def done() -> bool:
            wait = 0 if absent else _WAIT_MS
            shown.update(self.cast.asker.look("answers", query, wait)["targets"])
            return all(_is_due(shown[name], name in absent) for name in targets)

        try:
            until("the query is answered", SECONDS, done, 0.2)
        except (TimeoutError, WireError) as error:
            self.note(f"{_told(shown)} {error}")
            return shown
        self.count.offline += len(absent)
        self.count.answered += len(targets) - len(absent)
        return shown

    def come_back(self, query: str, target: str) -> None:
        """Wait for the answer of a target that did not run when it was asked."""
        self.answers(query, [target])

    def await_outcome(self, known: Known, holder: str, outcome: str) -> None:
        """Ask until a holder's index is as its source is now."""

        def seen() -> bool:
            shown = self.query(known, [holder])
            return bool(shown[holder].get("outcome") == outcome)

        try:
            until(f"{holder} answers {outcome}", SECONDS, seen, 0.5)
        except TimeoutError as error:
            self.note(str(error))

    def case(
        self, holder: str, *, granted: bool = True, known: Known = SUSPECT
    ) -> Case:
        """Play a case from the question to the record, or to its refusal."""
        case = self.open(holder, granted=granted, known=known)
        self.end(case)
        return case

    def open(
        self, holder: str, *, granted: bool = True, known: Known = SUSPECT
    ) -> Case:
        """A case up to its custodian's decision."""
        case = Case(holder, granted)
        case.query = self.ask(known, [holder])
        handle = self.cast.await_handle(case)
        self.count.answered += 1
        self.cast.request(case, handle)
        self.cast.decide(case)
        return case

    def end(self, case: Case) -> None:
        """Wait for a case's record, or for its refusal."""
        case.record = self.cast.await_end(case)
        self.count.cases.append(case)

    def acquit(self, case: Case) -> None:
        """The court has acquitted; the custodian takes the record out of the index."""
        self.cast.asker.outcome(case.request, "acquitted")
        custodian = self.cast.custodians[case.holder]

        def waits(shown: dict[str, Any]) -> str | None:
            found = [x for x in shown["outcomes"] if x["request"] == case.request]
            return str(found[0]["hash"]) if found else None

        outcome = custodian.await_look("inbox", "", waits)
        custodian.purge(outcome, out=True)
        self.count.acts["acquitted"] += 1

    def note(self, fault: str) -> None:
        """Something that must not be, with the time at which it was seen."""
        now = dt.datetime.fromtimestamp(int(time.time()), dt.UTC)
        self.count.failed.append(f"{now:%d %b %H:%M} {fault}")


def _is_due(answer: dict[str, Any], absent: bool) -> bool:
    """Whether a target shows what it must: an answer, or that it isn't there."""
    if absent:
        return answer["outcome"] == "not answered" and answer.get("state") == "offline"
    return answer["outcome"] in ANSWERED


def _told(shown: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}: {one['outcome']} {one.get('state', '')} {one.get('reason', '')}"
        for name, one in shown.items()
    )
