"""The command `declare`: own staff and relatives are encoded, a custodian signs.

The file of people is read once and nothing of it is kept but encodings; delete it
afterwards. It works beside a running node, which marks from the next query on.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from childgrid_log.claim import Claim
from childgrid_node import declared
from childgrid_node.config import NodeConfig
from childgrid_node.holdings import Holdings
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_node.stock import Stock
from childgrid_wire import envelope, keyfile
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from childgrid_wire.identity import Identity
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement

SALT_BYTES = 32


@contextmanager
def opened(
    config: NodeConfig, clock: Callable[[], float]
) -> Iterator[tuple[Office, Holdings]]:
    """This node's log and encoder, beside the running node.

    Raises:
        ConfigurationRefused: not joined, or another declaration is under way here.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    claim = Claim(config.state_dir / "declare")
    try:
        shelf = Shelf.open(config.state_dir / "documents")
        office = open_office(config, identity, shelf, clock)
        try:
            yield office, Stock(config, office, passphrase).holdings
        finally:
            office.journal.log.close()
    finally:
        claim.release()


def run(
    config: NodeConfig,
    people: Path | None,
    signer: Signer,
    days: int,
    clock: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Declare the people of a file, or with None nobody any more.

    Raises:
        ConfigurationRefused, Refused, Untrusted: saying what is wrong; nothing changed.
    """
    known = declared.read(people) if people is not None else []
    if people is not None and not known:
        raise ConfigurationRefused(
            f"{people.name} names nobody; to take the declaration back say --nobody"
        )
    with opened(config, clock) as (office, holdings):
        said = declare(office, holdings, known, signer, days)
    day = dt.datetime.fromtimestamp(said.expires, dt.UTC).date()
    if people is None:
        say("nobody is declared any more")
        return
    say(f"{len(known)} people are declared until {day}; delete {people.name} now")
    say("declare them again when the linkage key is rotated")


def declare(
    office: Office,
    holdings: Holdings,
    people: list[dict[str, list[str]]],
    signer: Signer,
    days: int,
) -> Statement:
    """Encode, sign, and take in a declaration.

    Raises:
        ConfigurationRefused: the key is another agency's.
        Refused, Untrusted: no custodian's key, or no linkage key is in force.
    """
    member, _, officer = signer.keyid.partition("/")
    if member != office.member:
        raise ConfigurationRefused("the key is another agency's")
    if holdings.encoder is None:
        raise Refused(Reason.EPOCH, "no linkage key is in force here")
    salt = secrets.token_bytes(SALT_BYTES)
    content = declared.document(holdings, people, salt)
    payload = declared.draft(office, officer, len(people), content, days)
    signed = envelope.sign(Kind.REVIEW, payload, [signer])
    return declared.take(office, holdings, signed, content)
