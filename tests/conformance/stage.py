"""Our node before the kit: as real processes, or in this one to be broken."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from childgrid_conformance import kit, pack
from childgrid_conformance.check import Verdict
from childgrid_conformance.scene import Scene
from childgrid_node import checking, joining, passes
from childgrid_node.app import Node
from childgrid_node.config import NodeConfig, load
from deploy.processes import HOST, free_port, until

SECONDS = 180


def prepared(folder: Path) -> Path:
    """A test grid around our node on free ports; returns its folder."""
    ports = [f"{HOST}:{free_port()}" for _ in range(3)]
    pack.prepare(folder, "tested", pack.Places(*ports), int(time.time()))
    return folder


def command(module: str, *words: str) -> subprocess.Popen[bytes]:
    """Start one of the installed programs."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )


def listening(folder: Path, kit_: subprocess.Popen[bytes]) -> bool:
    """Wait until the kit listens; whether it still runs then."""
    host, _, port = pack.places_of(folder).listen.rpartition(":")

    def there() -> bool:
        with socket.socket() as probe:
            answers = probe.connect_ex((host, int(port))) == 0
        return answers or kit_.poll() is not None

    return until("the kit listens", SECONDS, there) and kit_.poll() is None


def agency(folder: Path, *words: str) -> None:
    """The agency carries out one command of ours, as the documents tell it to."""
    config = ("--config", str(folder / "pack" / "node.toml"))
    assert command("childgrid_node", *words, *config).wait(SECONDS) == 0


@dataclass
class Bench:
    """A served test grid with our node, of which this process holds every piece."""

    folder: Path
    scene: Scene
    config: NodeConfig
    node: Node

    def tried(self, *prefixes: str) -> dict[str, Verdict]:
        """The verdicts of the checks whose ids begin so."""
        checks = kit.chosen(prefixes)
        return {one.check.id: one for one in kit.tried(self.scene, checks)}


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Found, join, index and serve, all in this process."""
    prepared(folder)
    desk_pass = folder / "pack" / "desk.pass"
    with kit.opened(folder, desk_pass) as scene:
        config = load(folder / "pack" / "node.toml")
        token = folder / "pack" / "token.json"
        joining.run(config, token, SECONDS, time.time, lambda _: None)
        checking.index_sources(config, time.time, lambda _: None)
        passes.issue(config, desk_pass, 1, time.time)
        made = Bench(folder, scene, config, Node(config))
        made.node.start()
        try:
            kit.ready(scene, SECONDS, lambda _: None)
            yield made
        finally:
            made.node.stop()
