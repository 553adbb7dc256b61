"""How much may be asked: counted per officer, case and agency and day.

Counts are written in the transaction that logs the query, so a restart loses none.
The day is this node's own UTC day and never goes back, so neither a clock that jumps
nor a statement with an old date gives anything back. Limits come from the founders'
floor.
"""

from __future__ import annotations

from childgrid_node.journal import Writing
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

DAY = 86_400


def spend(writing: Writing, view: View, query: Statement) -> None:
    """Count one query against its officer, case and agency.

    Raises:
        Refused: one of the three budgets is spent; then none is counted.
    """
    day = max(view.now // DAY, _latest(writing))
    limits = {
        ("officer", query.person): view.rules()["officer_queries_day"],
        ("case", f"{query.issuer}:{query['case']}"): view.rules()["case_queries_day"],
        ("agency", query.issuer): view.rules()["agency_queries_day"],
    }
    for (scope, subject), limit in limits.items():
        if _used(writing, day, scope, subject) >= limit:
            raise Refused(Reason.BUDGET, scope)
    for scope, subject in limits:
        writing.run(
            "INSERT INTO used VALUES (?, ?, ?, 1) ON CONFLICT (day, scope, subject)"
            " DO UPDATE SET queries = queries + 1",
            (day, scope, subject),
        )


def _latest(writing: Writing) -> int:
    return int(writing.rows("SELECT coalesce(max(day), 0) FROM used")[0][0])


def _used(writing: Writing, day: int, scope: str, subject: str) -> int:
    rows = writing.rows(
        "SELECT queries FROM used WHERE day = ? AND scope = ? AND subject = ?",
        (day, scope, subject),
    )
    return int(rows[0][0]) if rows else 0
