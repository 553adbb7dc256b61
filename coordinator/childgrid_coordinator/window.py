"""How many questions of one asker one target has before it at a time: pure.

What is beyond that waits here and goes out as answers come back, in the order in which
it came. So a flood is held by whoever floods: a holder sees a few questions of each
asker, never more than it can take, and another asker's goes out at once.
"""

from __future__ import annotations

from collections import Counter, deque

_Pair = tuple[str, str]


class Window:
    """Which questions (a query and one of its targets) are out, and which wait."""

    def __init__(self, most: int) -> None:
        """`most` questions of one asker may be out at one target."""
        self._most = most
        self._asker: dict[_Pair, str] = {}
        self._out: Counter[_Pair] = Counter()
        self._waiting: dict[_Pair, deque[str]] = {}
        self._of_query: Counter[str] = Counter()

    def enter(self, query: str, target: str, asker: str) -> bool:
        """Take in a question; whether it may go out now.

        False where it is out or waiting already, or has to wait.
        """
        if (query, target) in self._asker:
            return False
        self._asker[query, target] = asker
        place = (target, asker)
        if self._out[place] >= self._most:
            self._waiting.setdefault(place, deque()).append(query)
            return False
        self._go(query, place)
        return True

    def leave(self, query: str, target: str) -> str | None:
        """A question that was out is done; returns the query that goes out instead."""
        place = (target, self._asker.pop((query, target)))
        self._out[place] -= 1
        self._of_query[query] -= 1
        if not self._of_query[query]:
            del self._of_query[query]
        line = self._waiting.get(place)
        if line is None:
            if not self._out[place]:
                del self._out[place]
            return None
        following = line.popleft()
        if not line:
            del self._waiting[place]
        self._go(following, place)
        return following

    def out(self, query: str) -> int:
        """How many targets of a query are being asked."""
        return self._of_query[query]

    def _go(self, query: str, place: _Pair) -> None:
        self._out[place] += 1
        self._of_query[query] += 1
