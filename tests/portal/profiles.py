"""Profile documents as a node shows them, made of a few words; invented people only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOW = 1_780_000_000
DAY = 86_400
QUERY = "ab" * 32
CASE = "FIR 112/2026 PS Kotwali"
NOTICE = "a lead, not an identification; not grounds for arrest"
SUSPECT = {"name": ["Kabir Vankhede"], "phone": ["9812345670"]}

Cells = Mapping[str, tuple[str, str]]
"""Label to (what it means to the grid, value)."""

TEN_SCRIPTS = {
    "Devanagari": "नित्यानंद सरखेल, क्षत्रिय",
    "Bengali": "নিত্যানন্দ সরখেল",
    "Gurmukhi": "ਨਿਤਿਆਨੰਦ ਸਰਖੇਲ",
    "Gujarati": "નિત્યાનંદ સરખેલ",
    "Oriya": "ନିତ୍ୟାନନ୍ଦ ସରଖେଲ",
    "Tamil": "நித்யானந்த் சர்கேல்",
    "Telugu": "నిత్యానంద్ సర్ఖేల్",
    "Kannada": "ನಿತ್ಯಾನಂದ ಸರ್ಖೇಲ್",
    "Malayalam": "നിത്യാനന്ദ് സർഖേൽ",
    "Urdu": "نتیانند سرکھیل ٹھاکر",
}


def digest(name: str) -> str:
    """A hash that stands for a statement."""
    return (name.encode().hex() * 64)[:64]


def request(
    agency: str,
    cells: Cells | None = None,
    asked: Sequence[str] = (),
    state: str = "",
    reason: str = "",
    category: str = "movement",
    row_as_of: int = NOW - 2 * DAY,
) -> dict[str, Any]:
    """One request; with `cells` it was disclosed."""
    given = cells or {}
    record: dict[str, Any] = {}
    if cells is not None:
        record = {
            "source": "rows",
            "holder": agency,
            "category": category,
            "record": "X-1",
            "index_as_of": NOW - DAY,
            "read_at": NOW + 600,
            "fields": {label: [text] for label, (_, text) in given.items()},
            "meanings": {label: [field] for label, (field, _) in given.items()},
        }
    came = cells is not None
    return {
        "request": digest(f"request {agency}"),
        "by": "police/si-rao",
        "issued": NOW + 300,
        "handle": "00" * 16,
        "asked": list(asked or given),
        "state": state or ("disclosed" if came else "open"),
        "reason": reason,
        "refused_at": NOW + 700 if reason else 0,
        "disclosure": digest(f"disclosure {agency}") if came else "",
        "disclosed_at": NOW + 600 if came else 0,
        "row_as_of": row_as_of if came else 0,
        "granted": sorted(given),
        "record": record,
    }


def source(
    agency: str, *requests: dict[str, Any], answer: str = "hit"
) -> dict[str, Any]:
    """One target with its requests."""
    silent = answer == "not answered"
    return {
        "agency": agency,
        "answer": answer,
        "as_of": 0 if silent else NOW - DAY,
        "answered_at": 0 if silent else NOW + 60,
        "candidates": [],
        "requests": list(requests),
    }


def document(*sources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A profile of these sources."""
    return {
        "grid": "training",
        "notice": NOTICE,
        "query": QUERY,
        "purpose": "investigation",
        "sections": ["BNS:143"],
        "by": "police/si-rao",
        "issued": NOW,
        "read_at": NOW + DAY,
        "suspect": SUSPECT,
        "case_reference": CASE,
        "sources": list(sources),
        "not_asked": [],
        **changes,
    }


def given(agency: str, cells: Cells, **more: Any) -> dict[str, Any]:
    """A source that disclosed one record."""
    return source(agency, request(agency, cells, **more))
