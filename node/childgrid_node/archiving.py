"""Archiving the log from the command line: the node stands still."""

from __future__ import annotations

from collections.abc import Callable

from childgrid_log import stowing
from childgrid_log.claim import Claim
from childgrid_node import acts
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_wire import keyfile
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf

Say = Callable[[str], None]


def archive_log(
    config: NodeConfig, days: int, compact: bool, clock: Callable[[], float], say: Say
) -> None:
    """Move what is older than `days` to files beside the log; see `stowing`.

    Raises:
        ConfigurationRefused: the node runs, or its state can't be opened.
        StoreError, OSError: the log or the disk refuses; what was moved is whole.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    claim = Claim(config.state_dir)
    try:
        shelf = Shelf.open(config.state_dir / "documents")
        office = open_office(config, identity, shelf, clock)
        journal = office.journal

        def tell(subject: str) -> None:
            with journal.writing() as writing:
                acts.note(writing, office, stowing.TOPIC, subject)

        before = stowing.before(office.now, days)
        stowing.stow(journal.log, before, tell, compact, say)
        journal.log.close()
    finally:
        claim.release()
