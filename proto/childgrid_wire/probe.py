"""Whether this process serves, for its own supervisor: gRPC health on a Unix socket.

The listeners ask for certificates, which no orchestrator has. So, where a setting says,
the same answer is given to whoever may open a file of mode 600 on the same machine: the
standard protocol over a socket of the kernel's, nothing else and to nobody outside.

    python -m childgrid_wire.probe SOCKET            exit status 0 where it serves
    python -m childgrid_wire.probe SOCKET --alive    0 where it answers at all

A process that does not serve for want of disk or witnesses is not mended by being
killed: `--alive` is for those who restart what hangs, the other for those who route.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from childgrid_wire import health
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.health import Health

SOCKET = r"^(/[ -~]{1,100})?$"
"""What a setting may say: an absolute path, or nothing."""

_SECONDS = 5.0


class _Local(Health):
    """Answers whoever could open the socket."""

    def _admit(self, context: grpc.ServicerContext) -> None:
        pass


def serve(path: str, ready: Callable[[], Sequence[str]]) -> Callable[[], None]:
    """Answer at a socket; returns how to stop. Where the path is empty nothing listens.

    `ready` gives what is wrong; nothing: it serves.

    Raises:
        ConfigurationRefused: no socket can be made there.
    """
    if not path:
        return lambda: None
    server = grpc.server(ThreadPoolExecutor(2, thread_name_prefix="probe"))
    health.register(server, _Local(ready, ""))
    local = grpc.local_server_credentials(grpc.LocalConnectionType.UDS)
    try:
        _clear(Path(path))
        server.add_secure_port(f"unix:{path}", local)
        Path(path).chmod(0o600)
    except (OSError, RuntimeError) as error:
        raise ConfigurationRefused(f"probe: cannot listen at {path}") from error
    server.start()

    def stop() -> None:
        server.stop(None).wait()
        Path(path).unlink(missing_ok=True)

    return stop


def _clear(path: Path) -> None:
    """Remove the socket of a process that was killed, and no other file."""
    if path.is_socket():
        path.unlink()
    elif path.exists():
        raise ConfigurationRefused(
            f"probe: {path} is no socket and stays; name a path where nothing lies"
        )


def ask(path: str, seconds: float = _SECONDS) -> bool:
    """Whether the process at a socket serves; raises `WireError` where none answers."""
    local = grpc.local_channel_credentials(grpc.LocalConnectionType.UDS)
    with grpc.secure_channel(f"unix:{path}", local) as opened:
        return health.serves(opened, seconds)


def main(words: Sequence[str]) -> int:
    """See the module; 2 where it is called wrongly."""
    if not words or words[1:] not in ([], ["--alive"]):
        print("usage: python -m childgrid_wire.probe SOCKET [--alive]", file=sys.stderr)
        return 2
    try:
        serves = ask(words[0])
    except WireError as error:
        print(f"no answer: {error.reason.value}", file=sys.stderr)
        return 1
    return 0 if serves or len(words) > 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
