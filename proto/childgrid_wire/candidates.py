"""What people say of a candidate: not him, the same person as another one, taken back.

A decision is a `review` of subject `candidate` that answers the query and stays in the
asking agency's log. `result` names the candidate, and `other` the one that it is the
same as, by a hash of holder and handle. It decides nothing by itself: no score, band or
release follows from it, and the machine's guess stands beside it as it was.
"""

from __future__ import annotations

import hashlib

from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

SUBJECT = "candidate"
SAME = "same"
"""The verdict that names another candidate."""


def name_of(holder: str, handle: str) -> str:
    """Hex hash that names a candidate: a member's id, and the handle that it gave."""
    named = f"childgrid/v1 candidate\x00{holder}\x00{handle}"
    return hashlib.sha256(named.encode()).hexdigest()


def is_decision(said: Statement) -> bool:
    """Whether a statement is meant as a person's decision on a candidate."""
    return said.kind is Kind.REVIEW and bool(said["subject"] == SUBJECT)
