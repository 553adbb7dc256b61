"""gRPC in, verbs out: the node's listeners. No logic lives here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc

from childgrid_node import (
    aftermath,
    approve,
    clerical,
    deputies,
    desk,
    findings,
    lift,
    match,
    outcomes,
    query,
    sitting,
)
from childgrid_node.desk import Desk
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_node.shows import Asked
from childgrid_node.turns import PER_ASKER
from childgrid_wire import canonical, envelope
from childgrid_wire.errors import Malformed, Untrusted
from childgrid_wire.inside import Inside
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import desk_pb2, desk_pb2_grpc, node_pb2, node_pb2_grpc
from childgrid_wire.pb.values_pb2 import Envelope


class NodeServicer(node_pb2_grpc.NodeServiceServicer):
    """The grid listener's verb: match."""

    def __init__(self, office: Office, holdings: Callable[[int], Holdings]) -> None:
        """`holdings` gives the indexes that answer queries of a key epoch."""
        self._office = office
        self._holdings = holdings
        self._inside = Inside(PER_ASKER)

    def Match(  # noqa: N802 - the generated name
        self,
        request: node_pb2.MatchRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> node_pb2.MatchResponse:
        """Verify, score and answer one sealed query."""
        with self._inside.entered(_claimed(request.query.payload)):
            asked = match.hear(
                self._office,
                request.query.payload,
                request.attestation.payload,
                [one.payload for one in request.approvals],
                request.content.ciphertext,
            )
            holdings = self._holdings(asked.query["epoch"])
            said = match.answer(self._office, holdings, asked)
        return node_pb2.MatchResponse(answer=Envelope(payload=said.data))


class DeskServicer(desk_pb2_grpc.DeskServiceServicer):
    """The agency-local listener's verbs: draft, sign, look."""

    def __init__(
        self, desk_: Callable[[], Desk], cases: Path, refresh: Callable[[], object]
    ) -> None:
        """`cases` is the register of cases; `refresh` fetches what is on the board."""
        self._desk = desk_
        self._cases = cases
        self._refresh = refresh

    def Draft(  # noqa: N802 - the generated name
        self,
        request: desk_pb2.DraftRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> desk_pb2.DraftResponse:
        """Write a draft; returns the exact bytes to sign."""
        try:
            payload = self._draft(request)
        except Untrusted:
            # A key or policy of the other side may hang on the board by now.
            self._refresh()
            payload = self._draft(request, partial=True)
        kind = Kind(canonical.loads(payload)["kind"])
        return desk_pb2.DraftResponse(
            payload=payload.decode("ascii"), payload_type=kind.payload_type
        )

    def _draft(self, request: desk_pb2.DraftRequest, *, partial: bool = False) -> bytes:
        at = self._desk()
        what = request.WhichOneof("what")
        if what == "query":
            question = _question(request.query)
            return query.draft(
                at.office, at.holdings, self._cases, question, partial=partial
            )
        if what == "request":
            return approve.draft_request(at.office, _wish(request.request))
        if what == "decision":
            return approve.draft_decision(at.office, _decision(request.decision))
        if what == "view":
            view = request.view
            return desk.draft_view(at.office, view.officer, view.object, view.subject)
        if what == "sitting":
            wanted = request.sitting
            return sitting.draft(at.office, wanted.officer, wanted.minutes)
        if what == "outcome":
            return outcomes.draft(at.office, _told(request.outcome))
        if what == "purge":
            return outcomes.draft_purge(at.office, _purge(request.purge))
        if what == "candidate":
            return clerical.draft(at.office, _word(request.candidate))
        if what == "deputy":
            return deputies.draft(at.office, _deputy(request.deputy))
        if what == "budget":
            return lift.draft(at.office, _lift(request.budget))
        if what == "review":
            return _review(at.office, _verdict(request.review))
        raise Malformed("draft")

    def Sign(  # noqa: N802 - the generated name
        self,
        request: desk_pb2.SignRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> desk_pb2.SignResponse:
        """Take in a signed draft; the signed `view` of a desk opens a sitting."""
        data, token = request.statement.payload, ""
        if envelope.read(data).kind is Kind.VIEW:
            said, token = self._desk().sit(data)
        else:
            said = self._desk().sign(data)
        return desk_pb2.SignResponse(hash=said.hash, sitting=token)

    def Look(  # noqa: N802 - the generated name
        self,
        request: desk_pb2.LookRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> desk_pb2.LookResponse:
        """Show what a signed `view`, or a reading in a sitting, asks for."""
        seconds = request.wait_ms / 1000
        if request.HasField("reading"):
            asked, token = _asked(request.reading), request.reading.sitting
            shown = self._desk().read(token, asked, seconds)
        else:
            shown = self._desk().look(request.view.payload, seconds)
        return desk_pb2.LookResponse(document=canonical.dumps(shown).decode("ascii"))

    def Rise(  # noqa: N802 - the generated name
        self,
        request: desk_pb2.RiseRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> desk_pb2.RiseResponse:
        """End a sitting."""
        sitting.rise(self._desk().office, request.sitting)
        return desk_pb2.RiseResponse()

    def Greet(  # noqa: N802 - the generated name
        self,
        request: desk_pb2.GreetRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> desk_pb2.GreetResponse:
        """Say whose desk this is, and of which grid."""
        office = self._desk().office
        grid = office.view.directory["grid"]
        return desk_pb2.GreetResponse(
            member=office.member, grid=grid["name"], kind=grid["kind"]
        )


def _claimed(query: bytes) -> str:
    """The member whose key is said to have signed; it is the one that is verified."""
    return envelope.read(query).signatures[0].keyid.partition("/")[0]


def _asked(message: desk_pb2.Reading) -> Asked:
    return Asked(message.object, message.subject, message.page)


def _question(message: desk_pb2.QueryDraft) -> query.Question:
    return query.Question(
        message.officer,
        {name: list(one.values) for name, one in message.suspect.items()},
        message.purpose,
        list(message.sections),
        message.case_reference,
        list(message.targets),
        message.hours,
        message.rehearsal,
    )


def _wish(message: desk_pb2.RequestDraft) -> approve.Wish:
    return approve.Wish(
        message.officer,
        message.query,
        message.holder,
        message.handle,
        list(message.fields),
        message.justification,
        message.hours,
        message.break_glass,
    )


def _verdict(message: desk_pb2.ReviewDraft) -> aftermath.Verdict:
    return aftermath.Verdict(message.officer, message.request, message.justified)


def _review(office: Office, verdict: aftermath.Verdict) -> bytes:
    """The draft of a review: of a broken glass, or of what an auditor found."""
    if findings.is_known(office, verdict.request):
        return findings.draft_reply(office, verdict)
    return aftermath.draft_review(office, verdict)


def _told(message: desk_pb2.OutcomeDraft) -> outcomes.Told:
    return outcomes.Told(
        message.officer, message.request, message.disposal, message.cnr
    )


def _word(message: desk_pb2.CandidateDraft) -> clerical.Word:
    other = clerical.Candidate(message.other_holder, message.other_handle)
    return clerical.Word(
        message.officer,
        message.query,
        clerical.Candidate(message.holder, message.handle),
        message.verdict,
        other if message.other_holder else None,
    )


def _deputy(message: desk_pb2.DeputyDraft) -> deputies.Wish:
    return deputies.Wish(
        message.officer, message.delegate, message.hours, message.at_once
    )


def _purge(message: desk_pb2.PurgeDraft) -> outcomes.Purge:
    return outcomes.Purge(message.officer, message.outcome, message.out)


def _lift(message: desk_pb2.BudgetDraft) -> lift.Wish:
    return lift.Wish(
        message.officer,
        message.scope,
        message.subject,
        message.queries,
        message.hours,
    )


def _decision(message: desk_pb2.DecisionDraft) -> approve.Decision:
    return approve.Decision(
        message.officer,
        message.subject,
        message.approve,
        message.slot,
        list(message.fields),
        message.reason,
    )
