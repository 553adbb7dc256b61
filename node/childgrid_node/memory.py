"""What this member remembers as a witness of others' logs: made once, then opened."""

from __future__ import annotations

from pathlib import Path

from childgrid_log import begun, names
from childgrid_log.witness import Witness
from childgrid_wire.identity import Identity


def open_witness(state_dir: Path, identity: Identity) -> Witness:
    """Open what this member has witnessed (made at the first start).

    Raises:
        ConfigurationRefused: its memory is gone or damaged: it could be made to
            cosign a shortened log.
    """
    path = state_dir / "log" / "witness.db"
    with begun.once(path, state_dir / "keys") as fresh:
        opener = Witness.create if fresh else Witness
        return opener(path, names.witness(identity.member), identity.witness_key)
