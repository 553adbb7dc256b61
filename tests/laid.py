"""The state of an agency's node as it lies on a disk, for commands to work on."""

from __future__ import annotations

import shutil
from pathlib import Path

from childgrid_node.config import NodeConfig, load
from childgrid_wire import keyfile
from grid import Grid, identity

PASSPHRASE = b"a passphrase for tests"
SETTINGS = """
member = "customs"
title = "Customs"
state_dir = "state"
passphrase_file = "passphrase"
[coordinator]
member = "ncrb-hub"
address = "127.0.0.1:1"
"""


def settled(grid: Grid, folder: Path, retention: str = "") -> NodeConfig:
    """The state of customs' node as it lies on a disk, and its settings."""
    customs, state = grid.agency("customs"), folder / "state"
    (state / "keys").mkdir(parents=True)
    (state / "log").mkdir()
    own = identity("customs")
    keys = ("key", "log_key", "witness_key", "wrap_key")
    content = {name: getattr(own, name).hex() for name in keys}
    keyfile.lock(
        {**content, "member": "customs", "issuer": "-"},
        PASSPHRASE,
        state / "keys" / "identity.locked",
    )
    keyfile.write_private(folder / "passphrase", PASSPHRASE)
    shutil.copytree(customs.folder / "documents", state / "documents")
    customs.office.journal.log.close()
    shutil.copy(customs.folder / "log.db", state / "log" / "log.db")
    (folder / "node.toml").write_text(SETTINGS + retention)
    return load(folder / "node.toml")
