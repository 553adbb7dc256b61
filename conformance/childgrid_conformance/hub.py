"""The coordinator of the test grid: board, inbox, one mailbox, and the witnesses.

It carries what a coordinator carries and remembers all of it, and it can be told to
withhold witnesses. It judges nothing: what the node under test believes is the test.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc

from childgrid_conformance.cast import ASKER, AUDITORS, HUB, Cast
from childgrid_conformance.founding import admit, wraps
from childgrid_log import names
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_wire import canonical, channel, enrolment, envelope
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc as rpc
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from childgrid_wire.shelf import Shelf

T = TypeVar("T")
_WITNESSES = (ASKER, *AUDITORS)


@dataclass
class Hub(
    rpc.ExchangeServiceServicer, rpc.BoardServiceServicer, rpc.JoiningServiceServicer
):
    """The kit's end of every call that the node under test makes; threads share it."""

    cast: Cast
    shelf: Shelf
    folder: Path
    clock: Callable[[], float] = time.time
    mail: list[pb.Item] = field(default_factory=list)
    """What waits for the node under test; never shortened."""

    sent: list[pb.SendRequest] = field(default_factory=list)
    """What it has handed in."""

    reachable: set[str] = field(default_factory=lambda: set(_WITNESSES))
    """The witnesses to which a checkpoint is carried."""

    nonces: int = 0
    """How often it asked witnesses under a nonce, as before a release."""

    witnesses: dict[str, WitnessServicer] = field(default_factory=dict)
    memories: list[Witness] = field(default_factory=list)
    answer: pb.EnrolResponse | None = None
    news: threading.Condition = field(default_factory=threading.Condition)
    base: int = 0
    """The mailbox's cursor at the start: it grows from run to run."""

    def start(self, address: str) -> grpc.Server:
        """Serve at `address`.

        Raises:
            ConfigurationRefused: the port can't be taken.
        """
        self.base = int(self.clock() * 1_000)
        self.witnesses = {name: self._witness(name) for name in _WITNESSES}
        credentials = self.cast.identities[HUB].credentials("coordinator", self.clock)
        server, _ = channel.serve(address, credentials, lambda _: None, self._register)
        return server

    def close(self) -> None:
        """Close the witnesses' memories."""
        for one in self.memories:
            one.close()

    def _witness(self, name: str) -> WitnessServicer:
        own, path = self.cast.identities[name], self.folder / f"{name}.witness"
        opener = Witness if path.exists() else Witness.create
        memory = opener(path, names.witness(name), own.witness_key)
        self.memories.append(memory)
        evidence = self.folder / "evidence"
        return WitnessServicer(
            memory, self.shelf.book, own.signer, evidence, self.clock
        )

    def _register(self, server: grpc.Server) -> None:
        rpc.add_ExchangeServiceServicer_to_server(self, server)
        rpc.add_BoardServiceServicer_to_server(self, server)
        rpc.add_JoiningServiceServicer_to_server(self, server)

    @property
    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock())

    def hang(self, data: bytes) -> None:
        """Hang a document on the board."""
        self.shelf.add(data)

    def post(self, data: bytes, content: bytes = b"") -> None:
        """Put a statement, with what is sealed beside it, into the node's mailbox."""
        with self.news:
            item = pb.Item(
                cursor=self.base + len(self.mail) + 1, statement=Envelope(payload=data)
            )
            if content:
                item.content.CopyFrom(Sealed(ciphertext=content))
            self.mail.append(item)
            self.news.notify_all()

    def wait(self, what: str, seconds: float, found: Callable[[], T | None]) -> T:
        """Wait until `found` gives something, looking whenever the node says something.

        Raises:
            Unreachable: naming `what`; it did not come in time.
        """
        until = time.monotonic() + seconds
        with self.news:
            while (result := found()) is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise Unreachable(what)
                self.news.wait(min(left, 0.1))
        return result

    def disclosed(self, request: str) -> pb.SendRequest | None:
        """The disclosure that answers `request`, where the node has handed one in."""
        for one in self.sent:
            outer = envelope.read(one.statement.payload)
            if outer.kind is Kind.DISCLOSURE:
                body = canonical.loads(outer.payload)
                if body["answers"] == request:
                    return one
        return None

    def voids(self, since: int) -> int:
        """How many releases the node took back, after so many statements of its."""
        said = [envelope.read(one.statement.payload) for one in self.sent[since:]]
        return sum(one.kind is Kind.VOID for one in said)

    # The calls of the node under test; their names are the wire's.

    def Enrol(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401, ARG002
        """Let it in by its token, wrap the key, hang all of it up."""
        asked = enrolment.verify(request.enrolment.payload)
        secret = enrolment.proof_key(self.cast.token_secret)
        proof = enrolment.proof(
            secret, asked["member"], canonical.from_b64(asked["csr"])
        )
        if proof != asked["proof"] or asked.issuer != self.cast.member:
            raise Refused(Reason.UNKNOWN_PEER, "enrolment")
        if self.answer is None:
            issuer, directory = admit(self.cast, self.shelf.book, asked, self.now)
            self.hang(directory)
            for data in wraps(self.cast, asked["member"], self.now):
                self.hang(data)
            root = self.cast.root.chain.decode()
            self.answer = pb.EnrolResponse(
                state="welcome", issuer=issuer.decode(), root=root
            )
        return self.answer

    def Publish(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401, ARG002
        """Hang up what the node under test publishes."""
        self.shelf.add(request.document.payload)
        with self.news:
            self.news.notify_all()
        return pb.PublishResponse()

    def Fetch(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401, ARG002
        """What hangs on the board after a cursor."""
        documents = list(self.shelf.book.by_hash.values())
        page = documents[request.cursor :][:100]
        return pb.FetchResponse(
            documents=[Envelope(payload=one.data) for one in page],
            cursor=min(request.cursor, len(documents)) + len(page),
            now=self.now,
        )

    def Receive(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401
        """What waits in its mailbox; waits for something new."""
        until = time.monotonic() + request.wait_ms / 1_000
        with self.news:
            while not (items := self._after(request.cursor)):
                left = until - time.monotonic()
                if left <= 0 or not context.is_active():
                    break
                self.news.wait(min(left, 0.5))
        cursor = items[-1].cursor if items else request.cursor
        return pb.ReceiveResponse(items=items, cursor=cursor)

    def _after(self, cursor: int) -> list[pb.Item]:
        return [one for one in self.mail if one.cursor > cursor]

    def Send(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401, ARG002
        """Take what it says."""
        with self.news:
            self.sent.append(request)
            self.news.notify_all()
        return pb.SendResponse()

    def Outcome(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401, ARG002
        """It asks nothing here, so there is nothing to tell."""
        raise Refused(Reason.UNKNOWN, "query")

    def Witness(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401
        """Carry its checkpoint to those witnesses that can be reached."""
        replies, silent = {}, []
        for name, servicer in self.witnesses.items():
            # A protobuf map would make what it is asked for; `in` does not.
            own = name in request.calls
            call = request.calls[name] if own else request.call
            if name in self.reachable:
                replies[name] = servicer.Cosign(call, context)
            else:
                silent.append(name)
        with self.news:
            self.nonces += bool(request.call.nonce)
            self.news.notify_all()
        return pb.WitnessResponse(replies=replies, silent=silent)
