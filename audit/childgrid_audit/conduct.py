"""The room of conduct: the rules that every party kept, made again on what was logged.

A query is judged where it was submitted and where it was answered, a request where it
was put before its approvers, a disclosure under exactly the documents that it names.
It adds no rule to `childgrid_wire.rules` but those that need the whole story: one
disclosure for a request, none after a refusal, one answer from a target, no more
queries a day than the floor or a lifted budget allows (`budgets`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from childgrid_audit.budgets import check_budgets
from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import Report
from childgrid_audit.judging import Check, judge
from childgrid_audit.openings import check_openings
from childgrid_audit.own_lists import check_own
from childgrid_wire import (
    candidates,
    declared,
    deputies,
    findings,
    outcomes,
    readings,
    rules,
)
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


def check_conduct(ledger: Ledger, report: Report) -> None:
    """Run every rule again; what was done against one is reported."""
    for query in ledger.of(Kind.QUERY):
        _check_query(ledger, query, report)
        _check_answers(ledger, query, report)
    for request in ledger.of(Kind.REQUEST):
        _check_request(ledger, request, report)
    for given in ledger.of(Kind.DISCLOSURE):
        judge(ledger, given, report, _release, certain=not ledger.voided(given))
    for kind, check in _CHECKS.items():
        for event in ledger.of(kind):
            judge(ledger, event, report, check)
    for told in ledger.of(Kind.REVIEW):
        for concerns, check in _REVIEWS:
            if concerns(told.statement):
                judge(ledger, told, report, check)
    check_budgets(ledger, report)
    check_openings(ledger, report)


def submitted(ledger: Ledger, query: Event) -> bool:
    """Whether a query has left its asker's node."""
    return bool(
        query.places.keys() - {query.statement.issuer}
        or ledger.answering(query.statement.hash, Kind.ANSWER)
    )


def approvals_at(ledger: Ledger, subject: str, member: str) -> list[Statement]:
    """The approvals of `subject` that the log of `member` holds."""
    return [
        event.statement
        for event in ledger.answering(subject, Kind.APPROVAL)
        if member in event.places and event.statement["subject"] != "silent-hit"
    ]


def _check_query(ledger: Ledger, query: Event, report: Report) -> None:
    """Once as the coordinator took it, once for every target that searched."""
    said = query.statement
    case = ledger.get(said["attestation"], Kind.CASE)
    if case is None or not submitted(ledger, query):
        return
    for member in sorted(query.places.keys() & ledger.law.coordinators):
        approvals = approvals_at(ledger, said.hash, member)
        when = max(one.issued for one in (said, case.statement, *approvals))
        _judge_query(ledger, query, case, member, "", when, report)
    for target, answers in _answers(ledger, query).items():
        first = answers[0].statement
        if first["outcome"] != "refused" and target in query.places:
            _judge_query(ledger, query, case, target, target, first.issued, report)


def _judge_query(
    ledger: Ledger,
    query: Event,
    case: Event,
    member: str,
    target: str,
    when: int,
    report: Report,
) -> None:
    approvals = approvals_at(ledger, query.statement.hash, member)

    def rule(view: View) -> object:
        return rules.check_query(
            view, query.statement, case.statement, approvals, target=target
        )

    def check(about_then: Ledger, _: Event) -> object:
        return about_then.law.under(when, rule)

    judge(ledger, query, report, check, member=member)


def _check_answers(ledger: Ledger, query: Event, report: Report) -> None:
    for answers in _answers(ledger, query).values():
        for answer in answers:
            judge(ledger, answer, report, partial(_answer, query))
        outcomes = [answer.statement["outcome"] for answer in answers]
        if len(outcomes) > 1 and outcomes != ["none", "hit"]:
            what = "contradicts another answer of this target to this query"
            report.add(*ledger.where(answers[-1]), what)


def _answers(ledger: Ledger, query: Event) -> dict[str, list[Event]]:
    """A query's answers by target, each in order of time."""
    by_target: dict[str, list[Event]] = {}
    for answer in ledger.answering(query.statement.hash, Kind.ANSWER):
        by_target.setdefault(answer.statement.issuer, []).append(answer)
    return by_target


def _answer(query: Event, _: Ledger, answer: Event) -> None:
    said = answer.statement
    if said.issuer not in query.statement["targets"]:
        raise Refused(Reason.TARGET, "answer.issuer")
    if bool(said["candidates"]) != (said["outcome"] == "hit"):
        raise Refused(Reason.MALFORMED, "answer.candidates")
    if said["reason"] and said["outcome"] != "refused":
        raise Refused(Reason.MALFORMED, "answer.reason")
    if said["outcome"] != "refused" and said.issued >= query.statement.expires:
        raise Refused(Reason.EXPIRED, "query")


def candidate_of(ledger: Ledger, request: Statement) -> dict[str, Any]:
    """The candidate that a request is about, from the answer it names.

    Raises:
        Refused: there is no such answer, or it did not offer this handle.
    """
    answer = ledger.get(request["answer"], Kind.ANSWER)
    if answer is None:
        raise Refused(Reason.UNKNOWN, "request.answer")
    said = answer.statement
    if said.issuer != request["holder"] or said.answers != request["query"]:
        raise Refused(Reason.TARGET, "request.holder")
    for candidate in said["candidates"]:
        if candidate["handle"] == request["handle"]:
            return dict(candidate)
    raise Refused(Reason.UNKNOWN, "request.handle")


def _query_of(ledger: Ledger, request: Statement) -> Statement:
    query = ledger.get(request["query"], Kind.QUERY)
    if query is None:
        raise Refused(Reason.UNKNOWN, "request.query")
    return query.statement


def _check_request(ledger: Ledger, request: Event, report: Report) -> None:
    said = request.statement
    if request.places.keys() - {said.issuer}:
        judge(ledger, request, report, _asked)
    disclosures = ledger.answering(said.hash, Kind.DISCLOSURE)
    for extra in disclosures[1:]:
        report.add(*ledger.where(extra), "is a second disclosure for one request")
    for refusal in ledger.answering(said.hash, Kind.REFUSAL):
        _check_closed(ledger, refusal, disclosures, report)


def _asked(ledger: Ledger, request: Event) -> None:
    said = request.statement

    def check(view: View) -> None:
        category = candidate_of(ledger, said)["category"]
        rules.check_asked(view, _query_of(ledger, said), said, category)

    ledger.law.under(said.issued, check)


def _check_closed(
    ledger: Ledger, refusal: Event, disclosures: Sequence[Event], report: Report
) -> None:
    """In the holder's log, or in any where the holder refused: it knew its own word."""
    refused = refusal.places
    for disclosure in disclosures:
        released, holder = disclosure.places, disclosure.statement.issuer
        logs = refused.keys() & released.keys()
        logs = logs if refusal.statement.issuer == holder else logs & {holder}
        if any(refused[log].order < released[log].order for log in logs):
            what = "was made after the request had been refused"
            report.add(*ledger.where(disclosure), what)


def _release(ledger: Ledger, disclosure: Event) -> None:
    """A disclosure under the documents it names, which must be those in force."""
    said = disclosure.statement
    request = ledger.get(said["request"], Kind.REQUEST)
    if request is None:
        raise Refused(Reason.UNKNOWN, "disclosure.request")
    asked = request.statement
    if candidate_of(ledger, asked)["category"] != said["category"]:
        raise Refused(Reason.FIELDS, "disclosure.category")
    approvals = [
        approval.statement
        for name in said["approvals"]
        if (approval := ledger.get(name, Kind.APPROVAL))
    ]
    if len(approvals) != len(said["approvals"]):
        raise Refused(Reason.NOT_APPROVED, "an approval is in no log")
    named = [said["directory"], said["floor"], said["policy"], *said["staff"].values()]
    chosen = ledger.law.book.named(said.issued, named)
    _check_current(ledger, said, chosen)
    check_own(ledger, disclosure)
    query, category = _query_of(ledger, asked), said["category"]

    def check(about_then: View) -> None:
        view = replace(chosen, revoked=about_then.revoked)
        grant = rules.check_request(view, query, asked, approvals, category)
        rules.check_disclosure(view, said, asked, grant)

    ledger.law.under(said.issued, check)


def _check_current(ledger: Ledger, said: Statement, view: View) -> None:
    """Whether what a disclosure names was in force: nothing old, nothing later."""
    kept = list(ledger.law.around(said.issued))
    if view.directory.hash not in {one.directory.hash for one in kept}:
        raise Refused(Reason.OLD_VERSION, "disclosure.directory")
    policies = [one.policies.get(said.issuer) for one in kept]
    if said["policy"] not in {one.hash for one in policies if one}:
        raise Refused(Reason.OLD_VERSION, "disclosure.policy")
    for member in (said.issuer, said["requester"]):
        staff = [one.staff.get(member) for one in kept]
        named = said["staff"].get(member)
        if member not in view.staff or named not in {one.hash for one in staff if one}:
            raise Refused(Reason.OLD_VERSION, f"disclosure.staff of {member}")


def _receipt(ledger: Ledger, receipt: Event) -> None:
    said = receipt.statement
    disclosure = ledger.get(said["disclosure"], Kind.DISCLOSURE)
    if disclosure is None:
        raise Refused(Reason.UNKNOWN, "receipt.disclosure")
    given = disclosure.statement
    if said.issuer != given["requester"]:
        raise Refused(Reason.WRONG_ROLE, "receipt.issuer")
    if said["ciphertext"] != given["ciphertext"]:
        raise Refused(Reason.CHANGED, "receipt.ciphertext")


def _void(ledger: Ledger, void: Event) -> None:
    disclosure = ledger.get(void.statement["disclosure"], Kind.DISCLOSURE)
    if disclosure is None:
        raise Refused(Reason.UNKNOWN, "void.disclosure")
    if void.statement.issuer != disclosure.statement.issuer:
        raise Refused(Reason.WRONG_ROLE, "void.issuer")


def _outcome(ledger: Ledger, told: Event) -> None:
    """What became of a disclosure, said by who may."""
    said = told.statement
    disclosure = ledger.get(said["result"], Kind.DISCLOSURE)
    if disclosure is None:
        raise Refused(Reason.UNKNOWN, "review.result")
    request = ledger.get(disclosure.statement["request"], Kind.REQUEST)
    if request is None:
        raise Refused(Reason.UNKNOWN, "disclosure.request")
    ledger.law.under(
        said.issued,
        lambda view: outcomes.check_outcome(
            view, request.statement, disclosure.statement, said
        ),
    )


def _purge(ledger: Ledger, told: Event) -> None:
    """A custodian's decision on an outcome about the own agency's record."""
    said = told.statement
    outcome = ledger.get(said.answers, Kind.REVIEW)
    disclosure = ledger.get(said["result"], Kind.DISCLOSURE)
    if outcome is None or disclosure is None:
        raise Refused(Reason.UNKNOWN, "review.answers")
    if disclosure.statement.issuer != said.issuer:
        raise Refused(Reason.TARGET, "review.issuer")
    ledger.law.under(
        said.issued,
        lambda view: outcomes.check_purge(view, outcome.statement, said),
    )


def _candidate(ledger: Ledger, told: Event) -> None:
    """What an officer says of a candidate that an answer to the query has named."""
    said = told.statement
    query = ledger.get(said.answers, Kind.QUERY)
    if query is None:
        raise Refused(Reason.UNKNOWN, "review.answers")
    known = {
        candidates.name_of(answer.statement.issuer, one["handle"])
        for answer in ledger.answering(said.answers, Kind.ANSWER)
        for one in answer.statement["candidates"]
    }
    if not {said["result"], said.body.get("other", said["result"])} <= known:
        raise Refused(Reason.UNKNOWN, "review.result")
    ledger.law.under(
        said.issued,
        lambda view: candidates.check_decision(view, query.statement, said),
    )


def _declaration(ledger: Ledger, told: Event) -> None:
    """Whose searches an agency wants marked, said by who may."""
    said = told.statement
    ledger.law.under(said.issued, lambda at: declared.check_declaration(at, said))


def _delegation(ledger: Ledger, named: Event) -> None:
    """Whom an approver has named to look after what waits, or has taken back."""
    said = named.statement
    event = ledger.get(said.answers, Kind.DELEGATION) if said.answers else None
    if said.answers and event is None:
        raise Refused(Reason.UNKNOWN, "delegation.answers")
    earlier = event.statement if event else None
    ledger.law.under(
        said.issued, lambda view: deputies.check_delegation(view, said, earlier)
    )


def _view(ledger: Ledger, view: Event) -> None:
    """Who looked, at what that role may see; by a signature or in a sitting."""
    said = view.statement
    ledger.law.under(said.issued, lambda at: readings.check_view(at, said))
    if said.body.get("reader"):
        _reading(ledger, said)


def _reading(ledger: Ledger, said: Statement) -> None:
    """What a node says that somebody read, in a sitting which that person opened."""
    event = ledger.get(said.answers, Kind.VIEW)
    if event is None:
        raise Refused(Reason.UNKNOWN, "the sitting")
    opened = event.statement
    person = (opened.issuer, opened.officer, opened["object"])
    if person != (said.issuer, said["reader"], "desk"):
        raise Refused(Reason.WRONG_ROLE, "another person's sitting")
    if not opened.issued <= said.issued < opened.expires:
        raise Refused(Reason.EXPIRED, "the sitting")


def _finding(ledger: Ledger, finding: Event) -> None:
    said = finding.statement
    ledger.law.under(said.issued, lambda view: findings.check_finding(view, said))


def check_reply(ledger: Ledger, reply: Event) -> None:
    """Whether an answer to a finding counts; raises `WireError` otherwise."""
    said = reply.statement
    finding = ledger.get(said.answers, Kind.FINDING)
    if finding is None:
        raise Refused(Reason.UNKNOWN, "review.answers")
    asked = finding.statement
    subject = ledger.events.get(asked["subject"])
    about = subject.statement if subject else None
    ledger.law.under(
        said.issued, lambda view: findings.check_reply(view, asked, said, about)
    )


_CHECKS: dict[Kind, Check] = {
    Kind.RECEIPT: _receipt,
    Kind.VOID: _void,
    Kind.FINDING: _finding,
    Kind.DELEGATION: _delegation,
    Kind.VIEW: _view,
}
_REVIEWS: tuple[tuple[Callable[[Statement], bool], Check], ...] = (
    (findings.is_reply, check_reply),
    (outcomes.is_outcome, _outcome),
    (outcomes.is_purge, _purge),
    (declared.is_declaration, _declaration),
    (candidates.is_decision, _candidate),
)
