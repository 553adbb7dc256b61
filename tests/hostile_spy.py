"""The coordinator's hands in the hostile tests: what it carries, keeps and withholds.

Also how a member of the grid is stopped, started again from its disk, and made to
forget documents, which only a test may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from childgrid_log import names
from childgrid_log.log import Log
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_node.courier import Parcel
from childgrid_node.desk import Desk
from childgrid_node.journal import Journal
from childgrid_node.office import Office
from childgrid_node.vault import Vault
from childgrid_wire import envelope
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.shelf import Shelf
from grid import AGENCIES, AUDITORS, Agency, Grid, Relay

Documents = tuple[list[Any], dict[str, Any], dict[Any, list[Any]], list[Any]]
LOGS = ("log.db", "witness.db")


class Spy(Relay):
    """The coordinator, recording all it carries; what it is told to withhold, it does.

    `cut` answers for no witness; `twist` is what it makes of the witnesses' replies.
    """

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self.calls: dict[tuple[str, str], dict[str, Any]] = {}
        self.delivered: list[tuple[str, Parcel]] = []
        self.replies: list[WitnessResponse] = []
        self.cut = False
        self.twist: Callable[[WitnessRequest, WitnessResponse], None] | None = None

    def match(self, target: Agency, call: Mapping[str, Any]) -> bytes:
        """Carry a query, and keep it."""
        said = super().match(target, call)
        self.calls[envelope.read(call["query"]).hash, target.office.member] = dict(call)
        return said

    def mail(self, target: Agency, parcel: Parcel) -> None:
        """Carry a parcel, and keep it."""
        super().mail(target, parcel)
        self.delivered.append((target.office.member, parcel))

    def witness(self, request: WitnessRequest) -> WitnessResponse:
        """Carry a checkpoint, or say that nobody is there."""
        if self.cut:
            return WitnessResponse(silent=[*AGENCIES, *AUDITORS])
        reply = super().witness(request)
        self.replies.append(reply)
        if self.twist:
            twisted = WitnessResponse()
            twisted.CopyFrom(reply)
            self.twist(request, twisted)
            return twisted
        return reply


def reopen(grid: Grid, name: str) -> None:
    """Start a member again from what lies on its disk."""
    member = grid.members[name]
    own, folder = member.identity, member.folder
    member.shelf = Shelf.open(folder / "documents")
    log = Log.open(folder / "log.db", names.origin(name), own.log_key)
    journal = Journal(log, Vault(own.key), grid.clock)
    register = folder / "cases.csv"
    member.office = Office(own, member.shelf, journal, grid.clock, register)
    member.witness = Witness(
        folder / "witness.db", names.witness(name), own.witness_key
    )
    member.servicer = WitnessServicer(
        member.witness, member.shelf.book, own.signer, folder / "evidence", grid.clock
    )
    if isinstance(member, Agency):
        member.desk = Desk(
            member.office, member.holdings, lambda: None, folder / "cases.csv"
        )


def close(grid: Grid, name: str) -> None:
    """Stop a member."""
    member = grid.members[name]
    member.office.journal.log.close()
    member.witness.close()


def restart(grid: Grid, name: str) -> None:
    """Stop a member and start it again."""
    close(grid, name)
    reopen(grid, name)


def remember(shelf: Shelf) -> Documents:
    """The documents that a shelf holds."""
    book = shelf.book
    versions = {key: list(value) for key, value in book._versions.items()}
    return (
        list(book.directories), dict(book.by_hash), versions, list(book._revocations)
    )  # fmt: skip


def forget(shelf: Shelf, documents: Documents) -> None:
    """Take from a shelf, and from its disk, whatever was added since."""
    book, (directories, by_hash, versions, revocations) = shelf.book, documents
    book.directories, book.by_hash = list(directories), dict(by_hash)
    book._versions = {key: list(value) for key, value in versions.items()}
    book._revocations, book._kept = list(revocations), None
    for path in sorted(shelf._folder.glob("*.dsse"))[len(by_hash) :]:
        path.unlink()
    shelf._written = len(by_hash)
    (shelf._folder / "newest").write_text(str(len(by_hash)))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the nodes' log lines out of the tests' output."""
    before = structlog.get_config()
    structlog.configure(
        logger_factory=structlog.ReturnLoggerFactory(), processors=[_drop]
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: object) -> str:
    raise structlog.DropEvent
