"""A small real grid for tests that break things: founded once, copied, made to run.

Three agencies (`police` asks; `customs` and `prisons` hold), one coordinator and one
auditor's station, each a process of its own with mutual TLS on loopback. Founding takes
seconds, so it is done once a session into a template folder; every module works on a
copy. Who sits at the desks stands in `players`.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from childgrid_authority import floor
from childgrid_authority.authority import Authority
from childgrid_node import passes
from childgrid_node.config import NodeConfig
from childgrid_node.config import load as load_node
from childgrid_portal import keys as officers
from childgrid_portal.desk import Pass
from childgrid_wire import channel
from childgrid_wire.certificates import Peer
from childgrid_wire.identity import Identity
from childgrid_wire.pb import coordinator_pb2_grpc
from deploy.demo import PLANS, SECTIONS
from deploy.processes import HOST, Process, until
from deploy.sample.make import make
from deploy.sample.story import FIR, Story
from deploy.stations import Stations
from deploy.yard import HUB, Yard
from process.players import SECONDS, Patient

AGENCIES = ("police", "customs", "prisons")
STATION = "audit-east"
SERVERS = (HUB, STATION, *AGENCIES)
"""Every process of the grid."""

SCHEME = "test-1"
ROWS = 100
_NODE = ("childgrid_node", "serve", "node.toml")
_PROGRAMS = {
    HUB: ("childgrid_coordinator", "serve", "coordinator.toml"),
    STATION: ("childgrid_audit", "witness", "station.toml"),
}
_GLASS = {"break_glass": ["name"]}
_BUDGETS = dict.fromkeys(
    ("officer_queries_day", "case_queries_day", "agency_queries_day"), 10_000
)


def name_witnesses(yard: Yard) -> None:
    """Who cosigns in these grids: an agency's log is seen by all the others."""
    yard.witnesses([*AGENCIES, STATION], quorum=3, faults=0)


def found(
    folder: Path,
    table: int = ROWS,
    database: str = "",
    rules: Mapping[str, Any] = MappingProxyType({}),
) -> Story:
    """Found a grid in `folder`: joined, keyed, indexed; nothing runs afterwards.

    Its agencies' tables have `table` rows; the coordinator keeps its state in the
    PostgreSQL `database`, if one is named; `rules` go before the shipped floor's.
    """
    sample = make(folder / "sample", rows=table)
    taken = ports()
    (folder / "ports.json").write_text(json.dumps(taken), "utf-8")
    yard = Yard(folder, ports=taken)
    stations = Stations(yard, [STATION])
    try:
        shipped = floor.parse(floor.default())
        yard.found(SCHEME, {**shipped, **_BUDGETS, **_GLASS, **rules})
        yard.coordinator(database)
        configs = [
            yard.prepare(PLANS[name], folder / "sample" / name) for name in AGENCIES
        ]
        sections = " ".join(SECTIONS)
        yard.cases("police", [f"{FIR},fir,si-rao,investigating-officer,{sections}"])
        for config in configs:
            narrow(config.policy)
        yard.enrol(configs)
        stations.enrol()
        yard.admit()
        yard.settle(configs)
        stations.settle()
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


def ports() -> dict[str, int]:
    """A free port for each listener, below those that outgoing connections take.

    Otherwise a connection could sit on a killed process's port when it starts again.
    """
    names = (*SERVERS, *(f"{name}-desk" for name in AGENCIES))
    free = filter(_is_free, random.sample(range(10_000, 30_000), 1_000))
    return dict(zip(names, free, strict=False))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


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
        """Run every process; wait until all of them answer.

        What runs already is left alone.
        """
        for name in SERVERS:
            if name not in self.yard.processes:
                self.launch(name)
        for name in SERVERS:
            self.ready(name)
        self.yard.await_documents("police", ["customs", "prisons"])

    def launch(self, name: str, module: str = "") -> None:
        """Start one process, by another module and in an environment where given."""
        package, verb, settings = _PROGRAMS.get(name, _NODE)
        path = self.folder / name / settings
        arguments = [module or package, verb, "--config", str(path)]
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
            port = self.yard.port(f"{name}-desk" if name in AGENCIES else name)
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


def copy(template: Path, sample: Story, folder: Path) -> Grid:
    """A grid of its own in `folder`, made from the template; nothing runs yet.

    The ports are the template's, so only one copy can run at a time.
    """
    shutil.copytree(template, folder, dirs_exist_ok=True)
    for path in folder.glob("*/*.toml"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(str(template), str(folder)), "utf-8")
    taken = json.loads((folder / "ports.json").read_text("utf-8"))
    yard = Yard(folder, ports=taken, plans={name: PLANS[name] for name in AGENCIES})
    yard.authority = Authority(folder / "authority")
    configs = {name: load_node(folder / name / "node.toml") for name in AGENCIES}
    return Grid(yard, sample, configs)
