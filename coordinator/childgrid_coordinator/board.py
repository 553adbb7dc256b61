"""The board: signed documents in the order in which they were hung up.

Each party fetches them and verifies every one again from the fingerprint it pinned,
so the board can withhold but not forge. What hangs here is verified once, and the
view that follows from it is kept until the next document. Who waits for news is woken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from childgrid_coordinator.bell import Bell
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.quota import Quota
from childgrid_wire import envelope, statement
from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import SKEW_SECONDS, Statement
from childgrid_wire.trust import Revoked, View

PAGE_DOCUMENTS = 200
PAGE_BYTES = 2 * 2**20
MAX_DOCUMENT = 3 * 2**20
NEWS = "board"
"""The key for which a bell rings when a document is hung up."""


class Board:
    """The board of one grid; threads may share it."""

    def __init__(
        self, shelf: Shelf, journal: Journal, clock: Callable[[], float], bell: Bell
    ) -> None:
        """Hang up what `shelf` has, and log what isn't logged yet, if the log grows."""
        self._shelf, self._journal, self._clock = shelf, journal, clock
        self._bell, self._quota = bell, Quota()
        self._lock = threading.Lock()
        self._documents = list(shelf.book.by_hash.values())
        self._view: View | None = None
        self._revoked = shelf.book.revoked()
        if journal.log.held is None:
            self.log_all()

    def log_all(self) -> None:
        """Log every document that isn't logged yet."""
        self._journal.write(self._documents, self.now())

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    def publish(self, data: bytes) -> Statement:
        """Verify, keep and log a document; repeating one is harmless.

        Raises:
            Malformed, Untrusted, Refused: as `Book.add`, or it is too large, dated
                ahead of our clock, or beyond what its signer may hang up today.
        """
        if len(data) > MAX_DOCUMENT:
            raise Malformed("document", Reason.TOO_LARGE)
        outer = envelope.read(data)
        with self._lock:
            hangs = outer.hash in self._shelf.book.by_hash
            if not hangs:
                self._check_date(outer)
                self._quota.check(outer, self.now())
            document = self._shelf.add(data)
            if not hangs:
                self._quota.count(outer, self.now())
            self._catch_up()
        self._journal.write([document], self.now())
        return document

    def _check_date(self, document: Envelope) -> None:
        # What was in force on a day is told by these dates: one from the future would
        # later put whoever obeyed the document, or could not know it, in the wrong.
        said = statement.parse(document)
        if said.issued > self.now() + SKEW_SECONDS:
            raise Refused(Reason.NOT_YET, said.kind.value)

    def _catch_up(self) -> None:
        book = self._shelf.book
        if len(book.by_hash) > len(self._documents):
            self._documents = list(book.by_hash.values())
            self._view, self._revoked = None, book.revoked()
            self._bell.ring(NEWS)

    @property
    def end(self) -> int:
        """The cursor behind the last document."""
        return len(self._documents)

    def fetch(self, cursor: int) -> tuple[list[bytes], int]:
        """Documents after `cursor` and the cursor behind the last of them.

        At most 200 or 2 MiB, but at least one. A cursor from beyond the end, such as
        one from before a restore, comes back as the end.
        """
        page: list[bytes] = []
        size = 0
        documents = self._documents
        start = min(cursor, len(documents))
        for document in documents[start : start + PAGE_DOCUMENTS]:
            size += len(document.data)
            if page and size > PAGE_BYTES:
                break
            page.append(document.data)
        return page, start + len(page)

    def view(self) -> View:
        """The newest version of everything, to judge under now.

        Raises:
            Untrusted: no directory hangs here yet.
        """
        now = self.now()
        with self._lock:
            if self._view is None:
                self._view = self._shelf.book.latest(now)
            return replace(self._view, now=now)

    def revoked(self) -> Revoked:
        """Everything that is revoked, also before there is a directory."""
        return self._revoked

    def document(self, name: str) -> Statement:
        """A document by its hash; raises `Untrusted` where it doesn't hang here."""
        return self._shelf.book.document(name)
