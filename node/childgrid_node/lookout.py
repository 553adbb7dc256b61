"""How a running node is: for health checks, and as figures for whoever runs it.

The figures are read when they are asked for. What they say of silent categories is what
left; no label names a person, an officer, a case or a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily

from childgrid_log import outlook
from childgrid_node import health as state
from childgrid_node import readiness, receipts
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_wire.health import Health
from childgrid_wire.metrics import gauge, gauges
from childgrid_wire.watched import Watched

if TYPE_CHECKING:
    from childgrid_node.loops import Loop


class Lookout(Watched):
    """Sees one node from outside; see the module."""

    def __init__(
        self,
        office: Office,
        holdings: Callable[[], Holdings],
        loops: Mapping[str, Loop],
        state_dir: Path,
        lacking: Callable[[], int],
        refused: Callable[[], Mapping[str, bool]] = dict,
    ) -> None:
        """`holdings` gives what is asked under now, `lacking` how many accepted epochs
        are not answered under, `refused` which own files can't be taken up.
        """
        self._lacking, self._refused = lacking, refused
        self._office, self._holdings = office, holdings
        self._loops = loops
        super().__init__(readiness.WORDS, state_dir, office.meter.registry)

    def faults(self) -> Sequence[str]:
        """Why the node does not serve; nothing where it does."""
        loops = self._loops.values()
        holdings = self._holdings()
        return readiness.faults(self._office, holdings, loops, self._state_dir)

    @property
    def health(self) -> Health:
        """The answer to health checks."""
        return Health(self.faults, self._office.member)

    def figures(self) -> Iterator[GaugeMetricFamily]:
        """Log, sources, queues, what runs out, repeated work, epochs, own files."""
        told = state.read(self._office, self._holdings())
        yield from outlook.figures(self._office.journal.log)
        yield from _sources(told["sources"])
        yield from _queues(self._office, told)
        yield gauges(
            "childgrid_expires_timestamp_seconds",
            "When something of this node runs out, Unix seconds; 0: it is not there",
            "what",
            told["expires"] | {"issuer": readiness.issuer_ends(self._office)},
        )
        yield gauges(
            "childgrid_work_succeeded_timestamp_seconds",
            "When a piece of repeated work last ended well, Unix seconds",
            "work",
            {name: loop.pulse.succeeded for name, loop in self._loops.items()},
        )
        yield from _epochs(self._office, self._lacking())
        yield gauges(
            "childgrid_file_refused",
            "1 where a file of the agency's can't be taken up as it lies there",
            "file",
            {name: float(wrong) for name, wrong in self._refused().items()},
        )


def _sources(sources: Sequence[Mapping[str, Any]]) -> Iterator[GaugeMetricFamily]:
    yield gauges(
        "childgrid_index_rows",
        "Rows of a source that are searched",
        "source",
        {one["name"]: one["rows"] for one in sources},
    )
    yield gauges(
        "childgrid_index_as_of_timestamp_seconds",
        "As of when a source's index speaks, Unix seconds",
        "source",
        {one["name"]: one["as_of"] for one in sources},
    )


def _queues(office: Office, told: Mapping[str, Any]) -> Iterator[GaugeMetricFamily]:
    yield gauge(
        "childgrid_outbox_statements",
        "Statements that wait to be carried to the coordinator",
        told["waiting"],
    )
    yield gauge("childgrid_drafts", "Drafts that nobody has signed", told["drafts"])
    yield gauge(
        "childgrid_receipts_missing",
        "Released records whose receipt is overdue",
        len(receipts.missing(office)),
    )


def _epochs(office: Office, lacking: int) -> Iterator[GaugeMetricFamily]:
    epochs = office.view.directory["epochs"]
    yield gauge(
        "childgrid_epoch_current", "The epoch that is asked under", epochs["current"]
    )
    yield gauge(
        "childgrid_epochs_lacking",
        "Accepted epochs whose key or index is not here yet",
        lacking,
    )
