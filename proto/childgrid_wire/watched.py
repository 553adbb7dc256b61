"""A server seen from outside: what its health checks, its probe and its figures share.

Who serves says what is wrong with it and which figures it has; how these are shown is
here. Figures are read when they are asked for. Decides nothing about what is a fault.
The rule: health check, probe and figures speak of the same faults.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from childgrid_wire import metrics, probe
from childgrid_wire.health import free_bytes
from childgrid_wire.metrics import gauge, gauges


class Watched(Collector):
    """One running server; `observe` counts the calls of its listeners."""

    def __init__(
        self,
        words: Sequence[str],
        state_dir: Path,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """`words` are all that may stand before a fault's colon.

        `registry` is one that has figures already; a new one where it is left out.
        """
        self._words, self._state_dir = words, state_dir
        self.registry = registry or CollectorRegistry()
        self.port = 0
        self._stop: Callable[[], None] = lambda: None
        self._unprobe: Callable[[], None] = lambda: None
        self.observe = metrics.observer(self.registry)
        self.registry.register(self)

    @abstractmethod
    def faults(self) -> Sequence[str]:
        """Why it does not serve, in short words; nothing where it does."""

    @abstractmethod
    def figures(self) -> Iterator[GaugeMetricFamily]:
        """What this kind of server has to tell, as it is now."""

    def serve(self, address: str, socket: str = "") -> None:
        """Show the figures there, then at `port`, and answer the supervisor's probe.

        Neither where it is empty.

        Raises:
            ConfigurationRefused: an address or socket that can't be listened at.
        """
        self._unprobe = probe.serve(socket, self.faults)
        self.port, self._stop = metrics.serve(address, self.registry)

    def stop(self) -> None:
        """Show and answer no more."""
        self._unprobe()
        self._stop()

    def describe(self) -> list[Metric]:
        """Nothing is told in advance: figures are read when they are asked for."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every figure as it is now."""
        yield from metrics.ready(self._words, self.faults())
        yield from self.figures()
        free = float(free_bytes(self._state_dir))
        yield gauge("childgrid_disk_free_bytes", "Free bytes below state_dir", free)
        version = {metadata.version("childgrid"): 1.0}
        yield gauges("childgrid_release", "The release that runs", "version", version)
