"""What a statement says, from the exact bytes that are signed, for the signing page.

Every field of the payload has its row, in the payload's own order, with its own value:
nothing is left out, nothing summed up and nothing looked up elsewhere. The rule: this
reads bytes alone, so that a page shows what is signed and not what was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from childgrid_portal.web.words import N_
from childgrid_wire import canonical
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body

_TIMES = ("issued", "expires", "until")
_TITLES = {
    Kind.QUERY: N_("Ask other agencies whether they know a suspect"),
    Kind.REQUEST: N_("Ask one agency for fields of one record"),
    Kind.REVIEW: N_("What I find on reviewing what is named here"),
    Kind.BUDGET: N_("Let more be asked a day, once others countersign"),
    Kind.APPROVAL: N_("I approve exactly what is named here"),
    Kind.REFUSAL: N_("I refuse what is named here; this closes it"),
    Kind.VIEW: N_("I read this; the reading is logged"),
}
_OPENING = N_("I open my desk and read at it; each reading is logged")
_LABELS = {
    "id": N_("Random number of this statement"),
    "issuer": N_("Agency"),
    "officer": N_("Signed by"),
    "issued": N_("Drafted"),
    "expires": N_("Valid until"),
    "answers": N_("About the statement"),
    "purpose": N_("Purpose"),
    "sections": N_("Sections of law"),
    "case": N_("Case, sealed by a number that stays here"),
    "attestation": N_("This agency's word for the case"),
    "targets": N_("Agencies that are asked"),
    "scheme": N_("Scheme of encoding"),
    "epoch": N_("Epoch of the linkage key"),
    "rehearsal": N_("Rehearsal"),
    "query": N_("Query"),
    "answer": N_("Answer"),
    "handle": N_("Candidate"),
    "holder": N_("Agency that holds the record"),
    "fields": N_("Fields"),
    "policy": N_("The holder's policy"),
    "directory": N_("Version of the directory"),
    "recipient_key": N_("Key to which the answer is sealed"),
    "justification": N_("Justification, sealed to the holder"),
    "break_glass": N_("EMERGENCY: a child is in danger now"),
    "subject": N_("Subject"),
    "side": N_("Side"),
    "slot": N_("Approves as"),
    "reason": N_("Reason"),
    "pairs": N_("Looked at"),
    "agreed": N_("In order"),
    "result": N_("Result"),
    "scope": N_("Budget of"),
    "queries": N_("Queries a day"),
    "until": N_("Until"),
    "object": N_("What is read"),
    "reader": N_("Reader"),
}


@dataclass(frozen=True)
class Row:
    """One field: its label, and its value as text or as a time (Unix seconds)."""

    label: str
    text: str
    time: int = 0


@dataclass(frozen=True)
class Said:
    """A statement to be signed."""

    title: str
    rows: tuple[Row, ...]


def read(kind: Kind, payload: bytes) -> Said:
    """Read a payload.

    Raises:
        Malformed: it is not one canonical payload of that kind.
    """
    body = canonical.loads(payload)
    check_body(kind, body)
    title = _OPENING if body.get("object") == "desk" else _TITLES[kind]
    rows = (_row(name, value) for name, value in body.items() if name != "kind")
    return Said(title, tuple(rows))


def _row(name: str, value: Any) -> Row:  # noqa: ANN401 - any JSON value
    label = _LABELS.get(name, name)
    if name in _TIMES:
        return Row(label, "", int(value))
    return Row(label, _text(value))


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return ", ".join(sorted(value))
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return N_("yes") if value else N_("no")
    return str(value)
