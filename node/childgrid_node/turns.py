"""Queries that wait for a pass over memory, and the order in which they are taken.

While one pass runs, others queue; the next pass takes several of them at once, since
reading the index costs the same for one query as for a few. Agencies take turns, so
that a flood of one does not hold up another's single question, and whoever has too
many waiting is told to come again. It scores nothing and remembers nothing.
The rule: every query that was taken in gets its own result, or its pass's error.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from childgrid_wire.errors import Reason, Refused

AT_ONCE = 16
"""Queries in one pass: beyond that their own work outweighs the shared reading."""

WAITING = 64
"""Queries of one agency that may wait at a time."""

PER_ASKER = 32
"""Queries of one agency at hand, from the first check to the answer."""

Q = TypeVar("Q")
R = TypeVar("R")


class Line(Generic[Q]):
    """Who waits, by agency; pure. Not safe for threads."""

    def __init__(self, most: int = WAITING) -> None:
        """`most` is how many of one agency may wait."""
        self._most = most
        self._by_agency: dict[str, deque[Q]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_agency.values()))

    def join(self, agency: str, item: Q) -> None:
        """Queue up; raises `Refused` (`busy`) where the agency has too many there."""
        line = self._by_agency.get(agency)
        if line is not None and len(line) >= self._most:
            raise Refused(Reason.BUSY, "queries")
        self._by_agency.setdefault(agency, deque()).append(item)

    def take(self, most: int) -> list[Q]:
        """The next ones, one of each agency in turn; who was served goes to the end."""
        taken: list[Q] = []
        while self._by_agency and len(taken) < most:
            agency = next(iter(self._by_agency))
            line = self._by_agency.pop(agency)
            taken.append(line.popleft())
            if line:
                self._by_agency[agency] = line
        return taken


class Turns(Generic[Q, R]):
    """One pass at a time for many callers. Threads may share it."""

    def __init__(
        self,
        run: Callable[[Sequence[Q]], Sequence[R]],
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
    ) -> None:
        """`run` takes a few queries and returns their results in the same order."""
        self._run, self._at_once = run, at_once
        self._line: Line[tuple[Q, Future[R]]] = Line(waiting)
        self._queue = threading.Lock()
        self._turn = threading.Lock()

    def serve(self, agency: str, query: Q) -> R:
        """Wait for a turn; returns the query's result.

        Raises:
            Refused: `busy`, too many of this agency wait.
        """
        mine: Future[R] = Future()
        with self._queue:
            self._line.join(agency, (query, mine))
        while not mine.done():
            # Whoever gets the turn serves those who are first in line, perhaps others.
            with self._turn:
                if not mine.done():
                    self._pass()
        return mine.result()

    def _pass(self) -> None:
        with self._queue:
            taken = self._line.take(self._at_once)
        try:
            found = self._run([query for query, _ in taken])
            for (_, future), one in zip(taken, found, strict=True):
                future.set_result(one)
        except BaseException as fault:
            for _, future in taken:
                if not future.done():
                    future.set_exception(fault)
            if not isinstance(fault, Exception):
                raise
