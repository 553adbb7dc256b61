"""What each party would say about a query and what follows from it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from childgrid_log import names
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.book import Book
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2, values_pb2
from childgrid_wire.statement import Statement
from coordinator.cast import ASKER, DAY, HOLDERS, Json, seed, signer


@dataclass
class Submission:
    """A query with all that travels beside it."""

    query: bytes
    attestation: bytes
    approvals: list[bytes]
    contents: dict[str, bytes]

    @property
    def hash(self) -> str:
        return envelope.read(self.query).hash

    def args(self) -> tuple[bytes, bytes, list[bytes], dict[str, bytes]]:
        return self.query, self.attestation, self.approvals, self.contents

    def message(self) -> coordinator_pb2.SubmitRequest:
        return coordinator_pb2.SubmitRequest(
            query=values_pb2.Envelope(payload=self.query),
            attestation=values_pb2.Envelope(payload=self.attestation),
            approvals=[values_pb2.Envelope(payload=one) for one in self.approvals],
            contents={
                name: values_pb2.Sealed(ciphertext=one)
                for name, one in self.contents.items()
            },
        )


class Sayings:
    """Statements of a grid; whoever inherits knows the time and the documents."""

    folder: Path
    book: Book
    started: int
    scheme: str

    @property
    def now(self) -> int:
        """Unix seconds."""
        raise NotImplementedError

    def said(self, kind: Kind, who: str, **body: Json) -> bytes:
        """A statement by `who`: a member, or `member/officer`."""
        issuer, _, person = who.partition("/")
        options = {"now": self.now, "seconds": DAY, "officer": person, "issuer": issuer}
        for key in (*options, "answers", "id"):
            if key in body:
                options[key] = body.pop(key)
        return statement.make(kind, signer(who), **options, **body)

    def read(self, data: bytes) -> Statement:
        """Parse what was said, as the one who said it knows it."""
        return statement.parse(envelope.read(data))

    def sealing_key(self, member: str) -> str:
        """The hash of a member's sealing key document."""
        return self.book.sealing_key(member, self.started + 1).hash

    def submission(
        self,
        targets: tuple[str, ...] = HOLDERS,
        asker: str = f"{ASKER}/io",
        approver: str = f"{ASKER}/sho",
        case: str = "ab" * 32,
        seconds: int = DAY,
        **changes: Json,
    ) -> Submission:
        """A query as the asking node hands it in, approved by one supervisor."""
        agency, _, officer = asker.partition("/")
        attestation = self.said(
            Kind.CASE,
            agency,
            case=case,
            basis="fir",
            asker=officer,
            capacity="investigating-officer",
            sections=["BNS:143(4)"],
        )
        contents = {name: b"sealed to " + name.encode() for name in targets}
        query = self.said(
            Kind.QUERY,
            asker,
            seconds=seconds,
            **{
                "purpose": "investigation",
                "sections": ["BNS:143(4)"],
                "case": case,
                "attestation": envelope.read(attestation).hash,
                "targets": {
                    name: {
                        "ciphertext": seal.digest(content),
                        "sealing_key": self.sealing_key(name),
                    }
                    for name, content in contents.items()
                },
                "scheme": self.scheme,
                "epoch": 1,
                "rehearsal": False,
            }
            | changes,
        )
        approval = self.said(
            Kind.APPROVAL,
            approver,
            answers=envelope.read(query).hash,
            subject="query",
            side="requester",
            slot="supervisor",
            fields=[],
            policy="",
        )
        return Submission(query, attestation, [approval], contents)

    def answer(
        self,
        member: str,
        query: str,
        outcome: str = "hit",
        probability: int = 9_500,
        **changes: Json,
    ) -> bytes:
        """A holder's answer to a query (by hash)."""
        candidate = {
            "handle": hashlib.sha256(f"{member}{query}".encode()).hexdigest()[:32],
            "probability": probability,
            "band": "possible",
            "others": 0,
            "calibrated": True,
            "category": "vehicle",
            "as_of": self.started,
        }
        body = {
            "outcome": outcome,
            "reason": "budget" if outcome == "refused" else "",
            "candidates": [candidate] if outcome == "hit" else [],
            "as_of": self.started,
        }
        return self.said(
            Kind.ANSWER, member, answers=query, seconds=7 * DAY, **(body | changes)
        )

    def request(
        self,
        query: bytes,
        answer: bytes,
        /,
        who: str = f"{ASKER}/io",
        seconds: int = DAY,
        **changes: Json,
    ) -> tuple[bytes, bytes]:
        """A request for the first candidate of an answer, and its justification."""
        asked, found = self.read(query), self.read(answer)
        justification = b"sealed justification " + secrets.token_bytes(8)
        body = {
            "query": asked.hash,
            "answer": found.hash,
            "handle": found["candidates"][0]["handle"],
            "holder": found.issuer,
            "purpose": "investigation",
            "sections": ["BNS:143(4)"],
            "case": asked["case"],
            "fields": ["owner", "registration"],
            "policy": self.book.latest(self.now).policy(found.issuer).hash,
            "directory": 1,
            "recipient_key": canonical.to_b64(seal.new_key()[1]),
            "justification": seal.digest(justification),
        }
        data = self.said(
            Kind.REQUEST,
            who,
            answers=found.hash,
            seconds=seconds,
            **(body | changes),
        )
        return data, justification

    def approval(self, who: str, request: bytes, /, **changes: Json) -> bytes:
        """An approval of a request by somebody of either side."""
        asked = self.read(request)
        holder = who.split("/")[0] == asked["holder"]
        policy = self.book.latest(self.now).policy(asked["holder"]).hash
        body = {
            "subject": "request",
            "side": "holder" if holder else "requester",
            "slot": "custodian" if holder else "supervisor",
            "fields": asked["fields"],
            "policy": policy if holder else "",
            "answers": asked.hash,
        }
        return self.said(Kind.APPROVAL, who, **(body | changes))

    def refusal(self, who: str, request: bytes, /, **changes: Json) -> bytes:
        """A refusal of a request."""
        asked = self.read(request)
        body = {"subject": "request", "reason": "weak-basis", "answers": asked.hash}
        return self.said(Kind.REFUSAL, who, **(body | changes))

    def disclosure(
        self, request: bytes, approvals: list[bytes], /, **changes: Json
    ) -> tuple[bytes, bytes, values_pb2.Proof]:
        """A disclosure with its ciphertext and the proof from the holder's log."""
        asked = self.read(request)
        view = self.book.latest(self.now)
        ciphertext = b"sealed record " + secrets.token_bytes(16)
        body = {
            "request": asked.hash,
            "ciphertext": seal.digest(ciphertext),
            "directory": view.directory.hash,
            "floor": view.rules().hash,
            "staff": {m: view.staff[m].hash for m in (asked.issuer, asked["holder"])},
            "policy": asked["policy"],
            "approvals": sorted(envelope.read(one).hash for one in approvals),
            "fields": asked["fields"],
            "recipient_key": asked["recipient_key"],
            "requester": asked.issuer,
            "category": "vehicle",
            "row_as_of": self.started,
        }
        data = self.said(
            Kind.DISCLOSURE,
            asked["holder"],
            answers=asked.hash,
            seconds=30 * DAY,
            **(body | changes),
        )
        return data, ciphertext, self.prove(data)

    def prove(self, data: bytes) -> values_pb2.Proof:
        """Log a statement in its issuer's log and prove that it is there."""
        said = self.read(data)
        path = self.folder / f"{said.issuer}-log.db"
        origin, key = names.origin(said.issuer), seed(f"{said.issuer}-log")
        opener = Log.open if path.exists() else Log.create
        with opener(path, origin, key) as log:
            (index,) = log.append([draft_of(said, self.now)])
            opening = log.opening(index)
            assert opening is not None
            return values_pb2.Proof(
                checkpoint=log.checkpoint().decode(),
                index=index,
                hashes=[
                    canonical.to_b64(one) for one in log.inclusion(index, log.size())
                ],
                leaf=log.entries(index, index + 1)[0].decode(),
                salt=opening[0].hex(),
            )

    def receipt(self, disclosure: bytes, /, **changes: Json) -> bytes:
        """The requester's receipt for a disclosure."""
        given = self.read(disclosure)
        body = {
            "disclosure": given.hash,
            "ciphertext": given["ciphertext"],
            "opened": True,
            "answers": given.hash,
        }
        return self.said(Kind.RECEIPT, given["requester"], **(body | changes))

    def void(self, request: bytes, disclosure: bytes, /, **changes: Json) -> bytes:
        """The holder's word that a disclosure is void."""
        given, asked = self.read(disclosure), self.read(request)
        body = {"disclosure": given.hash, "reason": "expired", "answers": asked.hash}
        return self.said(Kind.VOID, given.issuer, **(body | changes))

    def revocation(self, target: str, number: int = 1, **named: str) -> bytes:
        """One founder's revocation."""
        body = {"member": "", "subject": "", "serial": "", "cause": "lost"} | named
        return statement.make(
            Kind.REVOCATION,
            signer("founder:asha"),
            issuer=statement.FOUNDERS,
            now=self.now,
            seconds=DAY,
            number=number,
            target=target,
            **body,
        )
