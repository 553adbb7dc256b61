"""What an auditor has to say about a file, a party and an event.

A finding that is not `certain` says what may simply not have arrived yet; it counts
only where the log in question is in doubt already. No finding holds more of a
statement than its kind and the beginning of its hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SHORT = 12
UNDECIDED = "what forbids it was hung up about then, nobody can tell before or after"


@dataclass(frozen=True, order=True)
class Finding:
    """One fault: in which file, of which party, in which event or document."""

    file: str
    party: str
    event: str
    what: str

    def __str__(self) -> str:
        """One line of the report, whatever stands in a file's name."""
        line = f"{self.file}: {self.party}: {self.event}: {self.what}"
        return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)


@dataclass
class Report:
    """Collects findings, and the members whose log is not what was witnessed.

    `found` says of each whether it is certain; `lost` is what went with a log that the
    founders have closed, which they know of, and is no fault of the logs that are here.
    """

    found: dict[Finding, bool] = field(default_factory=dict)
    lost: set[Finding] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    def add(
        self, file: str, party: str, event: str, what: str, *, certain: bool = True
    ) -> None:
        """Take in one finding; what is certain once stays so."""
        finding = Finding(file, party, event, what)
        self.found[finding] = certain or self.found.get(finding, False)

    def lose(self, file: str, party: str, event: str, what: str) -> None:
        """Take in what was lost with a closed log, or is void by its closing."""
        self.lost.add(Finding(file, party, event, what))

    def doubt(self, file: str, party: str, event: str, what: str) -> None:
        """Take in a finding after which nothing of this party's log stands firm."""
        self.doubtful.add(party)
        self.add(file, party, event, what)

    def findings(self) -> tuple[Finding, ...]:
        """What is certain, and what is open at a log in doubt; in a stable order."""
        return tuple(sorted(f for f in self.found if self._counts(f)))

    def notes(self) -> tuple[Finding, ...]:
        """What is open and may still arrive."""
        return tuple(sorted(f for f in self.found if not self._counts(f)))

    def _counts(self, finding: Finding) -> bool:
        return self.found[finding] or finding.party in self.doubtful


def event_name(index: int, kind: str = "", name: str = "") -> str:
    """How a report names an entry of a log."""
    said = " ".join(part for part in (kind, name[:SHORT]) if part)
    return f"event {index} ({said})" if said else f"event {index}"


def span(start: int, stop: int) -> str:
    """How a report names the entries from `start` to `stop` - 1."""
    if stop - start > 1:
        return f"events {start}-{stop - 1}"
    return f"event {start}" if stop > start else "no event"
