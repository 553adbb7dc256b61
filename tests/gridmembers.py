"""A member of the tests' grid: its documents, log and memory, without listeners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from childgrid_log import names
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_node import agency, indexer, sealing
from childgrid_node.desk import Desk
from childgrid_node.disclose import Releaser
from childgrid_node.encode import Encoder, key_check
from childgrid_node.holdings import Holdings
from childgrid_node.indexer import Keyring
from childgrid_node.journal import Journal
from childgrid_node.office import Office
from childgrid_node.vault import Vault, derive
from childgrid_wire.shelf import Shelf
from gridcast import EPOCH, identity, open_rows, scheme, seed, write_files


class Member:
    """An agency or auditor: documents, log, and what it has witnessed."""

    def __init__(self, folder: Path, member: str, root: str, clock: Any) -> None:
        folder.mkdir(parents=True)
        self.identity = identity(member)
        self.shelf = Shelf.create(folder / "documents", root)
        origin = names.origin(member)
        log = Log.create(folder / "log.db", origin, self.identity.log_key)
        journal = Journal(log, Vault(self.identity.key), clock)
        register = folder / "cases.csv"
        self.office = Office(self.identity, self.shelf, journal, clock, register)
        self.witness = Witness.create(
            folder / "witness.db", names.witness(member), self.identity.witness_key
        )
        self.servicer = WitnessServicer(
            self.witness,
            self.shelf.book,
            self.identity.signer,
            folder / "evidence",
            clock,
        )
        self.folder = folder
        self.online = True


class Agency(Member):
    """An agency's node without its listeners."""

    def __init__(self, folder: Path, member: str, root: str, clock: Any) -> None:
        super().__init__(folder, member, root, clock)
        self.register = open_rows(folder, member)
        self.source = indexer.Source(self.register)
        key = seed("linkage")
        self.keyring = Keyring(
            scheme(),
            key,
            key_check(key, EPOCH, scheme().digest),
            EPOCH,
            derive(self.identity.key, b"index"),
        )
        self.report = indexer.build(
            self.source, folder / "rows.index", self.keyring, int(clock())
        )
        index = indexer.open_index(folder / "rows.index", self.keyring)
        self.holdings = Holdings(
            scheme(), EPOCH, Encoder(scheme(), key, EPOCH), {"rows": index}
        )
        self.desk = Desk(self.office, self.holdings, lambda: None, folder / "cases.csv")
        write_files(folder, member)

    def publish(self) -> list[bytes]:
        """The agency's own documents."""
        made = agency.publish(
            self.office, self.folder / "staff.toml", self.folder / "policy.toml"
        )
        return [one.data for one in [*made, sealing.ensure(self.office)]]

    def held(self, epoch: int) -> Holdings:  # noqa: ARG002 - one epoch is all there is
        """What answers queries of a key epoch."""
        return self.holdings

    def keyed(self, epoch: int) -> Holdings:
        """What is held under a key epoch, for a release."""
        return self.held(epoch)

    def releaser(self, relay: Any) -> Releaser:
        """The verb disclose, with witnesses reached through `relay`."""
        office = self.office
        gatherer = Gatherer(
            office.journal.log, office.member, self.shelf.book, relay, office.clock
        )
        return Releaser(office, self.keyed, {"rows": self.source}, gatherer)
