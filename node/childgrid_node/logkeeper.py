"""Whether this node's own log may grow, who cosigns it, and who reads it.

A log that came back from a backup, or that follows a closed one, takes in nothing
before a quorum of its witnesses has cosigned it as it is. One that the founders have
closed takes in nothing any more: what was acknowledged then would be in no log.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from childgrid_log import restored
from childgrid_log.errors import LogBehind
from childgrid_log.gather import Gatherer
from childgrid_log.readers import Readers
from childgrid_log.service import LogServicer
from childgrid_node import succession
from childgrid_node.logbook import closed_logs
from childgrid_node.office import Office
from childgrid_wire.errors import WireError
from childgrid_wire.identity import Identity
from childgrid_wire.statement import Statement

log = structlog.get_logger(__name__)


class LogKeeper:
    """Keeps one office's log; threads may share it."""

    def __init__(
        self,
        office: Office,
        gatherer: Gatherer,
        state_dir: Path,
        keys: Callable[[], Identity],
        turn: Callable[[], None],
    ) -> None:
        """`keys` opens the keys as they lie on the disk: the next log's may be new.

        `turn` is called where the node is to be opened anew, with the next log.
        """
        self._office, self._gatherer = office, gatherer
        self._keys, self._open, self._turn = state_dir / "keys", keys, turn
        self._log = office.journal.log
        self._past = closed_logs(state_dir, office.shelf.book, office.identity)
        self._told = False

    @property
    def held(self) -> bool:
        """Whether something keeps the log from growing."""
        return self._log.held is not None

    def confirmed(self) -> bool:
        """Whether the log may grow; one from a backup is shown to its witnesses."""
        if not self.held:
            return True
        try:
            self.confirm()
        except WireError as error:
            log.error("restored log held", reason=error.reason.value)
            return False
        return True

    def confirm(self) -> None:
        """Let a held log grow, by its first leaf where it follows a closed one.

        Raises:
            Refused, Unreachable: as `restored.confirm`; `log-behind`, it was closed.
        """
        if not succession.is_closed(self._office):
            begin = partial(succession.begin, self._office)
            restored.confirm(self._log, self._gatherer, self._keys, begin)
        self._office.journal.insist_free()

    def look(self) -> None:
        """Stop at once where the founders have closed this log; go on with the next."""
        if not succession.is_closed(self._office):
            return
        self._log.hold(LogBehind, "the founders have closed this log")
        if self._told:
            return
        self._told = True
        if succession.has_key(self._office.shelf.book, self._open()):
            log.warning("log closed", next="its successor")
            self._turn()
        else:
            log.error("log closed", why="the key of its successor is not here")

    def cosign(self) -> None:
        """Have what was logged since the last time cosigned."""
        latest = self._log.latest_cosigned()
        size = self._log.size()
        if size and (latest is None or int(latest.split(b"\n")[1]) < size):
            self._gatherer.cosigned(None)

    def servicer(self) -> LogServicer:
        """Shows the log to auditors, and the closed ones before it."""
        return LogServicer(self._log, self._readers(), self._past)

    def _readers(self) -> Readers:
        def keep(said: Statement) -> None:
            with self._office.journal.writing() as writing:
                writing.say(said)

        return Readers(self._office.identity.signer, self._office.clock, keep)

    def close(self) -> None:
        """Close every log."""
        for one in (self._log, *self._past.values()):
            one.close()
