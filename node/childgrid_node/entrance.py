"""What a node opens first: its own keys and the documents, or why it does not start.

Refused here is what would otherwise come to light later and elsewhere: keys that never
joined, another member's keys, an altered document. Each refusal says what to do.
"""

from __future__ import annotations

from childgrid_node.config import NodeConfig
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused, Malformed, Untrusted
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf


def own(config: NodeConfig) -> tuple[bytes, Identity]:
    """The passphrase, and the keys that it opens.

    Raises:
        ConfigurationRefused: it opens none, or keys of nobody who has joined as the
            settings say.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    if not identity.joined:
        raise ConfigurationRefused(
            f"{identity.member} has not joined the grid yet; run `childgrid-node join`"
        )
    if identity.member != config.member:
        raise ConfigurationRefused(
            f"state_dir has the keys of {identity.member}, and the settings say"
            f" {config.member}: correct member or state_dir"
        )
    return passphrase, identity


def documents(config: NodeConfig) -> Shelf:
    """The documents that this node has taken over, verified again.

    Raises:
        ConfigurationRefused: none are here, or one no longer verifies.
    """
    try:
        return Shelf.open(config.state_dir / "documents")
    except (Malformed, Untrusted) as error:
        raise ConfigurationRefused(
            f"documents: {error.reason.value}; bring state_dir/documents back from a"
            " backup, and look after the disk"
        ) from error
