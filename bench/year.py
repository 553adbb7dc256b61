"""A synthetic year of searches with planted abuses, and what the workbench finds.

    python -m bench.year --queries 100000 --json OUT     what is found, false alarms
    python -m bench.year --queries 100000 --pages        and how long each page takes
    python -m bench.year --queries 600 --bundle DIR      an exported bundle to look at

`found` counts planted abuses that their pattern flags with the right person (and
deeds). A flag that names nobody planted is a false alarm; one that names a planted
person under another pattern is counted apart. The year is invented: it shows that the
patterns work, not how often they would be right about real people.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import year_bundle, year_pages, year_pen
from bench.year_abuse import Abuse, Planter
from bench.year_cast import DAYS, NOW, Cast, muster
from bench.year_life import Life
from bench.year_pen import Pen
from childgrid_audit.events import Ledger
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.gather import gather
from childgrid_audit.workbench.patterns import PATTERNS, find
from childgrid_audit.workbench.work import work_out

SEED = 20_270_101
_QUERIES_AN_OFFICER = 150
_FEWEST_OFFICERS = 100
_REFUSED = 0.02


@dataclass
class Year:
    """A year that has been lived: its people, what they said, what was planted."""

    cast: Cast
    pen: Pen
    truth: list[Abuse]

    def ledger(self) -> Ledger:
        """The short path; see `year_pen.ledger`."""
        return year_pen.ledger(self.cast, self.pen)


def live(queries: int, seed: int = SEED, now: int = NOW) -> Year:
    """Live a year of about this many queries; the same seed gives the same year.

    What is said after `now` (Unix seconds) is left out.
    """
    rng = random.Random(seed)
    officers = max(_FEWEST_OFFICERS, queries // _QUERIES_AN_OFFICER)
    cast = muster(officers, rng)
    cast.forget(now)
    pen = Pen(rng, now)
    life = Life(cast, pen, rng)
    planter = Planter(life)
    planter.habits()
    paces = [one.pace for one in cast.officers]
    for officer in rng.choices(cast.officers, paces, k=queries):
        last = DAYS // 2 - 15 if officer.person in cast.swapped else DAYS
        when = life.moment(officer.night, last=last)
        if rng.random() < _REFUSED:
            life.rejected(officer, when)
        else:
            life.follow(life.search(officer, when))
    planter.deeds()
    return Year(cast, pen, planter.planted)


def finds(flag: Flag, abuse: Abuse) -> bool:
    """Whether a flag is about a planted abuse."""
    same = (flag.pattern, flag.who) == (abuse.pattern, abuse.who)
    return same and (not abuse.events or bool({*abuse.events} & {*flag.events}))


def judge(flags: Sequence[Flag], truth: Sequence[Abuse]) -> dict[str, Any]:
    """What was found and missed, and the false alarms by pattern."""
    missed = [one for one in truth if not any(finds(flag, one) for flag in flags)]
    planted = {name for one in truth for name in one.who.split(" + ")}
    spare = [flag for flag in flags if not any(finds(flag, one) for one in truth)]
    false = [flag for flag in spare if not planted & {*flag.who.split(" + ")}]
    return {
        "planted": len(truth),
        "found": len(truth) - len(missed),
        "missed": [asdict(one) for one in missed],
        "flags": len(flags),
        "false_alarms": len(false),
        "false_alarms_by_pattern": _counted(false),
        "other_flags_of_planted_persons": _counted(
            [flag for flag in spare if flag not in false]
        ),
    }


def _counted(flags: Sequence[Flag]) -> dict[str, int]:
    counts = Counter(flag.pattern for flag in flags)
    return {name: counts[name] for name in PATTERNS if counts[name]}


def measure(queries: int, seed: int = SEED, pages: bool = False) -> dict[str, Any]:
    """Live a year by the short path and let every pattern run over it.

    `pages` also works everything out and asks for every kind of page.
    """
    seconds = _Watch()
    year = live(queries, seed)
    seconds.lap("living")
    ledger = year.ledger()
    seconds.lap("ledger")
    book = gather(ledger)
    seconds.lap("gathering")
    flags = find(book)
    seconds.lap("patterns")
    found = {
        "queries": len(book.searches),
        "statements": len(year.pen.said),
        "officers": len(year.cast.officers),
        "seed": seed,
        **judge(flags, year.truth),
    }
    if pages:
        work = work_out("year", ledger)
        seconds.lap("everything for the pages")
        found["pages"] = year_pages.measure(work)
    machine = platform.processor() or platform.machine()
    return {**found, "seconds": seconds.laps, "machine": machine}


class _Watch:
    """Seconds since the lap before, by name."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 2)
        self._last = now


def write(year: Year, folder: Path) -> None:
    """Write the year as a bundle, and what was planted beside it."""
    for path, data in year_bundle.files(year.cast, year.pen).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    beside = folder.with_name(f"{folder.name}.truth.json")
    truth = [asdict(one) for one in year.truth]
    beside.write_text(json.dumps(truth, indent=2) + "\n")


def main() -> None:
    """Measure and print, or write a bundle; `--json` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.year", description=__doc__)
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.bundle:
        year = live(arguments.queries, arguments.seed)
        write(year, arguments.bundle)
        print(f"{arguments.bundle}: root {year.cast.root}")
        return
    found = measure(arguments.queries, arguments.seed, arguments.pages)
    text = json.dumps(found, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
