"""Two releases on one grid: upgraded and rolled back, process by process, under load.

The earlier release is taken from the history (`earlier`) and runs in the same
environment. A process is stopped, its databases are migrated by today's `migrate`, and
it is started again as the other release, as an operator would; a holder that goes back
indexes by the earlier release. Officers ask all the
while. Counted is every query that was not answered by every holder in the end; that a
holder is shown as away while it restarts is stated to the asker and counted apart.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from childgrid_node.normalise import fingerprint
from childgrid_node.refresh import Progress
from childgrid_wire.errors import WireError
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR
from deploy.yard import HUB
from process.arms import suspect
from process.players import Case, Cast, Patient
from process.reckoning import await_receipts, reckon
from process.rotation import ANSWERED, TARGETS
from process.yardstick import SECONDS, SERVERS, STATION, Grid

FIRST = "0001"
"""The schemas of the earlier release."""

NEW, OLD = "new", "old"
_PROGRAMS = {
    HUB: ("childgrid_coordinator", "coordinator.toml"),
    STATION: ("childgrid_audit", "station.toml"),
}
_NODE = ("childgrid_node", "node.toml")
_WAIT_MS = 500
_LEAST = 2
"""Queries that must have been answered between two steps."""


@dataclass
class Fleet:
    """The processes of a grid, and the release that each of them runs."""

    grid: Grid
    earlier: Mapping[str, str]
    """What makes a program run the earlier release."""

    runs: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVERS, NEW))
    turned: Counter[str] = field(default_factory=Counter)

    def settle(self, releases: Mapping[str, str]) -> None:
        """Give each process, none of which runs yet, its release; all of them start."""
        # The new ones are what the grid was founded with.
        back = [name for name, release in releases.items() if release == OLD]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._give, back, [OLD] * len(back)))
        self.grid.start()

    def turn(self, name: str, release: str) -> None:
        """Stop a process, migrate its databases, start it as another release."""
        status = self.grid.process(name).stop()
        assert status == 0, f"{name} ended with {status}"
        self._give(name, release)
        process = self.grid.process(name)
        process.environment = self.grid.environments[name]
        process.start()
        self.grid.ready(name)
        if release == NEW and name in TARGETS:
            until(
                f"{name} has read its register anew", SECONDS, lambda: self._new(name)
            )
        self.turned[release] += 1

    def _new(self, name: str) -> bool:
        """Whether what a holder serves was read by today's rules."""
        found = (self.grid.folder / name / "state" / "index").glob("*/*.progress")
        known = [Progress.read(one) for one in found]
        return bool(known) and all(p and p.rules == fingerprint() for p in known)

    def _give(self, name: str, release: str) -> None:
        back = release == OLD
        migrate(self.grid, name, FIRST if back else "")
        self.grid.environments[name] = dict(self.earlier) if back else {}
        self.runs[name] = release
        if back and name in TARGETS:
            # It would refuse to disclose what a later release has read otherwise.
            _run(self.grid, name, ["index"], self.earlier)


def migrate(grid: Grid, name: str, to: str = "") -> str:
    """Run today's `migrate` of a program that doesn't run; returns what it said."""
    return _run(grid, name, ["migrate", *(["--to", to] if to else [])], {})


def _run(
    grid: Grid, name: str, words: Sequence[str], environment: Mapping[str, str]
) -> str:
    package, settings = _PROGRAMS.get(name, _NODE)
    config = ["--config", str(grid.folder / name / settings)]
    done = subprocess.run(
        [sys.executable, "-m", package, *words, *config],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return done.stdout


@dataclass
class Traffic:
    """What officers have asked, and what became of it."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stated: Counter[str] = field(default_factory=Counter)
    """Queries that at some moment showed a holder as this, by what was shown."""

    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, faults: Sequence[str], stated: set[str]) -> None:
        """One query is over."""
        with self.lock:
            self.answered += not faults
            self.failed += faults
            self.stated.update(stated)

    def await_more(self) -> None:
        """Wait until some more were answered."""
        wanted = self.answered + _LEAST

        def enough() -> bool:
            return self.answered >= wanted or bool(self.failed)

        until("queries are answered", SECONDS, enough)


def ask(officer: Patient, supervisor: Patient, chance: random.Random) -> set[str]:
    """Ask for somebody new and wait for every holder; returns what was stated of one
    that had not answered yet.

    Raises:
        WireError: a party has refused. TimeoutError: a holder never answered.
    """
    stated = set[str]()
    query = officer.ask(
        suspect(chance),
        purpose="investigation",
        sections=[SECTIONS[0]],
        case=FIR,
        targets=list(TARGETS),
    )
    supervisor.approve(query)

    def answered() -> bool:
        shown = officer.look("answers", query, _WAIT_MS)["targets"]
        waiting = {
            f"{one['outcome']} {one.get('state', '')}".strip()
            for one in shown.values()
            if one["outcome"] not in ANSWERED
        }
        stated.update(waiting)
        return not waiting

    until(f"every holder answers {query[:12]}", SECONDS, answered, 0.02)
    return stated


@contextmanager
def under_traffic(grid: Grid, threads: int) -> Iterator[Traffic]:
    """Officers of the police ask in so many threads until the block ends."""
    traffic, ended = Traffic(), threading.Event()

    def work(number: int) -> None:
        chance = random.Random(number)
        desks = [grid.desk("police", one) for one in ("si-rao", "sp-nair")]
        while not ended.is_set():
            try:
                traffic.count((), ask(*desks, chance))
            except (WireError, TimeoutError, AssertionError) as error:
                traffic.count([f"{type(error).__name__}: {error}"], set())

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work, number) for number in range(threads)]
        try:
            yield traffic
        finally:
            ended.set()
    for one in running:
        one.result()


def played(cast: Cast, fleet: Fleet, holder: str) -> Case:
    """A case from the question to the record, which must hold what was asked for."""
    case = cast.play(Case(holder))
    assert case.record, f"no record of {holder} with {fleet.runs}"
    return case


def roll(
    grid: Grid, earlier: str, env: Mapping[str, str], rounds: int
) -> dict[str, Any]:
    """Upgrade and roll back the whole grid so many times, under traffic.

    The coordinator first, as operators are told to; back in the opposite order.
    """
    # Desk passes are made by today's release, while its databases are there.
    fleet, cast, cases = Fleet(grid, env), Cast.of(grid), list[Case]()
    fleet.settle(dict.fromkeys(SERVERS, OLD))
    order = (HUB, STATION, *(name for name in SERVERS if name not in (HUB, STATION)))
    with under_traffic(grid, 2) as traffic:
        for _ in range(rounds):
            for release, names in ((NEW, order), (OLD, tuple(reversed(order)))):
                for name in names:
                    fleet.turn(name, release)
                    traffic.await_more()
                    cases += [played(cast, fleet, one) for one in TARGETS]
        for name in order:
            fleet.turn(name, NEW)
        cases.append(played(cast, fleet, TARGETS[0]))
    await_receipts(grid, cases)
    statuses = grid.stop()
    return {
        "rounds": rounds,
        "earlier": earlier,
        "turned": dict(fleet.turned),
        "answered": traffic.answered,
        "failed": traffic.failed,
        "stated": dict(traffic.stated),
        "cases": len(cases),
        "ended": {name: status for name, status in statuses.items() if status},
        "counts": reckon(grid, cases),
    }


def wrongs(found: Mapping[str, Any]) -> list[str]:
    """What `roll` found that must not be."""
    wrong = [f"query failed: {one}" for one in found["failed"]]
    wrong += [f"{name} ended {status}" for name, status in found["ended"].items()]
    return wrong
