"""An enrolled agency that floods the grid, as a process of its own.

    python -m process.raider PLAN.json

`PLAN.json` is an `arms.Plan`: whom it floods, how, and how often. It goes on until the
number is reached, or without a number until its standard input closes, and prints how
its calls ended, as JSON. It says `ready` once its keys are open. It runs at the lowest
priority: an attacker has a machine of its own, and is not to be measured by taking the
grid's processor away.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from process.arms import Arms, Plan

# isort: split
import grpc

from childgrid_wire import channel
from childgrid_wire.errors import WireError
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc

SUBMIT = "/childgrid.v1.ExchangeService/Submit"
MATCH = "/childgrid.v1.NodeService/Match"
AT_ONCE = 16
STREAMS = 64
SECONDS = 60.0
_HANG_UP = 2.0
"""Noise may look like the beginning of a handshake, whose rest is waited for."""

_OVERSIZED = channel.MAX_MESSAGE + 1


class Raid:
    """One attack and how its calls ended."""

    def __init__(self, arms: Arms) -> None:
        self.arms, self.plan = arms, arms.plan
        self.ended: Counter[str] = Counter()
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._numbers = count()

    def run(self) -> dict[str, int]:
        """Attack with several threads; returns the counts."""
        work = {
            "queries": self.queries,
            "signatures": self.signatures,
            "oversized": self.oversized,
            "garbage": self.garbage,
            "slow": self.slow,
        }[self.plan.kind]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work, number) for number in range(AT_ONCE)]:
                done.result()
        return dict(self.ended)

    def _turns(self) -> Iterator[int]:
        """Numbers until there are enough, or it is told to stop; one in any case."""
        while True:
            with self._lock:
                number = next(self._numbers)
            if self.plan.number and number >= self.plan.number:
                return
            yield number
            if self.stop.is_set():
                return

    def _note(self, how: str) -> None:
        with self._lock:
            self.ended[how] += 1

    def _call(self, work: Callable[[], Any]) -> None:
        try:
            work()
            self._note("taken")
        except WireError as error:
            self._note(error.reason.value)

    def _stub(self) -> Any:
        return coordinator_pb2_grpc.ExchangeServiceStub(self.arms.connected())

    def queries(self, place: int) -> None:
        """A script's queries, each valid and for somebody new."""
        chance, stub = random.Random(f"raid {place}"), self._stub()
        for _ in self._turns():
            request = self.arms.query(chance, int(time.time()))
            self._call(lambda sent=request: channel.call(stub.Submit, sent, SECONDS))

    def signatures(self, place: int) -> None:
        """Valid queries but for their signatures, each another one."""
        chance, stub = random.Random(f"raid {place}"), self._stub()
        good = self.arms.query(chance, int(time.time()))
        for _ in self._turns():
            bad = pb.SubmitRequest.FromString(good.SerializeToString())
            bad.query.payload = resigned(good.query.payload)
            self._call(lambda sent=bad: channel.call(stub.Submit, sent, SECONDS))

    def oversized(self, place: int) -> None:
        """Messages over the limit, to the coordinator and to a holder."""
        member, method = self._at(place)
        way = self.arms.connected(member)
        for _ in self._turns():
            self._raw(way, method, bytes(_OVERSIZED))

    def garbage(self, place: int) -> None:
        """Noise: as bytes on the port, as TLS messages, as envelopes."""
        member, method = self._at(place)
        way = self.arms.connected(member)
        for number in self._turns():
            noise = secrets.token_bytes(4_096)
            if number % 3 == 0:
                self._shout(member or self.plan.hub, noise)
            elif number % 3 == 1:
                self._raw(way, method, noise)
            else:
                message = pb.SubmitRequest()
                message.query.payload = noise
                self._raw(way, method, message.SerializeToString())

    def slow(self, place: int) -> None:
        """Calls whose message never comes, as many as a connection bears."""
        member, method = self._at(place)
        way = self.arms.connected(member)
        room = threading.Semaphore(STREAMS)
        for _ in self._turns():
            if not room.acquire(timeout=0.2):
                continue
            call = way.stream_unary(method).future(self._silence(), timeout=250)
            call.add_done_callback(lambda one: (self._ended(one), room.release()))
        way.close()
        for _ in range(STREAMS):
            room.acquire(timeout=SECONDS)

    def _silence(self) -> Iterator[bytes]:
        self.stop.wait()
        yield from ()

    def _at(self, place: int) -> tuple[str, str]:
        return ("", SUBMIT) if place % 2 else (self.plan.target, MATCH)

    def _raw(self, way: grpc.Channel, method: str, data: bytes) -> None:
        call = way.unary_unary(method)
        self._call(lambda: channel.call(call, data, SECONDS))

    def _ended(self, call: Any) -> None:
        self._note(call.code().name.lower())

    def _shout(self, member: str, noise: bytes) -> None:
        host, _, port = self.plan.addresses[member].rpartition(":")
        place = (host, int(port))
        with (
            contextlib.suppress(OSError),
            socket.create_connection(place, timeout=_HANG_UP) as wire,
        ):
            wire.sendall(noise)
            wire.recv(1)
        self._note("shouted")


def resigned(envelope: bytes) -> bytes:
    """The same statement under another signature of the right form."""
    outer = json.loads(envelope)
    (one,) = outer["signatures"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    one["sig"] = "".join(random.choices(alphabet, k=20)) + one["sig"][20:]
    return json.dumps(outer, sort_keys=True, separators=(",", ":")).encode()


def main() -> None:
    """Attack as the plan says, and print the counts."""
    os.nice(19)
    raid = Raid(Arms(Plan.read(Path(sys.argv[1]))))
    raid.arms.query(random.Random(0), int(time.time()))
    print("ready", flush=True)

    def wait() -> None:
        sys.stdin.read()
        raid.stop.set()

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps(raid.run()), flush=True)


if __name__ == "__main__":
    main()
