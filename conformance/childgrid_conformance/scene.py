"""Everybody around the node under test, speaking: queries, approvals, requests.

What is made here is right in every respect except where a check says otherwise, so
that a refusal can have one cause only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from childgrid_conformance import door as doors
from childgrid_conformance.cast import ASKER, CUSTODIAN, SUPERVISOR, Cast
from childgrid_conformance.check import Wrong, demand
from childgrid_conformance.door import Door, Reply, ask
from childgrid_conformance.founding import EPOCH, FIELDS, SECTIONS, vectors
from childgrid_conformance.hub import Hub
from childgrid_conformance.tree import Tree
from childgrid_wire import canonical, channel, envelope, seal, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import desk_pb2 as desk
from childgrid_wire.pb.desk_pb2_grpc import DeskServiceStub
from childgrid_wire.pb.node_pb2 import MatchRequest
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement

HOUR = 3_600
SECONDS = 20.0
Twist = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One query with all that goes beside it, as bytes."""

    query: bytes
    attestation: bytes
    approvals: tuple[bytes, ...]
    content: bytes

    @property
    def hash(self) -> str:
        """The query's name."""
        return envelope.read(self.query).hash

    @property
    def message(self) -> MatchRequest:
        """As it goes to the node."""
        return MatchRequest(
            query=Envelope(payload=self.query),
            attestation=Envelope(payload=self.attestation),
            approvals=[Envelope(payload=one) for one in self.approvals],
            content=Sealed(ciphertext=self.content),
        )


@dataclass
class Scene:
    """The test grid at work; see the module."""

    cast: Cast
    hub: Hub
    door: Door
    desk_address: str
    desk_pass: Path
    kept: dict[str, Any] = field(default_factory=dict)
    """What one check leaves for a later one."""

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.hub.now

    @property
    def member(self) -> str:
        """The node under test."""
        return self.cast.member

    # What the asker's people say.

    def say(
        self,
        kind: Kind,
        by: str,
        seconds: int = HOUR,
        sign: Signer | None = None,
        **body: Any,  # noqa: ANN401 - shaped by the kind's schema
    ) -> bytes:
        """A statement by `by`, a member or `member/officer`; signed by its key."""
        member, _, officer = by.partition("/")
        own = self.cast.identities[member].signer
        signer = sign or (self.cast.officer(member, officer) if officer else own)
        issued = body.pop("issued", self.now)
        return statement.make(
            kind,
            signer,
            issuer=member,
            officer=officer,
            now=issued,
            seconds=seconds,
            **body,
        )

    def call(
        self,
        person: str = "known",
        *,
        officer: str = "",
        asker: str = ASKER,
        approver: str = SUPERVISOR,
        query: Twist | None = None,
        case: Twist | None = None,
        approval: Twist | None = None,
        sealed: Twist | None = None,
    ) -> Call:
        """A query for `person` of `vectors.json`; the twists change single fields.

        `sealed` changes what the content is bound to.
        """
        officer = officer or self.cast.next_officer()
        attested = self.attestation(asker, officer, **(case or {}))
        name = secrets.token_hex(16)
        content = self.content(person, name, asker, **(sealed or {}))
        body: dict[str, Any] = {
            "id": name,
            "purpose": "investigation",
            "sections": SECTIONS,
            "case": statement.parse(envelope.read(attested))["case"],
            "attestation": envelope.read(attested).hash,
            "targets": {self.member: self.target(content)},
            "scheme": self.hub.shelf.book.latest(self.now).directory["scheme"],
            "epoch": EPOCH,
            "rehearsal": False,
        }
        asked = self.say(Kind.QUERY, f"{asker}/{officer}", **(body | dict(query or {})))
        approved = self.approval(
            asked, "query", f"{asker}/{approver}", **(approval or {})
        )
        return Call(asked, attested, (approved,), content)

    def attestation(self, by: str, officer: str, **twist: Any) -> bytes:  # noqa: ANN401
        """The asker's word that the case exists and is this officer's."""
        body = {
            "case": secrets.token_hex(32),
            "basis": "fir",
            "asker": officer,
            "capacity": "investigating-officer",
            "sections": SECTIONS,
        }
        return self.say(Kind.CASE, by, **(body | twist))

    def content(self, person: str, name: str, sender: str, **twist: Any) -> bytes:  # noqa: ANN401
        """A published encoding, sealed for the query `name`."""
        raw = canonical.from_b64(vectors()["people"][person]["content"])
        bound = Binding("query", name, sender, self.member, EPOCH)
        return seal.seal(raw, self._public(), replace(bound, **twist))

    def _public(self) -> bytes:
        return canonical.from_b64(self._sealing_key()["key"])

    def _sealing_key(self) -> Statement:
        return self.hub.shelf.book.sealing_key(self.member, self.now)

    def target(self, content: bytes) -> dict[str, str]:
        """What a query says of its target."""
        return {
            "ciphertext": seal.digest(content),
            "sealing_key": self._sealing_key().hash,
        }

    def approval(self, of: bytes, subject: str, by: str, **twist: Any) -> bytes:  # noqa: ANN401
        """An approval on the requester's side."""
        body = {
            "answers": envelope.read(of).hash,
            "subject": subject,
            "side": "requester",
            "slot": "supervisor",
            "fields": [],
            "policy": "",
        }
        return self.say(Kind.APPROVAL, by, **(body | twist))

    # What the node under test says.

    def match(self, call: Call) -> Reply:
        """Ask the node as the coordinator does."""
        return ask(self.door.hub().node.Match, call.message)

    def answer(self, call: Call) -> Statement:
        """The node's answer, its signature and closed form verified.

        Raises:
            Wrong: it did not answer.
            WireError: the answer does not verify.
        """
        reply = self.match(call)
        demand(reply.status == "OK", f"refused: {reply}")
        return self.verified(reply.value.answer.payload, Kind.ANSWER)

    def verified(self, data: bytes, kind: Kind) -> Statement:
        """A statement of the node itself; raises `Wrong`, `WireError`."""
        view = self.hub.shelf.book.latest(self.now)
        said = statement.verify(data, view.find_key, kind)
        demand(said.issuer == self.member, f"spoken by {said.issuer}")
        return said

    def tree(self) -> tuple[Tree, int]:
        """The asker's log, and the size that the node has cosigned last."""
        tree = Tree(ASKER, self.cast.identities[ASKER].log_key)
        size = self.kept.get("size", 1)
        reply = ask(self.door.hub().witness.Cosign, tree.call(size, size))
        if reply.status == "OK" and reply.value.refusal and reply.value.size:
            size = reply.value.size
        elif reply.status == "OK" and reply.value.refusal:
            ask(self.door.hub().witness.Cosign, tree.call(0, size))
        self.kept["size"] = size
        return tree, size

    def standing(self) -> Statement:
        """Which documents the node says it knows; raises `Wrong`, `WireError`."""
        tree, size = self.tree()
        call = tree.call(size, size, secrets.token_hex(16))
        reply = ask(self.door.hub().witness.Cosign, call)
        demand(
            reply.status == "OK" and not reply.value.refusal, f"no freshness: {reply}"
        )
        return self.verified(reply.value.freshness.payload, Kind.FRESHNESS)

    def learned(self) -> None:
        """Wait until the node knows every document that hangs on the board."""
        wanted = self.hub.shelf.book.standing()
        self.hub.wait(
            "the node does not fetch the board", SECONDS, lambda: self._level(wanted)
        )

    def _level(self, wanted: Mapping[str, Any]) -> bool | None:
        try:
            knows = self.standing()
        except Wrong:
            return None
        return all(knows[name] == value for name, value in wanted.items()) or None

    # A release, step by step.

    def request(self, call: Call, answer: Statement, fields: Sequence[str]) -> Asked:
        """Ask for fields of the first candidate; it goes into the node's mailbox."""
        asked = statement.parse(envelope.read(call.query))
        private, public = seal.new_key()
        name = secrets.token_hex(16)
        bound = Binding("request", name, ASKER, self.member, 0)
        why = canonical.dumps({"justification": "conformance"})
        prose = seal.seal(why, self._public(), bound)
        view = self.hub.shelf.book.latest(self.now)
        data = self.say(
            Kind.REQUEST,
            asked.person,
            id=name,
            answers=answer.hash,
            query=asked.hash,
            answer=answer.hash,
            handle=answer["candidates"][0]["handle"],
            holder=self.member,
            purpose=asked["purpose"],
            sections=asked["sections"],
            case=asked["case"],
            fields=list(fields),
            policy=view.policy(self.member).hash,
            directory=view.directory["version"],
            recipient_key=canonical.to_b64(public),
            justification=seal.digest(prose),
        )
        before = len(self.hub.sent)
        self.hub.post(data, prose)
        return Asked(data, private, before)

    def supervise(self, asked: Asked, **twist: Any) -> None:  # noqa: ANN401
        """The requester's supervising officer approves, by mail."""
        by = twist.pop("by", f"{ASKER}/{SUPERVISOR}")
        fields = {"fields": FIELDS} | twist
        self.hub.post(self.approval(asked.data, "request", by, **fields))

    def decide(self, asked: Asked, fields: Sequence[str]) -> None:
        """The node's own custodian approves at the node's desk.

        Raises:
            Refused, Unreachable: the node does not take the decision.
        """
        opened = doors.desk(self.desk_address, self.desk_pass, self.member)
        try:
            stub: Any = DeskServiceStub(opened)
            wanted = desk.DecisionDraft(
                officer=CUSTODIAN, subject=asked.hash, approve=True, fields=fields
            )
            call = desk.DraftRequest(decision=wanted)

            def drafted() -> Any:  # noqa: ANN401 - a generated message
                try:
                    return channel.call(stub.Draft, call, SECONDS)
                except Refused as error:
                    if error.reason is Reason.UNKNOWN:
                        return None
                    raise

            draft = self.hub.wait("the request is not at the desk", SECONDS, drafted)
            signer = self.cast.officer(self.member, CUSTODIAN)
            data = envelope.sign(Kind.APPROVAL, draft.payload.encode(), [signer])
            call_ = desk.SignRequest(statement=Envelope(payload=data))
            channel.call(stub.Sign, call_, SECONDS)
        finally:
            opened.close()
        self.kept[asked.hash] = data


@dataclass(frozen=True)
class Asked:
    """A request that was made, and the key that opens what answers it."""

    data: bytes
    private: bytes = field(repr=False)
    before: int
    """How many statements the node had handed in by then."""

    @property
    def hash(self) -> str:
        """The request's name."""
        return envelope.read(self.data).hash
