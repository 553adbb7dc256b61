"""How a running station is: for health checks, and as figures for whoever runs it.

Not ready is: a log that takes nothing in or is behind its witnesses, a disk nearly
full, an issuer that has run out, rounds that have stopped, hang or fail again and
again. A coordinator that is away is awaited. Labels name members; no officer, case or
query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from childgrid_audit.station import Station
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import LogBehind, LogError
from childgrid_log.log import Log
from childgrid_wire import metrics, probe
from childgrid_wire.errors import WireError
from childgrid_wire.health import LEAST_FREE_BYTES, Health, Pulse, free_bytes
from childgrid_wire.metrics import gauge, gauges

WORDS = (
    "log-behind",
    "log-refused",
    "disk-full",
    "issuer-expired",
    "stopped",
    "hangs",
    "fails",
)
"""Every word that may come, before its colon."""


class Lookout(Collector):
    """Sees one station from outside; see the module."""

    def __init__(self, station: Station, pulse: Pulse, work: Callable[[], str]) -> None:
        """`pulse` is that of the rounds, `work` says what is wrong with them."""
        self._station, self._pulse, self._work = station, pulse, work
        self.registry = CollectorRegistry()
        self.port = 0
        self._stop: Callable[[], None] = lambda: None
        self._unprobe: Callable[[], None] = lambda: None
        self.observe = metrics.observer(self.registry)
        self.registry.register(self)

    def faults(self) -> Sequence[str]:
        """Why it does not serve, in short words; nothing where it does."""
        station = self._station
        full = free_bytes(station.folder) < LEAST_FREE_BYTES
        found = [
            self._work(),
            _log_fault(station.log),
            "disk-full" if full else "",
            "issuer-expired" if issuer_ends(station) <= station.clock() else "",
        ]
        return [word for word in found if word]

    @property
    def health(self) -> Health:
        """The answer to health checks."""
        return Health(self.faults, self._station.member)

    def serve(self, address: str, socket: str = "") -> None:
        """Show the figures there, then at `port`, and answer the supervisor's probe.

        Neither where it is empty.
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
        station = self._station
        yield from metrics.ready(WORDS, self.faults())
        yield from _log(station.log)
        yield from _copies(station)
        yield gauges(
            "childgrid_expires_timestamp_seconds",
            "When something of this station runs out, Unix seconds; 0: none there",
            "what",
            {"directory": directory_ends(station), "issuer": issuer_ends(station)},
        )
        yield gauges(
            "childgrid_work_succeeded_timestamp_seconds",
            "When a piece of repeated work last ended well, Unix seconds",
            "work",
            {self._pulse.name: self._pulse.succeeded},
        )
        free = float(free_bytes(station.folder))
        yield gauge("childgrid_disk_free_bytes", "Free bytes below state_dir", free)
        version = {metadata.version("childgrid"): 1.0}
        yield gauges("childgrid_release", "The release that runs", "version", version)


def issuer_ends(station: Station) -> float:
    """When the station's own issuer runs out, Unix seconds."""
    return station.identity.issuer.certificate.not_valid_after_utc.timestamp()


def directory_ends(station: Station) -> int:
    """When the directory runs out, Unix seconds; 0 where there is none in force."""
    try:
        return station.shelf.book.latest(int(station.clock())).directory.expires
    except WireError:
        return 0


def _log_fault(log: Log) -> str:
    try:
        log.check()
    except LogBehind:
        return "log-behind"
    except LogError:
        return "log-refused"
    return ""


def _log(log: Log) -> Iterator[GaugeMetricFamily]:
    note, size = log.latest_cosigned(), log.size()
    seen = open_checkpoint(note, log.vkey).checkpoint.size if note else 0
    yield gauge("childgrid_log_leaves", "Leaves of the own log", size)
    yield gauge(
        "childgrid_log_uncosigned_leaves",
        "Leaves that no quorum of witnesses has cosigned yet",
        size - seen,
    )


def _copies(station: Station) -> Iterator[GaugeMetricFamily]:
    """How old the copies of others' logs are, and proofs that somebody forked one."""
    store = station.store
    yield gauges(
        "childgrid_mirror_leaves",
        "Leaves of each member's log that this station holds",
        "member",
        {member: float(store.size(member)) for member in store.members()},
    )
    yield gauges(
        "childgrid_mirror_timestamp_seconds",
        "When something new of a member's log was last taken in, Unix seconds",
        "member",
        {member: store.sealed(member) for member in store.members()},
    )
    yield gauge(
        "childgrid_evidence_files",
        "Proofs that a log has signed two roots for one size",
        float(len(list(station.evidence.glob("*.json")))),
    )
