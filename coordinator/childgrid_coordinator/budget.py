"""How many queries an officer, a case and an agency may make in a day.

The limits come in (the founders' floor, and what was lifted), the day is UTC's, as at
the asking node. What was taken today is read from the database once and counted on
from there, since nobody else writes it: so an agency that has spent its day is refused
without a read. What is still being taken counts already, so that calls at the same
moment can't overdraw together.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from childgrid_coordinator.store import queries
from childgrid_coordinator.store.engine import Store
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.lifting import SCOPES, subject_of
from childgrid_wire.statement import Statement

DAY_SECONDS = 86_400
_Places = tuple[tuple[str, str], ...]
"""What one query counts against: scopes and subjects."""


@dataclass(frozen=True)
class _Pending:
    member: str
    at: int
    places: _Places


@dataclass(frozen=True)
class _Day:
    """What one member has used since the beginning of a day."""

    since: int
    used: Counter[tuple[str, str]]


class Budget:
    """Counts queries against limits; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._days: dict[str, _Day] = {}
        self._pending: dict[str, _Pending] = {}

    @contextmanager
    def reserve(
        self, limits: Mapping[str, int], query: Statement, now: int
    ) -> Iterator[None]:
        """Hold a place for `query` inside the block, in which it is to be kept.

        `limits` are queries a day by scope (`lifting.SCOPES`).

        Raises:
            Refused: a budget is spent; names which.
        """
        mine = _Pending(query.issuer, now, _places(query))
        with self._lock:
            day = self._day(mine.member, now)
            for scope, subject in mine.places:
                if day.used[scope, subject] >= limits[scope]:
                    raise Refused(Reason.BUDGET, scope)
            day.used.update(mine.places)
            self._pending[query.hash] = mine
        try:
            yield
        except BaseException:
            self._give_back(mine)
            raise
        finally:
            with self._lock:
                del self._pending[query.hash]

    def check_agency(self, limit: int, member: str, now: int) -> None:
        """Whether `member` may ask at all today; cheap, and no place is held.

        Raises:
            Refused: it has asked `limit` times.
        """
        with self._lock:
            if self._day(member, now).used["agency", member] >= limit:
                raise Refused(Reason.BUDGET, "agency")

    def _give_back(self, mine: _Pending) -> None:
        with self._lock:
            day = self._days[mine.member]
            if mine.at >= day.since:
                day.used.subtract(mine.places)

    def _day(self, member: str, now: int) -> _Day:
        """What `member` has used of the day of `now`; another day is read anew."""
        since = now - now % DAY_SECONDS
        day = self._days.get(member)
        if day is None or day.since != since:
            day = self._days[member] = self._read(member, since)
        return day

    def _read(self, member: str, since: int) -> _Day:
        with self._store.read() as db:
            taken = queries.spent(db, since, member)
        coming = {
            name: one.places
            for name, one in self._pending.items()
            if one.member == member and one.at >= since
        }
        used: Counter[tuple[str, str]] = Counter()
        for places in {**coming, **_counted(member, taken)}.values():
            used.update(places)
        return _Day(since, used)


def _places(query: Statement) -> _Places:
    return tuple((scope, subject_of(query, scope)) for scope in SCOPES)


def _counted(member: str, taken: Iterable[tuple[str, str, str]]) -> dict[str, _Places]:
    return {
        name: (("officer", officer), ("case", case), ("agency", member))
        for name, officer, case in taken
    }
