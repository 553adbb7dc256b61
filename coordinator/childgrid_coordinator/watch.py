"""How a running coordinator is: for health checks, and as figures for whoever runs it.

Not ready is: a log or a database that takes nothing in, a disk nearly full, an issuer
that has run out, no directory on the board, work that has stopped, hangs or fails again
and again. Nodes that are away are awaited. No label names an officer, a case or a
query; members are counted, not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Select, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from childgrid_coordinator.board import Board
from childgrid_coordinator.config import Settings
from childgrid_coordinator.every import Every
from childgrid_coordinator.store import tables as t
from childgrid_coordinator.store.engine import Store
from childgrid_log import outlook
from childgrid_log.log import Log
from childgrid_wire.errors import WireError
from childgrid_wire.health import LEAST_FREE_BYTES, Health, free_bytes
from childgrid_wire.identity import Identity
from childgrid_wire.metrics import gauges
from childgrid_wire.watched import Watched

WORDS = (
    *outlook.WORDS,
    "database-refused",
    "disk-full",
    "issuer-expired",
    "no-directory",
    "stopped",
    "hangs",
    "fails",
)
"""Every word that may come, before its colon."""


@dataclass(frozen=True)
class Parts:
    """What is looked at."""

    settings: Settings
    identity: Identity
    log: Log
    store: Store
    board: Board
    work: Sequence[Every]
    threads: Callable[[], Sequence[str]]
    """The names of threads that should run and do not."""


class Watch(Watched):
    """Sees one coordinator from outside; see the module."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        super().__init__(WORDS, parts.settings.state_dir)

    def faults(self) -> Sequence[str]:
        """Why it does not serve; nothing where it does."""
        parts = self._parts
        free = free_bytes(parts.settings.state_dir)
        found = [
            outlook.fault(parts.log),
            "" if _readable(parts.store) else "database-refused",
            "disk-full" if free < LEAST_FREE_BYTES else "",
            "issuer-expired" if _issuer_ends(parts) <= parts.board.now() else "",
            "" if _directory_ends(parts.board) else "no-directory",
            *(f"stopped:{name}" for name in parts.threads()),
            *(work.fault() for work in parts.work),
        ]
        return [word for word in found if word]

    @property
    def health(self) -> Health:
        """The answer to health checks; members' nodes may ask as well."""
        return Health(self.faults, self._parts.settings.member, members=True)

    def figures(self) -> Iterator[GaugeMetricFamily]:
        """Log, database, what runs out, repeated work."""
        parts = self._parts
        yield from outlook.figures(parts.log)
        yield from _database(parts.store)
        yield gauges(
            "childgrid_expires_timestamp_seconds",
            "When something of this coordinator runs out, Unix seconds; 0: none there",
            "what",
            {"directory": _directory_ends(parts.board), "issuer": _issuer_ends(parts)},
        )
        yield gauges(
            "childgrid_work_succeeded_timestamp_seconds",
            "When a piece of repeated work last ended well, Unix seconds",
            "work",
            {work.pulse.name: work.pulse.succeeded for work in parts.work},
        )


def _readable(store: Store) -> bool:
    try:
        with store.read() as db:
            db.execute(select(t.meta.c.key).limit(1))
    except (SQLAlchemyError, OSError):
        return False
    return True


def _issuer_ends(parts: Parts) -> float:
    return parts.identity.issuer.certificate.not_valid_after_utc.timestamp()


def _directory_ends(board: Board) -> int:
    """When the directory runs out, Unix seconds; 0 where none hangs here."""
    try:
        return board.view().directory.expires
    except WireError:
        return 0


def _database(store: Store) -> Iterator[GaugeMetricFamily]:
    with store.read() as db:
        asked = select(t.target.c.state, func.count()).group_by(t.target.c.state)
        targets = {str(state): int(count) for state, count in db.execute(asked)}
        counts = {
            name: int(db.scalar(_counted(table)) or 0)
            for name, table in (("query", t.query), ("request", t.request))
        }
    yield gauges(
        "childgrid_targets",
        "Targets of all queries, by what became of them",
        "state",
        targets,
    )
    yield gauges(
        "childgrid_statements", "What is kept of queries and requests", "kind", counts
    )


def _counted(table: Table) -> Select[int]:
    return select(func.count()).select_from(table)
