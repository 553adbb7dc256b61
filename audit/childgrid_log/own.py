"""A member's own log: its origin, and the key that the directory names for it.

The rule: nobody opens or makes a log that the directory does not name for him.
"""

from __future__ import annotations

from childgrid_log import lineage, names
from childgrid_wire import closing
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity


def own(book: Book, identity: Identity) -> tuple[str, bytes]:
    """Origin and 32-byte seed of the log in force; of the first before we stand there.

    Raises:
        ConfigurationRefused: the founders have named a successor whose key isn't here.
    """
    entry = book.entries.get(identity.member)
    if entry is None or not closing.closed(entry):
        return names.origin(identity.member), identity.log_key
    seed = identity.log_seed(entry["log_key"])
    if seed is None:
        raise ConfigurationRefused(
            "the founders have named a successor to this log, and its key is not here:"
            " bring back a backup that has it, or ask for another by"
            " `childgrid-node succeed`"
        )
    return lineage.present(entry).origin, seed
