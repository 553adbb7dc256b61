"""What was opened, judged again: two auditors' words and one keeper's answer.

The rules are `childgrid_wire.openings`; what needs the whole story stands here: an
`opened` answers an opening that is in a log, rests on an agreement that is too, and is
the only one.
"""

from __future__ import annotations

from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import Report
from childgrid_audit.judging import judge
from childgrid_wire import openings
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def check_openings(ledger: Ledger, report: Report) -> None:
    """Judge every word about an opening; what was not allowed is reported."""
    for kind in (Kind.OPENING, Kind.APPROVAL, Kind.OPENED, Kind.REFUSAL):
        for event in ledger.of(kind):
            if openings.concerns(event.statement):
                judge(ledger, event, report, _check)
    for opening in ledger.of(Kind.OPENING):
        for extra in ledger.answering(opening.statement.hash, Kind.OPENED)[1:]:
            what = "is a second answer to one opening"
            report.add(*ledger.where(extra), what)


def _check(ledger: Ledger, event: Event) -> None:
    said, law = event.statement, ledger.law
    if said.kind is Kind.OPENING:
        law.under(said.issued, lambda view: openings.check_opening(view, said))
        return
    opening = opening_of(ledger, said)
    if opening is None:
        raise Refused(Reason.UNKNOWN, f"{said.kind.value}.answers")
    if said.kind is Kind.REFUSAL:
        if said.issuer != opening["party"] or said.officer:
            raise Refused(Reason.WRONG_ROLE, "refusal.issuer")
        return
    if said.kind is Kind.APPROVAL:
        law.under(
            said.issued, lambda view: openings.check_agreement(view, opening, said)
        )
        return
    agreement = ledger.get(said["agreement"], Kind.APPROVAL)
    if agreement is None:
        raise Refused(Reason.NOT_APPROVED, "the agreement is in no log")
    word = agreement.statement
    law.under(
        said.issued, lambda view: openings.check_opened(view, opening, word, said)
    )


def opening_of(ledger: Ledger, said: Statement) -> Statement | None:
    """The opening that a statement answers, where it is in a log."""
    event = ledger.get(said.answers, Kind.OPENING)
    return event.statement if event else None


def stations_of(ledger: Ledger, opening: Statement) -> frozenset[str]:
    """The stations of those whose words on an opening are in a log."""
    words = ledger.answering(opening.hash, Kind.APPROVAL)
    return frozenset({opening.issuer, *(one.statement.issuer for one in words)})
