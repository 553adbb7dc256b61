"""Putting a query before its targets: all at once, each with a deadline.

Calls go out as futures on channels that stay open; nobody waits for anybody. One
thread takes down what comes back, in whatever batches it comes; another asks again
those who were silent, until the query expires. What is unfinished when the process
ends is asked again at the next start. Nothing sealed is opened here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import grpc

from childgrid_coordinator.board import Board
from childgrid_coordinator.query import State, check_answer
from childgrid_coordinator.retry import Retries
from childgrid_coordinator.settle import Answers, Said, Word
from childgrid_coordinator.store import queries
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.queries import Parcel
from childgrid_coordinator.window import Window
from childgrid_wire import statement
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer, translated
from childgrid_wire.errors import Unreachable, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import node_pb2, node_pb2_grpc, values_pb2

_BATCH = 256
_ABREAST = 24
"""Questions of one asker before one target: while a pass takes half, half gather."""

_GATHER_SECONDS = 0.15
"""How long the first answer to a query waits for the others', to share their syncs."""

_COMPLETE_SECONDS = 0.05
"""How long an answer that was the last to its query waits for those to others."""

log = logging.getLogger(__name__)
_stubs: Any = node_pb2_grpc


@dataclass(frozen=True)
class _Reply:
    query: str
    member: str
    outcome: Any  # a grpc future, or the WireError that came before any call


@dataclass(frozen=True)
class _Heard:
    """A reply that was read: None where its target has to be asked again."""

    reply: _Reply
    said: Said | None


class Matcher:
    """Asks nodes; `start` it once everything else is in place."""

    def __init__(
        self,
        store: Store,
        board: Board,
        answers: Answers,
        dialer: Dialer,
        seconds: float,
        retries: Retries,
    ) -> None:
        """`seconds` is each node's deadline; `retries` plans by a monotonic clock."""
        self._store, self._board, self._answers = store, board, answers
        self._dialer, self._seconds, self._retries = dialer, seconds, retries
        self._replies: SimpleQueue[_Reply | None] = SimpleQueue()
        self._wake = threading.Condition()
        self._window = Window(_ABREAST)
        self._calls: dict[tuple[str, str], Any] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._collect, name="collect", daemon=True),
            threading.Thread(target=self._ask_again, name="ask-again", daemon=True),
        ]

    def start(self) -> None:
        """Start the two threads and ask whoever still has to be asked."""
        for thread in self._threads:
            thread.start()
        with self._store.read() as db:
            names = queries.unfinished(db)
        for name in names:
            self.ask(name)

    def stop(self) -> None:
        """Stop asking; what has come back by now is still taken down."""
        with self._wake:
            self._stopping = True
            calls = list(self._calls.values())
            self._wake.notify_all()
        for call in calls:
            call.cancel()
        self._replies.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def stopped(self) -> list[str]:
        """The names of its threads that have ended."""
        return [one.name for one in self._threads if not one.is_alive()]

    def ask(
        self,
        query: str,
        only: list[str] | None = None,
        parcel: Parcel | None = None,
    ) -> None:
        """Ask the targets of a kept query that are still open; doesn't wait.

        Whom its asker asks so much already is asked as soon as that is answered.
        `parcel` spares reading what was kept just now.
        """
        parcel = parcel or self._parcel(query)
        if parcel is None:
            return
        for member in parcel.contents:
            if (only is None or member in only) and self._claim(query, member, parcel):
                self._call(query, member, parcel)

    def _parcel(self, query: str) -> Parcel | None:
        with self._store.read() as db:
            return queries.parcel(db, query)

    def heard_from(self, member: str) -> None:
        """A node called us, so it may be back: ask it soon if it has to be asked."""
        with self._wake:
            if self._retries.hasten(member, time.monotonic()):
                self._wake.notify_all()

    def _claim(self, query: str, member: str, parcel: Parcel) -> bool:
        with self._wake:
            if self._stopping:
                return False
            return self._window.enter(query, member, parcel.member)

    def _call(self, query: str, member: str, parcel: Parcel) -> None:
        left = parcel.expires - self._board.now()
        try:
            address = self._board.view().member(member)["address"]
            node = Peer(member, "node")
            stub = self._dialer.stub(_stubs.NodeServiceStub, address, node)
            call = stub.Match.future(
                _message(parcel, member), timeout=max(0.0, min(self._seconds, left))
            )
        except WireError as error:
            self._replies.put(_Reply(query, member, error))
            return
        except ValueError:  # the channel was closed under us: our certificate changed
            self._replies.put(_Reply(query, member, Unreachable("channel")))
            return
        with self._wake:
            self._calls[query, member] = call
        call.add_done_callback(
            lambda done: self._replies.put(_Reply(query, member, done))
        )

    def _collect(self) -> None:
        """Take replies down until the end, as many at once as there are."""
        while (first := self._replies.get()) is not None:
            batch, going = [self._heard(first)], True
            began = time.monotonic()
            while going and len(batch) < _BATCH:
                try:
                    reply = self._next(batch, began)
                except Empty:
                    break
                going = reply is not None
                batch += [self._heard(reply)] if reply else []
            self._take_down(batch)
            if not going:
                return

    def _next(self, batch: list[_Heard], began: float) -> _Reply | None:
        """The next reply: one that is there, or comes while its likes are awaited."""
        left = began + self._patience(batch) - time.monotonic()
        if left > 0:
            return self._replies.get(timeout=left)
        return self._replies.get_nowait()

    def _patience(self, batch: list[_Heard]) -> float:
        """Seconds from its beginning that a batch may wait for more replies.

        None where of no query in it another target is being asked.
        """
        there = Counter(one.reply.query for one in batch)
        with self._wake:
            lacking = sum(self._window.out(query) > n for query, n in there.items())
        if lacking == len(there):
            return _GATHER_SECONDS
        return _COMPLETE_SECONDS if lacking else 0.0

    def _take_down(self, batch: list[_Heard]) -> None:
        replies = [one.reply for one in batch]
        try:
            said = {(one.reply.query, one.reply.member): one.said for one in batch}
            words = [Word(*key, one) for key, one in said.items() if one is not None]
            plan = [(*key, 1) for key, one in said.items() if one is None]
            again = self._answers.settle(words)
            plan += [(query, one.member, one.attempts) for query, one in again]
        except Exception as error:  # a full disk must not end the thread
            log.error("answers could not be kept: %s", type(error).__name__)
            plan = [(reply.query, reply.member, 1) for reply in replies]
        now = time.monotonic()
        with self._wake:
            following = [self._left(reply) for reply in replies]
            for query, member, attempts in plan:
                self._retries.failed(query, member, attempts, now)
            if plan:
                self._wake.notify_all()
        for query, member in following:
            self._ask_next(query, member)

    def _left(self, reply: _Reply) -> tuple[str, str]:
        """Note that a call has ended; returns whose turn it is there, or ''."""
        self._calls.pop((reply.query, reply.member), None)
        following = self._window.leave(reply.query, reply.member)
        return ("" if self._stopping else following or ""), reply.member

    def _ask_next(self, query: str, member: str) -> None:
        """Ask a target what waited; what needn't be asked any more lets the next go."""
        while query and not self._asked(query, member):
            with self._wake:
                query = self._window.leave(query, member) or ""

    def _asked(self, query: str, member: str) -> bool:
        try:
            parcel = self._parcel(query)
        except Exception as error:  # the database may be away for a while
            log.error("a query could not be read: %s", type(error).__name__)
            with self._wake:
                self._retries.failed(query, member, 1, time.monotonic())
            return False
        if parcel is None or member not in parcel.contents:
            return False
        self._call(query, member, parcel)
        return True

    def _heard(self, reply: _Reply) -> _Heard:
        """Read a reply as it comes, while its likes are still awaited."""
        try:
            return _Heard(reply, self._said(reply))
        except Exception as error:  # what can't be judged now is asked again
            log.error("an answer could not be read: %s", type(error).__name__)
            return _Heard(reply, None)

    def _said(self, reply: _Reply) -> Said | None:
        """Read one reply; None where the call was cancelled at our own end."""
        if isinstance(reply.outcome, WireError):
            return _failed(reply.outcome)
        try:
            data = reply.outcome.result().answer.payload
            return self._verified(data, reply)
        except WireError as error:
            return error.reason
        except grpc.FutureCancelledError:
            return None
        except grpc.RpcError as error:
            return _unanswered(error)

    def _verified(self, data: bytes, reply: _Reply) -> statement.Statement:
        view = self._board.view()
        answer = statement.verify(data, view.find_key, Kind.ANSWER)
        statement.check_time(answer, view.now)
        check_answer(answer, reply.query, reply.member)
        return answer

    def _ask_again(self) -> None:
        """Ask again those whose time has come, until the end."""
        while True:
            with self._wake:
                due = self._retries.take(time.monotonic())
                if self._stopping:
                    return
                if not due:
                    at = self._retries.next()
                    self._wake.wait(None if at is None else at - time.monotonic())
                    continue
            for query, members in due.items():
                self._ask_due(query, members)

    def _ask_due(self, query: str, members: list[str]) -> None:
        try:
            self.ask(query, members)
        except Exception as error:  # the database may be away for a while
            log.error("a query could not be read: %s", type(error).__name__)
            with self._wake:
                for member in members:
                    self._retries.failed(query, member, 1, time.monotonic())


def _message(parcel: Parcel, member: str) -> node_pb2.MatchRequest:
    return node_pb2.MatchRequest(
        query=values_pb2.Envelope(payload=parcel.query),
        attestation=values_pb2.Envelope(payload=parcel.attestation),
        approvals=[values_pb2.Envelope(payload=one) for one in parcel.approvals],
        content=values_pb2.Sealed(ciphertext=parcel.contents[member]),
    )


def _unanswered(error: grpc.RpcError) -> Said | None:
    """What a failed call says of its target; None where it was cancelled here."""
    code = error.code() if isinstance(error, grpc.Call) else None
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return State.TIMED_OUT
    if code is grpc.StatusCode.CANCELLED:
        return None
    return _failed(translated(error))


def _failed(error: WireError) -> Said:
    return State.OFFLINE if isinstance(error, Unreachable) else error.reason
