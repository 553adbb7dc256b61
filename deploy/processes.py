"""Server processes on loopback: start, wait, stop, and how long it all takes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HOST = "127.0.0.1"
_T = TypeVar("_T")


class Clockwork:
    """Tells how long each step took."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._start = self._last = time.monotonic()

    def step(self, text: str) -> None:
        """Say what has just been done and how long it took."""
        now = time.monotonic()
        self._say(f"{now - self._start:6.1f} s  +{now - self._last:5.2f}  {text}")
        self._last = now


@dataclass
class Process:
    """A server process of the yard and where its output goes."""

    name: str
    arguments: list[str]
    output: Path
    handle: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, or start again."""
        with self.output.open("ab") as file:
            self.handle = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def stop(self, kill: bool = False) -> int:
        """End the process; returns its exit status."""
        if self.handle is None:
            return 0
        if kill:
            self.handle.kill()
        else:
            self.handle.terminate()
        status = self.handle.wait(40)
        self.handle = None
        return status

    @property
    def pid(self) -> int:
        """The process id; 0 while it doesn't run."""
        return self.handle.pid if self.handle else 0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(
    what: str, seconds: float, found_: Callable[[], _T | None], pause: float = 0.05
) -> _T:
    """Wait until `found_` gives something; raises `TimeoutError` naming `what`."""
    waiting, deadline = threading.Event(), time.monotonic() + seconds
    while True:
        result = found_()
        if result is not None and result is not False:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        waiting.wait(pause)
