"""Which databases a coordinator migrates."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from childgrid_coordinator.config import Settings
from childgrid_coordinator.store.engine import LOCK, driver
from childgrid_log import whole
from childgrid_migrate.base import Base
from childgrid_migrate.chain import LOG, Chain
from childgrid_wire.errors import ConfigurationRefused

_HERE = __package__
STATE = Chain("state", f"{_HERE}.state", "alembic_version", r".*")
JOURNAL = Chain("journal", f"{_HERE}.journal", "alembic_version", r"journal")


def bases(settings: Settings) -> list[Base]:
    """The log with its journal, and the store."""
    kept = Base("log.db", (LOG, JOURNAL), path=settings.log, sound=whole.root)
    return [kept, store(settings.url)]


def store(url: str) -> Base:
    """The database of queries, requests and mailboxes."""
    parsed = driver(url)
    if parsed.get_backend_name() == "sqlite":
        return Base("state.db", (STATE,), path=Path(make_url(url).database or ""))
    return Base("the database", (STATE,), url=parsed, alone=_alone)


def _alone(db: Connection) -> None:
    """Hold the lock of a running coordinator, for this transaction."""
    sql = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not db.scalar(sql, {"key": LOCK}):
        raise ConfigurationRefused("a coordinator uses this database; stop it first")
