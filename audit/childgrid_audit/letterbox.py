"""What comes to a station by mail: openings, second words, and what was opened.

Each is verified, judged as every party judges it, and logged in the station's own log
before anything of it is kept. Sealed content lies in a folder, one file an opening,
until its time is over; nobody at the station can open it but the two whose keys it is
sealed to. A statement that doesn't hold is dropped and named by its kind alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from childgrid_audit.opened import gathered, of_log
from childgrid_audit.station import Station
from childgrid_wire import keyfile, openings, seal, statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

FOLDER = "openings"
_CURSOR = "cursor"
_KINDS = (Kind.OPENING, Kind.APPROVAL, Kind.OPENED, Kind.REFUSAL)
_LAGGING = (Reason.UNKNOWN_KEY, Reason.UNKNOWN_PEER, Reason.OLD_VERSION)
"""What may be said of good mail by who has not read the newest documents."""

Fetch = Callable[[], object]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """One piece of mail, not yet verified; `content` may be empty."""

    cursor: int
    statement: bytes
    content: bytes


def _nothing() -> None:
    """No board to be read."""


def content_path(folder: Path, opening: str) -> Path:
    """Where a station keeps what was sealed for an opening (hash)."""
    return folder / FOLDER / f"{opening}.sealed"


class Letterbox:
    """Takes in one station's mail; not for several threads."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._folder = station.folder / FOLDER
        self._seen = 0
        self._known: dict[str, Statement] = {}

    @property
    def cursor(self) -> int:
        """How far the mail has been read; 0 at first, or where that was lost."""
        try:
            return int((self._folder / _CURSOR).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def take(self, items: Iterable[Mail], fetch: Fetch = _nothing) -> int:
        """Take in mail in its order; returns how many statements were new.

        `fetch` reads the board: a document that a statement rests on may hang there by
        now. What it raises is raised here, and the rest is read again.

        Raises:
            StoreError: the log refuses; the rest is read again.
        """
        new = 0
        for item in items:
            new += self._taken(item, fetch)
            self._folder.mkdir(exist_ok=True, mode=0o700)
            keyfile.write_private(self._folder / _CURSOR, str(item.cursor).encode())
        return new

    def _taken(self, item: Mail, fetch: Fetch) -> bool:
        self._look()
        said = self._heard(item, fetch)
        if said is None:
            return False
        if said.kind is Kind.OPENED and self._is_first(said):
            self._folder.mkdir(exist_ok=True, mode=0o700)
            path = content_path(self._station.folder, said["opening"])
            keyfile.write_private(path, item.content)
        if said.hash in self._known:
            return False
        self._station.say(said)
        return True

    def _heard(self, item: Mail, fetch: Fetch) -> Statement | None:
        """What it says; None where it holds by the newest documents neither."""
        for again in (False, True):
            try:
                return self._judged(item.statement, item.content)
            except WireError as error:
                lags = isinstance(error, Untrusted) and error.reason in _LAGGING
                if again or not lags:
                    logger.warning("mail was dropped: %s", error.reason.value)
                    return None
            fetch()
        return None

    def _is_first(self, opened: Statement) -> bool:
        """Whether its keeper has not answered before: nothing replaces what it gave."""
        for one in self._known.values():
            if one.kind is Kind.OPENED and one["opening"] == opened["opening"]:
                return one.hash == opened.hash
        return True

    def _look(self) -> None:
        """Know what was logged since, also by another process."""
        size = self._station.log.size()
        for _, said in of_log(self._station.log, self._seen):
            self._known[said.hash] = said
        self._seen = size

    def _judged(self, data: bytes, content: bytes) -> Statement:
        view = self._station.shelf.book.latest(int(self._station.clock()))
        said = statement.verify(data, view.find_key, *_KINDS)
        if not openings.concerns(said):
            raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
        # What was said in time may come late; what is over opens nothing any more.
        view = replace(view, now=min(view.now, said.issued))
        if said.kind is Kind.OPENING:
            openings.check_opening(view, said)
            return said
        opening = self._known.get(said.answers)
        if opening is None or opening.kind is not Kind.OPENING:
            raise Refused(Reason.UNKNOWN, f"{said.kind.value}.answers")
        if said.kind is Kind.APPROVAL:
            openings.check_agreement(view, opening, said)
        elif said.issuer != opening["party"] or said.officer:
            raise Refused(Reason.WRONG_ROLE, f"{said.kind.value}.issuer")
        elif said.kind is Kind.OPENED:
            self._check_opened(view, opening, said, content)
        return said

    def _check_opened(
        self, view: View, opening: Statement, opened: Statement, content: bytes
    ) -> None:
        agreement = self._known.get(opened["agreement"])
        if agreement is None:
            raise Refused(Reason.NOT_APPROVED, "opened.agreement")
        openings.check_opened(view, opening, agreement, opened)
        if seal.digest(content) != opened["ciphertext"]:
            raise Malformed("opened.ciphertext")

    def tidy(self) -> int:
        """Delete sealed content whose time is over; returns how many files went."""
        self._look()
        now, gone = int(self._station.clock()), 0
        for one in gathered(self._known.values()):
            path = content_path(self._station.folder, one.said.hash)
            old = one.said.issued + openings.MOST_SECONDS + openings.SHOWN_SECONDS
            if now >= old and path.exists():
                path.unlink()
                gone += 1
        return gone
