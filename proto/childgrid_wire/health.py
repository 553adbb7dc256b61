"""The standard health protocol (grpc.health.v1) behind the same door as everything.

One answer for the whole process: it serves, or it does not. Why not stands in its log,
its metrics and the doctor's words, all of which stay with whoever runs it. `Watch` is
not served; a caller asks again.

Who may ask: whoever the listener lets in at all, of these: the member itself (`own`),
the coordinator and auditors; at the coordinator, which lets in no coordinator, the
members' nodes and auditors. One agency's node learns nothing of another's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from childgrid_wire import channel
from childgrid_wire.channel import peer_from
from childgrid_wire.errors import Reason, Refused

LEAST_FREE_BYTES = 64 * 2**20
"""Below that much free disk a process says that it does not serve."""

HUNG_SECONDS = 600.0
_TRIES = 3


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Answers `Check`."""

    def __init__(
        self, ready: Callable[[], Sequence[str]], own: str, *, members: bool = False
    ) -> None:
        """`ready` gives what is wrong, in short words; nothing: it serves."""
        self._ready, self._own, self._members = ready, own, members

    def Check(  # noqa: N802 - the method's name on the wire
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.ServicerContext,
    ) -> health_pb2.HealthCheckResponse:
        """Whether this process serves.

        Raises:
            Refused: another agency asks, or for a single service.
        """
        self._admit(context)
        if request.service:
            raise Refused(Reason.UNKNOWN, "service")
        serves = not self._ready()
        status = health_pb2.HealthCheckResponse
        return status(status=status.SERVING if serves else status.NOT_SERVING)

    def _admit(self, context: grpc.ServicerContext) -> None:
        peer = peer_from(context)
        known = peer.role in ("coordinator", "auditor") or self._members
        if not known and peer.member != self._own:
            raise Refused(Reason.WRONG_ROLE, "health")


def register(server: grpc.Server, health: Health) -> None:
    """Add the service to a listener."""
    health_pb2_grpc.add_HealthServicer_to_server(health, server)


def serves(opened: grpc.Channel, seconds: float) -> bool:
    """Ask whoever is at the other end; raises as `channel.call`."""
    stub = health_pb2_grpc.HealthStub(opened)
    reply = channel.call(stub.Check, health_pb2.HealthCheckRequest(), seconds)
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def free_bytes(folder: Path) -> int:
    """How much more this user may write to the disk below `folder`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Pulse:
    """How one piece of repeated work is getting on; the thread that does it beats."""

    def __init__(self, name: str, most_seconds: float | None = HUNG_SECONDS) -> None:
        """`most_seconds` is how long one run may take; None where it may take days."""
        self.name, self._most = name, most_seconds
        self._lock = threading.Lock()
        self._begun: float | None = None
        self.failures = 0
        self.succeeded = 0.0
        """When it last ended well, Unix seconds; 0 where it never has."""

    def begin(self) -> None:
        """A run begins."""
        with self._lock:
            self._begun = time.monotonic()

    def end(self, *, failed: bool) -> None:
        """A run has ended; `failed` unless it did its work or waits for somebody."""
        with self._lock:
            self._begun = None
            self.failures = self.failures + 1 if failed else 0
            if not failed:
                self.succeeded = time.time()

    def fault(self, thread: threading.Thread) -> str:
        """What is wrong: the thread has ended, hangs, or fails again and again."""
        if not thread.is_alive():
            return f"stopped:{self.name}"
        with self._lock:
            begun, failures = self._begun, self.failures
        took = time.monotonic() - begun if begun is not None else 0.0
        if self._most is not None and took > self._most:
            return f"hangs:{self.name}"
        return f"fails:{self.name}" if failures >= _TRIES else ""
