"""Desk passes: certificates with which officers' machines reach their own desk.

A pass opens the agency-local listener and authorises nothing: what an officer may do
follows from the officer's own signature. It can be revoked by its serial number. No
pass is written before the node's log says that it was issued.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from childgrid_node import acts
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_wire import canonical, certificates, keyfile
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf


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
    _note(config, identity, pair, clock)
    keyfile.write_private(out, canonical.dumps(table))
    return certificates.serial_of(pair.certificate)


def _note(
    config: NodeConfig, identity: Identity, pair: Pair, clock: Callable[[], float]
) -> None:
    shelf = Shelf.open(config.state_dir / "documents")
    office = open_office(config, identity, shelf, clock)
    try:
        with office.journal.writing() as writing:
            subject = certificates.fingerprint(pair.certificate)
            acts.note(writing, office, "key", subject)
    finally:
        office.journal.log.close()
