"""gRPC in, verbs out: reads messages, calls one verb, writes the answer. No logic.

The gate has checked caller, method and deadline before anything here runs. Failures
of disk or database become `storage`: nothing was acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from sqlalchemy.exc import SQLAlchemyError

from childgrid_coordinator.board import Board
from childgrid_coordinator.joining import Joining
from childgrid_coordinator.query import State
from childgrid_coordinator.relay import Relay
from childgrid_coordinator.search import Outcome, Search, Shown
from childgrid_coordinator.store.mail import Item
from childgrid_coordinator.witnessing import Witnesses
from childgrid_log.errors import LogError
from childgrid_log.log import Log
from childgrid_log.readers import Readers
from childgrid_log.service import LogServicer
from childgrid_wire.channel import peer_from
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc, log_pb2_grpc, values_pb2

_MARGIN_SECONDS = 1.0
log = logging.getLogger(__name__)
_STATES: dict[State, pb.TargetState] = {
    State.ASKED: pb.TARGET_STATE_ASKED,
    State.HIT: pb.TARGET_STATE_HIT,
    State.NO_HIT: pb.TARGET_STATE_NO_HIT,
    State.OFFLINE: pb.TARGET_STATE_OFFLINE,
    State.TIMED_OUT: pb.TARGET_STATE_TIMED_OUT,
    State.REFUSED: pb.TARGET_STATE_REFUSED,
    State.EXPIRED: pb.TARGET_STATE_EXPIRED,
}


@dataclass(frozen=True)
class Verbs:
    """Everything that can be asked of a coordinator."""

    search: Search
    relay: Relay
    board: Board
    joining: Joining
    witnesses: Witnesses
    log: Log
    readers: Readers
    poll_seconds: float


def register(server: grpc.Server, verbs: Verbs) -> None:
    """Add the four services to a server."""
    exchange: Any = coordinator_pb2_grpc
    logs: Any = log_pb2_grpc
    exchange.add_ExchangeServiceServicer_to_server(_Exchange(verbs), server)
    exchange.add_BoardServiceServicer_to_server(_Board(verbs), server)
    exchange.add_JoiningServiceServicer_to_server(_Joining(verbs), server)
    logs.add_LogServiceServicer_to_server(LogServicer(verbs.log, verbs.readers), server)


@contextmanager
def stored() -> Iterator[None]:
    """Turn failures of the disk, the log or the database into `storage`."""
    try:
        yield
    except (SQLAlchemyError, LogError, OSError) as error:
        log.error("nothing is acknowledged: %s", type(error).__name__)
        raise Refused(Reason.STORAGE, type(error).__name__) from error


def _patience(context: grpc.ServicerContext, wait_ms: int, most: float) -> float:
    """Seconds that a call may be held so that its answer still arrives in time."""
    left = (context.time_remaining() or 0.0) - _MARGIN_SECONDS
    return max(0.0, min(wait_ms / 1000, most, left))


class _Exchange(coordinator_pb2_grpc.ExchangeServiceServicer):
    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def Submit(  # noqa: N802 - named in the service
        self, request: pb.SubmitRequest, context: grpc.ServicerContext
    ) -> pb.SubmitResponse:
        with stored():
            self._verbs.search.submit(
                peer_from(context).member,
                request.query.payload,
                request.attestation.payload,
                [one.payload for one in request.approvals],
                {name: one.ciphertext for name, one in request.contents.items()},
            )
        return pb.SubmitResponse()

    def Outcome(  # noqa: N802 - named in the service
        self, request: pb.OutcomeRequest, context: grpc.ServicerContext
    ) -> pb.OutcomeResponse:
        seconds = _patience(context, request.wait_ms, self._verbs.poll_seconds)
        with stored():
            outcome = self._verbs.search.outcome(
                peer_from(context).member, request.query, request.revision, seconds
            )
        return _outcome(outcome)

    def Send(  # noqa: N802 - named in the service
        self, request: pb.SendRequest, context: grpc.ServicerContext
    ) -> pb.SendResponse:
        content = request.content.ciphertext if request.HasField("content") else None
        proof = request.proof if request.HasField("proof") else None
        with stored():
            self._verbs.relay.send(
                peer_from(context).member, request.statement.payload, content, proof
            )
        return pb.SendResponse()

    def Receive(  # noqa: N802 - named in the service
        self, request: pb.ReceiveRequest, context: grpc.ServicerContext
    ) -> pb.ReceiveResponse:
        seconds = _patience(context, request.wait_ms, self._verbs.poll_seconds)
        with stored():
            items = self._verbs.relay.receive(
                peer_from(context).member,
                request.cursor,
                seconds,
                request.board if request.HasField("board") else None,
            )
        cursor = items[-1].cursor if items else request.cursor
        return pb.ReceiveResponse(
            items=map(_item, items), cursor=cursor, board=self._verbs.board.end
        )

    def Witness(  # noqa: N802 - named in the service
        self, request: pb.WitnessRequest, context: grpc.ServicerContext
    ) -> pb.WitnessResponse:
        seconds = _patience(context, request.wait_ms, self._verbs.poll_seconds)
        request.wait_ms = int(seconds * 1000)
        return reply(self._verbs.witnesses, peer_from(context).member, request)


class _Board(coordinator_pb2_grpc.BoardServiceServicer):
    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def Publish(  # noqa: N802 - named in the service
        self, request: pb.PublishRequest, _context: grpc.ServicerContext
    ) -> pb.PublishResponse:
        with stored():
            self._verbs.board.publish(request.document.payload)
        return pb.PublishResponse()

    def Fetch(  # noqa: N802 - named in the service
        self, request: pb.FetchRequest, _context: grpc.ServicerContext
    ) -> pb.FetchResponse:
        board = self._verbs.board
        page, cursor = board.fetch(request.cursor)
        return pb.FetchResponse(
            documents=map(_envelope, page), cursor=cursor, now=board.now()
        )


class _Joining(coordinator_pb2_grpc.JoiningServiceServicer):
    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def Enrol(  # noqa: N802 - named in the service
        self, request: pb.EnrolRequest, context: grpc.ServicerContext
    ) -> pb.EnrolResponse:
        with stored():
            joiner = self._verbs.joining.enrol(
                peer_from(context).member, request.enrolment.payload
            )
        return pb.EnrolResponse(
            state=joiner.state, issuer=joiner.issuer, root=joiner.root
        )

    def Pending(  # noqa: N802 - named in the service
        self, _request: pb.PendingRequest, _context: grpc.ServicerContext
    ) -> pb.PendingResponse:
        with stored():
            waiting = self._verbs.joining.pending()
        return pb.PendingResponse(enrolments=map(_envelope, waiting))

    def Welcome(  # noqa: N802 - named in the service
        self, request: pb.WelcomeRequest, _context: grpc.ServicerContext
    ) -> pb.WelcomeResponse:
        with stored():
            self._verbs.joining.welcome(request.enrolment, request.issuer, request.root)
        return pb.WelcomeResponse()


def reply(
    witnesses: Witnesses, member: str, request: pb.WitnessRequest
) -> pb.WitnessResponse:
    """Carry one member's checkpoint to its witnesses and bring back what they say."""
    seconds = request.wait_ms / 1000
    said = witnesses.relay(member, request.call, request.calls, seconds)
    return pb.WitnessResponse(replies=said.replies, silent=said.silent)


def _envelope(data: bytes) -> values_pb2.Envelope:
    return values_pb2.Envelope(payload=data)


def _item(item: Item) -> pb.Item:
    return pb.Item(
        cursor=item.cursor,
        statement=_envelope(item.statement),
        content=values_pb2.Sealed(ciphertext=item.content) if item.content else None,
        proof=values_pb2.Proof.FromString(item.proof) if item.proof else None,
    )


def _outcome(outcome: Outcome) -> pb.OutcomeResponse:
    return pb.OutcomeResponse(
        revision=outcome.revision,
        targets=map(_target, outcome.targets),
        candidates=[
            pb.RankedCandidate(
                member=one.member,
                handle=one.handle,
                rank=one.rank,
                probability=one.probability,
                band=one.band,
            )
            for one in outcome.candidates
        ],
        complete=outcome.complete,
    )


def _target(shown: Shown) -> pb.TargetOutcome:
    target = shown.target
    return pb.TargetOutcome(
        member=target.member,
        state=_STATES[target.state],
        since=target.since,
        reason=target.reason,
        answer=_envelope(shown.answer) if shown.answer else None,
    )
