"""A small real grid for tests that break things: founded once, copied, made to run.

Three agencies (`police` asks; `customs` and `prisons` hold) and one coordinator, each a
process of its own with mutual TLS on loopback. Founding takes seconds, so it is done
once a session into a template folder; every module works on a copy. `Patient` is an
officer's desk that never gives up: what it signed it hands in again, byte for byte,
until the node has acknowledged it, and it remembers what was acknowledged.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from childgrid_authority import floor
from childgrid_authority.authority import Authority
from childgrid_node import passes
from childgrid_node.config import NodeConfig
from childgrid_node.config import load as load_node
from childgrid_portal import keys as officers
from childgrid_portal.desk import Desk, Pass
from childgrid_wire import channel, envelope
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.identity import Identity
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2_grpc, desk_pb2, desk_pb2_grpc
from childgrid_wire.pb.values_pb2 import Envelope
from deploy.demo import PLANS, SECTIONS
from deploy.sample.make import make
from deploy.sample.story import FIR, SUSPECT, Story
from deploy.yard import HOST, HUB, Process, Yard, until

AGENCIES = ("police", "customs", "prisons")
SCHEME = "test-1"
ROWS = 100
FIELDS = {"customs": ("name", "phone", "flight"), "prisons": ("name", "offences")}
CUSTODIANS = {"customs": "cu-mehta", "prisons": "cu-singh"}
JUSTIFICATION = "to find the accused before the hearing at Manbazar"
SECONDS = 60.0
_BUDGETS = dict.fromkeys(
    ("officer_queries_day", "case_queries_day", "agency_queries_day"), 10_000
)
_PAUSE = 0.1
T = TypeVar("T")


def name_witnesses(yard: Yard) -> None:
    """Who cosigns in these grids: the agencies themselves, any two of the others."""
    yard.witnesses(AGENCIES, quorum=2, faults=0)


def found(folder: Path) -> Story:
    """Found a grid in `folder`: joined, keyed, indexed; nothing runs afterwards."""
    sample = make(folder / "sample", rows=ROWS)
    yard = Yard(folder)
    try:
        yard.found(SCHEME, {**floor.parse(floor.default()), **_BUDGETS})
        yard.coordinator()
        configs = [
            yard.prepare(PLANS[name], folder / "sample" / name) for name in AGENCIES
        ]
        sections = " ".join(SECTIONS)
        yard.cases("police", [f"{FIR},fir,si-rao,investigating-officer,{sections}"])
        for config in configs:
            narrow(config.policy)
        yard.enrol(configs)
        yard.admit()
        yard.settle(configs)
        yard.ceremony(configs)
        yard.settle(configs)
        name_witnesses(yard)
        yard.settle(configs)
        for config in configs:
            yard.index(config)
    finally:
        yard.stop()
    return sample


class Prepared(Process):
    """A server process in an environment of its own."""

    environment: Mapping[str, str] = MappingProxyType({})

    @property
    def ended(self) -> bool:
        """Whether it doesn't run, by itself or because it was stopped."""
        return self.handle is None or self.handle.poll() is not None

    def start(self) -> None:
        """Start, or start again."""
        with self.output.open("ab") as file:
            self.handle = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )


def narrow(policy: Path) -> None:
    """Let an agency's policy serve investigations alone."""
    text = re.sub(
        "(?m)^purposes = .*$", 'purposes = ["investigation"]', policy.read_text()
    )
    policy.write_text(text, "utf-8")


@dataclass
class Grid:
    """A copy of the template, with the processes that run on it."""

    yard: Yard
    sample: Story
    configs: dict[str, NodeConfig]
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """What a process gets beside our own environment, by its name."""

    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    """(member, statement hash) of everything that a node said it had taken."""

    @property
    def folder(self) -> Path:
        """Where it all lies."""
        return self.yard.folder

    def start(self) -> None:
        """Run the coordinator and every node; wait until all of them answer.

        What runs already is left alone.
        """
        for name in (HUB, *AGENCIES):
            if name not in self.yard.processes:
                self.launch(name)
        for name in (HUB, *AGENCIES):
            self.ready(name)
        self.yard.await_documents("police", ["customs", "prisons"])

    def launch(self, name: str, module: str = "") -> None:
        """Start one process, by another module and in an environment where given."""
        kind = "coordinator" if name == HUB else "node"
        path = self.folder / name / f"{kind}.toml"
        arguments = [module or f"childgrid_{kind}", "serve", "--config", str(path)]
        output = self.folder / "output" / f"{name}.txt"
        output.parent.mkdir(exist_ok=True)
        process = Prepared(name, arguments, output)
        process.environment = self.environments.get(name, {})
        self.yard.processes[name] = process
        process.start()

    def stop(self) -> dict[str, int]:
        """End every process that still runs; returns their exit statuses."""
        return self.yard.stop()

    def restart(self, name: str, *, kill: bool) -> None:
        """End one process, by SIGKILL or politely, and start it again at once."""
        process = self.process(name)
        process.stop(kill=kill)
        process.start()

    def process(self, name: str) -> Prepared:
        """A process that was launched."""
        found_ = self.yard.processes[name]
        if not isinstance(found_, Prepared):
            raise TypeError(name)
        return found_

    def listens(self, name: str) -> bool:
        """Whether a process answers at its last port to open."""
        with socket.socket() as probe:
            port = self.yard.port(name if name == HUB else f"{name}-desk")
            return probe.connect_ex((HOST, port)) == 0

    def ready(self, name: str) -> None:
        """Wait until a process answers; raises `RuntimeError` where it has ended."""

        def answers() -> bool:
            if self.process(name).ended:
                raise RuntimeError(f"{name} ended: {self.output(name)[-500:]}")
            return self.listens(name)

        until(f"{name} answers", SECONDS, answers)

    def state(self, member: str) -> Path:
        """A member's state folder."""
        return self.folder / member / "state"

    def identity(self, member: str) -> Identity:
        """A member's keys, as its own programs open them."""
        return Identity.open(self.state(member) / "keys", self.yard.passphrase(member))

    def output(self, name: str) -> str:
        """All that a process has printed."""
        return (self.folder / "output" / f"{name}.txt").read_text("utf-8", "replace")

    def desk(self, member: str, officer: str) -> Patient:
        """An officer at the own desk, who doesn't give up."""
        folder = self.folder / member
        desk_pass = folder / "desk.pass"
        if not desk_pass.exists():
            passes.issue(self.configs[member], desk_pass, 1, time.time)
        signer = officers.open_key(
            folder / "officers" / f"{officer}.locked",
            self.yard.passphrase(f"{member}-{officer}"),
        )
        address = self.yard.address(f"{member}-desk")
        return Patient(address, Pass.read(desk_pass), signer, self.acknowledged)

    @contextmanager
    def exchange(self, member: str) -> Iterator[Any]:
        """A member's own connection to the coordinator, outside its node."""
        pair, root = self.identity(member).credentials("node")()
        opened = channel.connect(
            self.yard.address(HUB), Peer(HUB, "coordinator"), pair, root
        )
        try:
            yield coordinator_pb2_grpc.ExchangeServiceStub(opened)
        finally:
            opened.close()


class Patient(Desk):
    """A desk that hands in the same signed bytes until they are acknowledged."""

    def __init__(
        self,
        address: str,
        desk_pass: Pass,
        signer: Signer,
        acknowledged: list[tuple[str, str]],
    ) -> None:
        super().__init__(address, desk_pass, signer)
        self._address, self._pass, self._acknowledged = address, desk_pass, acknowledged

    def _again(self, what: str, work: Callable[[], T]) -> T:
        """Do `work` until it is answered; raises `TimeoutError` naming `what`."""

        def attempt() -> tuple[T] | None:
            try:
                return (work(),)
            except Unreachable:
                self._reconnect()
            except Refused as refusal:
                if refusal.reason not in (Reason.BUSY, Reason.STORAGE):
                    raise
            return None

        return until(f"{self.officer}: {what}", SECONDS, attempt, _PAUSE)[0]

    def _reconnect(self) -> None:
        # A fresh channel dials at once; an old one waits ever longer between tries.
        self._channel.close()
        peer = Peer(self.member, "desk")
        self._channel = channel.connect(
            self._address, peer, self._pass.pair, self._pass.root
        )
        self._stub = desk_pb2_grpc.DeskServiceStub(self._channel)

    def _say(
        self, draft: desk_pb2.DraftRequest, kind: Kind, expected: Mapping[str, object]
    ) -> str:
        signed = self._again(
            f"draft {kind.value}",
            lambda: self._signed(draft, kind, expected, self._confirm),
        )
        call = desk_pb2.SignRequest(statement=Envelope(payload=signed))
        reply = self._again(
            f"sign {kind.value}", lambda: channel.call(self._stub.Sign, call, 20.0)
        )
        if reply.hash != envelope.read(signed).hash:
            raise AssertionError("another statement was acknowledged than was signed")
        self._acknowledged.append((self.member, reply.hash))
        return str(reply.hash)

    def look(self, object_: str, subject: str = "") -> dict[str, Any]:
        """Read, as often as it takes to be answered."""
        return self._again(object_, lambda: super(Patient, self).look(object_, subject))

    def await_look(
        self, object_: str, subject: str, found_: Callable[[dict[str, Any]], T | None]
    ) -> T:
        """Look until `found_` sees what it waits for."""
        return until(
            f"{self.officer} sees it in {object_}",
            SECONDS,
            lambda: found_(self.look(object_, subject)),
            _PAUSE,
        )


@dataclass
class Case:
    """One case to be played, and how far it has come."""

    holder: str
    granted: bool = True
    query: str = ""
    request: str = ""
    record: dict[str, Any] = field(default_factory=dict)


@dataclass
class Cast:
    """The officers of a grid at their desks."""

    asker: Patient
    supervisor: Patient
    custodians: dict[str, Patient]

    @classmethod
    def of(cls, grid: Grid) -> Cast:
        """Everybody sits down."""
        return cls(
            grid.desk("police", "si-rao"),
            grid.desk("police", "sp-nair"),
            {one: grid.desk(one, officer) for one, officer in CUSTODIANS.items()},
        )

    def play(self, case: Case) -> Case:
        """Play a case to its end: ask, answer, request, decide, disclose or deny."""
        self.ask(case)
        handle = self.await_handle(case)
        self.request(case, handle)
        self.decide(case)
        case.record = self.await_end(case)
        return case

    def ask(self, case: Case) -> None:
        """The suspect is asked for at one holder, and the supervisor approves."""
        case.query = self.asker.ask(
            {key: list(value) for key, value in SUSPECT.items()},
            purpose="investigation",
            sections=list(SECTIONS),
            case=FIR,
            targets=[case.holder],
        )
        self.supervisor.approve(case.query)

    def await_handle(self, case: Case) -> str:
        """Wait for the holder's hit; returns the best candidate's handle."""

        def hit(shown: dict[str, Any]) -> str | None:
            answer = shown["targets"][case.holder]
            found_ = answer.get("candidates") or ()
            return str(found_[0]["handle"]) if found_ else None

        return self.asker.await_look("answers", case.query, hit)

    def request(self, case: Case, handle: str) -> None:
        """Fields are asked for, and the supervisor approves."""
        case.request = self.asker.request(
            case.query, case.holder, handle, FIELDS[case.holder], JUSTIFICATION
        )
        self.supervisor.approve(case.request)

    def decide(self, case: Case) -> None:
        """The holder's custodian gets the request and decides."""
        custodian = self.custodians[case.holder]
        custodian.await_look("inbox", "", lambda shown: _waits(shown, case.request))
        if case.granted:
            custodian.approve(case.request)
        else:
            custodian.refuse(case.request, "not-necessary")

    def await_end(self, case: Case) -> dict[str, Any]:
        """Wait until the asker's profile shows the end; returns the record, if any."""
        wanted = "disclosed" if case.granted else "denied"

        def ended(profile: dict[str, Any]) -> dict[str, Any] | None:
            (source,) = profile["sources"]
            (one,) = source["requests"]
            return one if one["state"] == wanted else None

        return dict(self.asker.await_look("profile", case.query, ended)["record"])


def _waits(shown: dict[str, Any], name: str) -> bool | None:
    return any(one["hash"] == name for one in shown["waiting"]) or None


def copy(template: Path, sample: Story, folder: Path) -> Grid:
    """A grid of its own in `folder`, made from the template; nothing runs yet.

    The ports are the template's, so only one copy can run at a time.
    """
    shutil.copytree(template, folder, dirs_exist_ok=True)
    for path in folder.glob("*/*.toml"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(str(template), str(folder)), "utf-8")
    ports = json.loads((folder / "ports.json").read_text("utf-8"))
    yard = Yard(folder, ports=ports, plans={name: PLANS[name] for name in AGENCIES})
    yard.authority = Authority(folder / "authority")
    configs = {name: load_node(folder / name / "node.toml") for name in AGENCIES}
    return Grid(yard, sample, configs)
