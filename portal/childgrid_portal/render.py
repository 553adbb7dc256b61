"""What a statement says, in plain lines, from the exact bytes that are signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from childgrid_wire import candidates, canonical, outcomes
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body

_TIMES = ("issued", "expires", "until", "valid_from", "valid_until")
_TITLES = {
    "query": "QUERY: ask other agencies whether they know a suspect",
    "request": "REQUEST: ask one agency for fields of one record",
    "review": "REVIEW: what I find on reviewing what is named here",
    "budget": "BUDGET: let more be asked a day, once others countersign",
    "delegation": "DEPUTY: who is shown what waits for me; it gives them no right",
    "approval": "APPROVAL: I approve exactly what is named here",
    "refusal": "REFUSAL: I refuse what is named here; this closes it",
    "view": "VIEW: I read this; the reading is logged",
}
_REVIEWS = {
    candidates.SUBJECT: "REVIEW: what I found out about a candidate; it stays here",
    outcomes.SUBJECT: "REVIEW: I tell the holder what became of the case",
    outcomes.PURGE: "REVIEW: I decide whether a row of ours stays in the index",
}


def lines(payload: bytes) -> Iterator[str]:
    """One line for what it is, then one a field, in the payload's own order.

    Raises:
        Malformed: the bytes are not one canonical payload of a known kind.
    """
    body = canonical.loads(payload)
    kind = Kind(body["kind"]) if body.get("kind") in list(Kind) else None
    if kind is not None:
        check_body(kind, body)
    yield _title(body)
    for name, value in body.items():
        if name != "kind":
            yield f"  {name}: {_text(name, value)}"


def _title(body: Mapping[str, Any]) -> str:
    kind = str(body.get("kind"))
    known = _TITLES.get(kind, f"STATEMENT: {kind}")
    return _REVIEWS.get(str(body.get("subject")), known) if kind == "review" else known


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if name in _TIMES:
        return dt.datetime.fromtimestamp(value, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, list):
        return ", ".join(_text("", entry) for entry in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}" for key in value) or "none"
    return str(value) if value != "" else "none"
