"""How a running station is: for health checks, and as figures for whoever runs it.

Not ready is: a log that takes nothing in or is behind its witnesses, a disk nearly
full, an issuer that has run out, rounds that have stopped, hang or fail again and
again. A coordinator that is away is awaited. Labels name members; no officer, case or
query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from childgrid_audit.station import Station
from childgrid_log import outlook
from childgrid_wire.errors import WireError
from childgrid_wire.health import LEAST_FREE_BYTES, Health, Pulse, free_bytes
from childgrid_wire.metrics import gauge, gauges
from childgrid_wire.watched import Watched

WORDS = (
    *outlook.WORDS,
    "disk-full",
    "issuer-expired",
    "stopped",
    "hangs",
    "fails",
)
"""Every word that may come, before its colon."""


class Lookout(Watched):
    """Sees one station from outside; see the module."""

    def __init__(self, station: Station, pulse: Pulse, work: Callable[[], str]) -> None:
        """`pulse` is that of the rounds, `work` says what is wrong with them."""
        self._station, self._pulse, self._work = station, pulse, work
        super().__init__(WORDS, station.folder)

    def faults(self) -> Sequence[str]:
        """Why it does not serve, in short words; nothing where it does."""
        station = self._station
        full = free_bytes(station.folder) < LEAST_FREE_BYTES
        found = [
            self._work(),
            outlook.fault(station.log),
            "disk-full" if full else "",
            "issuer-expired" if issuer_ends(station) <= station.clock() else "",
        ]
        return [word for word in found if word]

    @property
    def health(self) -> Health:
        """The answer to health checks."""
        return Health(self.faults, self._station.member)

    def figures(self) -> Iterator[GaugeMetricFamily]:
        """Log, copies of others' logs, what runs out, the rounds."""
        station = self._station
        yield from outlook.figures(station.log)
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


def issuer_ends(station: Station) -> float:
    """When the station's own issuer runs out, Unix seconds."""
    return station.identity.issuer.certificate.not_valid_after_utc.timestamp()


def directory_ends(station: Station) -> int:
    """When the directory runs out, Unix seconds; 0 where there is none in force."""
    try:
        return station.shelf.book.latest(int(station.clock())).directory.expires
    except WireError:
        return 0


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
