"""A quarter of a year, and the part of the logs that belongs to it.

What began in a quarter may end after it: a query lives for 7 days and a request for 72
hours. So a quarter *closes* ten days after its end, and everything that a log held in
an hour before that belongs to its prefix. Logs only grow, and their hours don't run
backwards: once every log reaches the close, the prefix never changes again.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from childgrid_audit.events import Event, Ledger, Place
from childgrid_audit.logs import Copy
from childgrid_audit.workbench.limits import DAY, LIMITS
from childgrid_log.entry import HOUR
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.statement import SKEW_SECONDS

GRACE_SECONDS = 10 * DAY
"""The longest life of a query and of a request, by the schema of the floor."""

_NAME = re.compile(r"(20[0-9]{2})-Q([1-4])", re.ASCII)


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of the local calendar; times in Unix seconds, `end` excluded."""

    year: int
    number: int

    @classmethod
    def parse(cls, name: str) -> Quarter:
        """Read `2027-Q1`; raises ValueError otherwise."""
        found = _NAME.fullmatch(name)
        if not found:
            raise ValueError("a quarter is written like 2027-Q1")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def at(cls, when: int) -> Quarter:
        """The quarter of a time."""
        local = dt.datetime.fromtimestamp(when + LIMITS.utc_offset, dt.UTC)
        return cls(local.year, (local.month - 1) // 3 + 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def start(self) -> int:
        """Local midnight of its first day."""
        first = dt.datetime(self.year, 3 * self.number - 2, 1, tzinfo=dt.UTC)
        return int(first.timestamp()) - LIMITS.utc_offset

    @property
    def end(self) -> int:
        """Local midnight of the day after it."""
        return self.next().start

    @property
    def close(self) -> int:
        """When everything that began in it has ended."""
        return self.end + GRACE_SECONDS

    def next(self) -> Quarter:
        """The quarter that follows."""
        rest = self.number % 4
        return Quarter(self.year + (rest == 0), rest + 1)


@dataclass(frozen=True)
class Prefix:
    """How much of each log belongs to a quarter: leaves and root, by its folder.

    `final` says that a quorum has cosigned every log beyond the close.
    """

    sizes: dict[str, int]
    roots: dict[str, str]
    final: bool

    def table(self) -> dict[str, dict[str, object]]:
        """Size and root (hex) by log, as JSON."""
        return {
            member: {"size": size, "root": self.roots[member]}
            for member, size in sorted(self.sizes.items())
        }


def prefix(ledger: Ledger, quarter: Quarter) -> Prefix:
    """Measure the part of each log that belongs to a quarter."""
    copies = ledger.copies
    sizes = {member: _size(copy, quarter.close) for member, copy in copies.items()}
    roots = {member: copies[member].tree.root(sizes[member]).hex() for member in sizes}
    reached = [copy.covered for copy in copies.values()] or [ledger.now]
    return Prefix(sizes, roots, min(reached) >= quarter.close)


def _size(copy: Copy, close: int) -> int:
    """The leaves before the first whose hour ends after the close."""
    for index in sorted(copy.lines):
        if copy.lines[index].entry.bucket + HOUR > close:
            return index
    return copy.size


def within(ledger: Ledger, quarter: Quarter, part: Prefix) -> Ledger:
    """The ledger of a quarter: its prefix, from the quarter's first day on.

    Documents stay whatever their age; places outside of the prefix are left out. What
    says that it was issued well after the close can't have been logged before it.
    """
    events = {}
    first, close = quarter.start - DAY, quarter.close
    for name, event in ledger.events.items():
        said, issued = event.statement, event.statement.issued
        if issued > close + SKEW_SECONDS:
            continue
        if issued < first and said.kind not in DOCUMENTS:
            continue
        kept = _placed(event, part, close)
        if kept:
            events[name] = Event(said, kept)
    cut = Ledger(ledger.law, ledger.copies, close, events)
    cut.index()
    return cut


def _placed(event: Event, part: Prefix, close: int) -> dict[str, Place]:
    return {
        member: place
        for member, place in event.places.items()
        if (
            place.index < part.sizes[place.log]
            if place.log in part.sizes
            else place.bucket + HOUR <= close
        )
    }
