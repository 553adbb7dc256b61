"""The linkage key is rotated while officers ask without a pause: nothing may fail.

The founders go the whole way by the functions behind their commands: ceremony beside
running nodes, accept, wait until every node says it is ready, advance, retire. Counted:
every query that was not answered by every target, and under which epoch each was asked.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from childgrid_authority import epochs
from childgrid_node import joining
from childgrid_node.config import load as load_node
from childgrid_portal.desk import Desk
from childgrid_wire import envelope, statement
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import WireError
from childgrid_wire.shelf import Shelf
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR
from deploy.yard import FOUNDERS
from process.arms import suspect
from process.expulsion import BUDGET
from process.reckoning import log_path, rows
from process.siege import RAIDERS, Siege
from process.yardstick import AGENCIES, SECONDS, Grid

TARGETS = ("customs", "prisons")
ANSWERED = ("hit", "none")
_WAIT_MS = 30_000
_LEAST = 5
"""Queries that must have been answered in each phase before the next begins."""


@dataclass
class Load:
    """What several pairs of officers ask, all the time."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, faults: list[str]) -> None:
        """One query is over."""
        with self.lock:
            self.answered += not faults
            self.failed += faults

    def await_more(self) -> None:
        """Wait until some more were answered."""
        wanted = self.answered + _LEAST
        until(
            "queries are answered",
            SECONDS,
            lambda: self.answered >= wanted or len(self.failed) > _LEAST,
        )


def ask(officer: Desk, supervisor: Desk, chance: random.Random) -> list[str]:
    """Ask for somebody new; returns why targets did not answer, if any did not."""
    try:
        query = officer.ask(
            suspect(chance),
            purpose="investigation",
            sections=[SECTIONS[0]],
            case=FIR,
            targets=list(TARGETS),
        )
        supervisor.approve(query)
        shown = officer.look("answers", query, _WAIT_MS)["targets"]
    except WireError as error:
        return [error.reason.value]
    return [
        f"{name}: {one['outcome']} {one.get('reason', '')}"
        for name, one in shown.items()
        if one["outcome"] not in ANSWERED
    ]


@contextmanager
def under_load(grid: Grid, threads: int) -> Iterator[Load]:
    """Officers of the police ask in so many threads until the block ends."""
    load, ended = Load(), threading.Event()

    def work(number: int, officer: Desk, supervisor: Desk) -> None:
        chance = random.Random(number)
        while not ended.is_set():
            load.count(ask(officer, supervisor, chance))

    config = grid.configs["police"]
    desks = [
        tuple(grid.yard.desk(config, one) for one in ("si-rao", "sp-nair"))
        for _ in range(threads)
    ]
    with ThreadPoolExecutor(threads) as pool:
        running = [
            pool.submit(work, number, *pair) for number, pair in enumerate(desks)
        ]
        try:
            yield load
        finally:
            ended.set()
    for one in running:
        one.result()


@dataclass
class Founders:
    """What the founders do to rotate, and what they see."""

    grid: Grid

    def hold_ceremony(self, epoch: int) -> None:
        """Every agency takes part, beside its running node."""
        configs = [self.grid.configs[name] for name in AGENCIES]

        def hold(config: Any) -> None:
            joining.hold_ceremony(
                config, epoch, AGENCIES, int(SECONDS), time.time, lambda _: None
            )

        with ThreadPoolExecutor(len(configs)) as pool:
            list(pool.map(hold, configs))
        self.fetch()

    def encode(self, epoch: int) -> None:
        """Make an epoch's key, accept it, and wait until every provider has encoded."""
        self.hold_ceremony(epoch)
        self.enact(epochs.accept, epoch, AGENCIES)

        def encoded() -> bool:
            self.fetch()
            return any(one.epoch == epoch and not one.providers for one in self.seen())

        until("providers have encoded", SECONDS, encoded, 0.5)

    def seen(self) -> list[epochs.Standing]:
        """What `childgrid-authority epochs` shows."""
        return epochs.standing(self.grid.yard.authority.book, int(time.time()))

    def fetch(self) -> None:
        """Take what hangs on the board."""
        with self.grid.yard.inbox() as opened:
            opened.fetch(self.grid.yard.authority.shelf)

    def enact(self, change: Callable[..., list[Any]], *given: Any, **how: Any) -> None:
        """Sign and hang up what one of the commands drafts."""
        book = self.grid.yard.authority.book
        self.grid.yard.enact(change(book, *given, int(time.time()), **how))

    def all_ready(self, epoch: int) -> bool:
        """Whether every agency has said that it has encoded."""
        self.fetch()
        return any(
            one.epoch == epoch and not one.providers + one.others for one in self.seen()
        )

    def await_known(self, **named: object) -> None:
        """Wait until every node's own copy of the directory says so of epochs."""

        def known(name: str) -> bool:
            book = Shelf.open(self.grid.state(name) / "documents").book
            found = book.directories[-1]["epochs"]
            return all(found[key] == value for key, value in named.items())

        until("nodes know", SECONDS, lambda: all(known(name) for name in AGENCIES))

    def remains(self, epoch: int) -> list[str]:
        """What nodes still have on their disks of an epoch."""
        return [
            f"{name}: {path.name}"
            for name in AGENCIES
            for path in (
                *self.grid.state(name).glob(f"keys/*-e{epoch}.locked"),
                *self.grid.state(name).glob(f"index/e{epoch}"),
            )
        ]


def turn(founders: Founders, load: Load, old: int) -> dict[str, float]:
    """One rotation, from epoch `old` to the next; returns seconds of each phase."""
    new, spent = old + 1, {}

    def phase(name: str, work: Callable[[], object]) -> None:
        start = time.monotonic()
        work()
        spent[name] = round(time.monotonic() - start, 2)
        load.await_more()

    def encode() -> None:
        founders.enact(epochs.accept, new, AGENCIES)
        until("all are ready", SECONDS, lambda: founders.all_ready(new), 0.5)

    def advance() -> None:
        founders.enact(epochs.advance, new)
        founders.await_known(current=new)

    def retire() -> None:
        founders.enact(epochs.retire, old, at_once=True)
        until("it is destroyed", SECONDS, lambda: not founders.remains(old))

    load.await_more()
    phase("ceremony", lambda: founders.hold_ceremony(new))
    phase("encoded", encode)
    phase("current", advance)
    # What was asked under the old epoch is over: each thread has one query at a time.
    load.await_more()
    phase("retired", retire)
    return spent


def rotate(grid: Grid, rounds: int, threads: int) -> dict[str, Any]:
    """Rotate so many times under load; returns what was counted."""
    founders, seconds = Founders(grid), []
    with under_load(grid, threads) as load:
        for number in range(rounds):
            seconds.append(turn(founders, load, number + 1))
    return {
        "rounds": rounds,
        "threads": threads,
        "answered": load.answered,
        "failed": load.failed,
        "asked_under": {str(key): n for key, n in sorted(asked_under(grid).items())},
        "left_on_disk": [
            one for epoch in range(1, rounds + 1) for one in founders.remains(epoch)
        ],
        "seconds": seconds,
    }


def outsider(grid: Grid, threads: int, old: int) -> dict[str, Any]:
    """An agency that was in no ceremony gets the key by two wrappers, and is expelled.

    Two rotations under load, from epoch `old` on: one with it, one without.
    """
    Siege(grid).join(BUDGET)
    founders, yard = Founders(grid), grid.yard
    with under_load(grid, threads) as load:
        founders.encode(old + 1)
        awaited = [one.others for one in founders.seen() if one.epoch == old + 1]
        entry = yard.authority.book.latest(int(time.time())).member(RAIDERS)
        wrappers = [grid.configs[name] for name in ("police", "customs")]
        config = load_node(grid.folder / RAIDERS / "node.toml")
        yard.wrap(wrappers, config, keys_fingerprint(entry))
        until("all are ready", SECONDS, lambda: founders.all_ready(old + 1), 0.5)
        founders.enact(epochs.advance, old + 1)
        founders.await_known(current=old + 1)
        load.await_more()
        founder = FOUNDERS[0]
        secret = yard.passphrase(f"founder-{founder}")
        yard.authority.revoke(
            founder,
            secret,
            int(time.time()),
            target="member",
            cause="expelled",
            member=RAIDERS,
        )
        founders.encode(old + 2)
        until("all are ready", SECONDS, lambda: founders.all_ready(old + 2), 0.5)
        founders.enact(epochs.advance, old + 2)
        founders.await_known(current=old + 2)
        load.await_more()
        for epoch in (old, old + 1):
            founders.enact(epochs.retire, epoch, at_once=True)
        until("nothing is left", SECONDS, lambda: not founders.remains(old + 1))
        load.await_more()
    keys = grid.state(RAIDERS) / "keys"
    return {
        "answered": load.answered,
        "failed": load.failed,
        "awaited": [*awaited[0]],
        "keys_of_the_expelled": sorted(one.name for one in keys.glob("linkage-*")),
    }


def asked_under(grid: Grid) -> Counter[int]:
    """How many queries each epoch was named in, by the police's own log."""
    sql = "SELECT envelope FROM said WHERE kind = 'query'"
    return Counter(
        statement.parse(envelope.read(bytes(data)))["epoch"]
        for (data,) in rows(log_path(grid, "police"), sql)
    )


def wrongs(found: dict[str, Any]) -> list[str]:
    """What `rotate` found that must not be."""
    wrong = [f"not answered: {one}" for one in found["failed"]]
    wrong += [f"left on the disk: {one}" for one in found["left_on_disk"]]
    asked = [
        found["asked_under"].get(str(n + 1), 0) for n in range(found["rounds"] + 1)
    ]
    wrong += [f"epoch {n + 1} unused" for n, one in enumerate(asked) if not one]
    if "outsider" in found:
        wrong += _wrongs_of_the_outsider(found["outsider"], found["rounds"] + 2)
    return wrong


def _wrongs_of_the_outsider(found: dict[str, Any], had: int) -> list[str]:
    """It is awaited, gets the key of epoch `had` by wrappers, and none after that."""
    wrong = [f"not answered: {one}" for one in found["failed"]]
    wrong += ["the outsider was not awaited"] * (found["awaited"] != [RAIDERS])
    keys = found["keys_of_the_expelled"]
    wrong += ["the outsider got no key"] * (f"linkage-e{had}.locked" not in keys)
    later = f"linkage-e{had + 1}.locked" in keys
    return wrong + ["the expelled has the key"] * later
