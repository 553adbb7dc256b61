"""How long a call may keep a worker before its message is there.

A caller that opens a call and sends nothing, or a byte now and then, would hold a
worker until its own deadline. Here each call that waits for its message is ended after
the same time, whatever deadline it came with. It reads nothing and knows no peers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Call(Protocol):
    """What can be ended: a `grpc.ServicerContext`."""

    def cancel(self) -> object:
        """End the call; whoever waits inside it is woken by an error."""


class Patience:
    """Ends calls that wait too long. Threads may share it."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long each may wait."""
        self._seconds = seconds
        self._waiting: dict[object, tuple[float, Call]] = {}
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def with_(self, call: Call) -> Iterator[None]:
        """Be patient with `call` inside the block, and no longer."""
        key = object()
        with self._change:
            self._waiting[key] = time.monotonic() + self._seconds, call
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="patience", daemon=True
                )
                self._thread.start()
        try:
            yield
        finally:
            with self._change:
                self._waiting.pop(key, None)

    def _watch(self) -> None:
        while True:
            with self._change:
                late = self._overdue()
            for call in late:
                call.cancel()

    def _overdue(self) -> list[Call]:
        """Wait until the first is due; take it and those beside it out.

        All wait equally long, so who came first is due first.
        """
        if not self._waiting:
            # Whoever comes meanwhile is due later than this ends: no call wakes us.
            self._change.wait(self._seconds)
            return []
        now = time.monotonic()
        first, _ = next(iter(self._waiting.values()))
        if first > now:
            self._change.wait(first - now)
            return []
        late = [key for key, (due, _) in self._waiting.items() if due <= now]
        return [self._waiting.pop(key)[1] for key in late]
