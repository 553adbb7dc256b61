"""The founders at the coordinator: its board and the inbox of those who want to join.

The only part of the founders' work that touches a network. The connection carries
what is signed already; the coordinator is believed in nothing.
"""

from __future__ import annotations

from types import TracebackType

from childgrid_authority.admission import Admission
from childgrid_authority.authority import Authority
from childgrid_wire import board, certificates, channel
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.pb.coordinator_pb2 import (
    PendingRequest,
    PublishRequest,
    WelcomeRequest,
)
from childgrid_wire.pb.coordinator_pb2_grpc import (
    BoardServiceStub,
    JoiningServiceStub,
)
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import FOUNDERS

SECONDS = 20.0


class Inbox:
    """A connection as role `founder`; use it as a context manager."""

    def __init__(self, root: Pair, coordinator: str, address: str, now: int) -> None:
        """Open a channel; `root` issues the certificate that is shown, for a day."""
        leaf = certificates.issue_leaf(root, FOUNDERS, "founder", now)
        peer = Peer(coordinator, "coordinator")
        self._channel = channel.connect(address, peer, leaf, root.chain)
        self._joining = JoiningServiceStub(self._channel)
        self._board = BoardServiceStub(self._channel)

    def __enter__(self) -> Inbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def pending(self) -> list[bytes]:
        """Envelopes of the enrolments that wait."""
        answer = channel.call(self._joining.Pending, PendingRequest(), SECONDS)
        return [one.payload for one in answer.enrolments]

    def welcome(self, admitted: Admission) -> None:
        """Hand an enrolment its certificates."""
        request = WelcomeRequest(
            enrolment=admitted.enrolment,
            issuer=admitted.issuer.decode("ascii"),
            root=admitted.root.decode("ascii"),
        )
        channel.call(self._joining.Welcome, request, SECONDS)

    def publish(self, documents: list[bytes]) -> None:
        """Hang documents on the board, in this order; repeating one is harmless."""
        for data in documents:
            request = PublishRequest(document=Envelope(payload=data))
            channel.call(self._board.Publish, request, SECONDS)

    def fetch(self, shelf: Shelf) -> None:
        """Take everything on the board that isn't on the shelf yet.

        Raises:
            Untrusted: a document does not verify.
        """
        board.fetch(self._board, shelf, seconds=SECONDS)


def publish(authority: Authority, inbox: Inbox) -> list[Admission]:
    """Bring the board up to date, then welcome everyone whom it now holds.

    Returns:
        The admissions that were handed out.

    Raises:
        Refused, Untrusted: the coordinator or our own book refuses a document.
    """
    inbox.publish(authority.publishable())
    inbox.fetch(authority.shelf)
    answers = [authority.answer(data) for data in inbox.pending()]
    welcomed = [one for one in answers if one is not None]
    for one in welcomed:
        inbox.welcome(one)
    return welcomed
