"""How much may be asked: counted per officer, case and agency and day.

Counts are written in the transaction that logs the query, so a restart loses none.
The day is this node's own UTC day and never goes back, so neither a clock that jumps
nor a statement with an old date gives anything back; nor does time itself, where it
decides whether a budget is still lifted. Limits come from the founders' floor, and
from what two people lifted by statements that are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from childgrid_node.journal import Writing, move_cursor
from childgrid_wire import lifting
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

DAY = 86_400
_CLOCK = "budget clock"


def spend(
    writing: Writing,
    view: View,
    query: Statement,
    lifts: Iterable[Lift] = (),
    holder: str = "",
) -> None:
    """Count one query against its officer, case and agency.

    Args:
        writing: the transaction that logs the query.
        view: the documents in force, with the time.
        query: the verified query.
        lifts: verified budgets with their approvals.
        holder: this member, whose own custodian's approval counts.

    Raises:
        Refused: one of the three budgets is spent; then none is counted.
    """
    day = max(view.now // DAY, _latest(writing))
    now = _never_earlier(writing, view.now)
    limits = lifting.limits(replace(view, now=now), query, lifts, {holder})
    subjects = {
        "officer": query.person,
        "case": f"{query.issuer}:{query['case']}",
        "agency": query.issuer,
    }
    for scope, subject in subjects.items():
        if _used(writing, day, scope, subject) >= limits[scope]:
            raise Refused(Reason.BUDGET, scope)
    for scope, subject in subjects.items():
        writing.run(
            "INSERT INTO used VALUES (?, ?, ?, 1) ON CONFLICT (day, scope, subject)"
            " DO UPDATE SET queries = queries + 1",
            (day, scope, subject),
        )


def _latest(writing: Writing) -> int:
    return int(writing.rows("SELECT coalesce(max(day), 0) FROM used")[0][0])


def _never_earlier(writing: Writing, now: int) -> int:
    """The latest time at which a query was ever counted here, kept with this one."""
    rows = writing.rows("SELECT value FROM cursor WHERE name = ?", (_CLOCK,))
    latest = max(now, int(rows[0][0]) if rows else 0)
    move_cursor(writing, _CLOCK, latest)
    return latest


def _used(writing: Writing, day: int, scope: str, subject: str) -> int:
    rows = writing.rows(
        "SELECT queries FROM used WHERE day = ? AND scope = ? AND subject = ?",
        (day, scope, subject),
    )
    return int(rows[0][0]) if rows else 0
