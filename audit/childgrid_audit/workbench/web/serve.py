"""Listening: on loopback, for the user who started it, and for nobody else.

It refuses any other address. Where the system does not say whose a connection is
(`peer`), the session alone keeps others out. The page's address has a name of its own
(`audit-north.localhost`), since all ports of one host share their cookies.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn

from childgrid_audit.workbench.desk import Desk, Say
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web import peer
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import Door
from childgrid_page.shield import Scope
from childgrid_wire.errors import ConfigurationRefused

_WAITING = 64
"""Connections that may wait while the pages start: the address is told before."""


def loopback(listen: str) -> tuple[str, int]:
    """Read `host:port`; port 0 takes a free one.

    Raises:
        ConfigurationRefused: not an address of this machine's loopback.
    """
    host, colon, port = listen.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError as error:
        raise ConfigurationRefused(
            "--listen is an IP address and a port, such as 127.0.0.1:7430"
        ) from error
    if not colon or not address.is_loopback or not 0 <= number <= 65_535:
        raise ConfigurationRefused(
            "--listen: the workbench listens on loopback only, such as 127.0.0.1:7430"
        )
    return str(address), number


def is_mine(scope: Scope) -> bool:
    """Whether the user at the other end is the one running this, or can't be told."""
    client, server = scope.get("client"), scope.get("server")
    if not client or not server:
        return False
    user = peer.user_of((client[0], client[1]), (server[0], server[1]))
    return user is None or user == os.getuid()


def serve(desk: Desk, name: str, listen: str, say: Say, pen: Pen | None = None) -> None:
    """Show the pages until interrupted.

    Args:
        desk: what has been worked out.
        name: the first label of the page's address, such as the station's id.
        listen: `host:port` on loopback.
        say: gets the address to open, with a fresh code; again for each line that
            is typed into the terminal.
        pen: signs findings, if there is one.

    Raises:
        ConfigurationRefused: not loopback, or the port is taken or not this user's.
    """
    bound = _bind(*loopback(listen))
    host, port = bound.getsockname()[:2]
    plain = f"[{host}]" if ":" in host else host
    hosts = [f"{name}.localhost:{port}", f"localhost:{port}", f"{plain}:{port}"]
    door = Door()

    def invite() -> None:
        say(f"open http://{hosts[0]}/enter?code={door.new_code()}")

    invite()
    threading.Thread(target=_each_line, args=(invite,), daemon=True).start()
    settings = uvicorn.Config(
        application(desk, door, hosts, is_mine, pen),
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=5,
        limit_concurrency=64,
        h11_max_incomplete_event_size=16_384,
        lifespan="off",
    )
    with bound:
        uvicorn.Server(settings).run(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_WAITING)
    except OSError as error:
        bound.close()
        raise ConfigurationRefused(
            f"--listen: port {port} can't be had ({error.strerror}); name another, or 0"
            " for one that is free"
        ) from error
    return bound


def _each_line(act: Callable[[], None]) -> None:
    """Act for each line typed; ends with the input."""
    for _ in sys.stdin:
        act()
