"""One lock per query or request, from a fixed number of them.

Two calls about the same thing take turns; calls about different things seldom wait.
Never take two at once.
"""

from __future__ import annotations

import threading

_STRIPES = 64


class Locks:
    """A fixed set of locks, chosen by a statement's hash."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_STRIPES))

    def of(self, name: str) -> threading.Lock:
        """The lock for a name."""
        return self._locks[hash(name) % _STRIPES]
