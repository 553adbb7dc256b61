"""Which labels a statement's leaf carries: one answer for every party.

A party that logs a statement drafts its leaf here, and an auditor compares what it
finds with the same answer. Nothing but short codes of the statement itself becomes a
label. The rule: the same statement has the same labels in every log.
"""

from __future__ import annotations

from childgrid_log.entry import Draft
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.statement import Statement

Labels = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Purpose, sections and fields, the lists sorted and without repetition."""


def draft_of(statement: Statement, now: int) -> Draft:
    """Return the leaf to be of a verified statement, logged at `now` (unix seconds)."""
    purpose, sections, fields = labels_of(statement)
    return Draft(
        kind=statement.kind.value,
        time=now,
        envelope=statement.data,
        purpose=purpose,
        sections=sections,
        fields=fields,
    )


def labels_of(statement: Statement) -> Labels:
    """Return the labels of a statement's leaf; documents have none."""
    if statement.kind in DOCUMENTS:
        return "", (), ()
    body = statement.body
    return (
        str(body.get("purpose", "")),
        tuple(sorted(set(body.get("sections", ())))),
        tuple(sorted(set(body.get("fields", ())))),
    )
