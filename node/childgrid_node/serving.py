"""Serve until asked to stop: signals, ports, and an honest end."""

from __future__ import annotations

import json
from collections.abc import Callable

import structlog

from childgrid_node.app import Node
from childgrid_node.config import NodeConfig
from childgrid_wire import keyfile, logs
from childgrid_wire.ending import Ending

Say = Callable[[str], None]
_STOP_SECONDS = 30.0


def serve_until_stopped(
    config: NodeConfig, clock: Callable[[], float], say: Say
) -> None:
    """Run one agency's node; SIGTERM and SIGINT end it cleanly.

    The ports that were taken are written to `state_dir/ports.json`, so that port 0
    can be asked for. Where the founders have closed its log, it goes on with the next.

    Raises:
        ConfigurationRefused: it will not start as it stands.
    """
    ending = Ending()
    say_in(config.log_format)
    again = True
    while again:
        node = Node(config, clock, ending.turn)
        grid, desk = node.start()
        ports = json.dumps({"grid": grid, "desk": desk}).encode()
        keyfile.write_private(config.state_dir / "ports.json", ports)
        say(f"{config.member} serves the grid on {grid} and its desk on {desk}")
        again = ending.wait(_STOP_SECONDS)
        node.stop()


def say_in(form: logs.Format) -> None:
    """Write log lines in one form; see `logs`."""
    logs.configure(form)
    structlog.configure(
        processors=[logs.hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
