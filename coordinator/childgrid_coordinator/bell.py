"""Waking calls that wait for a change, without polling.

A call listens before it reads, so a change between reading and waiting is never
missed. At most so many may wait at once; the others are told at once that the time
is up, and ask again. Keys are any hashable names, and one call may listen for several;
nothing is kept for a key that nobody listens to.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Bell:
    """Rings for keys; see the module."""

    def __init__(self, places: int) -> None:
        """`places` is how many calls may wait at once."""
        self._lock = threading.Lock()
        self._listening: dict[Hashable, set[threading.Event]] = {}
        self._places = threading.Semaphore(places)
        self._closed = False

    @contextmanager
    def listen(self, *keys: Hashable) -> Iterator[Ear]:
        """Listen for any of `keys` inside the block."""
        heard = threading.Event()
        with self._lock:
            for key in keys:
                self._listening.setdefault(key, set()).add(heard)
            if self._closed:
                heard.set()
        try:
            yield Ear(heard, self._places)
        finally:
            with self._lock:
                for key in keys:
                    self._leave(key, heard)

    def _leave(self, key: Hashable, heard: threading.Event) -> None:
        self._listening[key].discard(heard)
        if not self._listening[key]:
            del self._listening[key]

    def ring(self, key: Hashable) -> None:
        """Wake everyone who listens for `key`."""
        with self._lock:
            for heard in self._listening.get(key, ()):
                heard.set()

    def close(self) -> None:
        """Wake everyone, now and from now on."""
        with self._lock:
            self._closed = True
            for waiting in self._listening.values():
                for heard in waiting:
                    heard.set()


class Ear:
    """One listener's end of a bell."""

    def __init__(self, heard: threading.Event, places: threading.Semaphore) -> None:
        self._heard = heard
        self._places = places

    def wait(self, seconds: float) -> bool:
        """Wait for the bell; whether it rang. False at once where no place is left."""
        if self._heard.is_set():
            return True
        if seconds <= 0 or not self._places.acquire(blocking=False):
            return False
        try:
            return self._heard.wait(seconds)
        finally:
            self._places.release()
