"""What a statement says, from the exact bytes that are signed, for the signing page.

Every field of the payload has its row with its own value, what decides before what only
proves: nothing is left out, summed up or looked up elsewhere. The rule: this reads
bytes alone, so that a page shows what is signed and not what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from childgrid_portal.web.words import N_
from childgrid_wire import candidates, canonical, outcomes
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body

_TIMES = ("issued", "expires", "until", "valid_from", "valid_until")
_TITLES = {
    Kind.QUERY: N_("Ask other agencies whether they know a suspect"),
    Kind.REQUEST: N_("Ask one agency for fields of one record"),
    Kind.REVIEW: N_("What I find on reviewing what is named here"),
    Kind.BUDGET: N_("Let more be asked a day, once others countersign"),
    Kind.DELEGATION: N_("Who is shown what waits for me; it gives them no right"),
    Kind.APPROVAL: N_("I approve exactly what is named here"),
    Kind.REFUSAL: N_("I refuse what is named here; this closes it"),
    Kind.VIEW: N_("I read this; the reading is logged"),
}
_REVIEWS = {
    candidates.SUBJECT: N_("What I found out about a candidate; it stays here"),
    outcomes.SUBJECT: N_("I tell the holder what became of the case"),
    outcomes.PURGE: N_("I decide whether a row of ours stays in the index"),
}
"""What is told apart where one kind says several things."""

_DECISIONS = (Kind.APPROVAL, Kind.REFUSAL)
_PAGES = {
    "query": "/query/{}/decide",
    "request": "/request/{}",
    "budget": "/budget/{}",
    "silent-hit": "/silent/{}",
}
_WITHDRAWN = N_("I have no deputy any more")
_OPENING = N_("I open my desk and read at it; each reading is logged")
_LABELS = {
    "break_glass": N_("EMERGENCY: a child is in danger now"),
    "object": N_("What is read"),
    "targets": N_("Agencies that are asked"),
    "holder": N_("Agency that holds the record"),
    "handle": N_("Candidate"),
    "fields": N_("Fields"),
    "reason": N_("Reason"),
    "slot": N_("Approves as"),
    "side": N_("Side"),
    "scope": N_("Budget of"),
    "subject": N_("Subject"),
    "delegate": N_("Deputy"),
    "at_once": N_("All that waits, not only what is overdue"),
    "role": N_("Role that both have"),
    "valid_from": N_("From"),
    "valid_until": N_("Until"),
    "queries": N_("Queries a day"),
    "until": N_("Until"),
    "pairs": N_("Looked at"),
    "agreed": N_("In order"),
    "verdict": N_("What is said of the candidate"),
    "other": N_("The other candidate"),
    "disposal": N_("What became of the case"),
    "cnr": N_("The court’s case number, sealed by a number that stays here"),
    "result": N_("Result"),
    "purpose": N_("Purpose"),
    "sections": N_("Sections of law"),
    "answers": N_("About the statement"),
    "query": N_("Query"),
    "answer": N_("Answer"),
    "case": N_("Case, sealed by a number that stays here"),
    "justification": N_("Justification, sealed to the holder"),
    "officer": N_("Signed by"),
    "issuer": N_("Agency"),
    "issued": N_("Drafted"),
    "expires": N_("Valid until"),
    "attestation": N_("This agency's word for the case"),
    "policy": N_("The holder's policy"),
    "directory": N_("Version of the directory"),
    "recipient_key": N_("Key to which the answer is sealed"),
    "scheme": N_("Scheme of encoding"),
    "epoch": N_("Epoch of the linkage key"),
    "rehearsal": N_("Rehearsal"),
    "reader": N_("Reader"),
    "content": N_("Digest of the record"),
    "id": N_("Random number of this statement"),
}
_LISTS = {
    "fields": "ground",
    "reason": "why",
    "slot": "role",
    "side": "side",
    "scope": "scope",
    "subject": "subject",
    "role": "role",
    "verdict": "remark",
    "disposal": "disposal",
    "purpose": "purpose",
}
"""Fields whose values are codes of a closed list, as `terms` names it."""

_ORDER = list(_LABELS)
"""What decides comes first, what only proves comes last, anything else between."""


@dataclass(frozen=True)
class Row:
    """One field: its label, and its value as text or as a time (Unix seconds)."""

    label: str
    text: str
    time: int = 0
    list: str = ""
    """The closed list whose words the page says beside the codes."""

    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """A statement to be signed."""

    title: str
    rows: tuple[Row, ...]
    about: str = ""
    """The page of what it decides on or asks about; empty where there is none."""


def read(kind: Kind, payload: bytes) -> Said:
    """Read a payload.

    Raises:
        Malformed: it is not one canonical payload of that kind.
    """
    body = canonical.loads(payload)
    check_body(kind, body)
    names = sorted(body.keys() - {"kind"}, key=_place)
    rows = tuple(_row(name, body[name]) for name in names)
    return Said(_title(kind, body), rows, _about(kind, body))


def _title(kind: Kind, body: Mapping[str, Any]) -> str:
    if body.get("object") == "desk":
        return _OPENING
    if kind is Kind.DELEGATION and body["valid_from"] == body["valid_until"]:
        return _WITHDRAWN
    if kind is Kind.REVIEW and body["subject"] in _REVIEWS:
        return _REVIEWS[body["subject"]]
    return _TITLES[kind]


def _about(kind: Kind, body: Mapping[str, Any]) -> str:
    if kind is Kind.REQUEST:
        return f"/query/{body['query']}"
    page = _PAGES.get(body.get("subject", "")) if kind in _DECISIONS else None
    return page.format(body["answers"]) if page else ""


def _place(name: str) -> tuple[int, str]:
    known = name in _LABELS
    return (_ORDER.index(name) if known else _ORDER.index("officer")), name


def _row(name: str, value: Any) -> Row:  # noqa: ANN401 - any JSON value
    label = _LABELS.get(name, name)
    if name in _TIMES:
        return Row(label, "", int(value))
    codes = tuple(value) if isinstance(value, list) else (_text(value),)
    listed = "flag" if isinstance(value, bool) else _LISTS.get(name, "")
    return Row(label, _text(value), 0, listed, codes if listed else ())


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return ", ".join(sorted(value))
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
