"""The end of a server process: told by a signal, and certain to come.

A signal's handler may run between any two steps of the main thread, so it takes no
lock: it writes one byte, for which the main thread reads. From then on a process has so
many seconds; one that hangs says where, by function and line, and ends all the same.
Nothing is lost by that: what was acknowledged is durable, as after a power cut.
"""

from __future__ import annotations

import faulthandler
import signal
import socket

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """Made by the main thread before anything else is started."""

    def __init__(self) -> None:
        """Take over SIGTERM and SIGINT."""
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _noted)

    def wait(self, seconds: float) -> None:
        """Wait for a signal; the process then has `seconds` to end by itself."""
        while self._reader.recv(1)[0] not in SIGNALS:
            pass
        faulthandler.dump_traceback_later(seconds, exit=True)


def _noted(*_: object) -> None:
    """What is to be done is done by whoever waits."""
