"""The room of events: every envelope opened, verified and found in its logs.

A statement is verified once and remembered with each place that holds it. Its leaf
must say what it says, in the hour in which it can have been logged; a shredded one is
accepted only where a `shred` statement of the same log names it.
It does not judge whether the speaker was allowed to speak (`conduct`) or who else must
have heard it (`pairing`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from childgrid_audit import bundle
from childgrid_audit.bundle import Line
from childgrid_audit.documents import LAG_SECONDS, Law
from childgrid_audit.findings import UNDECIDED, Report, event_name
from childgrid_audit.hours import check_hours, form, is_late
from childgrid_audit.logs import Copy
from childgrid_audit.memo import Memo, content
from childgrid_log.entry import HOUR
from childgrid_log.leaves import labels_of
from childgrid_log.retention import is_erasable
from childgrid_wire import canonical, enrolment, envelope, statement
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS, Statement
from childgrid_wire.trust import View

_NAMES = {
    Kind.QUERY: "attestation",
    Kind.VOID: "disclosure",
    Kind.RECEIPT: "disclosure",
}


@dataclass(frozen=True)
class Place:
    """Where a party's logs hold a statement, and the hour (Unix seconds) of logging.

    `log` is the folder of the log, `generation` how many were closed before it.
    """

    index: int
    bucket: int
    log: str
    generation: int = 0

    @property
    def order(self) -> tuple[int, int]:
        """What comes before what in all logs of one party."""
        return self.generation, self.index


@dataclass
class Event:
    """A verified statement and where it is first held, by member."""

    statement: Statement
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Kind and the beginning of the hash."""
        return f"{self.statement.kind.value} {self.statement.hash[:12]}"


@dataclass
class Ledger:
    """Everything that verified, across all logs of a bundle.

    `now` is the time of the manifest, Unix seconds; `held` the leaf of each statement
    in each log that holds it.
    """

    law: Law
    copies: dict[str, Copy]
    now: int
    events: dict[str, Event] = field(default_factory=dict)
    shredded: dict[str, list[Line]] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    _by_kind: dict[Kind, list[Event]] = field(default_factory=dict)
    _answers: dict[tuple[str, Kind], list[Event]] = field(default_factory=dict)
    _naming: dict[tuple[str, Kind], list[Event]] = field(default_factory=dict)

    @cached_property
    def early(self) -> Ledger:
        """The same, by `Law.early`."""
        return replace(self, law=self.law.early)

    def index(self) -> None:
        """Sort what was read, by kind and by what it answers; called once."""
        every = self.events.values()
        for event in sorted(
            every, key=lambda e: (e.statement.issued, e.statement.hash)
        ):
            said = event.statement
            self._by_kind.setdefault(said.kind, []).append(event)
            self._answers.setdefault((said.answers, said.kind), []).append(event)
            if said.kind in _NAMES:
                named = said[_NAMES[said.kind]], said.kind
                self._naming.setdefault(named, []).append(event)

    def of(self, kind: Kind) -> list[Event]:
        """The events of a kind, by time and hash."""
        return self._by_kind.get(kind, [])

    def answering(self, name: str, kind: Kind) -> list[Event]:
        """The events of a kind that answer the statement `name`, likewise."""
        return self._answers.get((name, kind), [])

    def naming(self, name: str, kind: Kind) -> list[Event]:
        """The queries that name an attestation, the ends that name a disclosure."""
        return self._naming.get((name, kind), [])

    def ended(self, disclosure: Event, kind: Kind) -> list[Event]:
        """Its receipts by who asked, or its voids by its holder, likewise.

        Whoever else says that it ended is at fault for that, and ends nothing.
        """
        said = disclosure.statement
        author = said.issuer if kind is Kind.VOID else said["requester"]
        named = self.naming(said.hash, kind)
        return [one for one in named if one.statement.issuer == author]

    def voided(self, disclosure: Event) -> bool:
        """Whether it never left its holder: void, and nobody has received it."""
        voids = self.ended(disclosure, Kind.VOID)
        return bool(voids) and not self.ended(disclosure, Kind.RECEIPT)

    @cached_property
    def erased(self) -> dict[str, set[str]]:
        """Who says of its own log that it has erased a statement, by its hash."""
        found: dict[str, set[str]] = {}
        for event in self.of(Kind.SHRED):
            said = event.statement
            if said.issuer == said["party"]:
                for name in said.body.get("statements", ()):
                    found.setdefault(name, set()).add(said.issuer)
        return found

    def unsent(self, disclosure: Event) -> bool:
        """Whether nobody but its holder had it, as where no coordinator took it."""
        said = disclosure.statement
        others = self.law.coordinators | {said["requester"]}
        erased = self.erased.get(said.hash, set()) & others
        return disclosure.places.keys() == {said.issuer} and not erased

    def overtaken(self, disclosure: Event, due: int) -> bool:
        """Whether a coordinator had to leave it: unsent, and its request had ended.

        A refusal that was said after `due` (Unix seconds) came too late to explain why
        nobody had acknowledged it by then. The coordinator must have it; that it stood
        in time its hour tells, or where the line was down that of who asked. What has
        been erased since nobody can date.
        """
        said = disclosure.statement
        request = self.get(said["request"], Kind.REQUEST)
        refused = any(
            self._taken(one, hub) < sys.maxsize
            and min(self._taken(one, who) for who in (hub, said["requester"])) < due
            for one in self.answering(said["request"], Kind.REFUSAL)
            for hub in self.law.coordinators
        )
        over = request and request.statement.expires <= said.issued + LAG_SECONDS
        return self.unsent(disclosure) and bool(refused or over)

    def _taken(self, event: Event, member: str) -> int:
        """When a member took it in at the earliest, Unix seconds; never: far ahead."""
        if member in event.places:
            return event.places[member].bucket
        said = event.statement
        had_it = member in self.erased.get(said.hash, ())
        return said.issued if had_it else sys.maxsize

    def get(self, name: str, kind: Kind) -> Event | None:
        """The event of this hash, if it is there and of that kind."""
        event = self.events.get(name)
        return event if event and event.statement.kind is kind else None

    def of_member(self, member: str) -> list[Copy]:
        """The copies of a member's logs, the first log first."""
        return [one for one in self.copies.values() if one.member == member]

    def where(self, event: Event, member: str = "") -> tuple[str, str, str]:
        """File, party and name under which to report an event.

        Of `member`'s log, or of the log that should know it best.
        """
        at = next(
            one
            for one in (member, event.statement.issuer, *sorted(event.places))
            if one in event.places
        )
        place = event.places[at]
        kind, name = event.statement.kind.value, event.statement.hash
        event_ = event_name(place.index, kind, name)
        return bundle.entries(place.log, place.index), at, event_


def read_events(
    law: Law, copies: dict[str, Copy], now: int, memo: Memo, report: Report
) -> Ledger:
    """Verify every entry's statement; what does not hold is reported."""
    ledger = Ledger(law, copies, now)
    for copy in copies.values():
        for line in _in_order(copy):
            if line.shredded:
                ledger.shredded.setdefault(copy.name, []).append(line)
            else:
                _take(ledger, copy, line, memo, report)
        check_hours(copy, report)
        _check_first(ledger, copy, report)
    ledger.index()
    for copy in copies.values():
        _check_shredded(ledger, copy, report)
    return ledger


def _in_order(copy: Copy) -> Iterator[Line]:
    for index in sorted(copy.lines):
        yield copy.lines[index]


def _take(ledger: Ledger, copy: Copy, line: Line, memo: Memo, report: Report) -> None:
    path = bundle.entries(copy.name, line.index)
    event = event_name(line.index, line.entry.kind)
    try:
        said, doubt = _verified(ledger.law, line.envelope, memo)
    except WireError as error:
        what = f"does not verify: {error.reason.value} {error.detail}".rstrip()
        report.add(path, copy.member, event, what)
        return
    event = event_name(line.index, said.kind.value, said.hash)
    if doubt:
        what = f"may not verify: {doubt}; {UNDECIDED}"
        report.add(path, copy.member, event, what, certain=False)
    for what in _differing(line, said, ledger.now):
        report.add(path, copy.member, event, what)
    if said.issuer == copy.member and is_late(
        said, line.entry.bucket, _since(ledger, copy)
    ):
        what = "is dated long before it was logged, by whoever says it"
        report.add(path, copy.member, event, what)
    known = ledger.events.setdefault(said.hash, Event(said))
    if (said.hash, copy.name) in ledger.held:
        report.add(path, copy.member, event, "is logged twice")
        return
    ledger.held[said.hash, copy.name] = line.index
    place = Place(line.index, line.entry.bucket, copy.name, copy.log.number)
    # What a restored journal had forgotten may come again in the next log.
    known.places.setdefault(copy.member, place)


def _verified(law: Law, data: bytes, memo: Memo) -> tuple[Statement, str]:
    """Verify a statement; also why it may not, if a document hung early. Raises so."""
    try:
        return verified(law.early, data, memo), ""
    except WireError as error:
        early = f"{error.reason.value} {error.detail}".rstrip()
    return verified(law, data, memo), early


def _since(ledger: Ledger, copy: Copy) -> int:
    """When the log before this one was closed, Unix seconds; 0 for a first log."""
    if not copy.log.number:
        return 0
    return list(ledger.law.logs(copy.member).values())[copy.log.number - 1].until


def _differing(line: Line, said: Statement, now: int) -> Iterator[str]:
    entry = line.entry
    labels = (entry.purpose, entry.sections, entry.fields)
    if entry.kind != said.kind.value or labels != labels_of(said):
        yield "the leaf says something else than its statement"
    if entry.bucket + HOUR + SKEW_SECONDS <= said.issued:
        yield "was logged before it was issued"
    if max(said.issued, entry.bucket) > now + SKEW_SECONDS:
        yield "is younger than the export"


def _check_first(ledger: Ledger, copy: Copy, report: Report) -> None:
    """A log after a closed one begins by naming where that was closed."""
    line = copy.lines.get(0)
    if not copy.log.number or line is None or line.shredded:
        return
    before = list(ledger.law.logs(copy.member).values())[copy.log.number - 1]
    named = {"kind": "notice", "topic": "succession", "subject": before.follows()}
    try:
        body = canonical.loads(envelope.read(line.envelope).payload)
    except WireError:
        body = {}
    if not named.items() <= body.items():
        what = "does not begin by naming the log that was closed before it"
        report.add(bundle.entries(copy.name, 0), copy.member, event_name(0), what)


def verified(law: Law, data: bytes, memo: Memo) -> Statement:
    """Verify a statement under what was in force when it was issued.

    Raises:
        WireError: it does not verify, or is a document that the board doesn't hold.
    """
    digest = content(data)
    outer, issued = form(data, memo)
    if outer.kind in DOCUMENTS:
        return _document(law, outer)
    if outer.kind is Kind.ENROLMENT:
        return memo.once(("enrolment", digest), lambda: enrolment.verify(data))

    def check(view: View) -> Statement:
        key = view.find_key(outer.signatures[0].keyid)
        return memo.once(
            ("statement", digest, key), lambda: statement.verify(data, lambda _: key)
        )

    return law.under(issued, check)


def _document(law: Law, outer: Envelope) -> Statement:
    known = law.book.by_hash.get(outer.hash)
    if known is None or known.data != outer.data:
        raise Untrusted(Reason.UNKNOWN, f"{outer.kind.value} is not on the board")
    return known


def _check_shredded(ledger: Ledger, copy: Copy, report: Report) -> None:
    """A shredded entry is named by a later `shred` of the same log."""
    named: dict[int, int] = {}
    for event in ledger.of(Kind.SHRED):
        said, place = event.statement, event.places.get(copy.member)
        ours = place is not None and place.log == copy.name
        if place and ours and said.issuer == said["party"] == copy.member:
            _check_head(ledger, copy, event, report)
            _check_due(ledger, copy, event, report)
            named |= dict.fromkeys(said["entries"], place.index)
    for line in ledger.shredded.get(copy.name, ()):
        if named.get(line.index, -1) <= line.index:
            path = bundle.entries(copy.name, line.index)
            event_ = event_name(line.index, line.entry.kind)
            what = "its envelope is gone and no shred statement covers it"
            report.add(path, copy.member, event_, what)


def _check_due(ledger: Ledger, copy: Copy, event: Event, report: Report) -> None:
    """Only what may be shredded was, and not before its time."""
    said, place = event.statement, event.places[copy.member]
    for index in said["entries"]:
        line = copy.lines.get(index)
        if line and not is_erasable(line.entry, min(said.issued, place.bucket + HOUR)):
            what = f"shreds event {index}, which must stay, or stay longer"
            report.add(*ledger.where(event, copy.member), what)


def _check_head(ledger: Ledger, copy: Copy, event: Event, report: Report) -> None:
    """A `shred` names a root of the log that covers what it shreds."""
    index = event.places[copy.member].index
    if index > copy.tree.size:
        return
    sizes = range(max(event.statement["entries"]) + 1, index + 1)
    head = bytes.fromhex(event.statement["head"])
    if not any(copy.tree.root(size) == head for size in reversed(sizes)):
        what = "names a head that does not cover what it shreds"
        report.add(*ledger.where(event, copy.member), what)
