"""The room of documents: who was who, and which rules were in force when.

Documents are believed from one root fingerprint on, in their order, as every party
believes them (`childgrid_wire.book`). The rule: what was said is judged under the
versions that were in force then, with a little room for clocks and for the time that a
new version needs to reach everybody. A version that travelled before it was hung up, as
founders' proposals do, binds nobody before the coordinator's log has it: whoever dates
a document back puts no one in the wrong. When it was hung up is known by two bounds
only: nobody is in the wrong who would not be by either.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from childgrid_audit import bundle
from childgrid_audit.bundle import Files
from childgrid_audit.findings import Report
from childgrid_audit.memo import Memo, content
from childgrid_log import lineage
from childgrid_log.entry import HOUR
from childgrid_log.lineage import Generation
from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book, Since
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS, Statement
from childgrid_wire.trust import View

LAG_SECONDS = 300

T = TypeVar("T")


class Hung(NamedTuple):
    """Between which times (Unix seconds) a document was hung up."""

    earliest: int
    latest: int


_UNKNOWN = Hung(0, sys.maxsize)
_IN_VIEWS = (Kind.DIRECTORY, Kind.STAFF, Kind.POLICY, Kind.REVOCATION)


class Law:
    """The verified documents, and views of them at any time."""

    def __init__(
        self,
        book: Book,
        hung: Mapping[str, Hung] | None = None,
        *,
        is_early: bool = False,
    ) -> None:
        """`hung`: when each document was hung up, by hash; `is_early`: see `early`."""
        self.book = book
        self._hung = hung or {}
        self._is_early = is_early
        self._views: dict[tuple[int, Since], View] = {}
        self._times: dict[Since, list[int]] = {}
        self._cuts: dict[str, Since] = {}
        self.members: dict[str, dict[str, Any]] = {
            entry["id"]: entry for one in book.directories for entry in one["members"]
        }
        self.coordinators = frozenset(
            name for name, at in self.members.items() if at["kind"] == "coordinator"
        )

    def as_hung(self, hung: Mapping[str, Hung]) -> Law:
        """The same documents, of which is known about when each was hung up."""
        return Law(self.book, hung)

    @cached_property
    def early(self) -> Law:
        """The same, each in force as soon as it can have hung, and not later.

        What this alone forbids, nobody can decide.
        """
        return Law(self.book, self._hung, is_early=True)

    def logs(self, member: str) -> dict[str, Generation]:
        """Every log of a member that a directory names, by folder, in their order."""
        entry = self.members.get(member)
        logs = lineage.generations(entry) if entry else ()
        return {one.folder: one for one in logs}

    def around(self, when: int) -> Iterator[View]:
        """Views at `when` (Unix seconds) under what was in force about then.

        The first is exact; the others allow for clocks 120 s ahead and for a version
        that was 300 s old, since it was hung up, and still on its way; the last for
        what may have been hung up only after that. None where no directory was.
        """
        for shift, since in (
            (0, _issued),
            (SKEW_SECONDS, _issued),
            (0, self._reached),
            (-LAG_SECONDS, self._reached),
        ):
            yield from self._at(when, shift, since)
        for document in () if self._is_early else self._unheard(when):
            yield from self._at(when, 0, self._before(document))

    def _at(self, when: int, shift: int, since: Since) -> Iterator[View]:
        """The same for all moments between two documents: made once."""
        begun = self.book.directories[0].issued if self.book.directories else when
        at = max(when + shift, min(begun, when))
        if since not in self._times:
            self._times[since] = sorted(map(since, self.book.by_hash.values()))
        key = bisect_right(self._times[since], at), since
        if key not in self._views:
            try:
                self._views[key] = self.book.as_of(at, since)
            except Untrusted:
                return
        yield replace(self._views[key], now=when)

    def _reached(self, document: Statement) -> int:
        """When a document hung on the board at the earliest, Unix seconds."""
        return max(document.issued, self._when(document).earliest)

    def _surely(self, document: Statement) -> int:
        """When everybody had heard of a document at the latest."""
        return max(document.issued, self._when(document).latest) + LAG_SECONDS

    def _when(self, document: Statement) -> Hung:
        if document is self.book.directories[0]:
            return Hung(0, 0)
        return self._hung.get(document.hash, _UNKNOWN)

    def _unheard(self, when: int) -> Iterator[Statement]:
        """The first document that somebody had not heard of at `when`, as it can be.

        A revocation only forbids: who had not heard of it is forbidden no more than who
        had, whatever comes next. Thousands in one hour make no thousand views.
        """
        last: Statement | None = None
        for one in sorted(self._undecided(when), key=lambda one: self._place[one.hash]):
            if last is None or last.kind is not Kind.REVOCATION:
                yield one
            last = one

    def _undecided(self, when: int) -> Iterator[Statement]:
        """Documents of which nobody can tell whether they were known at `when`."""
        begun = self._begun
        last = bisect_right(begun, when, key=self._reached)
        first = bisect_right(begun, when - HOUR - LAG_SECONDS, key=self._reached)
        for document in (*self._unlogged, *begun[first:last]):
            if self._reached(document) <= when < self._surely(document):
                yield document

    @cached_property
    def _begun(self) -> list[Statement]:
        """What belongs to views and is in a coordinator's log, by `_reached`."""
        known = [one for one in self._in_views if one.hash in self._hung]
        return sorted(known, key=self._reached)

    @cached_property
    def _unlogged(self) -> list[Statement]:
        first = self.book.directories[:1]
        return [
            one
            for one in self._in_views
            if one.hash not in self._hung and one not in first
        ]

    @property
    def _in_views(self) -> Iterator[Statement]:
        return (one for one in self.book.by_hash.values() if one.kind in _IN_VIEWS)

    @cached_property
    def _place(self) -> dict[str, int]:
        """The board's order, by hash."""
        return {name: place for place, name in enumerate(self.book.by_hash)}

    def _before(self, last: Statement) -> Since:
        """What to go by if nothing from `last` on was known, in the board's order."""
        if last.hash not in self._cuts:
            place, end = self._place, self._place[last.hash]

            def since(document: Statement) -> int:
                known = place[document.hash] < end
                return self._reached(document) if known else self._surely(document)

            self._cuts[last.hash] = since
        return self._cuts[last.hash]

    def under(self, when: int, check: Callable[[View], T]) -> T:
        """Make a check under any of the views around `when`.

        Raises:
            WireError: what the check says under the exact view.
        """
        first: WireError | None = None
        for view in self.around(when):
            try:
                return check(view)
            except WireError as error:
                first = first or error
        raise first or Untrusted(Reason.OLD_VERSION, "directory")


def _issued(document: Statement) -> int:
    return document.issued


@dataclass(frozen=True)
class _Fault:
    number: int
    party: str
    kind: str
    what: str


def read_documents(files: Files, root: str, memo: Memo, report: Report) -> Law:
    """Verify the documents of a bundle; what does not verify is reported.

    `root` is the pinned fingerprint. The result may hold no directory at all.
    """
    paths = sorted(path for path in files if path.startswith("documents/"))
    _check_numbers(paths, report)
    data = [files.get(path, b"") for path in paths]
    law, faults = memo.once(
        ("documents", root, content(*data)), lambda: _read(data, root)
    )
    for fault in faults:
        event = f"document {fault.number} ({fault.kind})"
        report.add(paths[fault.number - 1], fault.party, event, fault.what)
    if not law.book.directories:
        what = "no directory follows from this root fingerprint"
        report.add("documents", "founders", "document 1 (directory)", what)
    return law


def _check_numbers(paths: list[str], report: Report) -> None:
    for number, path in enumerate(paths, 1):
        if path != bundle.document(number):
            missing = bundle.document(number)
            report.add(missing, "board", f"document {number}", "is missing")
            return


def _read(data: list[bytes], root: str) -> tuple[Law, tuple[_Fault, ...]]:
    book = Book(root)
    faults = []
    for number, document in enumerate(data, 1):
        try:
            known = len(book.by_hash)
            book.add(document)
            if len(book.by_hash) == known:
                faults.append(_fault(number, document, "is there twice"))
        except WireError as error:
            what = f"does not verify: {error.reason.value} {error.detail}".rstrip()
            faults.append(_fault(number, document, what))
    return Law(book), tuple(faults)


def _fault(number: int, document: bytes, what: str) -> _Fault:
    """Name whoever the document says it is from; that is believed in nothing else."""
    try:
        outer = envelope.read(document)
        issuer = str(canonical.loads(outer.payload).get("issuer", "board"))[:31]
        return _Fault(number, issuer, outer.kind.value, what)
    except WireError:
        return _Fault(number, "board", "unreadable", what)
