"""How many queries an officer, a case and an agency may make in a day.

The limits come in (the founders' floor, and what was lifted), the day is UTC's, as at
the asking node. What is still being taken counts already, so that calls at the same
moment can't overdraw together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from childgrid_coordinator.store import queries
from childgrid_coordinator.store.engine import Store
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.lifting import SCOPES
from childgrid_wire.statement import Statement

DAY_SECONDS = 86_400


class Budget:
    """Counts queries against limits; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._pending: list[Statement] = []

    @contextmanager
    def reserve(
        self, limits: Mapping[str, int], query: Statement, now: int
    ) -> Iterator[None]:
        """Hold a place for `query` inside the block, in which it is to be kept.

        `limits` are queries a day by scope (`lifting.SCOPES`).

        Raises:
            Refused: a budget is spent; names which.
        """
        with self._lock:
            for scope, used in zip(SCOPES, self._used(query, now), strict=True):
                if used >= limits[scope]:
                    raise Refused(Reason.BUDGET, scope)
            self._pending.append(query)
        try:
            yield
        finally:
            with self._lock:
                self._pending.remove(query)

    def check_agency(self, limit: int, member: str, now: int) -> None:
        """Whether `member` may ask at all today; cheap, and no place is held.

        Raises:
            Refused: it has asked `limit` times.
        """
        with self._store.read() as db:
            used = queries.spent(db, now - now % DAY_SECONDS, member, "", "")[2]
        if used >= limit:
            raise Refused(Reason.BUDGET, "agency")

    def _used(self, query: Statement, now: int) -> tuple[int, int, int]:
        with self._store.read() as db:
            officer, case, agency = queries.spent(
                db, now - now % DAY_SECONDS, query.issuer, query.officer, query["case"]
            )
        own = [one for one in self._pending if one.issuer == query.issuer]
        return (
            officer + sum(one.officer == query.officer for one in own),
            case + sum(one["case"] == query["case"] for one in own),
            agency + len(own),
        )
