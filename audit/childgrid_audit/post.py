"""Findings on their way out: what this station's log holds goes to the coordinator.

The log is the outbox: a finding is logged before anybody is told, and whatever was
logged is sent, again after a restart, since sending twice is harmless. One that is
refused is tried again each round; its station's list of people may still be on the
way. The coordinator can drop a finding, but not unseen: it stands in this log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_wire.errors import Refused
from childgrid_wire.kinds import Kind

logger = logging.getLogger(__name__)


class Post:
    """Sends the findings of one log; not for several threads."""

    def __init__(self, log: Log, send: Callable[[bytes], object]) -> None:
        """`send` hands one envelope to the coordinator; raises `WireError`."""
        self._log, self._send = log, send
        self._seen = 0
        self._waiting: list[int] = []

    def deliver(self) -> int:
        """Send what has not been taken yet; returns how many findings were.

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
        """Note the findings that were logged since, also by another process."""
        size = self._log.size()
        for index, entry in enumerate(self._log.entries(self._seen, size), self._seen):
            if parse_entry(entry).kind == Kind.FINDING.value:
                self._waiting.append(index)
        self._seen = size

    def _is_taken(self, index: int) -> bool:
        opened = self._log.opening(index)
        if opened is None:
            return True
        try:
            self._send(opened[1])
        except Refused as refusal:
            logger.warning("a finding was refused: %s", refusal.reason.value)
            return False
        return True
