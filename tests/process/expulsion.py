"""A certificate, then its whole agency, is revoked while others go on asking.

`raiders` have joined and hold open connections; the police ask without a pause. One
founder revokes; counted is every call of the revoked that was let in afterwards, on
connections that stood and on new ones, and every query of the police that failed.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from childgrid_wire import certificates, channel
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.errors import Refused
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc
from childgrid_wire.shelf import Shelf
from deploy.processes import until
from deploy.yard import FOUNDERS, HUB
from process.siege import RAIDERS, Asked, Siege
from process.yardstick import AGENCIES, SECONDS, Grid

BUDGET = 10_000
CALLS = 20
"""Calls on each connection after the revocation; none may be let in."""


IN = {"let in": CALLS}
OUT = {"let in": 0, "revoked": CALLS}


@dataclass
class Peered:
    """One connection of the raiders' own making, with a certificate of its own."""

    pair: Pair
    stub: Any
    let_in: int = 0
    refused: list[str] = field(default_factory=list)

    def call(self) -> None:
        """Ask for mail, and note whether it was let in."""
        try:
            channel.call(self.stub.Receive, pb.ReceiveRequest(), 20.0)
            self.let_in += 1
        except Refused as refusal:
            self.refused.append(refusal.reason.value)

    def calls(self) -> dict[str, int]:
        """Call some times anew; how many were let in, and how many refused why."""
        self.let_in, self.refused = 0, []
        for _ in range(CALLS):
            self.call()
        return {"let in": self.let_in, **Counter(self.refused)}


@dataclass
class Expulsion:
    """The grid with the raiders in it, and what happens to them."""

    siege: Siege
    open: ExitStack

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.siege.grid

    def connect(self) -> Peered:
        """A new connection to the coordinator, under a certificate made for it."""
        pair, roots = self.grid.identity(RAIDERS).credentials("node")()
        peer = Peer(HUB, "coordinator")
        way: grpc.Channel = self.open.enter_context(
            channel.connect(self.grid.yard.address(HUB), peer, pair, roots)
        )
        return Peered(pair, coordinator_pb2_grpc.ExchangeServiceStub(way))

    def revoke(self, **what: str) -> float:
        """One founder revokes and hangs it up; the monotonic time at which it hung."""
        yard, founder = self.grid.yard, FOUNDERS[0]
        secret = yard.passphrase(f"founder-{founder}")
        revoke: Callable[..., object] = yard.authority.revoke
        revoke(founder, secret, int(time.time()), **what)
        with yard.inbox() as inbox:
            inbox.publish(yard.authority.publishable())
        return time.monotonic()

    def await_known(self, known: Callable[[Any], bool]) -> None:
        """Wait until every other agency's book says so."""
        folders = [self.grid.state(one) / "documents" for one in AGENCIES]
        until(
            "every agency knows of the revocation",
            SECONDS,
            lambda: all(known(Shelf.open(one).book.revoked()) for one in folders),
        )


@contextmanager
def asking(siege: Siege) -> Iterator[Asked]:
    """The police ask without a pause, until the block ends."""
    asked, ended = Asked(), threading.Event()

    def ask() -> None:
        while not ended.is_set():
            one = siege.ask(5)
            asked.spent += one.spent
            asked.failed += one.failed

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        ended.set()
        thread.join()


def expel(grid: Grid) -> dict[str, Any]:
    """Revoke a certificate, then the member, under load; returns what was counted."""
    siege = Siege(grid)
    siege.join(BUDGET)
    with ExitStack() as open_, asking(siege) as asked:
        expulsion = Expulsion(siege, open_)
        bad, good = expulsion.connect(), expulsion.connect()
        before = [bad.calls(), good.calls()]
        serial = certificates.serial_of(bad.pair.certificate)
        start = expulsion.revoke(
            target="certificate", cause="compromised", member=RAIDERS, serial=serial
        )
        leaf = [bad.calls(), good.calls()]
        name = f"{RAIDERS}/{serial}"
        expulsion.await_known(lambda revoked: name in revoked.certificates)
        leaf_seconds = time.monotonic() - start
        start = expulsion.revoke(target="member", cause="expelled", member=RAIDERS)
        member = [one.calls() for one in (bad, good, expulsion.connect())]
        expulsion.await_known(lambda revoked: RAIDERS in revoked.members)
        member_seconds = time.monotonic() - start
        during = len(asked.spent)
    return {
        "before": before,
        "certificate": leaf,
        "member": member,
        "asked": len(asked.spent) + len(asked.failed),
        "asked_by_then": during,
        "failed": asked.failed,
        "known_everywhere_s": {
            "certificate": round(leaf_seconds, 2),
            "member": round(member_seconds, 2),
        },
    }


def wrongs(found: dict[str, Any]) -> list[str]:
    """What `expel` found that must not be."""
    wrong = ["somebody else failed"] * bool(found["failed"])
    wrong += ["nobody asked meanwhile"] * (not found["asked_by_then"])
    out = [found["certificate"][0], *found["member"]]
    wrong += ["let in once revoked" for one in out if one != OUT]
    stood = [*found["before"], found["certificate"][1]]
    return wrong + ["refused before" for one in stood if one != IN]
