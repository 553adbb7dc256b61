"""Figures for whoever runs a server: a page for Prometheus, on loopback only.

Nothing is sent anywhere by itself, and nothing listens unless a setting says where. A
label is one of a closed list, or the name of a source, a member or a method; none names
a person, a case, an officer or a query.

A browser on the same machine could be led here by a page of somebody else's: only a
request under the loopback's own name is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from childgrid_wire.channel import Observe
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.settings import PORT

LOOPBACK = rf"^(127\.0\.0\.1|localhost):{PORT}$"
_HOSTS = ("127.0.0.1", "localhost")
_SECONDS = 10.0


def observer(registry: CollectorRegistry) -> Observe:
    """Count the calls of a listener, by service and method and how they ended."""
    calls = Counter(
        "childgrid_calls",
        "Calls that were answered; outcome is ok, internal, or the reason of a refusal",
        ["method", "outcome"],
        registry=registry,
    )

    def observe(method: str, outcome: str) -> None:
        calls.labels(method.rpartition(".")[2], outcome).inc()

    return observe


def gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    """One figure without a label."""
    return GaugeMetricFamily(name, meaning, value=value)


def gauges(
    name: str, meaning: str, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    """One figure for each value of a label."""
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def ready(words: Iterable[str], faults: Iterable[str]) -> Iterable[GaugeMetricFamily]:
    """Whether a process serves, and each fault that it could have, 1 where it has."""
    found = {one.partition(":")[0] for one in faults}
    yield gauge("childgrid_ready", "1 where the process serves", float(not found))
    yield gauges(
        "childgrid_fault",
        "1 where the process has this fault",
        "fault",
        {word: float(word in found) for word in words},
    )


class _Handler(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    timeout = _SECONDS

    def do_GET(self) -> None:
        """The page, and nothing else."""
        if self.headers.get("Host", "").rpartition(":")[0] not in _HOSTS:
            self.send_error(403)
        elif self.path != "/metrics":
            self.send_error(404)
        else:
            page = generate_latest(self.registry)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Who reads figures is not logged."""


def serve(address: str, registry: CollectorRegistry) -> tuple[int, Callable[[], None]]:
    """Serve the page of a registry; returns the port, and how to stop.

    Where the address is empty nothing listens, and the port is 0.

    Raises:
        ConfigurationRefused: the address is not loopback's, or is in use.
    """
    if not address:
        return 0, lambda: None
    host, _, port = address.rpartition(":")
    if host not in _HOSTS:
        raise ConfigurationRefused("metrics: figures are shown on loopback only")
    handler = type("_Page", (_Handler,), {"registry": registry})
    try:
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
    except (OSError, OverflowError) as error:
        raise ConfigurationRefused(f"metrics: cannot listen on {address}") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return int(server.server_address[1]), stop
