"""A node's work in the background: each piece again and again, in a thread of its own.

What fails is tried again and its reason told once, by name, so that a day without the
coordinator does not fill the log. What the work is, `app` says; here nothing of an
agency is known. The rule: no error ends a loop, and one that hangs is seen (`Pulse`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from childgrid_wire.errors import Reason, Unreachable, WireError
from childgrid_wire.health import HUNG_SECONDS, Pulse

log = structlog.get_logger(__name__)
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
_REDIAL_SECONDS = _RETRY_SECONDS[:2]
"""Who isn't there can't be flooded, and is to be found soon after it came back."""


class Loop:
    """One piece of work, repeated in a thread of its own until it is stopped.

    Work that fails is tried again, ever more slowly up to five seconds, or half a
    second where the other side is out of reach; `wake` runs it at once. A reason is
    told once.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        pause_seconds: float,
        most_seconds: float | None = HUNG_SECONDS,
    ) -> None:
        """`work` is called again `pause_seconds` after it returned.

        One run that takes longer than `most_seconds` counts as hanging.
        """
        self.pulse = Pulse(name, most_seconds)
        self._name, self._work, self._pause = name, work, pause_seconds
        self._event = threading.Event()
        self._stopped = False
        self._told = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run the work now."""
        self._event.set()

    def stop(self, seconds: float = 5.0) -> None:
        """End after the piece of work at hand."""
        self._stopped = True
        self._event.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        failures = 0
        while not self._stopped:
            self._event.clear()
            fault = self._once()
            failures = failures + 1 if fault else 0
            pause = pause_after(fault, failures) if fault else self._pause
            if pause and not self._stopped:
                self._event.wait(pause)

    def fault(self) -> str:
        """What is wrong with it, in a word; see `Pulse`."""
        return self.pulse.fault(self._thread)

    def _once(self) -> Exception | None:
        self.pulse.begin()
        try:
            self._work()
        except Exception as fault:
            self._tell(fault)
            self.pulse.end(failed=_is_ours(fault))
            return fault
        self._told = ""
        self.pulse.end(failed=False)
        return None

    def _tell(self, fault: Exception) -> None:
        if isinstance(fault, WireError):
            if self._told != fault.reason.value:
                self._told = fault.reason.value
                log.info("waiting", work=self._name, reason=self._told)
        else:
            log.error("failed", work=self._name, error=type(fault).__name__)


def _is_ours(fault: Exception) -> bool:
    """Whether it is this machine that is at fault, and not somebody who is awaited."""
    if isinstance(fault, WireError):
        return fault.reason in (
            Reason.CONFIGURATION,
            Reason.LOG_BEHIND,
            Reason.STORAGE,
        )
    return True


def pause_after(fault: Exception, failures: int) -> float:
    """Seconds until work that has failed so many times in a row is tried again."""
    waits = _REDIAL_SECONDS if isinstance(fault, Unreachable) else _RETRY_SECONDS
    return waits[min(failures, len(waits)) - 1]
