"""The node's own log and the journal in it: opened as the directory names it.

The log in force is `log/log.db`; those that the founders have closed lie beside it as
`log/closed-N.db`, to be read and never written again (`succession`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from childgrid_log import begun, lineage, restored
from childgrid_log.errors import LogError
from childgrid_log.log import Log
from childgrid_log.own import own
from childgrid_node import succession
from childgrid_node.config import NodeConfig
from childgrid_node.journal import Journal
from childgrid_node.office import Office
from childgrid_node.vault import Vault
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf


def open_office(
    config: NodeConfig, identity: Identity, shelf: Shelf, clock: Callable[[], float]
) -> Office:
    """Open the log (made at the first start) and the journal in it.

    Raises:
        ConfigurationRefused: the log is gone, damaged or another key's, or it was
            closed and its successor has not been taken up.
    """
    state_dir = config.state_dir
    path = succession.path_of(state_dir)
    if succession.is_due(state_dir, shelf.book, identity):
        raise ConfigurationRefused(
            "the founders have closed this log: `childgrid-node serve` goes on with"
            " its successor"
        )
    with begun.once(path, state_dir / "keys") as fresh:
        opener = Log.create if fresh else Log.open
        kept = opener(path, *own(shelf.book, identity))
    restored.hold(kept, state_dir / "keys")
    journal = Journal(kept, Vault(identity.key), clock)
    return Office(identity, shelf, journal, clock, config.cases)


def closed_logs(state_dir: Path, book: Book, identity: Identity) -> dict[int, Log]:
    """The closed logs that are here, by generation; one that is damaged is left out.

    Its key must be here too, since nobody else opens a log.
    """
    found: dict[int, Log] = {}
    entry = book.entries.get(identity.member, {})
    for one in lineage.generations(entry)[:-1] if entry else ():
        path = succession.closed_path(state_dir, one.number)
        seed = succession.seed_of(identity, one)
        if seed is None or not path.exists():
            continue
        try:
            found[one.number] = Log.open(path, one.origin, seed)
        except (LogError, ConfigurationRefused):
            continue
    return found
