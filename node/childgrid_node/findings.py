"""What auditors put to this agency, and what its officers answer.

A finding comes by mail, is verified and logged, and waits in the inbox of supervising
officers and custodians; agency IT never sees it. One of them answers, once, by a signed
`review` (`childgrid_wire.findings`): what was done was in order, or it was not. Whoever
did it does not answer for it.
"""

from __future__ import annotations

from typing import Any

from childgrid_node import query
from childgrid_node.aftermath import Verdict
from childgrid_node.office import Office
from childgrid_wire import findings, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer


def hear(office: Office, finding: Statement) -> None:
    """Take in an auditor's finding about this agency; hearing it again is harmless.

    Raises:
        Refused, Untrusted: another party's, or no auditor's; nothing was kept.
    """
    if finding["party"] != office.member:
        raise Refused(Reason.TARGET, "finding.party")
    findings.check_finding(office.view, finding)
    with office.journal.writing() as writing:
        writing.say(finding)


def is_known(office: Office, name: str) -> bool:
    """Whether `name` is the hash of a finding that was heard here."""
    found = office.journal.find(name)
    return found is not None and found.kind is Kind.FINDING


def waiting(office: Office, officer: Officer) -> list[dict[str, Any]]:
    """The findings that `officer` may answer, the most urgent first; for the inbox.

    Each has hash, auditor (`by`), topic, the hash of the statement it is about
    (`subject`), `issued` and `reply_by` (Unix seconds), and whether that is `overdue`.
    """
    if officer.role not in findings.ANSWERERS:
        return []
    found = [
        one
        for one in office.journal.unanswered(Kind.FINDING, Kind.REVIEW)
        if not _is_own(office, one, f"{office.member}/{officer.id}")
    ]
    return [
        _shown(one, office.now)
        for one in sorted(found, key=lambda one: one["reply_by"])
    ]


def _shown(finding: Statement, now: int) -> dict[str, Any]:
    return {
        "hash": finding.hash,
        "kind": finding.kind.value,
        "by": finding.person,
        "topic": finding["topic"],
        "subject": finding["subject"],
        "issued": finding.issued,
        "reply_by": finding["reply_by"],
        "overdue": now > finding["reply_by"],
    }


def _is_own(office: Office, finding: Statement, person: str) -> bool:
    about = office.journal.find(finding["subject"])
    return about is not None and about.person == person


def draft_reply(office: Office, verdict: Verdict) -> bytes:
    """Write the answer to a finding, to be signed; returns its exact payload.

    `verdict.request` is the finding's hash; whether the officer may answer is judged
    when it is signed.

    Raises:
        Refused, Untrusted: no such finding, or no such officer.
    """
    finding = office.journal.get(verdict.request, Kind.FINDING)
    officer = office.view.officer(office.member, verdict.officer)
    payload = statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=officer.id,
        now=office.now,
        seconds=max(0, finding.expires - office.now),
        answers=finding.hash,
        subject=findings.SUBJECT,
        pairs=1,
        agreed=int(verdict.justified),
        result=finding.hash,
    )
    query.keep_draft(office, officer.id, Kind.REVIEW, payload)
    return payload


def sign_reply(office: Office, reply: Statement) -> None:
    """Take in an own officer's signed answer and send it on.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    office.own(reply)
    finding = office.journal.get(reply.answers, Kind.FINDING)
    about = office.journal.find(finding["subject"])
    with office.journal.writing() as writing:
        query.take_draft(writing, office, reply)
        findings.check_reply(office.view, finding, reply, about)
        if writing.rows(
            "SELECT 1 FROM said WHERE answers = ? AND kind = ?",
            (finding.hash, Kind.REVIEW.value),
        ):
            raise Refused(Reason.DECIDED, "review")
        writing.say(reply)
        writing.send(reply)
