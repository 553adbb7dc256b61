"""What each officer asked here within a day, as it was encoded: opened once, then kept.

The sealed rows in the journal are what lasts; this is the same in memory, so that a
query is not held against hundreds of rows that are read and opened each time. It holds
a few dozen officers, whoever asked last; others are read again. It decides nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Recent:
    """Queries by the person who asks. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_person: OrderedDict[str, list[Asked]] = OrderedDict()
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

    @contextmanager
    def of(
        self, person: str, since: int, read: Callable[[], list[Asked]]
    ) -> Iterator[list[Asked]]:
        """The person's queries since then, alone; what is appended is remembered.

        `read` fetches what lasts, where it isn't here.
        """
        with self._lock:
            known = self._by_person.pop(person, None)
            known = read() if known is None else known
            known[:] = [one for one in known if one.heard >= since]
            self._by_person[person] = known
            while len(self._by_person) > _PERSONS:
                self._by_person.popitem(last=False)
            yield known
