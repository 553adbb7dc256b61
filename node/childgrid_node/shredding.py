"""Shredding from the command line: the node stands still, an export is at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from childgrid_log import names
from childgrid_log.claim import Claim
from childgrid_log.held_copy import Copy
from childgrid_node import shred
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_wire import keyfile
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf

Say = Callable[[str], None]


def shred_log(
    config: NodeConfig, export: Path, clock: Callable[[], float], say: Say
) -> None:
    """Shred all that is past its retention and says how much it was.

    Raises:
        ConfigurationRefused: the node runs, or the folder is no export of its log.
        Refused, Untrusted: no auditor of the directory signed the export.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    claim = Claim(config.state_dir)
    try:
        shelf = Shelf.open(config.state_dir / "documents")
        office = open_office(config, identity, shelf, clock)
        number = names.generation(office.journal.log.origin)
        copy = Copy.read(export, identity.member, number)
        found = 0
        while said := shred.run(office, config.retention, copy):
            found += len(said["entries"])
        office.journal.log.close()
    finally:
        claim.release()
    say(f"{found} statements shredded")
