"""An auditor's station: its keys, documents, own log, memory as a witness, and mirror.

    keys/        the locked identity and its certificates
    documents/   the signed documents that the witness goes by
    log/         log.db, the station's own log, and witness.db, what it has cosigned
    mirror/      copies of every party's log
    evidence/    split views

It holds no subject's data and no linkage key. The rule: a station without its memory
is not opened, since it would cosign a shortened log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from childgrid_audit.store import Store
from childgrid_log import names, restored
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.own import own
from childgrid_log.witness import Witness
from childgrid_wire.certificates import Peer
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement

ROLES = {"agency": "node", "coordinator": "coordinator", "auditor": "auditor"}
"""The role in which each kind of member serves its log."""


@dataclass
class Station:
    """An open station; close it when done."""

    folder: Path
    identity: Identity
    shelf: Shelf
    log: Log
    witness: Witness
    store: Store
    clock: Callable[[], float]

    @classmethod
    def create(
        cls,
        folder: Path,
        member: str,
        passphrase: bytes,
        root: str,
        clock: Callable[[], float] = time.time,
    ) -> Station:
        """Make a station with fresh keys, pinned to `root` (hex fingerprint).

        Raises:
            ConfigurationRefused: a short passphrase, or another grid's root.
            LogExists: a station stands there already.
        """
        identity = Identity.create(folder / "keys", member, passphrase)
        Shelf.create(folder / "documents", root)
        (folder / "log").mkdir(exist_ok=True, mode=0o700)
        Log.create(
            folder / "log" / "log.db", names.origin(member), identity.log_key
        ).close()
        Witness.create(
            folder / "log" / "witness.db", names.witness(member), identity.witness_key
        ).close()
        return cls.open(folder, passphrase, clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        passphrase: bytes,
        clock: Callable[[], float] = time.time,
    ) -> Station:
        """Open a station.

        Raises:
            ConfigurationRefused: no keys, another passphrase, or no pinned root.
            LogAbsent: its log or its memory is gone.
            LogAltered: its log no longer holds what it signed.
        """
        identity = Identity.open(folder / "keys", passphrase)
        member = identity.member
        shelf = Shelf.open(folder / "documents")
        log = Log.open(folder / "log" / "log.db", *own(shelf.book, identity))
        restored.hold(log, folder / "keys")
        witness = Witness(
            folder / "log" / "witness.db", names.witness(member), identity.witness_key
        )
        store = Store(folder / "mirror", shelf.book.root)
        return cls(folder, identity, shelf, log, witness, store, clock)

    @property
    def member(self) -> str:
        """The station's member id."""
        return self.identity.member

    @property
    def evidence(self) -> Path:
        """Where split views are kept."""
        return self.folder / "evidence"

    def say(self, said: Statement) -> None:
        """Log a statement of this station; raises `StoreError` where it can't."""
        self.log.append([draft_of(said, int(self.clock()))])

    def close(self) -> None:
        """Close the log and the memory."""
        self.log.close()
        self.witness.close()

    def authorise(self, peer: Peer) -> None:
        """Let in members that stand, in a role of their kind.

        Raises:
            Untrusted: unknown or revoked.
            Refused: another role than the member's.
        """
        self.shelf.book.latest(int(self.clock())).admit(peer)
