"""Doing something now and then, in a thread of its own, until told to stop.

For housekeeping only: nothing that anybody waits for is done this way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from childgrid_wire.errors import Reason, WireError
from childgrid_wire.health import Pulse

log = logging.getLogger(__name__)


class Every:
    """Calls `work` every so many seconds; a failure is logged and tried again."""

    def __init__(self, seconds: float, work: Callable[[], object], name: str) -> None:
        self._seconds, self._work = seconds, work
        self._stopping = threading.Event()
        self.pulse = Pulse(name)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start; the first call comes after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, after the call that runs now."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def fault(self) -> str:
        """What is wrong with it, in a word; see `Pulse`."""
        return self.pulse.fault(self._thread)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            self.pulse.begin()
            self.pulse.end(failed=not self._done())

    def _done(self) -> bool:
        """Do the work; returns whether it went well, or waits for somebody else."""
        try:
            self._work()
        except WireError as error:
            log.info("%s waits: %s", self._thread.name, error.reason.value)
            return error.reason not in (Reason.LOG_BEHIND, Reason.STORAGE)
        except Exception as error:
            log.error("%s failed: %s", self._thread.name, type(error).__name__)
            return False
        return True
