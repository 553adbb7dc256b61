"""What an officer can ask the own node to draft, and what the draft must then say.

The node writes every statement; this side knows what was asked for and insists on it
before anybody signs. Pure: nothing here connects or signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from childgrid_wire import breakglass, candidates, canonical, findings, outcomes
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import desk_pb2 as pb
from childgrid_wire.schemas import check_body


@dataclass(frozen=True)
class Wanted:
    """A call for a draft, the kind it must be of, and what it must say."""

    call: pb.DraftRequest
    kind: Kind
    expected: Mapping[str, object]


@dataclass(frozen=True)
class Question:
    """Who is sought, for which case; `suspect` maps grid fields to what is known."""

    suspect: Mapping[str, Sequence[str]]
    purpose: str
    sections: Sequence[str]
    case: str
    targets: Sequence[str] = ()
    hours: int = 24
    rehearsal: bool = False


@dataclass(frozen=True)
class Wish:
    """Which fields of which candidate are asked for, and why."""

    query: str
    holder: str
    handle: str
    fields: Sequence[str]
    justification: str
    hours: int = 48
    break_glass: bool = False


def query(officer: str, asked: Question) -> Wanted:
    """Ask whether a suspect is known."""
    draft = pb.QueryDraft(
        officer=officer,
        suspect={key: pb.Values(values=list(v)) for key, v in asked.suspect.items()},
        purpose=asked.purpose,
        sections=list(asked.sections),
        case_reference=asked.case,
        targets=list(asked.targets),
        hours=asked.hours,
        rehearsal=asked.rehearsal,
    )
    expected: dict[str, object] = {
        "purpose": asked.purpose,
        "sections": list(asked.sections),
        "hours": asked.hours,
        "rehearsal": asked.rehearsal,
    }
    if asked.targets:
        expected["targets"] = list(set(asked.targets))
    return Wanted(pb.DraftRequest(query=draft), Kind.QUERY, expected)


def request(officer: str, wish: Wish) -> Wanted:
    """Ask a holder for fields of one candidate.

    With `break_glass` an emergency is declared: everybody is told at once.
    """
    draft = pb.RequestDraft(
        officer=officer,
        query=wish.query,
        holder=wish.holder,
        handle=wish.handle,
        fields=list(wish.fields),
        justification=wish.justification,
        hours=wish.hours,
        break_glass=wish.break_glass,
    )
    expected = {
        "query": wish.query,
        "holder": wish.holder,
        "handle": wish.handle,
        "fields": list(wish.fields),
        "hours": wish.hours,
        "break_glass": wish.break_glass or None,
    }
    return Wanted(pb.DraftRequest(request=draft), Kind.REQUEST, expected)


def lift(officer: str, scope: str, subject: str, queries: int, hours: int) -> Wanted:
    """Ask that a budget be lifted; `queries` is a day's limit.

    `scope` is `officer`, `case` or `agency`; `subject` an officer's id, a case's
    commitment or the own agency.
    """
    said = {"scope": scope, "subject": subject}
    draft = pb.BudgetDraft(officer=officer, queries=queries, hours=hours, **said)
    expected = {**said, "queries": queries, "hours": hours}
    return Wanted(pb.DraftRequest(budget=draft), Kind.BUDGET, expected)


def approve(
    officer: str, subject: str, fields: Sequence[str] = (), slot: str = ""
) -> Wanted:
    """Approve a query, request or budget; a custodian may name fewer fields."""
    draft = pb.DecisionDraft(
        officer=officer, subject=subject, approve=True, slot=slot, fields=list(fields)
    )
    expected: dict[str, object] = {"answers": subject}
    if fields:
        expected["fields"] = list(set(fields))
    if slot:
        expected["slot"] = slot
    return Wanted(pb.DraftRequest(decision=draft), Kind.APPROVAL, expected)


def refuse(officer: str, subject: str, reason: str) -> Wanted:
    """Refuse a query or request; this closes it."""
    draft = pb.DecisionDraft(
        officer=officer, subject=subject, approve=False, reason=reason
    )
    expected = {"answers": subject, "reason": reason}
    return Wanted(pb.DraftRequest(decision=draft), Kind.REFUSAL, expected)


def review(officer: str, request: str, *, justified: bool) -> Wanted:
    """Review a broken glass."""
    return _review(officer, request, justified, {"subject": breakglass.USED})


def answer(officer: str, finding: str, *, in_order: bool) -> Wanted:
    """Answer an auditor's finding: what was done was in order, or it was not."""
    expected = {"subject": findings.SUBJECT, "answers": finding}
    return _review(officer, finding, in_order, expected)


def _review(
    officer: str, subject: str, justified: bool, expected: Mapping[str, object]
) -> Wanted:
    draft = pb.ReviewDraft(officer=officer, request=subject, justified=justified)
    wanted = {**expected, "agreed": int(justified)}
    return Wanted(pb.DraftRequest(review=draft), Kind.REVIEW, wanted)


def outcome(officer: str, request: str, disposal: str, cnr: str = "") -> Wanted:
    """Tell what became of what was disclosed on a request."""
    draft = pb.OutcomeDraft(
        officer=officer, request=request, disposal=disposal, cnr=cnr
    )
    expected = {"subject": outcomes.SUBJECT, "disposal": disposal, "agreed": 1}
    return Wanted(pb.DraftRequest(outcome=draft), Kind.REVIEW, expected)


def candidate(
    officer: str,
    query: str,
    which: tuple[str, str],
    verdict: str,
    other: tuple[str, str],
) -> Wanted:
    """Say of a candidate (holder, handle) that it is not him, or the same as `other`.

    `other` is a pair of empty texts where the verdict needs none.
    """
    draft = pb.CandidateDraft(
        officer=officer,
        query=query,
        holder=which[0],
        handle=which[1],
        verdict=verdict,
        other_holder=other[0],
        other_handle=other[1],
    )
    expected = {
        "subject": candidates.SUBJECT,
        "answers": query,
        "result": candidates.name_of(*which),
        "verdict": verdict,
        "other": candidates.name_of(*other) if other[0] else None,
    }
    return Wanted(pb.DraftRequest(candidate=draft), Kind.REVIEW, expected)


def purge(officer: str, outcome_: str, *, out: bool) -> Wanted:
    """Decide on an outcome that clears somebody in the own register."""
    draft = pb.PurgeDraft(officer=officer, outcome=outcome_, out=out)
    expected = {
        "subject": outcomes.PURGE,
        "answers": outcome_,
        "agreed": int(out),
    }
    return Wanted(pb.DraftRequest(purge=draft), Kind.REVIEW, expected)


def deputy(officer: str, delegate: str, hours: int, *, at_once: bool) -> Wanted:
    """Name a colleague who is shown what waits too long; 0 hours takes them back."""
    draft = pb.DeputyDraft(
        officer=officer, delegate=delegate, hours=hours, at_once=at_once
    )
    expected = {
        "delegate": delegate,
        "at_once": at_once or None,
        "period": hours * 3_600,
    }
    return Wanted(pb.DraftRequest(deputy=draft), Kind.DELEGATION, expected)


def view(officer: str, object_: str, subject: str = "") -> Wanted:
    """Read one thing once."""
    draft = pb.ViewDraft(officer=officer, object=object_, subject=subject)
    expected = {"object": object_, "subject": subject}
    return Wanted(pb.DraftRequest(view=draft), Kind.VIEW, expected)


def sitting(officer: str, minutes: int) -> Wanted:
    """Open the desk: read without a signature each time, for `minutes`."""
    draft = pb.SittingDraft(officer=officer, minutes=minutes)
    expected = {"object": "desk", "subject": "", "hours": minutes / 60}
    return Wanted(pb.DraftRequest(sitting=draft), Kind.VIEW, expected)


def check_draft(kind: Kind, payload: bytes, expected: Mapping[str, object]) -> None:
    """Insist that the bytes to be signed say what was asked for.

    Lists are compared without their order and tables by their keys; `hours` is how
    long the statement lives, `period` how many seconds a deputy is named for. A silent
    hit is released, and the glass broken, only by who named that slot.

    Raises:
        Malformed: naming the first thing that differs.
    """
    body = canonical.loads(payload)
    check_body(kind, body)
    said = {**body, "hours": (body["expires"] - body["issued"]) / 3600}
    if kind is Kind.DELEGATION:
        said["period"] = body["valid_until"] - body["valid_from"]
    wanted = {**expected, "kind": kind.value}
    if said.get("subject") == "silent-hit" or said.get("slot") == breakglass.SLOT:
        wanted = {"slot": "", **wanted}
    for name, value in wanted.items():
        if _plain(said.get(name)) != _plain(value):
            raise Malformed(f"the node's draft differs in {name}")


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, list | dict) else value
