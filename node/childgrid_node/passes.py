"""Desk passes: certificates with which officers' machines reach their own desk.

A pass opens the agency-local listener and authorises nothing: what an officer may do
follows from the officer's own signature. It can be revoked by its serial number.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from childgrid_node.config import NodeConfig
from childgrid_wire import canonical, certificates, keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity


def issue(config: NodeConfig, out: Path, days: int, clock: Callable[[], float]) -> str:
    """Write a pass for `days` days; returns its serial number (hex).

    Raises:
        ConfigurationRefused: this node has not joined, or the passphrase is wrong.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    if not identity.joined:
        raise ConfigurationRefused(f"{config.member} has not joined the grid yet")
    pair = certificates.issue_leaf(
        identity.issuer, identity.member, "desk", int(clock()), 24 * days
    )
    table = {
        "key": pair.key.decode("ascii"),
        "chain": pair.chain.decode("ascii"),
        "root": identity.root.decode("ascii"),
    }
    keyfile.write_private(out, canonical.dumps(table))
    return certificates.serial_of(pair.certificate)
