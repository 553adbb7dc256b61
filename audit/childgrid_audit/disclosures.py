"""What was released and what was searched, one plain line each.

For whoever asks "who saw this, on whose word": times, officers' ids, purposes, who
approved and when, field names, receipts; never a name or a value. The verdict of a line
is that of `verify` on the statements behind it, in these words:

    proven        nothing behind it is found fault with, and it has come to its end
    undecided     the same, but of something nobody can tell whether it was allowed
    faulty        something behind it has a finding, or is in no log
    pending       a record without receipt or void, of which others know
    not-carried   likewise, but only its holder knows of it
    void          a record that was taken back before anybody had it
    not-sent      a search that never left the node of who asked
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from childgrid_audit.conduct import submitted
from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import UNDECIDED, Finding
from childgrid_audit.verify import Verdict
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

SHORT = 12


def disclosures(verdict: Verdict) -> Iterator[str]:
    """A line for every disclosure, by time."""
    ledger = verdict.ledger
    for event in ledger.of(Kind.DISCLOSURE):
        yield _line(_disclosure(verdict, event))


def searches(verdict: Verdict) -> Iterator[str]:
    """A line for every query, by time, with what came of it."""
    ledger = verdict.ledger
    for event in ledger.of(Kind.QUERY):
        yield _line(_search(verdict, event))


def _disclosure(verdict: Verdict, event: Event) -> Iterator[tuple[str, str]]:
    ledger, said = verdict.ledger, event.statement
    request = ledger.get(said["request"], Kind.REQUEST)
    approvals = [ledger.get(name, Kind.APPROVAL) for name in said["approvals"]]
    receipts = ledger.ended(event, Kind.RECEIPT)
    voids = ledger.ended(event, Kind.VOID)
    yield "time", moment(said.issued)
    yield "disclosure", said.hash[:SHORT]
    yield from _asked(request.statement if request else None)
    yield (
        "approved-by",
        _joined(
            f"{one.statement.person}@{moment(one.statement.issued)}"
            if one
            else "unknown"
            for one in approvals
        ),
    )
    yield "holder", said.issuer
    yield "category", said["category"]
    yield "fields", _joined(said["fields"])
    yield "receipt", moment(receipts[0].statement.issued) if receipts else "none"
    behind = [event, request, *approvals, *receipts, *voids]
    told = _verdict(verdict, behind, bool(receipts), bool(voids))
    unsent = told == "pending" and ledger.unsent(event)
    yield "verdict", "not-carried" if unsent else told


def _asked(request: Statement | None) -> Iterator[tuple[str, str]]:
    yield "officer", request.person if request else "unknown"
    yield "case", request["case"][:SHORT] if request else "unknown"
    yield "purpose", request["purpose"] if request else "unknown"
    yield "sections", _joined(request["sections"]) if request else "unknown"


def _verdict(
    verdict: Verdict, behind: Iterable[Event | None], received: bool, void: bool
) -> str:
    events = list(behind)
    names = {event.name for event in events if event}
    if _about(verdict.findings, names) or None in events:
        return "faulty"
    if received:
        doubts = [one for one in verdict.notes if one.what.endswith(UNDECIDED)]
        return "undecided" if _about(doubts, names) else "proven"
    return "void" if void else "pending"


def _about(told: Iterable[Finding], names: set[str]) -> bool:
    return any(_names(one.event, name) for one in told for name in names)


def _names(event: str, name: str) -> bool:
    """Whether a finding's event, with or without its index, is the statement `name`."""
    return event == name or event.endswith(f"({name})")


def _search(verdict: Verdict, event: Event) -> Iterator[tuple[str, str]]:
    ledger, said = verdict.ledger, event.statement
    answers = ledger.answering(said.hash, Kind.ANSWER)
    outcomes = {one.statement.issuer: one.statement["outcome"] for one in answers}
    requests = [
        one for one in ledger.of(Kind.REQUEST) if one.statement["query"] == said.hash
    ]
    yield "time", moment(said.issued)
    yield "query", said.hash[:SHORT]
    yield from _asked(said)
    yield (
        "approved-by",
        _joined(
            f"{one.statement.person}@{moment(one.statement.issued)}"
            for one in ledger.answering(said.hash, Kind.APPROVAL)
            if one.statement["subject"] == "query"
        ),
    )
    yield (
        "targets",
        _joined(
            f"{target}:{outcomes.get(target, 'not-answered')}"
            for target in sorted(said["targets"])
        ),
    )
    yield "follow-up", _joined(_followed(ledger, one) for one in requests)
    told = _verdict(verdict, [event, *answers], True, False)
    kept = ledger.erased.get(said.hash, set()) <= {said.issuer}
    unsent = told == "proven" and kept and not submitted(ledger, event)
    yield "verdict", "not-sent" if unsent else told


def _followed(ledger: Ledger, request: Event) -> str:
    said = request.statement
    state = "open"
    if ledger.answering(said.hash, Kind.REFUSAL):
        state = "refused"
    for disclosure in ledger.answering(said.hash, Kind.DISCLOSURE):
        gone = ledger.ended(disclosure, Kind.VOID)
        received = ledger.ended(disclosure, Kind.RECEIPT)
        state = "void" if gone and not received else "disclosed"
        if state == "disclosed" and not received and ledger.unsent(disclosure):
            state = "not-carried"
    return f"{said['holder']}:{state}"


def _line(parts: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{name}={value}" for name, value in parts)


def _joined(values: Iterable[str]) -> str:
    return ",".join(values) or "none"


def moment(seconds: int) -> str:
    """A time in UTC, to the second (ISO 8601)."""
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
