"""The end of a server process: told by a signal, and certain to come.

A signal's handler may run between any two steps of the main thread, so it takes no
lock: it writes one byte, for which the main thread reads. From then on a process has so
many seconds; one that hangs says where, by function and line, and ends all the same.
Nothing is lost by that: what was acknowledged is durable, as after a power cut.

Whoever waits here is at work: a service manager that asked to be told (systemd,
`Type=notify`) is told so, and that the end has begun. A start that fails is a failed
start there, never a process that seems to run. What the start made stays to the end, so
that the collector of garbage is told not to go through it again and again: a tenth of a
second for a node, in which it answers nobody.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import socket

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_TURN = 0


class Ending:
    """Made by the main thread before anything else is started."""

    def __init__(self) -> None:
        """Take over SIGTERM and SIGINT."""
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _noted)

    def turn(self) -> None:
        """Let whoever waits go round once more; from any thread."""
        self._writer.send(bytes([_TURN]))

    def wait(self, seconds: float) -> bool:
        """Wait for a signal; the process then has `seconds` to end by itself.

        Returns True at once where `turn` was called: what works is to be opened anew.
        """
        gc.collect()
        gc.freeze()
        _tell(b"READY=1")
        try:
            while (told := self._reader.recv(1)[0]) not in SIGNALS:
                if told == _TURN:
                    return True
        finally:
            gc.unfreeze()
        _tell(b"STOPPING=1")
        faulthandler.dump_traceback_later(seconds, exit=True)
        return False


def _tell(state: bytes) -> None:
    """Tell the service manager, where there is one; see sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        try:
            line.sendto(state, address.replace("@", "\0", 1))
        except OSError:
            pass  # a manager that went away changes nothing about our work


def _noted(*_: object) -> None:
    """What is to be done is done by whoever waits."""
