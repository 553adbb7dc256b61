"""A grid under attack by one of its own members, and what the others notice.

`raiders` join a running grid with officers, keys and a node of their own, and flood the
coordinator and a holder (`raider`). Meanwhile the police ask. Counted: what the
attacker got taken and what the holder counted against it, how much memory its targets
took, how often the police were not answered; measured: how long their answers took
against a quiet time in the same run.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_authority import directory, floor
from childgrid_authority.authority import Authority
from childgrid_portal.desk import Desk
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.shelf import Shelf
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR
from deploy.yard import HUB, Person, Plan
from process import arms
from process.arms import suspect
from process.reckoning import log_path, rows
from process.yardstick import SCHEME, SECONDS, Grid

RAIDERS = "raiders"
TARGET = "customs"
ASKER = "police"
WATCHED = (HUB, TARGET)
KINDS = ("slow", "garbage", "oversized", "signatures", "queries")
COUNTED = ("signatures", "queries")
"""Attacks that end by themselves, after as many calls as they were told."""

_STAFF = (
    Person("si-raid", "investigator", 30),
    Person("sp-raid", "supervising-officer", 60),
)
MOST_MIB = 256.0
"""Thirty-two calls of one peer at hand with 4 MiB each, and as much again."""

MOST_SLOWER = 3.0
"""How many times their quiet p99 the others' may become."""

_WAIT_MS = 30_000
_ENOUGH = 3


@dataclass
class Siege:
    """A running grid with the raiders in it."""

    grid: Grid
    chance: random.Random = field(default_factory=lambda: random.Random(5))

    def join(self, budget: int) -> None:
        """The raiders join and serve; every budget of the floor becomes `budget`."""
        yard, grid = self.grid.yard, self.grid
        yard.authority = Authority(grid.folder / "authority")
        empty = grid.folder / "nothing"
        empty.mkdir()
        plan = Plan(RAIDERS, "Raiders", "police-record", False, (), _STAFF, True, False)
        config = yard.prepare(plan, empty)
        sections = " ".join(SECTIONS)
        line = f"{FIR},fir,si-raid,investigating-officer,{sections}"
        yard.cases(RAIDERS, [line])
        (fingerprint,) = yard.enrol([config])
        yard.admit()
        yard.confirm(RAIDERS, "00" * 32)
        yard.settle([config])
        wrappers = [grid.configs[one] for one in (ASKER, TARGET)]
        yard.wrap(wrappers, config, fingerprint)
        yard.settle([config])
        yard.enact(self._floor(budget))
        yard.serve(config)
        yard.await_documents(RAIDERS, [TARGET])
        self._await_floor(budget)

    def _floor(self, budget: int) -> list[Any]:
        scopes = ("officer_queries_day", "case_queries_day", "agency_queries_day")
        body = {**floor.parse(floor.default()), **dict.fromkeys(scopes, budget)}
        return directory.set_floor(
            self.grid.yard.authority.book, body, int(time.time())
        )

    def _await_floor(self, budget: int) -> None:
        def known() -> bool:
            now = int(time.time())
            books = [
                Shelf.open(self.grid.folder / name / "state" / "documents").book
                for name in (ASKER, TARGET, RAIDERS)
            ]
            limits = [one.latest(now).rules()["agency_queries_day"] for one in books]
            return set(limits) == {budget}

        until("everybody has the new floor", SECONDS, known)

    @contextmanager
    def attack(self, kind: str, number: int) -> Iterator[Raid]:
        """Flood inside the block; ends with it, or when `number` calls are made."""
        folder = self.grid.folder
        path = folder / f"raid-{kind}.json"
        yard = self.grid.yard
        arms.Plan(
            kind=kind,
            number=number,
            member=RAIDERS,
            folder=str(folder / RAIDERS),
            secrets=str(folder / "secrets"),
            hub=HUB,
            addresses={name: yard.address(name) for name in (HUB, TARGET)},
            target=TARGET,
            scheme=SCHEME,
            section=SECTIONS[0],
        ).write(path)
        process = subprocess.Popen(
            [sys.executable, "-m", "process.raider", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        raid = Raid(process)
        try:
            raid.begin()
            yield raid
            raid.end(wait=kind in COUNTED)
        finally:
            process.kill()
            process.wait()

    def ask(self, times: int) -> Asked:
        """The police ask `times` times, one by one, each about somebody new."""
        officer = self._desk("si-rao")
        supervisor = self._desk("sp-nair")
        asked = Asked()
        for _ in range(times):
            try:
                asked.spent.append(self._timed(officer, supervisor))
            except WireError as error:
                asked.failed.append(error.reason.value)
                if len(asked.failed) > _ENOUGH:
                    break
        return asked

    def _desk(self, officer: str) -> Desk:
        return self.grid.yard.desk(self.grid.configs[ASKER], officer)

    def _timed(self, officer: Desk, supervisor: Desk) -> float:
        """Milliseconds from handing in the approval to the holder's answer."""
        query = officer.ask(
            suspect(self.chance),
            purpose="investigation",
            sections=[SECTIONS[0]],
            case=FIR,
            targets=[TARGET],
        )
        approval = supervisor.signed_approval(query)
        start = time.perf_counter()
        supervisor.hand_in(approval)
        shown = officer.look("answers", query, _WAIT_MS)["targets"][TARGET]
        spent = time.perf_counter() - start
        if shown["outcome"] not in ("hit", "none"):
            raise Refused(Reason(shown.get("reason") or "deadline"))
        return spent * 1_000

    def counted(self) -> int:
        """Queries that the holder has counted against the raiders."""
        sql = "SELECT sum(queries) FROM used WHERE scope = 'agency' AND subject = ?"
        ((number,),) = rows(log_path(self.grid, TARGET), sql, (RAIDERS,))
        return int(number or 0)

    def memory(self) -> dict[str, float]:
        """The most memory that each watched process has had at a time, MiB."""
        return {name: _peak(self.grid.yard.processes[name].pid) for name in WATCHED}


class Raid:
    """A raider's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.ended: dict[str, int] = {}

    def begin(self) -> None:
        """Wait until it has opened its keys and begins."""
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the raider did not begin")

    @property
    def under_way(self) -> bool:
        """Whether it still attacks."""
        return self._process.poll() is None

    def end(self, *, wait: bool) -> None:
        """Take its counts; tell it to stop first, unless it stops by itself."""
        assert self._process.stdin
        assert self._process.stdout
        if not wait:
            self._process.stdin.close()
        self.ended = json.loads(self._process.stdout.readline())


@dataclass
class Asked:
    """How long the answered queries took (ms), and why others were not answered."""

    spent: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def p99(self) -> float:
        """The 99th percentile, ms."""
        some = self.spent if len(self.spent) > 1 else [0.0, 0.0]
        return statistics.quantiles(some, n=100, method="inclusive")[98]


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system tells no peak of memory")


def besiege(
    grid: Grid, asks: int, numbers: dict[str, int], kinds: Sequence[str] = KINDS
) -> dict[str, Any]:
    """Everything in turn; `asks` police queries quiet, and as many in each attack."""
    siege, budget = Siege(grid), (2 + len(kinds)) * asks + 3
    siege.join(budget)
    siege.ask(3)
    before, quiet = siege.memory(), siege.ask(asks)
    attacks = {}
    for kind in kinds:
        with siege.attack(kind, numbers.get(kind, 0)) as raid:
            asked = siege.ask(asks)
            lasted = raid.under_way
        attacks[kind] = (raid, asked, lasted)
    after = siege.memory()
    return {
        "budget": budget,
        "taken": attacks["queries"][0].ended.get("taken", 0),
        "counted": siege.counted(),
        "grown_mib": {name: round(after[name] - before[name], 1) for name in WATCHED},
        "memory_mib": {name: round(after[name], 1) for name in WATCHED},
        "asked": asks,
        "quiet_p99_ms": round(quiet.p99(), 1),
        "attacks": {
            kind: {
                "ended": raid.ended,
                "p99_ms": round(asked.p99(), 1),
                "ratio": round(asked.p99() / quiet.p99(), 2),
                "not_answered": asked.failed,
                "lasted": lasted,
            }
            for kind, (raid, asked, lasted) in attacks.items()
        },
    }


def wrongs(found: dict[str, Any]) -> list[str]:
    """What `besiege` found that must not be; the soak fails by it."""
    wrong = [] if found["taken"] == found["counted"] == found["budget"] else ["budget"]
    wrong += [f"{n}: memory" for n, mib in found["grown_mib"].items() if mib > MOST_MIB]
    for kind, one in found["attacks"].items():
        wrong += [f"{kind}: not answered"] * bool(one["not_answered"])
        wrong += [f"{kind}: p99 × {one['ratio']}"] * (one["ratio"] >= MOST_SLOWER)
    return wrong
