"""Everything between this node and the coordinator, which carries and is not believed.

What must go out waits in the outbox, in order, and survives restarts; what comes in
is verified by the verb that takes it. Calls have deadlines; where the coordinator is
out of reach the courier waits and tries again, and says so in the log without
naming what it carries.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog

from childgrid_node import approve, handover, onward, openings, redating
from childgrid_node.bundle import Proof
from childgrid_node.journal import Writing, move_cursor, standing
from childgrid_node.office import Office
from childgrid_wire import canonical, channel
from childgrid_wire.book import BOARD
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Reason,
    Refused,
    Unreachable,
    WireError,
)
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc as rpc
from childgrid_wire.pb import values_pb2

log = structlog.get_logger(__name__)
_SECONDS = 20.0
_UNMARKED_SECONDS = 2.0
_LATE_SECONDS = 2.0
"""How much longer than it may wait a call for mail can be on its way."""


@dataclass(frozen=True)
class Parcel:
    """Something that waited for us at the coordinator, not yet verified."""

    cursor: int
    statement: bytes
    content: bytes
    proof: Proof | None


class Courier:
    """Carries between one office and one coordinator; see the module."""

    def __init__(
        self, office: Office, dialer: Dialer, address: str, coordinator: str
    ) -> None:
        """`address` is host:port, `coordinator` the member that must be there."""
        self._office = office
        self._dialer = dialer
        self._address = address
        self._peer = Peer(coordinator, "coordinator")
        self._flushing = threading.Lock()
        self._unmarked: dict[str, float] = {}
        self._early: set[str] = set()
        self._read: int | None = None
        self._fetched = True
        self._board_end: int | None = None
        self._told_until = 0.0

    def _exchange(self) -> Any:  # noqa: ANN401 - generated stubs are untyped
        return self._dialer.stub(rpc.ExchangeServiceStub, self._address, self._peer)

    def _board(self) -> Any:  # noqa: ANN401 - generated stubs are untyped
        return self._dialer.stub(rpc.BoardServiceStub, self._address, self._peer)

    def flush(self) -> int:
        """Send what waits, in order; returns how many went out.

        A statement that the coordinator refuses is marked and not tried again, but for
        a document that is dated ahead of its clock, or beyond what the board takes in
        a day: it waits until its time has come, and later revocations with it, since
        these are numbered; one ahead of our clock too is dated anew (`redating`).

        Raises:
            Unreachable: the rest waits.
        """
        states: dict[str, str] = {}
        with self._flushing:
            try:
                waiting = self._waiting()
                self._prune({hash_ for hash_, _, _ in waiting})
                for hash_, kind, data in self._next(waiting, states):
                    states[hash_] = self._send(hash_, kind, data)
                    self._sent(hash_, kind, states[hash_])
            finally:
                self._mark(states)
        return sum(state == "sent" for state in states.values())

    def _next(
        self, waiting: Sequence[tuple[Any, ...]], states: Mapping[str, str]
    ) -> Iterator[tuple[str, Kind, bytes]]:
        """What is to be sent now, in order; no revocation after one that waits."""
        stopped = False
        for hash_, name, data in waiting:
            kind = Kind(name)
            if hash_ in self._unmarked or (stopped and kind is Kind.REVOCATION):
                continue
            if kind is Kind.APPROVAL:
                approval = self._office.journal.get(hash_, kind)
                if states.get(approval.answers) == "waiting":
                    continue
            yield hash_, kind, data
            stopped |= kind is Kind.REVOCATION and states.get(hash_) == "waiting"

    def _sent(self, hash_: str, kind: Kind, state: str) -> None:
        """A query that went out is marked with the answers to it, by one sync."""
        if kind is Kind.QUERY and state == "sent":
            self._unmarked[hash_] = time.monotonic()

    def _mark(self, states: Mapping[str, str]) -> None:
        """Remember what went out; what is not marked goes out again, harmlessly."""
        due = time.monotonic() - _UNMARKED_SECONDS
        now = {
            name: one
            for name, one in states.items()
            if name not in self._unmarked and one != "waiting"
        }
        if not now and all(at > due for at in list(self._unmarked.values())):
            return
        with self._office.journal.writing() as writing:
            self._write(writing, now)

    def _write(self, writing: Writing, states: Mapping[str, str]) -> None:
        unmarked = dict.fromkeys(list(self._unmarked), "sent")
        for hash_, state in {**states, **unmarked}.items():
            writing.run("UPDATE outbox SET state = ? WHERE hash = ?", (state, hash_))

    def _prune(self, waiting: set[str]) -> None:
        """Let go of what is marked by now: not before it is durable."""
        for hash_ in self._unmarked.keys() - waiting:
            del self._unmarked[hash_]

    def _waiting(self) -> list[tuple[Any, ...]]:
        return self._office.journal.rows(
            "SELECT hash, kind, envelope FROM outbox WHERE state = 'waiting'"
            " ORDER BY place"
        )

    def _send(self, hash_: str, kind: Kind, data: bytes) -> str:
        try:
            if not still_goes(self._office, hash_, kind):
                return "withdrawn"
        except ConfigurationRefused:
            # Nobody can tell whether its case is open; what is behind it goes out.
            return "waiting"
        try:
            if kind in BOARD:
                document = values_pb2.Envelope(payload=data)
                publish = pb.PublishRequest(document=document)
                channel.call(self._board().Publish, publish, _SECONDS)
            elif kind is Kind.QUERY:
                submission = self._submission(hash_)
                channel.call(self._exchange().Submit, submission, _SECONDS)
            else:
                parcel = self._parcel(hash_, kind, data)
                channel.call(self._exchange().Send, parcel, _SECONDS)
        except Refused as refusal:
            if refusal.reason in (Reason.BUSY, Reason.STORAGE):
                raise Unreachable("coordinator busy") from refusal
            return self._refused(hash_, kind, refusal.reason)
        return "sent"

    def _refused(self, hash_: str, kind: Kind, reason: Reason) -> str:
        """What becomes of what the coordinator refused; it is said once."""
        if hash_ not in self._early:
            log.warning("refused", kind=kind.value, reason=reason.value)
        if kind in BOARD and reason in (Reason.NOT_YET, Reason.BUDGET):
            self._early.add(hash_)
            redating.put_right(self._office, hash_)
            return "waiting"
        return f"refused:{reason.value}"

    def _submission(self, hash_: str) -> pb.SubmitRequest:
        journal = self._office.journal
        query = journal.get(hash_, Kind.QUERY)
        attestation = journal.get(query["attestation"], Kind.CASE)
        contents = journal.rows(
            "SELECT member, ciphertext FROM content WHERE hash = ?", (hash_,)
        )
        return pb.SubmitRequest(
            query=values_pb2.Envelope(payload=query.data),
            attestation=values_pb2.Envelope(payload=attestation.data),
            approvals=[
                values_pb2.Envelope(payload=one.data)
                for one in standing(
                    self._office.view, journal.answers(hash_, Kind.APPROVAL)
                )
                if one["subject"] == "query"
            ],
            contents={
                member: values_pb2.Sealed(ciphertext=ciphertext)
                for member, ciphertext in contents
            },
        )

    def _parcel(self, hash_: str, kind: Kind, data: bytes) -> pb.SendRequest:
        call = pb.SendRequest(statement=values_pb2.Envelope(payload=data))
        if kind is Kind.REQUEST:
            ((ciphertext,),) = self._office.journal.rows(
                "SELECT ciphertext FROM content WHERE hash = ?", (hash_,)
            )
            call.content.ciphertext = ciphertext
        elif kind is Kind.DISCLOSURE:
            disclosure = self._office.journal.get(hash_, Kind.DISCLOSURE)
            ciphertext, proof = handover.parcel(self._office, disclosure)
            call.content.ciphertext = ciphertext
            call.proof.CopyFrom(values_pb2.Proof(**proof))
        elif kind is Kind.OPENED:
            call.content.ciphertext = openings.parcel(self._office, hash_)
        return call

    def receive(self, wait_seconds: float) -> Iterator[Parcel]:
        """What is new in our mailbox, after the cursor that the journal keeps.

        It also comes back when the board is no longer as we have read it; see `behind`.

        Raises:
            Unreachable, Refused: nothing could be read.
        """
        call = pb.ReceiveRequest(
            cursor=self._office.journal.cursor("mailbox"),
            wait_ms=int(wait_seconds * 1000),
            # Who knows of news already would only be told of them again at once.
            board=None if self.behind else self._board_cursor,
        )
        if call.HasField("board"):
            self._told_until = time.monotonic() + wait_seconds + _LATE_SECONDS
        try:
            exchange = self._exchange()
            reply = channel.call(exchange.Receive, call, wait_seconds + _SECONDS)
            self._board_end = reply.board if reply.HasField("board") else None
        except BaseException:
            self._board_end = None
            raise
        finally:
            self._told_until = min(self._told_until, time.monotonic() + _LATE_SECONDS)
        for item in reply.items:
            proof = _proof(item)
            yield Parcel(
                item.cursor, item.statement.payload, item.content.ciphertext, proof
            )

    @property
    def _board_cursor(self) -> int:
        if self._read is None:
            return self._office.journal.cursor("board")
        return self._read

    @property
    def behind(self) -> bool:
        """Whether the board holds what we have not read, as far as we were told."""
        end = self._board_end
        return not self._fetched or (end is not None and end != self._board_cursor)

    @property
    def told(self) -> bool:
        """Whether a call is out that comes back with news of the board.

        Else somebody has to look; so too in the moment between two such calls, if it
        lasts.
        """
        return self._board_end is not None and time.monotonic() < self._told_until

    def passed(self, cursor: int) -> None:
        """Remember that everything up to `cursor` has been dealt with."""
        with self._office.journal.writing() as writing:
            move_cursor(writing, "mailbox", cursor)
            self._write(writing, {})

    def fetch_documents(self) -> int:
        """Take over what is new on the board; returns how many documents are new.

        A document that doesn't verify is left out and named by kind only; it can't
        keep later ones from being read. A board that has become shorter came back from
        a backup, and is read from its beginning.

        Raises:
            Unreachable, Refused, Malformed: not all of it was read; we are `behind`.
        """
        self._fetched = False
        new, cursor, anew = 0, self._board_cursor, False
        while True:
            reply = channel.call(
                self._board().Fetch, pb.FetchRequest(cursor=cursor), _SECONDS
            )
            for document in reply.documents:
                new += self._take_document(document.payload)
            if reply.cursor == cursor:
                self._fetched = True
                return new
            if reply.cursor < cursor and anew:
                raise Malformed("board")
            anew |= reply.cursor < cursor
            cursor = self._read = reply.cursor if reply.cursor > cursor else 0
            if self._office.journal.log.held is None:
                with self._office.journal.writing() as writing:
                    move_cursor(writing, "board", cursor)

    def _take_document(self, data: bytes) -> int:
        before = len(self._office.shelf.book.by_hash)
        try:
            self._office.shelf.add(data)
        except WireError as error:
            log.warning("document refused", reason=error.reason.value)
        return len(self._office.shelf.book.by_hash) - before

    def outcome(self, query: str, revision: int, wait_seconds: float) -> Any:  # noqa: ANN401
        """What the targets of a query have said so far (`OutcomeResponse`)."""
        call = pb.OutcomeRequest(
            query=query, revision=revision, wait_ms=int(wait_seconds * 1000)
        )
        return channel.call(self._exchange().Outcome, call, wait_seconds + _SECONDS)

    def standing(self, query: str) -> dict[str, dict[str, Any]]:
        """State, since (Unix seconds) and reason of each target, where we can ask."""
        try:
            reply = self.outcome(query, 0, 0)
        except WireError:
            return {}
        return {
            one.member: {
                "state": pb.TargetState.Name(one.state)[13:].lower().replace("_", "-"),
                "since": one.since,
                "reason": one.reason,
            }
            for one in reply.targets
        }

    def relay(self, call: pb.WitnessRequest) -> pb.WitnessResponse:
        """Let the coordinator carry a checkpoint to the witnesses and back."""
        seconds = call.wait_ms / 1000 + _SECONDS
        reply = channel.call(self._exchange().Witness, call, seconds)
        return cast(pb.WitnessResponse, reply)


def still_goes(office: Office, name: str, kind: Kind) -> bool:
    """Whether what has waited may go out yet.

    A query not that was refused meanwhile, and neither it nor a request whose case is
    over or whose asker stands no more; approvals stay with their request. A disclosure
    is judged once more, and taken back where it does not stand.

    Raises:
        ConfigurationRefused: it must wait, since the register of cases can't be read.
    """
    journal = office.journal
    if kind is Kind.DISCLOSURE:
        return handover.may_leave(office, journal.get(name, kind))
    if kind is Kind.APPROVAL:
        return onward.may_follow(office, journal.get(name, kind))
    if kind not in (Kind.QUERY, Kind.REQUEST):
        return True
    refused = kind is Kind.QUERY and approve.closed(office, name)
    return not refused and onward.may_leave(office, journal.get(name, kind))


def _proof(item: pb.Item) -> Proof | None:
    """The proof beside an item; nothing where there is none, or it isn't one.

    A misspelled proof must not keep what comes after it from being read.
    """
    message = item.proof
    if not item.HasField("proof"):
        return None
    try:
        return Proof(
            message.checkpoint.encode("utf-8"),
            message.index,
            tuple(canonical.from_b64(one) for one in message.hashes),
            message.leaf.encode("ascii"),
            canonical.from_hex(message.salt),
        )
    except (Malformed, UnicodeEncodeError):
        return None
