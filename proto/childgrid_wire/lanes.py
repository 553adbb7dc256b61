"""Work of many agencies, a few pieces at a time, so that each waits for its own flood.

Whoever comes while every place is taken waits. A place that gets free goes to the
agency that has the fewest places, and of those to the one that was served longest
ago: one agency's hundred pieces let another's single one through next. Where nobody
else waits, one agency may use every place. It refuses nobody and drops nothing; how
many may wait is for who lets them in to say (`inside`).
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager


class Lanes:
    """So many places, agencies in turn. Threads may share it."""

    def __init__(self, places: int) -> None:
        """`places` is how many pieces of work are done at a time."""
        self._free = places
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._taken: Counter[str] = Counter()
        self._turns = 0
        self._served: dict[str, int] = {}

    @contextmanager
    def entered(self, agency: str) -> Iterator[None]:
        """Wait for a place and keep it inside the block."""
        with self._lock:
            mine = self._join(agency)
            self._fill()
        mine.wait()
        try:
            yield
        finally:
            with self._lock:
                self._taken[agency] -= 1
                self._free += 1
                self._fill()

    def _join(self, agency: str) -> threading.Event:
        mine = threading.Event()
        self._waiting.setdefault(agency, deque()).append(mine)
        return mine

    def _fill(self) -> None:
        while self._free and self._waiting:
            agency = min(self._waiting, key=self._before)
            line = self._waiting[agency]
            line.popleft().set()
            if not line:
                del self._waiting[agency]
            self._free -= 1
            self._turns += 1
            self._taken[agency] += 1
            self._served[agency] = self._turns

    def _before(self, agency: str) -> tuple[int, int]:
        return self._taken[agency], self._served.get(agency, 0)
