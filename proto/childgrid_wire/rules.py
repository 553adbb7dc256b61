"""What may be asked, approved and released: the checks that every party makes.

The coordinator makes them to spare nodes useless work, a node makes them because it
believes nobody, and an auditor makes them again on what was logged. All three run
these functions; none of them decides differently.

Pure: statements come in verified (`statement.verify`), documents come as a `View`,
time comes as `view.now`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from childgrid_wire import breakglass, closing, probation
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import Approver, Slot, fill, rule_for, slots_of, stricter
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import View

MOST_WAITING = 20
"""Requests on one query that may wait at one holder: four for each candidate.

Every one is read by a custodian, and whoever asks too much buries the others'.
"""


@dataclass(frozen=True)
class Grant:
    """What a request may get: the fields, who filled which slot, under what."""

    fields: tuple[str, ...]
    filled: dict[str, list[str]]
    approvals: tuple[str, ...]
    policy: Statement


def check_query(
    view: View,
    query: Statement,
    attestation: Statement,
    approvals: Sequence[Statement],
    *,
    target: str = "",
) -> dict[str, list[str]]:
    """Whether a query may be answered; returns the persons who fill each slot.

    Args:
        view: the documents in force, with the time.
        query: the officer's verified `query`.
        attestation: the agency's verified `case`.
        approvals: verified `approval` statements that answer the query.
        target: the member that is asked; empty at the asker and the coordinator.

    Raises:
        Refused, Untrusted: with the reason to be told to the asker.
    """
    _is(query, Kind.QUERY)
    check_time(query, view.now)
    _check_asker(view, query)
    if not query["rehearsal"]:
        probation.check(view, query.issuer, [target] if target else query["targets"])
    closing.check_current(view, query, query.issuer, target)
    _check_scope(view, query, target)
    _check_purpose(view, query, attestation)
    _check_attestation(view, query, attestation)
    return fill(query_slots(view, query), _approvers(view, query, approvals, [query]))


def query_slots(view: View, query: Statement) -> tuple[Slot, ...]:
    """The slots that a query's approvals must fill: the floor's and its agency's.

    Each is raised to the rank that the floor demands for the query's purpose.
    """
    own = view.policies.get(query.issuer)
    slots = stricter(
        slots_of(view.rules()["query_slots"]),
        slots_of(own["query_slots"]) if own else (),
    )
    rank = _purpose(view, query["purpose"])["min_rank"]
    return tuple(replace(one, min_rank=max(one.min_rank, rank)) for one in slots)


def _is(statement: Statement, kind: Kind) -> None:
    if statement.kind is not kind:
        raise Refused(Reason.UNKNOWN_KIND, kind.value)


def _check_asker(view: View, asked: Statement) -> None:
    officer = view.officer(asked.issuer, asked.officer)
    if officer.role != "investigator":
        raise Refused(Reason.WRONG_ROLE, asked.kind.value)
    if "user" not in view.member(asked.issuer)["uses"]:
        raise Refused(Reason.WRONG_ROLE, "member")


def _check_scope(view: View, query: Statement, target: str) -> None:
    if query.expires - query.issued > view.rules()["query_seconds"]:
        raise Refused(Reason.EXPIRED, "query lives too long")
    if not query["targets"] or (target and target not in query["targets"]):
        raise Refused(Reason.TARGET, "query.targets")
    if query["scheme"] != view.directory["scheme"]:
        raise Refused(Reason.SCHEME, "query.scheme")
    check_epoch(view, query)


def check_epoch(view: View, query: Statement) -> None:
    """Insist that a query's linkage key epoch is accepted.

    Where it no longer is, the query is void, and so is every handle in its answers.
    """
    if query["epoch"] not in view.directory["epochs"]["accepted"]:
        raise Refused(Reason.EPOCH, "query.epoch")


def _purpose(view: View, name: str) -> dict[str, Any]:
    for entry in view.rules()["purposes"]:
        if entry["purpose"] == name:
            return dict(entry)
    raise Refused(Reason.PURPOSE, "purpose")


def _check_purpose(view: View, query: Statement, attestation: Statement) -> None:
    purpose = _purpose(view, query["purpose"])
    if not set(query["sections"]) <= set(view.rules()["sections"]):
        raise Refused(Reason.PURPOSE, "sections")
    if purpose["needs"] != attestation["basis"]:
        raise Refused(Reason.CASE, f"{query['purpose']} needs {purpose['needs']}")


def _check_attestation(view: View, query: Statement, attestation: Statement) -> None:
    _is(attestation, Kind.CASE)
    check_time(attestation, view.now)
    if (
        attestation.hash != query["attestation"]
        or attestation.issuer != query.issuer
        or attestation["case"] != query["case"]
        or attestation["asker"] != query.officer
        or not set(query["sections"]) <= set(attestation["sections"])
    ):
        raise Refused(Reason.CASE, "attestation")


def _approvers(
    view: View,
    subject: Statement,
    approvals: Sequence[Statement],
    askers: Sequence[Statement],
) -> list[Approver]:
    """The persons whose approvals of `subject` count.

    Whoever asked is excluded, and so is a second decision of the same person.
    """
    excluded = {one.person for one in askers}
    seen: set[str] = set()
    approvers = []
    for approval in approvals:
        _check_approval(view, subject, approval)
        if approval.person in excluded:
            raise Refused(Reason.OWN_REQUEST, "approval")
        if approval.person in seen:
            raise Refused(Reason.DECIDED, "approval")
        seen.add(approval.person)
        approvers.append(_approver(view, subject, approval))
    return approvers


def check_approval(
    view: View,
    query: Statement,
    request: Statement,
    approval: Statement,
    category: str,
) -> None:
    """Whether one approval of a request may fill a slot at all, alone or with others.

    Raises:
        Refused, Untrusted: it could never count.
    """
    (who,) = _approvers(view, request, [approval], [query, request])
    slots = slots_for(view, request, category)
    if not any(slot.takes(who) for slot in slots):
        raise Refused(Reason.WRONG_ROLE, "approval.slot")


def _check_approval(view: View, subject: Statement, approval: Statement) -> None:
    _is(approval, Kind.APPROVAL)
    check_time(approval, view.now)
    if approval.answers != subject.hash or approval["subject"] != subject.kind.value:
        raise Refused(Reason.NOT_APPROVED, "approval answers something else")
    if predates(approval, subject):
        raise Refused(Reason.NOT_APPROVED, "approval is older than its subject")


def _approver(view: View, subject: Statement, approval: Statement) -> Approver:
    officer = view.officer(approval.issuer, approval.officer)
    side = approval["side"]
    if side == "holder" and subject.kind is Kind.QUERY:
        raise Refused(Reason.WRONG_ROLE, "approval.side")
    agency = subject["holder"] if side == "holder" else subject.issuer
    if approval.issuer != agency:
        raise Refused(Reason.WRONG_ROLE, "approval.side")
    return Approver(approval.person, side, officer.role, officer.rank, approval["slot"])


def slots_for(view: View, request: Statement, category: str) -> tuple[Slot, ...]:
    """The slots that this request needs: one custodian where it breaks the glass."""
    if breakglass.declared(request):
        return breakglass.slots(view)
    return release_slots(view, request["holder"], category)


def release_slots(view: View, holder: str, category: str) -> tuple[Slot, ...]:
    """The slots that a release from `holder` needs: the floor's and the holder's."""
    rule = rule_for(view.policy(holder), category)
    return stricter(slots_of(view.rules()["release_slots"]), rule.slots)


def check_request(
    view: View,
    query: Statement,
    request: Statement,
    approvals: Sequence[Statement],
    category: str,
) -> Grant:
    """Whether `request` may be answered with a record; returns what to give.

    Released fields are those requested, granted by the holder's policy, and left by
    every approval that is presented.

    Args:
        view: the documents in force, with the time.
        query: the verified `query` that was answered with the handle.
        request: the verified `request`.
        approvals: verified approvals of the request, from both sides.
        category: the data category of the holder's record.

    Raises:
        Refused, Untrusted: nothing may be released; the reason may be told.
    """
    if view.directory.expires <= view.now:
        raise Refused(Reason.EXPIRED, "directory")
    check_asked(view, query, request, category)
    policy = view.policy(request["holder"])
    slots = slots_for(view, request, category)
    approvers = _approvers(view, request, approvals, [query, request])
    for approval in approvals:
        if approval["side"] == "holder" and approval["policy"] != policy.hash:
            raise Refused(Reason.OLD_VERSION, "approval.policy")
    filled = fill(slots, approvers)
    fields = _released(policy, request, approvals, category)
    return Grant(fields, filled, tuple(sorted(a.hash for a in approvals)), policy)


def check_side(
    view: View,
    query: Statement,
    request: Statement,
    approvals: Sequence[Statement],
    slots: Sequence[Slot],
) -> dict[str, list[str]]:
    """Whether one side's slots of a request are filled; the other side is not asked.

    Raises:
        Refused, Untrusted: as for `check_request`.
    """
    return fill(slots, _approvers(view, request, approvals, [query, request]))


def check_asked(
    view: View, query: Statement, request: Statement, category: str
) -> None:
    """Whether a request may be put before its approvers at all.

    Raises:
        Refused, Untrusted: it asks for what no approval could grant.
    """
    _is(request, Kind.REQUEST)
    check_time(request, view.now)
    _check_asker(view, request)
    probation.check(view, request.issuer, [request["holder"]])
    if request.expires - request.issued > view.rules()["request_seconds"]:
        raise Refused(Reason.EXPIRED, "request lives too long")
    same = ("purpose", "case")
    if (
        request["query"] != query.hash
        or request.issuer != query.issuer
        or any(request[name] != query[name] for name in same)
        or not set(request["sections"]) <= set(query["sections"])
        or request["holder"] not in query["targets"]
    ):
        raise Refused(Reason.CASE, "request differs from its query")
    if query["rehearsal"] or request.issued >= query.expires:
        raise Refused(Reason.EXPIRED, "query")
    check_epoch(view, query)
    closing.check_current(view, query, query.issuer, request["holder"])
    _check_granted(view, request, category)


def _check_granted(view: View, request: Statement, category: str) -> None:
    if request["directory"] > view.directory["version"]:
        raise Refused(Reason.OLD_VERSION, "request.directory")
    policy = view.policy(request["holder"])
    if request["policy"] != policy.hash:
        raise Refused(Reason.OLD_VERSION, "request.policy")
    rule = rule_for(policy, category)
    purpose = _purpose(view, request["purpose"])
    if request["purpose"] not in rule.purposes:
        raise Refused(Reason.PURPOSE, "policy")
    if category not in purpose["categories"]:
        raise Refused(Reason.PURPOSE, "floor")
    if not set(request["fields"]) <= set(rule.fields):
        raise Refused(Reason.FIELDS, "request.fields")
    if breakglass.declared(request):
        breakglass.check_opened(view, request, category)


def _released(
    policy: Statement,
    request: Statement,
    approvals: Sequence[Statement],
    category: str,
) -> tuple[str, ...]:
    fields = set(request["fields"]) & set(rule_for(policy, category).fields)
    for approval in approvals:
        fields &= set(approval["fields"])
    if not fields:
        raise Refused(Reason.FIELDS, "nothing is left to release")
    return tuple(sorted(fields))


def check_disclosure(
    view: View, disclosure: Statement, request: Statement, grant: Grant
) -> None:
    """Whether a disclosure is exactly what its request and approvals allow.

    The requester makes this check before opening, an auditor afterwards.

    Raises:
        Refused: it differs; names the field.
    """
    _is(disclosure, Kind.DISCLOSURE)
    expected = {
        "request": request.hash,
        "directory": view.directory.hash,
        "floor": view.rules().hash,
        "policy": grant.policy.hash,
        "approvals": list(grant.approvals),
        "fields": list(grant.fields),
        "recipient_key": request["recipient_key"],
        "requester": request.issuer,
    }
    for name, value in expected.items():
        if disclosure[name] != value:
            raise Refused(Reason.NOT_APPROVED, f"disclosure.{name}")
    if disclosure.issuer != request["holder"] or disclosure.answers != request.hash:
        raise Refused(Reason.NOT_APPROVED, "disclosure.issuer")
    for member in {request.issuer, request["holder"]}:
        staff = view.staff.get(member)
        if staff is None or disclosure["staff"].get(member) != staff.hash:
            raise Refused(Reason.OLD_VERSION, "disclosure.staff")
    if predates(disclosure, request) or disclosure.issued >= request.expires:
        raise Refused(Reason.EXPIRED, "disclosure")
