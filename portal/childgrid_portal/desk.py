"""One officer at the own node's desk: draft, read, sign, hand back.

The node writes the draft; this side checks that it says what was asked for, shows it
from the exact bytes, and signs those bytes with the officer's key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childgrid_wire import (
    breakglass,
    canonical,
    certificates,
    channel,
    envelope,
    findings,
)
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.errors import ConfigurationRefused, Malformed, WireError
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import BY_PAYLOAD_TYPE, Kind
from childgrid_wire.pb import desk_pb2 as pb
from childgrid_wire.pb import desk_pb2_grpc as rpc
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.schemas import check_body

_SECONDS = 60.0
Confirm = Callable[[bytes], None]


def always(_: bytes) -> None:
    """Sign without asking; for callers that have shown the draft themselves."""


@dataclass(frozen=True)
class Pass:
    """A desk pass: a certificate of role `desk`, its key, and the grid's root."""

    pair: Pair
    root: bytes

    @classmethod
    def read(cls, path: Path) -> Pass:
        """Read a pass file; raises `ConfigurationRefused`."""
        try:
            table = json.loads(path.read_text("ascii"))
            pair = Pair(table["key"].encode(), table["chain"].encode())
            certificates.peer_of(pair.chain)
            return cls(pair, table["root"].encode())
        except (OSError, ValueError, KeyError, WireError) as error:
            raise ConfigurationRefused(f"{path.name} is no desk pass") from error


class Desk:
    """A connection of one officer to the own node."""

    def __init__(
        self, address: str, desk_pass: Pass, signer: Signer, confirm: Confirm = always
    ) -> None:
        """`signer.keyid` is `member/officer`; `confirm` raises to keep from signing."""
        self.member, _, self.officer = signer.keyid.partition("/")
        self._signer = signer
        self._confirm = confirm
        peer = Peer(self.member, "desk")
        self._channel = channel.connect(address, peer, desk_pass.pair, desk_pass.root)
        self._stub: Any = rpc.DeskServiceStub(self._channel)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def ask(
        self,
        suspect: Mapping[str, Sequence[str]],
        *,
        purpose: str,
        sections: Sequence[str],
        case: str,
        targets: Sequence[str] = (),
        hours: int = 24,
    ) -> str:
        """Ask whether a suspect is known; returns the query's hash."""
        draft = pb.QueryDraft(
            officer=self.officer,
            suspect={key: pb.Values(values=list(v)) for key, v in suspect.items()},
            purpose=purpose,
            sections=list(sections),
            case_reference=case,
            targets=list(targets),
            hours=hours,
        )
        expected = {"purpose": purpose, "sections": list(sections), "hours": hours}
        if targets:
            expected["targets"] = list(set(targets))
        return self._say(pb.DraftRequest(query=draft), Kind.QUERY, expected)

    def request(
        self,
        query: str,
        holder: str,
        handle: str,
        fields: Sequence[str],
        justification: str,
        hours: int = 48,
        *,
        break_glass: bool = False,
    ) -> str:
        """Ask a holder for fields of one candidate; returns the request's hash.

        With `break_glass` an emergency is declared: everybody is told at once.
        """
        draft = pb.RequestDraft(
            officer=self.officer,
            query=query,
            holder=holder,
            handle=handle,
            fields=list(fields),
            justification=justification,
            hours=hours,
            break_glass=break_glass,
        )
        expected = {
            "query": query,
            "holder": holder,
            "handle": handle,
            "fields": list(fields),
            "hours": hours,
            "break_glass": break_glass or None,
        }
        return self._say(pb.DraftRequest(request=draft), Kind.REQUEST, expected)

    def lift(self, scope: str, subject: str, queries: int, hours: int = 24) -> str:
        """Ask that a budget be lifted; returns the `budget` statement's hash.

        `scope` is `officer`, `case` or `agency`; `subject` an officer's id, a case's
        commitment or the own agency; `queries` is a day's limit.
        """
        draft = pb.BudgetDraft(
            officer=self.officer,
            scope=scope,
            subject=subject,
            queries=queries,
            hours=hours,
        )
        expected = {
            "scope": scope,
            "subject": subject,
            "queries": queries,
            "hours": hours,
        }
        return self._say(pb.DraftRequest(budget=draft), Kind.BUDGET, expected)

    def approve(self, subject: str, fields: Sequence[str] = (), slot: str = "") -> str:
        """Approve a query, request or budget; a custodian may name fewer fields."""
        draft = pb.DecisionDraft(
            officer=self.officer,
            subject=subject,
            approve=True,
            slot=slot,
            fields=list(fields),
        )
        expected: dict[str, object] = {"answers": subject}
        if fields:
            expected["fields"] = list(set(fields))
        if slot:
            expected["slot"] = slot
        return self._say(pb.DraftRequest(decision=draft), Kind.APPROVAL, expected)

    def review(self, request: str, *, justified: bool) -> str:
        """Review a broken glass; returns the review's hash."""
        return self._review(request, justified, {"subject": breakglass.USED})

    def answer(self, finding: str, *, in_order: bool) -> str:
        """Answer an auditor's finding: what was done was in order, or it was not."""
        expected = {"subject": findings.SUBJECT, "answers": finding}
        return self._review(finding, in_order, expected)

    def _review(
        self, subject: str, justified: bool, expected: Mapping[str, object]
    ) -> str:
        draft = pb.ReviewDraft(
            officer=self.officer, request=subject, justified=justified
        )
        wanted = {**expected, "agreed": int(justified)}
        return self._say(pb.DraftRequest(review=draft), Kind.REVIEW, wanted)

    def refuse(self, subject: str, reason: str) -> str:
        """Refuse a query or request; this closes it."""
        draft = pb.DecisionDraft(
            officer=self.officer, subject=subject, approve=False, reason=reason
        )
        expected = {"answers": subject, "reason": reason}
        return self._say(pb.DraftRequest(decision=draft), Kind.REFUSAL, expected)

    def look(self, object_: str, subject: str = "", wait_ms: int = 0) -> dict[str, Any]:
        """Read the inbox, a query, answers, a request or a profile; it is logged.

        Answers that are still under way are waited for, up to `wait_ms`.
        """
        draft = pb.ViewDraft(officer=self.officer, object=object_, subject=subject)
        expected = {"object": object_, "subject": subject}
        signed = self._signed(pb.DraftRequest(view=draft), Kind.VIEW, expected, always)
        call = pb.LookRequest(view=Envelope(payload=signed), wait_ms=wait_ms)
        reply = channel.call(self._stub.Look, call, _SECONDS)
        return canonical.loads(reply.document.encode("ascii"))

    def signed_approval(self, subject: str) -> bytes:
        """An approval, signed and not yet handed in; `hand_in` does that."""
        draft = pb.DecisionDraft(officer=self.officer, subject=subject, approve=True)
        expected: dict[str, object] = {"answers": subject}
        call = pb.DraftRequest(decision=draft)
        return self._signed(call, Kind.APPROVAL, expected, self._confirm)

    def hand_in(self, signed: bytes) -> str:
        """Hand a signed draft to the node; returns the statement's hash."""
        call = pb.SignRequest(statement=Envelope(payload=signed))
        reply = channel.call(self._stub.Sign, call, _SECONDS)
        return str(reply.hash)

    def _say(
        self, draft: pb.DraftRequest, kind: Kind, expected: Mapping[str, object]
    ) -> str:
        return self.hand_in(self._signed(draft, kind, expected, self._confirm))

    def _signed(
        self,
        draft: pb.DraftRequest,
        kind: Kind,
        expected: Mapping[str, object],
        confirm: Confirm,
    ) -> bytes:
        reply = channel.call(self._stub.Draft, draft, _SECONDS)
        payload = reply.payload.encode("utf-8")
        if BY_PAYLOAD_TYPE.get(reply.payload_type) is not kind:
            raise Malformed("the node drafted another kind than was asked for")
        wanted = {**expected, "issuer": self.member, "officer": self.officer}
        check_draft(kind, payload, wanted)
        confirm(payload)
        return envelope.sign(kind, payload, [self._signer])


def check_draft(kind: Kind, payload: bytes, expected: Mapping[str, object]) -> None:
    """Insist that the bytes to be signed say what was asked for.

    Lists are compared without their order and tables by their keys; `hours` is how
    long the statement lives. A silent hit is released, and the glass broken, only by
    who named that slot.

    Raises:
        Malformed: naming the first thing that differs.
    """
    body = canonical.loads(payload)
    check_body(kind, body)
    said = {**body, "hours": (body["expires"] - body["issued"]) / 3600}
    wanted = {**expected, "kind": kind.value}
    if said.get("subject") == "silent-hit" or said.get("slot") == breakglass.SLOT:
        wanted = {"slot": "", **wanted}
    for name, value in wanted.items():
        if _plain(said.get(name)) != _plain(value):
            raise Malformed(f"the node's draft differs in {name}")


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, list | dict) else value
