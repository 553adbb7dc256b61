"""What this node has heard of others: how fresh their answers are, whether they answer.

Read from the answers to the last queries that this agency sent; nobody is asked anew.
The rule: what isn't known is said to be unknown, and silence on a query is never told
as an answer.
"""

from __future__ import annotations

from typing import Any

from childgrid_node import docket
from childgrid_node.office import Office
from childgrid_wire import statement

QUERIES = 50
"""So many of the last queries are looked at."""

_LAST = (
    "SELECT envelope FROM said WHERE kind = 'query' AND issuer = ?"
    " AND EXISTS (SELECT 1 FROM outbox WHERE outbox.hash = said.hash"
    " AND outbox.state <> 'withdrawn')"
    " ORDER BY heard DESC, leaf DESC LIMIT ?"
)
_NOTHING = {
    "as_of": 0,
    "answered_at": 0,
    "outcome": "",
    "reason": "",
    "silent_since": 0,
}


class Heard:
    """One look at it; `of` tells of a member."""

    def __init__(self, office: Office, own_as_of: int) -> None:
        """Read the last queries that went out, the newest first, and their answers."""
        self._member, self._own_as_of = office.member, own_as_of
        rows = office.journal.rows(_LAST, (office.member, QUERIES))
        asked = [statement.kept(bytes(envelope)) for (envelope,) in rows]
        self._asked = [
            (
                one,
                docket.newest(office, one.hash),
            )
            for one in asked
        ]

    def of(self, member: str) -> dict[str, Any]:
        """`as_of` and `answered_at` of its last answer and its `outcome` and `reason`.

        `silent_since` is when the last query was made that asked it, if it has not
        answered that one. Times in Unix seconds; 0 or empty where nothing is known. Of
        this agency it is how fresh its own indexes are.
        """
        if member == self._member:
            return {**_NOTHING, "as_of": self._own_as_of}
        asked = [
            (one, answers) for one, answers in self._asked if member in one["targets"]
        ]
        found = {**_NOTHING}
        if asked and member not in asked[0][1]:
            found["silent_since"] = asked[0][0].issued
        for _, answers in asked:
            if member in answers:
                said = answers[member]
                told = {name: said[name] for name in ("as_of", "outcome", "reason")}
                return {**found, **told, "answered_at": said.issued}
        return found
