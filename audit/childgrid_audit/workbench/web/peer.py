"""Whose connection is it: the user behind the other end of a loopback socket.

Loopback is open to every user of a machine. Linux says in /proc/net/tcp which user owns
each end, so that only the one who started the workbench may use it. Where there is no
such table, nothing is known (None) and the session alone decides.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_LOCAL, _REMOTE, _UID = 1, 2, 7
NOBODY = -1

Address = tuple[str, int]


def user_of(client: Address, server: Address) -> int | None:
    """The user id that owns the client's end of a connection.

    Args:
        client, server: address and port of the two ends.

    Returns:
        `NOBODY` where the table has no such connection, None where there is no table.
    """
    version = ipaddress.ip_address(client[0]).version
    try:
        rows = _TABLES[version].read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    wanted = _spelled(client), _spelled(server)
    for row in rows:
        parts = row.split()
        if (parts[_LOCAL], parts[_REMOTE]) == wanted:
            return int(parts[_UID])
    return NOBODY


def _spelled(address: Address) -> str:
    """An address as the kernel prints it: 32-bit words in the machine's order."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host)
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    number = (int.from_bytes(word, sys.byteorder) for word in words)
    return "".join(f"{one:08X}" for one in number) + f":{port:04X}"
