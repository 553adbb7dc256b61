"""Probation: a member that was let in and has not shown yet that its node is in order.

Its entry in the directory says so until the founders end it, naming the conformance
report on which that rests. Until then it takes part in rehearsals only: queries that
every party marks and answers from published, invented people (`rehearsal` in a query).
Whatever is real is refused by whoever it reaches, and by the member's own node.

Pure: a `View` or a directory comes in verified. Which report passes is the founders'
judgement; here it is only seen that they name one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.trust import View

PROBATION, REPORT = "probation", "conformance"
"""Fields of a member's entry; both are left out where they don't apply."""


def is_on(entry: Mapping[str, Any]) -> bool:
    """Whether this entry of a directory is on probation."""
    return bool(entry.get(PROBATION))


def as_enrolled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without what only the founders say of it."""
    theirs = (PROBATION, REPORT, "closed")
    return {k: v for k, v in entry.items() if k not in theirs}


def members(view: View) -> set[str]:
    """The members that are on probation."""
    return {str(one["id"]) for one in view.directory["members"] if is_on(one)}


def check(view: View, asker: str, targets: Iterable[str]) -> None:
    """Insist that nobody in a query that is no rehearsal is on probation.

    Raises:
        Refused: `probation`; the asker or one of the targets is.
    """
    waiting = members(view)
    if asker in waiting:
        raise Refused(Reason.PROBATION, "query.issuer")
    if not waiting.isdisjoint(targets):
        raise Refused(Reason.PROBATION, "query.targets")


def check_directory(
    members: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]
) -> None:
    """Insist that a probation ends by a named report, and only so.

    Args:
        members: the entries of a directory.
        before: those of the one that it follows.

    Raises:
        Malformed: an entry is on probation and names a report, or has left its
            probation without one.
    """
    old = {one["id"]: one for one in before}
    for one in members:
        if is_on(one) and REPORT in one:
            raise Malformed("directory.members: on probation with a report")
        if is_on(old.get(one["id"], {})) and not is_on(one) and REPORT not in one:
            raise Malformed("directory.members: probation ended without a report")
