"""What people say of a candidate: not him, the same person as another one, taken back.

A decision is a `review` of subject `candidate` that answers the query and stays in the
asking agency's log. `result` names the candidate, and `other` the one that it is the
same as, by a hash of holder and handle. It decides nothing by itself: no score, band or
release follows from it, and the machine's guess stands beside it as it was.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, check_time
from childgrid_wire.trust import Officer, View

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


def check_words(body: Mapping[str, Any]) -> None:
    """Whether a decision's body says one thing; raises `Malformed`."""
    verdict, other = body.get("verdict"), body.get("other")
    same = verdict == SAME
    fits = other not in (None, body["result"]) if same else other is None
    if verdict is None or not fits or body["agreed"] != int(same) or body["pairs"] != 1:
        raise Malformed("review.verdict")


def check_officer(officer: Officer, query: Statement) -> None:
    """Insist that `officer` asked, or supervises those who ask in the same agency.

    Raises:
        Refused: somebody else.
    """
    asker = officer.role == "investigator" and officer.id == query.officer
    may = asker or officer.role == "supervising-officer"
    if not may or officer.member != query.issuer:
        raise Refused(Reason.WRONG_ROLE, SUBJECT)


def check_decision(view: View, query: Statement, said: Statement) -> None:
    """Whether `said` is a decision about `query` by somebody who may make it.

    Raises:
        Refused, Untrusted, Malformed: it counts for nothing.
    """
    if not is_decision(said):
        raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
    check_time(said, view.now)
    if said.answers != query.hash:
        raise Refused(Reason.UNKNOWN, "review.answers")
    check_words(said.body)
    check_officer(view.officer(said.issuer, said.officer), query)
