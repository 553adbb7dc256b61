"""What a statement about a request must satisfy before it is carried further.

The holder decides alone and verifies everything again; this only stops what could
never be of use, so that no officer is shown it. Wherever a rule is every party's, it
is the wire's own. Whether there are enough approvals isn't asked here: the holder
counts persons at the moment of release. Pure: returns the request's next course or
raises, and then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from childgrid_coordinator.proof import check_proof
from childgrid_coordinator.request import Course
from childgrid_coordinator.store.requests import Dossier
from childgrid_wire import breakglass, outcomes, rules, seal
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import values_pb2
from childgrid_wire.policy import Approver
from childgrid_wire.statement import Statement, predates
from childgrid_wire.trust import View

MAX_SEALED = 3 * 2**20

FOLLOWING = (
    Kind.APPROVAL,
    Kind.REFUSAL,
    Kind.DISCLOSURE,
    Kind.VOID,
    Kind.RECEIPT,
    Kind.REVIEW,
)
"""What may be said about a request that is known here."""


@dataclass(frozen=True)
class Sent:
    """A verified statement with what came beside it; None where nothing did."""

    statement: Statement
    content: bytes | None = None
    proof: values_pb2.Proof | None = None


def open_course(
    view: View, query: Statement, answer: Statement | None, sent: Sent
) -> tuple[Course, str]:
    """Judge a new request; returns its course and the record's data category.

    Args:
        view: the documents in force, with the time.
        query: the kept query that the request names.
        answer: the kept answer of the holder to it.
        sent: the request and its sealed justification.

    Raises:
        Refused, Untrusted, Malformed: it asks for what nobody could grant.
    """
    request = sent.statement
    category = _candidate(request, answer)["category"]
    rules.check_asked(view, query, request, category)
    check_content(sent, request["justification"])
    if sent.proof is not None:
        raise Malformed("proof")
    return Course(request.issuer, request["holder"], request.expires), category


def _candidate(request: Statement, answer: Statement | None) -> Mapping[str, Any]:
    if (
        answer is None
        or answer.hash != request["answer"]
        or answer.issuer != request["holder"]
        or request.answers not in ("", answer.hash, request["query"])
    ):
        raise Refused(Reason.UNKNOWN, "request.answer")
    for candidate in answer["candidates"]:
        if candidate["handle"] == request["handle"]:
            return dict(candidate)
    raise Refused(Reason.UNKNOWN, "request.handle")


def subject_of(statement: Statement) -> str:
    """The hash by which a following statement names its request or disclosure."""
    if statement.kind is Kind.DISCLOSURE:
        return str(statement["request"])
    if statement.kind is Kind.RECEIPT:
        return str(statement["disclosure"])
    if statement.kind is Kind.REVIEW:
        return str(statement["result"])
    return statement.answers


def follow(view: View, dossier: Dossier, sent: Sent) -> Course:
    """Judge what is said about a known request; returns the request's next course.

    Raises:
        Refused, Untrusted, Malformed: out of order, or it could never be of use.
    """
    said, course, now = sent.statement, dossier.course, view.now
    if said.kind is not Kind.DISCLOSURE:
        check_bare(sent)
    if said.kind is Kind.APPROVAL:
        _check_approval(view, dossier, said)
        return course.approve(said.issuer, said.person, now)
    if said.kind is Kind.REFUSAL:
        _check_refusal(view, said)
        person = said.person if said.officer else ""
        return course.refuse(said.issuer, person, now)
    if said.kind is Kind.DISCLOSURE:
        _check_disclosure(dossier, sent)
        return course.disclose(said.issuer, said.hash, now)
    if said.kind is Kind.VOID:
        return course.void(said.issuer, said["disclosure"], now)
    if said.kind is Kind.REVIEW:
        _check_review(view, dossier, said)
        return course.review(said.issuer, said["result"])
    _check_receipt(dossier, said)
    return course.receipt(said.issuer, said["disclosure"])


def _check_approval(view: View, dossier: Dossier, approval: Statement) -> None:
    """One person's approval: of this request, by somebody who has a slot to fill."""
    request = dossier.request
    if approval["subject"] != Kind.REQUEST.value:
        raise Refused(Reason.NOT_APPROVED, "approval.subject")
    if predates(approval, request):
        raise Refused(Reason.NOT_APPROVED, "approval is older than its subject")
    if approval.person in (request.person, dossier.query.person):
        raise Refused(Reason.OWN_REQUEST, "approval")
    side = approval["side"]
    if approval.issuer != (request["holder"] if side == "holder" else request.issuer):
        raise Refused(Reason.WRONG_ROLE, "approval.side")
    if not set(approval["fields"]) & set(request["fields"]):
        raise Refused(Reason.FIELDS, "approval.fields")
    policy = view.policy(request["holder"])
    if side == "holder" and approval["policy"] != policy.hash:
        raise Refused(Reason.OLD_VERSION, "approval.policy")
    officer = view.officer(approval.issuer, approval.officer)
    slots = rules.slots_for(view, request, dossier.category)
    who = Approver(approval.person, side, officer.role, officer.rank, approval["slot"])
    if not any(slot.takes(who) for slot in slots):
        raise Refused(Reason.WRONG_ROLE, "approval.slot")


def _check_refusal(view: View, refusal: Statement) -> None:
    if refusal["subject"] != Kind.REQUEST.value:
        raise Refused(Reason.UNKNOWN, "refusal.subject")
    if refusal.officer:
        view.officer(refusal.issuer, refusal.officer)


def _check_disclosure(dossier: Dossier, sent: Sent) -> None:
    """It answers this request with nothing that wasn't asked for and approved."""
    disclosure, request = sent.statement, dossier.request
    if disclosure.answers != request.hash:
        raise Refused(Reason.NOT_APPROVED, "disclosure.answers")
    for name, value in (
        ("recipient_key", request["recipient_key"]),
        ("requester", request.issuer),
        ("category", dossier.category),
    ):
        if disclosure[name] != value:
            raise Refused(Reason.NOT_APPROVED, f"disclosure.{name}")
    given = {approval.hash: approval for approval in dossier.approvals}
    if not set(disclosure["approvals"]) <= given.keys():
        raise Refused(Reason.NOT_APPROVED, "disclosure.approvals")
    fields = set(request["fields"])
    for name in disclosure["approvals"]:
        fields &= set(given[name]["fields"])
    if not set(disclosure["fields"]) <= fields:
        raise Refused(Reason.FIELDS, "disclosure.fields")
    check_content(sent, disclosure["ciphertext"])
    if sent.proof is None:
        raise Malformed("proof")
    check_proof(sent.proof, disclosure)


def _check_receipt(dossier: Dossier, receipt: Statement) -> None:
    disclosure = dossier.disclosure
    if disclosure is None or receipt.answers not in (
        disclosure.hash,
        dossier.request.hash,
    ):
        raise Refused(Reason.UNKNOWN, "receipt.answers")
    if receipt["ciphertext"] != disclosure["ciphertext"]:
        raise Refused(Reason.UNKNOWN, "receipt.ciphertext")


def _check_review(view: View, dossier: Dossier, review: Statement) -> None:
    """A person's word on a broken glass, or the requester's on what became of it."""
    if outcomes.is_outcome(review):
        if dossier.disclosure is None:
            raise Refused(Reason.UNKNOWN, "review.result")
        outcomes.check_outcome(view, dossier.request, dossier.disclosure, review)
        return
    if review["subject"] != breakglass.USED or not breakglass.declared(dossier.request):
        raise Refused(Reason.UNKNOWN, "review.subject")
    view.officer(review.issuer, review.officer)


def check_content(sent: Sent, digest: str) -> None:
    """Raise `Malformed` where the sealed content is missing, another, or too long."""
    content = sent.content
    if content is None or seal.digest(content) != digest:
        raise Malformed("content is not what the statement names")
    if len(content) > MAX_SEALED:
        raise Malformed("content", Reason.TOO_LARGE)


def check_bare(sent: Sent) -> None:
    """Raise `Malformed` where something travels beside a statement that has nothing."""
    if sent.content is not None:
        raise Malformed("content")
    if sent.proof is not None:
        raise Malformed("proof")
