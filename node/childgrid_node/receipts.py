"""Receipts that are missing: a record left, and nobody has said that it arrived.

The floor gives a requester `receipt_seconds`. After that the holder's node raises an
alarm at every round of housekeeping until the receipt is there: a line in its log, a
finding of `doctor`, an entry in its custodians' inbox. None of them names a person or a
case. Whether it was lost or is kept back, auditors find out from both logs. No receipt
is waited for from an agency whose log was closed since: it takes in nothing that it had
asked for before, and auditors name the record.

What the coordinator refused to carry has gone nowhere, as far as it says, and its
custodians are told at once and why. The rule: on its word alone nothing is void, since
it may have carried it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from childgrid_node.office import Office
from childgrid_wire import closing
from childgrid_wire.errors import Untrusted
from childgrid_wire.kinds import Kind

log = structlog.get_logger(__name__)
_MONTH = 30 * 86_400
_UNSENT = (
    "SELECT spent.request, disclosure, outbox.state FROM spent"
    " JOIN outbox ON outbox.hash = disclosure"
    " WHERE spent.state = 'released' AND outbox.state LIKE 'refused:%' ORDER BY place"
)


@dataclass(frozen=True)
class Missing:
    """One record without a receipt: request (hash), requester, when it was due."""

    request: str
    requester: str
    due: int


def missing(office: Office) -> list[Missing]:
    """Every release whose receipt is overdue, the oldest first."""
    try:
        seconds = int(office.view.rules()["receipt_seconds"])
    except Untrusted:
        return []
    rows = office.journal.rows(
        "SELECT request, disclosure FROM spent WHERE state = 'released'"
    )
    found = []
    for request, disclosure in rows:
        given = office.journal.get(str(disclosure), Kind.DISCLOSURE)
        due = given.issued + seconds
        entry = office.shelf.book.entries.get(str(given["requester"]), {})
        if closing.since(entry) < given.issued and due <= office.now:
            found.append(Missing(str(request), str(given["requester"]), due))
    return sorted(found, key=lambda one: (one.due, one.request))


def unsent(office: Office) -> list[dict[str, str]]:
    """What the coordinator refused in the last month: request, requester, reason."""
    rows = office.journal.rows(_UNSENT)
    found = []
    for request, disclosure, state in rows:
        given = office.journal.get(str(disclosure), Kind.DISCLOSURE)
        if given.issued + _MONTH > office.now:
            reason = str(state).removeprefix("refused:")
            asked = {"request": str(request), "requester": str(given["requester"])}
            found.append({**asked, "reason": reason})
    return found


def alarm(office: Office) -> int:
    """Say in the log how many receipts are overdue, by requester; returns how many."""
    every = missing(office)
    for requester in sorted({one.requester for one in every}):
        own = [one for one in every if one.requester == requester]
        late = (office.now - own[0].due) // 3_600
        log.error("receipts missing", member=requester, count=len(own), hours=late)
    return len(every)
