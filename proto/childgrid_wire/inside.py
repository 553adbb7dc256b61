"""How many calls of each caller are at hand, so that one caller can't take all.

It queues nobody: one too many is refused at once, which is cheap. What a caller is, a
peer of a channel or the agency that asks, is for who counts to say.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from childgrid_wire.errors import Reason, Refused


class Inside:
    """Counts by caller. Threads may share it."""

    def __init__(self, most: int | None) -> None:
        """`most` calls of one caller at a time; None for any number."""
        self._most = most
        self._count: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def entered(self, caller: Hashable) -> Iterator[None]:
        """Count a call while it runs; raises `Refused` (`busy`) for one too many."""
        with self._lock:
            if self._most is not None and self._count[caller] >= self._most:
                raise Refused(Reason.BUSY, "calls")
            self._count[caller] += 1
        try:
            yield
        finally:
            with self._lock:
                self._count[caller] -= 1
                if not self._count[caller]:
                    del self._count[caller]
