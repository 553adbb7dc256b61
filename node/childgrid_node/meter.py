"""What a node counts while it works: answers and the time of a scan."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Meter:
    """The counters of one node, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "childgrid_answers",
            "Answers to queries, by the outcome that left: hit or none",
            ["outcome"],
            registry=self.registry,
        )
        self._scan = Histogram(
            "childgrid_scan_seconds",
            "Processor time that one query's scan took, all sources together",
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def scanned(self, spent_ns: int) -> None:
        """A scan took so many nanoseconds."""
        self._scan.observe(spent_ns / 1e9)

    def answered(self, outcome: str) -> None:
        """An answer left; what a silent category holds back counts as none."""
        self._answers.labels(outcome).inc()
