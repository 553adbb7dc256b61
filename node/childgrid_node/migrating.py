"""Which databases a node migrates: its logs with the journal, and its memory."""

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
    logs = ["log.db", *sorted(one.name for one in folder.glob("closed-*.db"))]
    return [
        *(
            Base(name, (LOG, JOURNAL), path=folder / name, sound=whole.root)
            for name in logs
        ),
        Base("witness.db", (WITNESS,), path=folder / "witness.db"),
    ]
