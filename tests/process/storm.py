"""Killing processes of a running grid at random moments while cases are played.

SIGKILL is what a power cut, the kernel's memory killer and a panicking operator have in
common. The moment is random, the seed is not: it is printed and repeats the round's
choices, though not the scheduler's.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from deploy.yard import HUB
from process.players import CUSTODIANS, Case, Cast
from process.yardstick import STATION, Grid

KINDS = ("coordinator", "asking node", "holding node", "auditor's station")
_GRANTED = 0.75
_AGAIN = 0.2


def victim(kind: str, case: Case) -> str:
    """Which process a kind means in a case."""
    named = {"coordinator": HUB, "asking node": "police", "auditor's station": STATION}
    return named.get(kind, case.holder)


@dataclass
class Strike:
    """One process is killed after a while and started again at once.

    Now and then it is killed a second time, perhaps before it has started up.
    """

    grid: Grid
    name: str
    delays: tuple[float, ...]
    faults: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Strike:
        """Strike in a thread of its own while the block runs."""
        self._thread = threading.Thread(target=self._run, name="strike")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until the process is back; raises what kept it from starting."""
        self._thread.join()
        if self.faults:
            raise self.faults[0]

    def _run(self) -> None:
        # The moment itself is what is random here; nothing is awaited by it.
        moment = threading.Event()
        try:
            for delay in self.delays:
                moment.wait(delay)
                self.grid.restart(self.name, kill=True)
            self.grid.ready(self.name)
        except BaseException as fault:
            self.faults.append(fault)


def rage(
    grid: Grid, cast: Cast, rounds: int, seed: int
) -> tuple[list[Case], dict[str, int]]:
    """Play `rounds` cases and kill one process in each; returns cases and kills."""
    rng = random.Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(rounds)]
    rng.shuffle(kinds)
    cases = [cast.play(Case(holder)) for holder in CUSTODIANS]
    begun = time.monotonic()
    cases.append(cast.play(Case("customs")))
    span = time.monotonic() - begun
    kills: Counter[str] = Counter()
    for kind in kinds:
        case = Case(rng.choice(sorted(CUSTODIANS)), rng.random() < _GRANTED)
        delays: tuple[float, ...] = (rng.uniform(0, span),)
        if rng.random() < _AGAIN:
            delays += (rng.uniform(0, 2.0),)
        strike = Strike(grid, victim(kind, case), delays)
        with strike:
            cases.append(cast.play(case))
        kills[kind] += len(delays)
    return cases, dict(kills)
