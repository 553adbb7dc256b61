"""The verb *remark*: what an officer says of a candidate, beside the machine's guess.

Not him, the same person as another candidate of this query, or taken back. Each is
signed by its own touch and stays in this agency's log; it changes no guess and keeps
nobody from asking for the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from childgrid_portal import drafts
from childgrid_portal.web.forms import EMPTY, Faults, Sheet
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_
from childgrid_wire.candidates import SAME
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import VERDICTS

_NAMES = ("verdict", "other")
_NO_VERDICT = N_("Choose what you say of this candidate.")
_NO_OTHER = N_("Choose the candidate that is the same person.")


@dataclass(frozen=True)
class Subject:
    """One candidate, and the others that it may be the same person as."""

    holder: str
    candidate: Mapping[str, Any]
    others: tuple[tuple[str, str], ...]
    """Pairs of `holder/handle` and how it is called on the page."""


def candidate(visit: Visit) -> Response:
    """The form; posted, its faults or the signature."""
    subject = _subject(visit)
    if not visit.form:
        return _form(visit, subject, EMPTY, {})
    sheet = Sheet.of(visit.form, _NAMES)
    faults = _faults(subject, sheet)
    if faults:
        return _form(visit, subject, sheet, faults)
    query, verdict = visit.place["query"], sheet.one("verdict")
    holder, _, handle = (sheet.one("other") if verdict == SAME else "").partition("/")
    wanted = drafts.candidate(
        visit.person.officer,
        query,
        (subject.holder, visit.place["handle"]),
        verdict,
        (holder, handle),
    )
    return visit.sign(wanted, f"/query/{query}")


def _form(visit: Visit, subject: Subject, sheet: Sheet, faults: Faults) -> Response:
    return visit.page(
        "candidate.html",
        422 if faults else 200,
        query=visit.place["query"],
        subject=subject,
        sheet=sheet,
        faults=faults,
        verdicts=VERDICTS,
        here=f"/query/{visit.place['query']}",
    )


def _subject(visit: Visit) -> Subject:
    """The candidate that the address names.

    Raises:
        Refused: there is no such candidate.
    """
    wanted = (visit.place["holder"], visit.place["handle"])
    found, others = None, []
    for holder, answer in visit.read("answers", visit.place["query"])[
        "targets"
    ].items():
        for number, one in enumerate(answer.get("candidates", ()), 1):
            if (holder, one["handle"]) == wanted:
                found = one
            else:
                others.append((f"{holder}/{one['handle']}", f"{holder}, {number}"))
    if found is None:
        raise Refused(Reason.UNKNOWN, "candidate")
    return Subject(wanted[0], found, tuple(others))


def _faults(subject: Subject, sheet: Sheet) -> Faults:
    verdict, other = sheet.one("verdict"), sheet.one("other")
    if verdict not in VERDICTS:
        return {"verdict": _NO_VERDICT}
    if verdict == SAME and other not in dict(subject.others):
        return {"other": _NO_OTHER}
    return {}
