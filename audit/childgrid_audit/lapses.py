"""What a closed log excuses: events that were lost with it, or are void by its closing.

The founders close a log where its witnesses saw it last. What its party had
acknowledged and no copy holds is lost there; what was asked before is void, on either
side, so that nothing more of it is logged. Both are named, each with its party, and
neither is a fault of the logs that are here. The rule: no party is excused from what it
said itself under the log that followed, nor from what auditors put to it, nor from what
a copy of the closed one should hold by its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from childgrid_audit.events import Event, Ledger
from childgrid_audit.hours import SETTLE_SECONDS
from childgrid_log.entry import HOUR
from childgrid_log.lineage import Generation
from childgrid_wire.kinds import Kind

_NEVER_VOID = (Kind.FINDING, Kind.OPENING, Kind.OPENED)
_RESTS_ON = ("query", "request", "disclosure", "answer", "subject", "opening")


@dataclass(frozen=True)
class Lapse:
    """A closed log, and why an event is in none of its party's logs."""

    log: Generation
    why: str


class Lapses:
    """Judges absences of one ledger by the closings that its directories name."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._closed = {
            member: [one for one in ledger.law.logs(member).values() if one.end]
            for member in ledger.law.members
        }

    def of(self, event: Event, member: str) -> Lapse | None:
        """Why `member` may lack an event, if a closed log is the reason."""
        author, issued = event.statement.issuer, event.statement.issued
        for log in self._closed.get(member, ()):
            if issued <= log.until and not self._holds(log, event):
                size = log.end.size if log.end else 0
                return Lapse(log, f"was lost with the log that was closed at {size}")
            if log.until < issued and self._is_void(event, member, log):
                return Lapse(log, "is void: a log was closed since it was asked")
        if event.places.keys() == {author} and author != member:
            for log in self._closed.get(author, ()):
                if issued <= log.until:
                    return Lapse(log, "was never told: its author's log was closed")
        return None

    def at(self, event: Event, *members: str) -> bool:
        """Whether a log of one of the members was closed after an event's beginning.

        Its author's counts only where it was said before that.
        """
        said = event.statement
        first = self._first(event)
        return any(
            (said.issued if member == said.issuer else first) <= log.until
            for member in members
            for log in self._closed.get(member, ())
        )

    def _is_void(self, event: Event, member: str, log: Generation) -> bool:
        """Whether a member need not take in what others said of old things since."""
        said = event.statement
        if said.issuer == member or said.kind in _NEVER_VOID:
            return False
        return self._first(event) <= log.until

    def _first(self, event: Event) -> int:
        """When the first of what an event follows from was said, Unix seconds."""
        return min(one.statement.issued for one in self._chain(event))

    def _holds(self, log: Generation, event: Event) -> bool:
        """Whether a copy of the closed log should hold an event by its time."""
        copy = self._ledger.copies.get(log.folder)
        logged = min(place.bucket for place in event.places.values()) + HOUR
        return copy is not None and copy.covered >= logged + SETTLE_SECONDS

    def _chain(self, event: Event) -> Iterator[Event]:
        """The event and what it follows from, as far as any log holds it."""
        waiting, seen = [event], {event.statement.hash}
        while waiting:
            one = waiting.pop()
            yield one
            body = one.statement.body
            named = {one.statement.answers, *(str(body.get(n, "")) for n in _RESTS_ON)}
            for name in sorted(named - seen):
                seen.add(name)
                if found := self._ledger.events.get(name):
                    waiting.append(found)
