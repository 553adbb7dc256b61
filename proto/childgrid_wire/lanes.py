"""Work of many agencies, a few pieces at a time, so that each waits for its own flood.

Whoever comes while every place is taken waits. A place that gets free goes to the
agency that has the fewest places, and of those to the one that was served longest
ago: one agency's hundred pieces let another's single one through next. Whoever has
many waiting while others work too gets one place, a quarter of the time, so that what
its flood costs elsewhere (other processes, the machine itself) leaves them room.
An agency alone may use every place all the time.

It refuses nobody and drops nothing; how many may wait is for who lets them in to say
(`inside`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CROWD = 4
"""Pieces of one agency that wait: from here on it floods, and is not hurried."""

_REST = 3
"""How long a flood rests after a piece, in times of what the piece took."""

_LATELY_SECONDS = 10.0
"""How long an agency counts as being at work after it came in."""


@dataclass(eq=False)
class _Waiter:
    event: threading.Event = field(default_factory=threading.Event)
    inside: bool = False
    alarm: float | None = None
    """When it is to look again whether its agency has rested, by the clock."""


class Lanes:
    """So many places, agencies in turn. Threads may share it."""

    def __init__(
        self, places: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`places` is how many pieces of work are done at a time."""
        self._free, self._clock = places, clock
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[_Waiter]] = {}
        self._taken: Counter[str] = Counter()
        self._turns = 0
        self._served: dict[str, int] = {}
        self._came: dict[str, float] = {}
        self._rested: dict[str, float] = {}

    @contextmanager
    def entered(self, agency: str) -> Iterator[None]:
        """Wait for a place and keep it inside the block."""
        with self._lock:
            mine = self._join(agency)
            self._fill()
        self._await(mine)
        begun = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._leave(agency, self._clock() - begun)
                self._fill()

    def _join(self, agency: str) -> _Waiter:
        mine = _Waiter()
        self._waiting.setdefault(agency, deque()).append(mine)
        self._came[agency] = self._clock()
        return mine

    def _await(self, mine: _Waiter) -> None:
        while not mine.inside:
            alarm = mine.alarm
            left = None if alarm is None else max(0.0, alarm - self._clock())
            if mine.event.wait(left):
                mine.event.clear()
                continue
            with self._lock:
                mine.alarm = None
                self._fill()

    def _leave(self, agency: str, spent: float) -> None:
        self._taken[agency] -= 1
        self._free += 1
        if self._floods(agency):
            self._rested[agency] = self._clock() + _REST * spent

    def _floods(self, agency: str) -> bool:
        if len(self._waiting.get(agency, ())) < CROWD:
            return False
        lately = self._clock() - _LATELY_SECONDS
        return any(at > lately for one, at in self._came.items() if one != agency)

    def _fill(self) -> None:
        """Let in whoever may come in, and tell who must rest when to look again."""
        now = self._clock()
        while self._free:
            ready = [one for one in self._waiting if self._may_come(one, now)]
            if not ready:
                break
            self._let_in(min(ready, key=self._before))
        for agency, line in self._waiting.items():
            until = self._rested.get(agency, 0.0)
            if self._free and line[0].alarm is None and until > now:
                line[0].alarm = until
                line[0].event.set()

    def _may_come(self, agency: str, now: float) -> bool:
        """Whether it has rested; and a flood leaves other agencies a place."""
        if self._rested.get(agency, 0.0) > now:
            return False
        return not (self._taken[agency] and self._floods(agency))

    def _let_in(self, agency: str) -> None:
        line = self._waiting[agency]
        waiter = line.popleft()
        if not line:
            del self._waiting[agency]
        self._free -= 1
        self._turns += 1
        self._taken[agency] += 1
        self._served[agency] = self._turns
        waiter.inside = True
        waiter.event.set()

    def _before(self, agency: str) -> tuple[int, int]:
        return self._taken[agency], self._served.get(agency, 0)
