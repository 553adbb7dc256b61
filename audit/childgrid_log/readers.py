"""Who was shown this log: the party that was looked at keeps that itself.

One `notice` in the log for each auditor and day (UTC), written before the first
statement of that day leaves; a restart may add one. Otherwise a log that is mirrored
every minute would grow by being read. The subject stands for the auditor's member id.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from childgrid_wire import envelope, statement
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

TOPIC = "reader"
_DAY = 86_400
_YEARS_30 = 30 * 366 * _DAY
_PREFIX = b"childgrid/v1 reader\x00"


def digest(member: str) -> str:
    """What a notice names a reader by: hex SHA-256 over its member id."""
    return hashlib.sha256(_PREFIX + member.encode("ascii")).hexdigest()


class Readers:
    """Remembers who was shown the log today. Threads may share it."""

    def __init__(
        self,
        signer: Signer,
        clock: Callable[[], float],
        keep: Callable[[Statement], None],
    ) -> None:
        """`signer` is the member's own key; `keep` logs a statement durably."""
        self._signer, self._clock, self._keep = signer, clock, keep
        self._lock = threading.Lock()
        self._told: dict[str, int] = {}

    def shown(self, member: str) -> None:
        """Note that `member` is about to read; raises what `keep` raises."""
        now = int(self._clock())
        with self._lock:
            if self._told.get(member) == now // _DAY:
                return
            self._keep(self._notice(member, now))
            self._told[member] = now // _DAY

    def _notice(self, member: str, now: int) -> Statement:
        made = statement.make(
            Kind.NOTICE,
            self._signer,
            issuer=self._signer.keyid,
            now=now,
            seconds=_YEARS_30,
            topic=TOPIC,
            subject=digest(member),
        )
        return statement.parse(envelope.read(made))
