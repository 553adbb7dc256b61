"""The room of pairing: what one log holds, the others must hold too.

An absence is certain where the log itself holds what rests on the missing event, where
its author or the coordinator, who had it first, has signed since without it, or where
the floor's `receipt_seconds` are over. Otherwise it is open: noted, and counted only
against a log that is in doubt anyway.
The rule: no event is missing, extra or out of order in any log without being named
with the party.
"""

from __future__ import annotations

from collections.abc import Iterator

from childgrid_audit import bundle
from childgrid_audit.bundle import Line
from childgrid_audit.duties import Duty, duty_of
from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import Report
from childgrid_audit.logs import Copy
from childgrid_log.entry import HOUR
from childgrid_log.leaves import labels_of
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

SETTLE_SECONDS = 600

_ALWAYS_TAKEN = (Kind.REFUSAL, Kind.VOID, Kind.FINDING, Kind.OPENING, Kind.OPENED)


class Pairing:
    """Compares all logs of a ledger; see the module."""

    def __init__(self, ledger: Ledger, report: Report) -> None:
        self._ledger = ledger
        self._report = report
        self._spare = {member: list(lines) for member, lines in ledger.shredded.items()}
        self._excused: set[tuple[str, str]] = set()
        self._due: dict[int, int] = {}

    def check(self) -> None:
        """Report every event that is missing, extra, unpaired or out of order."""
        events = [
            event for kind in Kind for event in self._ledger.of(kind) if event.places
        ]
        for event in events:
            duty = duty_of(self._ledger, event)
            self._check_extra(event, duty)
            self._check_absent(event, duty)
            self._check_rests(event, duty)
        for disclosure in self._ledger.of(Kind.DISCLOSURE):
            self._check_received(disclosure)
        for member in sorted(
            self._ledger.law.coordinators & self._ledger.copies.keys()
        ):
            self._check_board(member)
        for member in sorted(self._report.doubtful & self._ledger.copies.keys()):
            self._check_sequence(member)

    def _check_extra(self, event: Event, duty: Duty) -> None:
        if duty.allowed is None:
            return
        for member in sorted(event.places.keys() - duty.allowed):
            where = self._ledger.where(event, member)
            self._report.add(*where, "is extra: this party has no part in it")

    def _check_absent(self, event: Event, duty: Duty) -> None:
        for member in sorted((duty.required | duty.expected) - event.places.keys()):
            certain = (
                self._is_due(event, member)
                if member in duty.required
                else self._is_ignored(event, member)
            )
            if not self._is_excused(event.statement, member):
                self._missing(event, member, certain)

    def _missing(self, event: Event, member: str, certain: bool) -> None:
        path, party, other = self._ledger.where(event)
        what = f"is missing; {party} has it as {other} in {path}"
        self._report.add(
            bundle.checkpoint(member), member, event.name, what, certain=certain
        )

    def _is_due(self, event: Event, member: str) -> bool:
        """Whether `member` must have logged the event by now; see the module."""
        logged = _logged(event)
        if self._ledger.now >= logged + self._seconds(event):
            return True
        author = event.statement.issuer
        had_it = member == author or (
            member in self._ledger.law.coordinators
            and bool(event.places.keys() - {author})
        )
        copy = self._ledger.copies.get(member)
        return had_it and bool(copy) and _covers(copy, logged)

    def _is_ignored(self, event: Event, member: str) -> bool:
        """Whether a log that went on for long has left out mail that nobody refuses."""
        copy = self._ledger.copies.get(member)
        late = _logged(event) + self._seconds(event)
        return event.statement.kind in _ALWAYS_TAKEN and _covers(copy, late)

    def _seconds(self, event: Event) -> int:
        """The floor's `receipt_seconds` when the event was issued."""
        issued = event.statement.issued
        if issued not in self._due:
            try:
                floor = self._ledger.law.under(issued, lambda view: view.rules())
                self._due[issued] = int(floor["receipt_seconds"])
            except WireError:
                self._due[issued] = 0
        return self._due[issued]

    def _is_excused(self, said: Statement, member: str) -> bool:
        """Whether the event may be one that was shredded, or a line already named."""
        copy = self._ledger.copies.get(member)
        if (copy and copy.broken) or (said.hash, member) in self._excused:
            return True
        for line in self._spare.get(member, ()):
            if _could_be(line, said):
                self._spare[member].remove(line)
                self._excused.add((said.hash, member))
                return True
        return False

    def _check_rests(self, event: Event, duty: Duty) -> None:
        for name in duty.rests_on:
            ground = self._ledger.events.get(name)
            for member, place in sorted(event.places.items()):
                if duty.allowed is not None and member not in duty.allowed:
                    continue
                at = ground.places.get(member) if ground else None
                if at is None:
                    self._groundless(event, member, name, ground)
                elif at.index > place.index and event.statement.kind is not Kind.QUERY:
                    what = f"stands before {ground.name if ground else name}"
                    self._report.add(*self._ledger.where(event, member), what)

    def _groundless(
        self, event: Event, member: str, name: str, ground: Event | None
    ) -> None:
        """`member` holds an event without the one that it rests on."""
        if self._ledger.copies[member].broken:
            return
        if ground is not None:
            if not self._is_excused(ground.statement, member):
                self._missing(ground, member, certain=True)
        elif not self._ledger.shredded.get(member):
            what = f"rests on {name[:12]}, which is in no log"
            self._report.add(*self._ledger.where(event, member), what)

    def _check_received(self, disclosure: Event) -> None:
        """A receipt, a void, or still time for one of them."""
        said, name = disclosure.statement, disclosure.statement.hash
        receipts = self._ledger.naming(name, Kind.RECEIPT)
        for extra in receipts[1:]:
            where = self._ledger.where(extra)
            self._report.add(*where, "is a second receipt for one disclosure")
        if receipts or self._ledger.naming(name, Kind.VOID):
            return
        due = self._ledger.now >= said.issued + self._seconds(disclosure)
        member = said["requester"]
        self._report.add(
            *self._ledger.where(disclosure),
            f"has no receipt of {member} and no void",
            certain=due or member in self._report.doubtful,
        )

    def _check_board(self, member: str) -> None:
        """The coordinator logs in order whatever hangs on the board."""
        later = False
        for name, document in reversed(self._ledger.law.book.by_hash.items()):
            event = self._ledger.events.get(name)
            if event is not None and member in event.places:
                later = True
                continue
            absent = Event(document)
            late = document.issued + self._seconds(absent) <= self._ledger.now
            what = "is on the board but not logged"
            path = bundle.checkpoint(member)
            if not self._is_excused(document, member):
                certain = later or late
                self._report.add(path, member, absent.name, what, certain=certain)

    def _check_sequence(self, member: str) -> None:
        """In a log in doubt, name what stands in another order than elsewhere."""
        for other in sorted(self._ledger.copies.keys() - {member}):
            latest = -1
            for event in self._in_order(member, other):
                index = event.places[other].index
                if index < latest:
                    what = f"stands later here than at {other}"
                    self._report.add(*self._ledger.where(event, member), what)
                latest = max(latest, index)

    def _in_order(self, member: str, other: str) -> Iterator[Event]:
        shared = [
            event
            for event in self._ledger.events.values()
            if {member, other} <= event.places.keys()
        ]
        return iter(sorted(shared, key=lambda event: event.places[member].index))


def _logged(event: Event) -> int:
    """The end of the hour (Unix seconds) in which the first log took it in."""
    return min(place.bucket for place in event.places.values()) + HOUR


def _covers(copy: Copy | None, when: int) -> bool:
    """Whether the checkpoint is so young that everything of `when` is in it."""
    return copy is not None and copy.covered >= when + SETTLE_SECONDS


def _could_be(line: Line, said: Statement) -> bool:
    entry = line.entry
    labels = (entry.purpose, entry.sections, entry.fields)
    return (
        entry.kind == said.kind.value
        and labels == labels_of(said)
        and entry.bucket + HOUR > said.issued - HOUR
    )
