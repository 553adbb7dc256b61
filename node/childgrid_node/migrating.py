"""Which databases a node migrates: its log with the journal, and its memory."""

from __future__ import annotations

from childgrid_log import whole
from childgrid_migrate.base import Base
from childgrid_migrate.chain import LOG, WITNESS, Chain
from childgrid_node.config import NodeConfig

JOURNAL = Chain(
    "journal", "childgrid_node.migrations", "alembic_version", r"(?!log_).*"
)


def bases(config: NodeConfig) -> list[Base]:
    """A node's databases; its indexes have a format of their own."""
    folder = config.state_dir / "log"
    return [
        Base("log.db", (LOG, JOURNAL), path=folder / "log.db", sound=whole.root),
        Base("witness.db", (WITNESS,), path=folder / "witness.db"),
    ]
