"""What auditors said, on its way out: what this station's log holds goes out by mail.

Findings, openings and words on openings. The log is the outbox: a statement is logged
before anybody is told, and whatever was logged is sent, again after a restart, since
sending twice is harmless. One that is refused is tried again each round, unless its
time is over; its station's list of people may still be on the way. The coordinator can
drop a finding, but not unseen: it stands in this log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from childgrid_log import names
from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_wire import envelope, openings, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind

_KINDS = frozenset(kind.value for kind in (Kind.FINDING, Kind.OPENING, Kind.APPROVAL))
_FOR_GOOD = (Reason.EXPIRED, Reason.DECIDED)

logger = logging.getLogger(__name__)


class Post:
    """Sends the mail of one log; not for several threads."""

    def __init__(self, log: Log, send: Callable[[bytes], object]) -> None:
        """`send` hands one envelope to the coordinator; raises `WireError`."""
        self._log, self._send = log, send
        self._seen = 0
        self._waiting: list[int] = []

    def deliver(self) -> int:
        """Send what has not been taken yet; returns how many statements were.

        Raises:
            Unreachable: the coordinator is away; the rest waits.
        """
        self._look()
        before = len(self._waiting)
        for index in list(self._waiting):
            if self._is_taken(index):
                self._waiting.remove(index)
        return before - len(self._waiting)

    def _look(self) -> None:
        """Note the mail that was logged since, also by another process."""
        size = self._log.size()
        for index, entry in enumerate(self._log.entries(self._seen, size), self._seen):
            if parse_entry(entry).kind in _KINDS and self._is_ours(index):
                self._waiting.append(index)
        self._seen = size

    def _is_ours(self, index: int) -> bool:
        """Whether a person of this station said it; what came by mail is others'."""
        opened = self._log.opening(index)
        if opened is None:
            return False
        said = statement.parse(envelope.read(opened[1]))
        mail = said.kind is not Kind.APPROVAL or openings.is_agreement(said)
        return mail and names.member(self._log.origin) == said.issuer

    def _is_taken(self, index: int) -> bool:
        opened = self._log.opening(index)
        if opened is None:
            return True
        try:
            self._send(opened[1])
        except Refused as refusal:
            logger.warning("mail was refused: %s", refusal.reason.value)
            return refusal.reason in _FOR_GOOD
        return True
