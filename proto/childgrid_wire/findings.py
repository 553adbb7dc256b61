"""A finding and its answer: who may put it, who must answer, and by whom it counts.

An auditor signs a `finding` about one statement of a party's, with a time to reply. The
party answers by a `review` of subject `sample`: one thing looked at (`pairs` 1), found
in order (`agreed` 1) or not (`agreed` 0). A supervising officer or custodian signs it,
never agency IT, and nobody for the own deed. It lives as long as its finding, so that
no answer is erased while the question stands. Words go their own way.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import View

SUBJECT = "sample"
AUDITOR = "auditor"
ANSWERERS = ("supervising-officer", "custodian")
MOST_SECONDS = 90 * 86_400
"""The longest time that a party may be given to reply."""


def is_reply(said: Statement) -> bool:
    """Whether a statement is meant as the answer to a finding."""
    return said.kind is Kind.REVIEW and bool(said["subject"] == SUBJECT)


def check_finding(view: View, finding: Statement) -> None:
    """Whether this is an enrolled auditor's finding, with a time to reply.

    Raises:
        Refused, Untrusted: it is nobody's to answer.
    """
    if finding.kind is not Kind.FINDING:
        raise Refused(Reason.UNKNOWN_KIND, finding.kind.value)
    check_time(finding, view.now)
    if view.member(finding.issuer)["kind"] != AUDITOR:
        raise Refused(Reason.WRONG_ROLE, "finding.issuer")
    if view.officer(finding.issuer, finding.officer).role != AUDITOR:
        raise Refused(Reason.WRONG_ROLE, "finding.officer")
    last = min(finding.expires, finding.issued + MOST_SECONDS)
    if not finding.issued < finding["reply_by"] <= last:
        raise Refused(Reason.EXPIRED, "finding.reply_by")


def check_reply(
    view: View, finding: Statement, reply: Statement, about: Statement | None
) -> None:
    """Whether a statement answers a finding for the party that was asked.

    Args:
        view: the documents in force, with the time.
        finding: the verified `finding`.
        reply: the verified `review`.
        about: the statement that the finding is about, where it is at hand.

    Raises:
        Refused, Untrusted: it does not count as an answer.
    """
    if not is_reply(reply):
        raise Refused(Reason.UNKNOWN_KIND, reply.kind.value)
    check_time(reply, view.now)
    if {reply.answers, reply["result"]} != {finding.hash}:
        raise Refused(Reason.UNKNOWN, "review.answers")
    if reply["pairs"] != 1 or reply["agreed"] > 1:
        raise Refused(Reason.FIELDS, "review.agreed")
    if predates(reply, finding):
        raise Refused(Reason.EXPIRED, "review is older than its subject")
    if reply.expires < finding.expires:
        raise Refused(Reason.EXPIRED, "review ends before its finding")
    _check_answerer(view, finding, reply, about)


def _check_answerer(
    view: View, finding: Statement, reply: Statement, about: Statement | None
) -> None:
    if reply.issuer != finding["party"]:
        raise Refused(Reason.TARGET, "review.issuer")
    if view.officer(reply.issuer, reply.officer).role not in ANSWERERS:
        raise Refused(Reason.WRONG_ROLE, "review.officer")
    if about is not None and about.person == reply.person:
        raise Refused(Reason.OWN_REQUEST, "review")
