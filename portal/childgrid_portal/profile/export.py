"""What is downloaded beside the paper: JSON for machines, CSV for spreadsheets.

JSON holds each value exactly as its source wrote it, with its provenance; CSV holds it
with invisible signs made visible, and nothing that a spreadsheet would run. Both carry
the mark of who took them, for which case, when, and the notice.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from childgrid_portal.profile import ages, compare, story, ties
from childgrid_portal.profile.model import Outcome, Profile, Source, Value
from childgrid_portal.profile.text import cell

FORMAT = "childgrid-profile/1"
COLUMNS = (
    *("field", "label", "value", "agency", "category", "row_as_of", "read_at"),
    *("request", "disclosure"),
)


@dataclass(frozen=True)
class Mark:
    """Who takes a copy: `member/officer`, the case as the agency writes it, when."""

    grid: str
    officer: str
    case: str
    time: int
    notice: str

    @property
    def moment(self) -> str:
        """The time in UTC, as ISO 8601 writes it."""
        return moment(self.time)


def moment(when: int) -> str:
    """Unix seconds as ISO 8601 in UTC; empty for 0."""
    if not when:
        return ""
    return dt.datetime.fromtimestamp(when, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_json(profile: Profile, mark: Mark) -> bytes:
    """The profile as one JSON document, values exact."""
    document = {
        "format": FORMAT,
        "mark": {**asdict(mark), "time": mark.moment},
        "query": profile.query,
        "purpose": profile.purpose,
        "sections": list(profile.sections),
        "asked_by": profile.by,
        "asked_at": moment(profile.issued),
        "read_at": moment(profile.read_at),
        "case_date": profile.case_date.text if profile.case_date else "",
        "asked": [_value(one) for one in profile.asked],
        "sources": [_source(one) for one in profile.sources],
        "not_asked": list(profile.not_asked),
        "conflicts": [_conflict(one) for one in compare.conflicts(profile)],
        "ages": [_check(one) for one in ages.checks(profile)],
        "timeline": [_step(one) for one in story.steps(profile)],
        "ties": [_tie(one) for one in ties.ties(profile)],
    }
    return as_json(document)


def as_json(document: object) -> bytes:
    """JSON in UTF-8; half a character, which has no place in that, as its escape."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace")


def to_csv(profile: Profile, mark: Mark) -> bytes:
    """The values as a table, one a line; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    lines: list[Sequence[str]] = [
        ("grid", mark.grid),
        ("notice", mark.notice),
        ("officer", mark.officer),
        ("case", mark.case),
        ("time", mark.moment),
        COLUMNS,
        *(_line(value) for value in profile.values),
    ]
    writer.writerows([cell(text) for text in line] for line in lines)
    # With a byte-order mark spreadsheets read it as UTF-8.
    return out.getvalue().encode("utf-8-sig")


def _line(value: Value) -> tuple[str, ...]:
    origin = value.origin
    return (
        *(value.field, value.label, value.text, origin.agency, origin.category),
        *(moment(origin.row_as_of), moment(origin.read_at)),
        *(origin.request, origin.disclosure),
    )


def _value(value: Value) -> dict[str, Any]:
    made: dict[str, Any] = {
        "field": value.field,
        "label": value.label,
        "value": value.text,
        "record": value.origin.mark,
        "agency": value.origin.agency,
    }
    return {**made, "hidden_signs": True} if value.hides else made


def _source(source: Source) -> dict[str, Any]:
    return {
        "agency": source.agency,
        "standing": source.standing,
        "answer": source.answer,
        "reason": source.reason,
        "silent": source.silent,
        "index_as_of": moment(source.as_of),
        "candidates": [dict(one) for one in source.candidates],
        "requests": [_request(one) for one in source.requests],
    }


def _request(one: Outcome) -> dict[str, Any]:
    origin = one.origin
    return {
        "request": one.request,
        "asked_by": one.by,
        "asked_at": moment(one.issued),
        "state": one.state,
        "reason": one.reason,
        "settled_at": moment(one.settled),
        "asked": list(one.asked),
        "gave": list(one.gave),
        "empty": list(one.empty),
        "withheld": list(one.withheld),
        "record": {
            "id": origin.mark,
            "category": origin.category,
            "disclosure": origin.disclosure,
            "row_as_of": moment(origin.row_as_of),
            "index_as_of": moment(origin.index_as_of),
            "read_at": moment(origin.read_at),
            "values": [_value(value) for value in one.values],
        }
        if origin
        else None,
    }


def _conflict(one: compare.Conflict) -> dict[str, Any]:
    values = [_value(value) for value in one.values]
    return {"kind": one.kind, "field": one.field, "values": values}


def _check(one: ages.Check) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "events": [_value(value) for value in one.events],
        "contradicts": one.contradicts,
        "minor": [_value(value) for value in one.minor],
        "adult": [_value(value) for value in one.adult],
        "unsure": [_value(value) for value in one.unsure],
    }


def _step(one: story.Step) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "kind": one.kind,
        "agency": one.agency,
        "statement": one.statement,
        "detail": one.detail,
        "value": _value(one.value) if one.value else None,
    }


def _tie(one: ties.Tie) -> dict[str, Any]:
    return {
        "field": one.field,
        "records": list(one.marks),
        "values": [_value(value) for value in one.values],
    }
