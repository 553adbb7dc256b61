"""Which database a portal migrates: who may sign in."""

from __future__ import annotations

from childgrid_migrate.base import Base
from childgrid_migrate.chain import Chain
from childgrid_portal.web.config import PortalConfig

ACCOUNTS = Chain(
    "accounts", "childgrid_portal.web.migrations", "alembic_version", r".*"
)


def bases(config: PortalConfig) -> list[Base]:
    """A portal's database; its sessions are in memory."""
    path = config.state_dir / "accounts.db"
    return [Base("accounts.db", (ACCOUNTS,), path=path)]
