"""Which databases a station migrates: its own log, and its memory as a witness.

The mirror is files in a bundle's layout, whose format a manifest names.
"""

from __future__ import annotations

from childgrid_audit.config import Settings
from childgrid_log import whole
from childgrid_migrate.base import Base
from childgrid_migrate.chain import LOG, WITNESS


def bases(settings: Settings) -> list[Base]:
    """A station's databases."""
    folder = settings.state_dir / "log"
    return [
        Base("log.db", (LOG,), path=folder / "log.db", sound=whole.root),
        Base("witness.db", (WITNESS,), path=folder / "witness.db"),
    ]
