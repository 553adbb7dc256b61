"""What each officer asked here within a day, as it was encoded: opened once, then kept.

The sealed rows in the journal are what lasts; this is the same in memory, so that a
query is not held against hundreds of rows that are read and opened each time. It holds
a few dozen officers, whoever asked last; others are read again. It decides nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PERSONS = 64
_FORGETTING_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """One query by its hash: when it was heard (Unix seconds), and its encoding."""

    query: str
    heard: int
    encoding: NDArray[np.uint64]


class _Day:
    """One officer's queries; their encodings also lie together, row after row."""

    def __init__(self, asked: Iterable[Asked], width: int) -> None:
        """`width` is the words of the encodings that can be compared."""
        self._asked = list(asked)
        self.width = width
        rows = [one.encoding for one in self._asked if len(one.encoding) == width]
        self._rows = np.stack(rows) if rows else np.empty((0, width), np.uint64)

    def since(self, moment: int, width: int) -> _Day:
        """The day without what was heard earlier, for encodings of `width`."""
        if width == self.width and all(one.heard >= moment for one in self._asked):
            return self
        return _Day((one for one in self._asked if one.heard >= moment), width)

    def besides(self, query: str) -> NDArray[np.uint64]:
        """The encodings of all queries but this one."""
        if all(one.query != query for one in self._asked):
            return self._rows
        return _Day(
            (one for one in self._asked if one.query != query), self.width
        )._rows

    def add(self, one: Asked) -> None:
        """Remember a query once."""
        if all(known.query != one.query for known in self._asked):
            self._asked.append(one)
            self._rows = np.concatenate([self._rows, one.encoding[None]])


class Recent:
    """Queries by the person who asks. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_person: OrderedDict[str, _Day] = OrderedDict()
        self._forgetting = threading.Lock()
        self._forgot: int | None = None

    def forgets(self, now: int) -> bool:
        """Whether what lasts is to be gone through for what is too old: once a minute.

        It holds a day of everybody's queries; to look for old ones at each new query
        would cost more than the query.
        """
        with self._forgetting:
            last = self._forgot
            if last is not None and 0 <= now - last < _FORGETTING_SECONDS:
                return False
            self._forgot = now
            return True

    def others(
        self, person: str, mine: Asked, since: int, read: Callable[[], list[Asked]]
    ) -> NDArray[np.uint64]:
        """Remember `mine`; returns what else the person asked since then.

        These are ``uint64[n, words]``, encodings as wide as `mine`: others belong to
        another scheme. `read` fetches what lasts, where it isn't here.
        """
        width = len(mine.encoding)
        with self._lock:
            day = self._by_person.pop(person, None)
            day = _Day(read(), width) if day is None else day
            self._by_person[person] = day = day.since(since, width)
            while len(self._by_person) > _PERSONS:
                self._by_person.popitem(last=False)
            found = day.besides(mine.query)
            day.add(mine)
        return found
