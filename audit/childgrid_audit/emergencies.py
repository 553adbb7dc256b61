"""The room of emergencies: every broken glass was told, used once, and reviewed.

`conduct` judges the release itself; here it is held against what must surround it: the
requester's declaration and the holder's notice on the board, a full quorum of reviews
within 72 hours, no second use by the same agency before. A missing review is certain
once its time is over; until then it is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from childgrid_audit.conduct import candidate_of
from childgrid_audit.documents import LAG_SECONDS
from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import Report
from childgrid_wire import breakglass, rules
from childgrid_wire.breakglass import DECLARED, ENDED, REVIEW_SECONDS, USED, notice_of
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


@dataclass(frozen=True)
class _Use:
    """One release by break-glass; `reviewed` is Unix seconds, 0 where it is owed."""

    event: Event
    request: Statement
    notice: Statement | None
    void: bool
    reviewed: int


def check_emergencies(ledger: Ledger, report: Report) -> None:
    """Report what is missing around every release by break-glass."""
    uses = list(_uses(ledger))
    for use in uses:
        _check_told(ledger, use, report)
        if not use.void:
            _check_reviewed(ledger, use, report)
        _check_end(ledger, use, report)
    for use in uses:
        _check_alone(ledger, use, uses, report)


def _uses(ledger: Ledger) -> Iterator[_Use]:
    notices = ledger.law.book.notices()
    for event in ledger.of(Kind.DISCLOSURE):
        said = event.statement
        request = ledger.get(said["request"], Kind.REQUEST)
        if request is None or not breakglass.declared(request.statement):
            continue
        asked = request.statement
        notice = notice_of(notices, said.issuer, USED, asked.hash)
        void = ledger.voided(event)
        yield _Use(event, asked, notice, void, _reviewed(ledger, event, asked, notice))


def _reviewed(
    ledger: Ledger, event: Event, request: Statement, notice: Statement | None
) -> int:
    """When the quorum of reviews was full."""
    if notice is None:
        return 0
    reviews = ledger.answering(notice.hash, Kind.REVIEW)
    for last in range(1, len(reviews) + 1):
        made = [one.statement for one in reviews[:last]]
        if _is_full(ledger, event.statement, request, notice, made):
            return made[-1].issued
    return 0


def _is_full(
    ledger: Ledger,
    disclosure: Statement,
    request: Statement,
    notice: Statement,
    reviews: list[Statement],
) -> bool:
    def check(view: View) -> object:
        category = candidate_of(ledger, request)["category"]
        places = rules.release_slots(view, request["holder"], category)
        return breakglass.reviewed(view, request, notice, reviews, places, acted)

    acted = {request.person}
    query = ledger.get(request["query"], Kind.QUERY)
    if query is not None:
        acted.add(query.statement.person)
    for name in disclosure["approvals"]:
        approval = ledger.get(name, Kind.APPROVAL)
        if approval is not None:
            acted.add(approval.statement.person)
    try:
        ledger.law.under(reviews[-1].issued, check)
    except WireError:
        return False
    return True


def _check_told(ledger: Ledger, use: _Use, report: Report) -> None:
    """Both notices were made before, and not after, what they tell of."""
    said, notices = use.event.statement, ledger.law.book.notices()
    declared = notice_of(notices, said["requester"], DECLARED, use.request.hash)
    for member, notice in ((said["requester"], declared), (said.issuer, use.notice)):
        if notice is None or notice.issued > said.issued + LAG_SECONDS:
            what = f"broke the glass without a notice of {member}"
            report.add(*ledger.where(use.event), what)


def _check_reviewed(ledger: Ledger, use: _Use, report: Report) -> None:
    due = use.event.statement.issued + REVIEW_SECONDS
    if not use.reviewed or use.reviewed > due + LAG_SECONDS:
        what = "broke the glass and was not reviewed by all within 72 hours"
        late = bool(use.reviewed) or ledger.now >= due + LAG_SECONDS
        report.add(*ledger.where(use.event), what, certain=late)


def _check_end(ledger: Ledger, use: _Use, report: Report) -> None:
    """A holder that says a use is over must have a void or a full review."""
    said = use.event.statement
    notices = ledger.law.book.notices()
    ended = notice_of(notices, said.issuer, ENDED, use.request.hash)
    if ended is None or use.void:
        return
    if not use.reviewed or use.reviewed > ended.issued + LAG_SECONDS:
        what = "is told to be reviewed and is not"
        report.add(*ledger.where(use.event), what)


def _check_alone(ledger: Ledger, use: _Use, uses: list[_Use], report: Report) -> None:
    """No use while an earlier one of the same agency was not reviewed.

    Holders hear of each other's uses by the board, which takes a moment.
    """
    at = use.event.statement.issued
    for other in uses:
        own = other.event.statement.issuer == use.event.statement.issuer
        lag = 0 if own else LAG_SECONDS
        began = other.event.statement.issued + lag
        if (
            other is not use
            and not other.void
            and other.request.issuer == use.request.issuer
            and (began, other.request.hash) < (at, use.request.hash)
            and not 0 < other.reviewed <= at + lag
        ):
            what = "broke the glass before the last time was reviewed"
            report.add(*ledger.where(use.event), what)
            return
