"""Serve until asked to stop: signals, ports, and an honest end."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable

from childgrid_node.app import Node
from childgrid_node.config import NodeConfig
from childgrid_wire import keyfile

Say = Callable[[str], None]


def serve_until_stopped(
    config: NodeConfig, clock: Callable[[], float], say: Say
) -> None:
    """Run one agency's node; SIGTERM and SIGINT end it cleanly.

    The ports that were taken are written to `state_dir/ports.json`, so that port 0
    can be asked for.

    Raises:
        ConfigurationRefused: it will not start as it stands.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    node = Node(config, clock)
    grid, desk = node.start()
    ports = json.dumps({"grid": grid, "desk": desk}).encode()
    keyfile.write_private(config.state_dir / "ports.json", ports)
    say(f"{config.member} serves the grid on {grid} and its desk on {desk}")
    stopped.wait()
    node.stop()
