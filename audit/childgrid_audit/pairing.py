"""The room of pairing: what one log holds, the others must hold too.

An absence is certain where the log itself holds what rests on the missing event, where
its author or the coordinator, who had it first, has signed since without it, or where
the floor's `receipt_seconds` are over. Otherwise it is open: noted, and counted only
against a log that is in doubt anyway.
What was lost with a log that the founders have closed, or is void by that, is named
apart (`Lapses`): they know of it, and the party can't have it any more.
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
from childgrid_audit.hours import SETTLE_SECONDS
from childgrid_audit.lapses import Lapses
from childgrid_log.entry import HOUR
from childgrid_log.leaves import labels_of
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_ALWAYS_TAKEN = (Kind.REFUSAL, Kind.VOID, Kind.FINDING, Kind.OPENING, Kind.OPENED)


class Pairing:
    """Compares all logs of a ledger; see the module."""

    def __init__(self, ledger: Ledger, report: Report) -> None:
        self._ledger = ledger
        self._report = report
        self._lapses = Lapses(ledger)
        self._members = {one.member for one in ledger.copies.values()}
        self._spare: dict[str, list[Line]] = {}
        for name, lines in ledger.shredded.items():
            self._spare.setdefault(bundle.member_of(name), []).extend(lines)
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
        for member in sorted(self._ledger.law.coordinators & self._members):
            self._check_board(member)
        for member in sorted(self._report.doubtful & self._members):
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
        there = f"{party} has it as {other} in {path}"
        lapse = self._lapses.of(event, member)
        if lapse is not None:
            at = bundle.checkpoint(lapse.log.folder)
            self._report.lose(at, member, event.name, f"{lapse.why}; {there}")
            return
        self._report.add(
            bundle.checkpoint(self._newest(member)),
            member,
            event.name,
            f"is missing; {there}",
            certain=certain,
        )

    def _newest(self, member: str) -> str:
        """The folder of the copy of a member's newest log."""
        copies = self._ledger.of_member(member)
        return copies[-1].name if copies else member

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
        return had_it and self._covers(member, logged)

    def _covers(self, member: str, when: int) -> bool:
        """Whether a checkpoint is so young that everything of `when` is in a log."""
        copies = self._ledger.of_member(member)
        return any(one.covered >= when + SETTLE_SECONDS for one in copies)

    def _is_ignored(self, event: Event, member: str) -> bool:
        """Whether a log that went on for long has left out mail that nobody refuses."""
        late = _logged(event) + self._seconds(event)
        return event.statement.kind in _ALWAYS_TAKEN and self._covers(member, late)

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
        if self._is_broken(member) or (said.hash, member) in self._excused:
            return True
        if not self._is_erased(member, said.hash):
            return False
        for line in self._spare.get(member, ()):
            if _could_be(line, said):
                self._spare[member].remove(line)
                self._excused.add((said.hash, member))
                return True
        return False

    def _is_erased(self, member: str, name: str) -> bool:
        """Whether a member says that it has erased that."""
        return member in self._ledger.erased.get(name, ())

    def _is_broken(self, member: str) -> bool:
        return any(one.broken for one in self._ledger.of_member(member))

    def _check_rests(self, event: Event, duty: Duty) -> None:
        for name in duty.rests_on:
            ground = self._ledger.events.get(name)
            for member, place in sorted(event.places.items()):
                if duty.allowed is not None and member not in duty.allowed:
                    continue
                at = ground.places.get(member) if ground else None
                if at is None:
                    self._groundless(event, member, name, ground)
                elif at.order > place.order and event.statement.kind is not Kind.QUERY:
                    what = f"stands before {ground.name if ground else name}"
                    self._report.add(*self._ledger.where(event, member), what)

    def _groundless(
        self, event: Event, member: str, name: str, ground: Event | None
    ) -> None:
        """`member` holds an event without the one that it rests on."""
        if self._is_broken(member):
            return
        if ground is not None:
            if not self._is_excused(ground.statement, member):
                self._missing(ground, member, certain=True)
        elif not self._is_erased(member, name):
            what = f"rests on {name[:12]}, which is in no log"
            where = self._ledger.where(event, member)
            if self._lapses.at(event, member, event.statement.issuer):
                self._report.lose(*where, f"{what} any more")
            else:
                self._report.add(*where, what)

    def _check_received(self, disclosure: Event) -> None:
        """A receipt, a void, or still time for one of them."""
        said = disclosure.statement
        receipts = self._ledger.ended(disclosure, Kind.RECEIPT)
        for extra in receipts[1:]:
            where = self._ledger.where(extra)
            self._report.add(*where, "is a second receipt for one disclosure")
        voids = self._ledger.ended(disclosure, Kind.VOID)
        if receipts and voids:
            what = "tells that a disclosure is void which was received"
            self._report.add(*self._ledger.where(voids[0]), what)
        if receipts or voids:
            return
        due = said.issued + self._seconds(disclosure)
        member = said["requester"]
        where = self._ledger.where(disclosure)
        what = f"has no receipt of {member} and no void"
        if self._lapses.at(disclosure, member, said.issuer):
            self._report.lose(*where, f"{what}: a log was closed since")
            return
        if self._ledger.unsent(disclosure):
            what = f"was not carried, as the logs have it, and {what}"
        late = self._ledger.now >= due
        certain = late and not self._ledger.overtaken(disclosure, due)
        certain |= member in self._report.doubtful
        self._report.add(*where, what, certain=certain)

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
        for other in sorted(self._members - {member}):
            latest = (-1, -1)
            for event in self._in_order(member, other):
                order = event.places[other].order
                if order < latest:
                    what = f"stands later here than at {other}"
                    self._report.add(*self._ledger.where(event, member), what)
                latest = max(latest, order)

    def _in_order(self, member: str, other: str) -> Iterator[Event]:
        shared = [
            event
            for event in self._ledger.events.values()
            if {member, other} <= event.places.keys()
        ]
        return iter(sorted(shared, key=lambda event: event.places[member].order))


def _logged(event: Event) -> int:
    """The end of the hour (Unix seconds) in which the first log took it in."""
    return min(place.bucket for place in event.places.values()) + HOUR


def _could_be(line: Line, said: Statement) -> bool:
    entry = line.entry
    labels = (entry.purpose, entry.sections, entry.fields)
    return (
        entry.kind == said.kind.value
        and labels == labels_of(said)
        and entry.bucket + HOUR > said.issued - HOUR
    )
