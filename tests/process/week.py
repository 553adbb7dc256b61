"""Days in the life of a grid, under a wall clock that is put forward hour by hour.

    python -m process.week PLAN OUT

Real processes with real keys and mutual TLS, all of them, and this one, by the same
clock. Each hour somebody asks; each day cases are decided, registers change, an agency
is away for two hours, and every process is killed and started again. A whole week has
its chapters beside that: see `week_chapters`. What was counted goes to OUT as JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from childgrid_wire import keyfile
from deploy.processes import until
from deploy.sample.make import make
from deploy.stations import Stations
from deploy.yard import HUB
from process import week_chapters as chapters
from process import week_end, yardstick
from process.rotation import Founders
from process.storm import Strike
from process.wall import HOUR, Wall
from process.week_crew import Crew
from process.week_grid import Certificates, Database, postgres, prepare, wake
from process.week_sizes import Sizes
from process.week_sources import Customs, Person, Prisons, limit
from process.yardstick import SECONDS, STATION, Grid

SEED = 20_261_129
_RULES = {"query_seconds": 24 * HOUR, "request_seconds": 48 * HOUR}
"""Searches live for a day, so that an epoch can be retired within the week."""

_STRIKES = {2: HUB, 6: "police", 10: "customs", 16: "prisons", 18: STATION}
"""In which hour which process is killed."""

_DELAYS = (0.0, 0.3)
"""How soon in the hour a process is killed: seconds, at random."""

_AWAY, _BACK = 13, 15


@dataclass(frozen=True)
class Plan:
    """How many days; with `template` a day of a grid that was founded already."""

    folder: str
    days: int
    template: str = ""

    def write(self, path: Path) -> None:
        """Write it as a file."""
        path.write_text(json.dumps(asdict(self)))


def run(plan: Plan) -> dict[str, Any]:
    """Let those days pass in a process under the clock; returns what was counted.

    Raises:
        CalledProcessError: something did not happen that had to; it has been printed.
    """
    folder = Path(plan.folder)
    plan.write(folder / "plan.json")
    clock = Wall(folder / "clock")
    command = [sys.executable, "-m", "process.week", "plan.json", "found.json"]
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        env={
            **os.environ,
            **clock.environment,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


@dataclass
class Week:
    """A grid, its clock, and everybody who does something to it."""

    grid: Grid
    wall: Wall
    database: Database | None = None
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    day: int = 0
    now: int = 0
    """The hour of the day."""

    known: dict[str, Any] = field(default_factory=dict)
    """What was done last, by name, and what came of it."""

    def __post_init__(self) -> None:
        self.crew = Crew(self.grid, self.chance)
        self.sizes = Sizes(self.grid, self.database.url if self.database else "")
        self.certificates = Certificates(self.grid)
        self.founders = Founders(self.grid)
        self.stations = Stations(self.grid.yard, [STATION])
        self.customs, self.prisons = Customs(self.grid), Prisons(self.grid)

    def pass_day(self, chapters_: Mapping[int, Callable[[Week], object]]) -> None:
        """One day, with chapters in some of its hours."""
        self.crew.sit_down()
        for hour in range(24):
            self.wall.forward(HOUR)
            for work in (_DAY.get(hour), chapters_.get(hour), Week.hour):
                if work is not None:
                    self._do(work, hour)
        self.sizes.take()
        self.crew.rise()
        self.day += 1
        print(f"day {self.day}: {len(self.crew.count.asked)} queries", flush=True)

    def _do(self, work: Callable[[Week], object], hour: int) -> None:
        """Do it; what does not come to its end is noted, and the day goes on."""
        self.now = hour
        try:
            self.known[work.__name__] = work(self)
        except Exception as fault:
            traceback.print_exc(file=sys.stdout)
            kind = type(fault).__name__
            self.crew.note(f"{work.__name__}: {kind} {fault}")

    def hour(self) -> None:
        """Somebody is asked for; perhaps a process is killed meanwhile."""
        hour = self.now
        away = [self._away] if _AWAY <= hour < _BACK else []
        victim = _STRIKES.get(hour)
        if victim is None:
            self.crew.query(absent=away)
        else:
            with Strike(self.grid, victim, (self.chance.uniform(*_DELAYS),)):
                self.crew.query()
            self.crew.count.acts[f"killed {victim}"] += 1
        self.certificates.look(*away)

    @property
    def _away(self) -> str:
        return ("customs", "prisons")[self.day % 2]

    def leave(self) -> None:
        """An agency stops for two hours; what it is asked meanwhile waits for it."""
        assert self.grid.process(self._away).stop() == 0
        person = Person.new(self.chance)
        self.known["waiting"] = self.crew.ask(person.at_customs, [self._away])

    def come_back(self) -> None:
        """It starts again, and answers."""
        wake(self.grid)
        self.crew.come_back(self.known["waiting"], self._away)

    def arrive(self) -> None:
        """Somebody new stands in customs' register."""
        person = self.known["traveller"] = Person.new(self.chance)
        self.customs.put(self._key("AP"), person)
        self._seen(person, "inserted")

    def rename(self) -> None:
        """The row was another's: it says somebody else from now on."""
        before = self.known["traveller"]
        person = self.known["traveller"] = Person.new(self.chance)
        self.customs.put(self._key("AP"), person)
        self._seen(person, "changed")
        self.crew.await_outcome(before.at_customs, "customs", "none")

    def depart(self) -> None:
        """The row is taken out."""
        self.customs.drop(self._key("AP"))
        person = self.known["traveller"]
        self.crew.await_outcome(person.at_customs, "customs", "none")
        self.crew.count.acts["rows deleted"] += 1

    def _seen(self, person: Person, how: str) -> None:
        self.crew.await_outcome(person.at_customs, "customs", "hit")
        self.crew.count.acts[f"rows {how}"] += 1

    def acquit(self) -> None:
        """A prisoner is found, disclosed, acquitted, and then found no more."""
        person = Person.new(self.chance)
        self.prisons.put(self._key("PID"), person)
        self.crew.await_outcome(person.in_prison, "prisons", "hit")
        self.crew.count.acts["rows inserted"] += 1
        case = self.crew.case("prisons", known=person.in_prison)
        self.crew.acquit(case)
        self.crew.await_outcome(person.in_prison, "prisons", "none")

    def _key(self, prefix: str) -> str:
        return f"{prefix}-9{self.day:05d}"

    def crash_database(self) -> None:
        """The coordinator's database fails under a query."""
        assert self.database is not None
        query = self.crew.ask(Person.new(self.chance).at_customs, ["customs"])
        self.database.crash()
        self.crew.answers(query, ["customs"])
        until("it is held again", SECONDS, lambda: not self.database.is_free())
        self.crew.count.acts["database crashed"] += 1

    def found(self) -> dict[str, Any]:
        """End everything; what was counted."""
        audited = week_end.audit(self)
        turned = chapters.turnover(self)
        statuses = self.grid.stop()
        count = self.crew.count
        return {
            "days": self.day,
            "asked": len(count.asked),
            "answered": count.answered,
            "offline_as_stated": count.offline,
            "failed": count.failed,
            "disclosed": count.disclosed,
            "refused": len(count.cases) - count.disclosed,
            "acts": dict(sorted(count.acts.items())),
            "certificates": self.certificates.numbers,
            "certificates_wrong": self.certificates.wrong,
            "turnover": turned,
            "audit": audited,
            "events": week_end.reckon(self),
            **self.sizes.tables(),
            "not_level": self.sizes.wrongs(),
            "statuses": statuses,
        }


def _granted(week: Week) -> None:
    week.crew.case("customs")


def _refused(week: Week) -> None:
    week.crew.case("prisons", granted=False)


_DAY: Mapping[int, Callable[[Week], None]] = {
    1: Week.arrive,
    4: _granted,
    5: Week.acquit,
    9: Week.rename,
    12: _refused,
    _AWAY: Week.leave,
    _BACK: Week.come_back,
    20: Week.depart,
}
"""What is done every day, by the hour."""


_CHAPTERS: Mapping[int, Mapping[int, Callable[[Week], object]]] = {
    0: {21: chapters.limited},
    1: {7: chapters.lapsed, 8: chapters.mended, 22: chapters.encode},
    2: {3: chapters.advance},
    3: {3: chapters.lists, 11: Week.crash_database},
    4: {3: chapters.shred, 22: chapters.outlived},
    5: {7: chapters.retire},
}
"""What happens once, by the day and the hour."""


def live(plan: Plan) -> dict[str, Any]:
    """Let the days pass; this process must run under the clock already."""
    wall, folder = Wall.ours(), Path(plan.folder)
    # Those who are to run by the clock are started with it; all others are not.
    del os.environ["LD_PRELOAD"]
    with ExitStack() as open_:
        short = bool(plan.template)
        database = None if short else open_.enter_context(postgres())
        template = Path(plan.template) if short else folder / "template"
        grid = _grid(template, folder / "grid", database)
        open_.callback(grid.stop)
        open_.push(_tell(grid))
        prepare(grid, wall, retention=not short)
        week = Week(grid, wall, database)
        if short:
            wake(grid)
        else:
            limit(folder / "grid" / "customs" / "sources" / "customs.toml")
            grid.yard.index(grid.configs["customs"])
            chapters.past(week)
        for day in range(plan.days):
            week.pass_day({} if short else _CHAPTERS.get(day, {}))
        return week.found()


def _tell(grid: Grid) -> Callable[..., None]:
    """Print what the processes have printed, where a week is cut short."""

    def tell(kind: type[BaseException] | None, *_: object) -> None:
        for path in sorted((grid.folder / "output").glob("*.txt")) if kind else ():
            print(path.name, path.read_text("utf-8", "replace")[-2_000:])

    return tell


def _grid(template: Path, folder: Path, database: Database | None) -> Grid:
    """A copy of the template, which is founded first where there is none."""
    if database is None:
        return yardstick.copy(
            template, make(folder.parent / "sample", rows=100), folder
        )
    keyfile.PASSES, keyfile.MEMORY_BYTES = 1, 2**16
    template.mkdir()
    sample = yardstick.found(template, database=database.url, rules=_RULES)
    return yardstick.copy(template, sample, folder)


def main() -> None:
    """Read the plan, live it, write what was counted."""
    plan, out = map(Path, sys.argv[1:])
    found = live(Plan(**json.loads(plan.read_text())))
    out.write_text(json.dumps({**found, "failures": week_end.wrongs(found)}, indent=1))


if __name__ == "__main__":
    main()
