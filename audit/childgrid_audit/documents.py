"""The room of documents: who was who, and which rules were in force when.

Documents are believed from one root fingerprint on, in their order, as every party
believes them (`childgrid_wire.book`). The rule: what was said is judged under the
versions that were in force then, with a little room for clocks and for the time that a
new version needs to reach everybody. A version that travelled before it was hung up, as
founders' proposals do, binds nobody before the coordinator's log has it: whoever dates
a document back puts no one in the wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from childgrid_audit import bundle
from childgrid_audit.bundle import Files
from childgrid_audit.findings import Report
from childgrid_audit.memo import Memo, content
from childgrid_log import lineage
from childgrid_log.lineage import Generation
from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book, Since
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.statement import SKEW_SECONDS, Statement
from childgrid_wire.trust import View

LAG_SECONDS = 300

T = TypeVar("T")


class Law:
    """The verified documents, and views of them at any time."""

    def __init__(self, book: Book, hung: Mapping[str, int] | None = None) -> None:
        """`hung`: before which time (Unix seconds) a document did not hang, by hash."""
        self.book = book
        self._hung = hung or {}
        self._views: dict[tuple[int, int, bool], View] = {}
        self.members: dict[str, dict[str, Any]] = {
            entry["id"]: entry for one in book.directories for entry in one["members"]
        }
        self.coordinators = frozenset(
            name for name, at in self.members.items() if at["kind"] == "coordinator"
        )

    def as_hung(self, hung: Mapping[str, int]) -> Law:
        """The same documents, of which is known before which time each did not hang."""
        return Law(self.book, hung)

    def logs(self, member: str) -> dict[str, Generation]:
        """Every log of a member that a directory names, by folder, in their order."""
        entry = self.members.get(member)
        logs = lineage.generations(entry) if entry else ()
        return {one.folder: one for one in logs}

    def around(self, when: int) -> Iterator[View]:
        """Views at `when` (Unix seconds) under what was in force about then.

        The first is exact; the others allow for clocks 120 s ahead and for a version
        that was 300 s old, since it was hung up, and still on its way. None where no
        directory was.
        """
        for shift, since in (
            (0, _issued),
            (SKEW_SECONDS, _issued),
            (0, self._reached),
            (-LAG_SECONDS, self._reached),
        ):
            view = self._at(when, shift, since)
            if view is not None:
                yield view

    def _at(self, when: int, shift: int, since: Since) -> View | None:
        key = when, shift, since is _issued
        if key not in self._views:
            begun = self.book.directories[0].issued if self.book.directories else when
            try:
                at = max(when + shift, min(begun, when))
                view = replace(self.book.as_of(at, since), now=when)
            except Untrusted:
                return None
            self._views[key] = view
        return self._views[key]

    def _reached(self, document: Statement) -> int:
        """When a document hung on the board at the earliest, Unix seconds."""
        first = document is self.book.directories[0]
        hung = 0 if first else self._hung.get(document.hash, 0)
        return max(document.issued, hung)

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
