"""The inbox: which queries, requests and budgets wait for one officer, and silent hits.

It is opened more often than anything else, so what can't wait any more is left out by
the journal's indexes before anything is parsed: what was refused, what this officer
signed, a query that went out, a record that was handed over. Whatever is left is judged
in full, under the documents now in force. The rule: leaving out only ever drops what
nobody's signature would move.
"""

from __future__ import annotations

from childgrid_node import approve, match, onward
from childgrid_node.office import Office
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_SAID = "SELECT 1 FROM said AS word WHERE word.answers = said.hash AND word.kind ="
_MOVES = (
    f"NOT EXISTS ({_SAID} 'refusal') AND NOT (issuer = ?3 AND officer = ?4)"
    f" AND NOT EXISTS ({_SAID} 'approval' AND word.issuer = ?3 AND word.officer = ?4)"
)
_KINDS = {
    Kind.QUERY: "issuer = ?3"
    " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.hash = said.hash)",
    Kind.REQUEST: f"NOT EXISTS ({_SAID} 'disclosure' AND word.issuer <> ?3)"  # noqa: S608
    " AND NOT EXISTS (SELECT 1 FROM spent WHERE spent.request = said.hash"
    " AND spent.state IN ('released', 'receipted'))",
    Kind.BUDGET: "TRUE",
}
CONDITIONS = {kind: f"{more} AND {_MOVES}" for kind, more in _KINDS.items()}
"""What may still move, of each kind; `?3` is this member, `?4` the officer.

What drops most comes first: nearly every query has gone out.
"""


def waiting(office: Office, officer: Officer) -> list[Statement]:
    """The queries, requests and budgets that wait for this officer, oldest first."""
    who = (office.member, officer.id)
    return [
        one
        for kind, condition in CONDITIONS.items()
        for one in office.journal.lasting_where(kind, condition, who)
        if waits(office, officer, one)
    ]


def waits(office: Office, officer: Officer, subject: Statement) -> bool:
    """Whether a subject lacks a signature that this officer could give.

    What is withdrawn, since its asker stands no more, waits for nobody.
    """
    if approve.closed(office, subject.hash):
        return False
    if subject.kind is Kind.QUERY and subject.issuer != office.member:
        return False
    try:
        slot = approve.fitting_slot(office, officer, subject)
    except WireError:
        return False
    said = office.journal.answers(subject.hash, Kind.APPROVAL)
    persons = {subject.person, *(one.person for one in said)}
    mine = f"{office.member}/{officer.id}" in persons
    lacks = not mine and approve.lacks(office, subject, slot)
    return lacks and not onward.is_withdrawn(office, subject)


def silent(office: Office) -> list[tuple[Statement, list[match.Handle]]]:
    """Others' lasting queries with hits in silent categories that nobody has released.

    A query's rows are written once; so one that has none is not opened again.
    """
    found = []
    asked = office.journal.lasting_where(Kind.QUERY, "issuer <> ?3", (office.member,))
    office.bare.intersection_update(one.hash for one in asked)
    for one in asked:
        if one.hash in office.bare:
            continue
        hits = match.handles(office, one.hash)
        hidden = [hit for hit in hits if not hit.shown]
        if hidden:
            found.append((one, hidden))
        elif _is_answered(office, one.hash):
            office.bare.add(one.hash)
    return found


def _is_answered(office: Office, query: str) -> bool:
    """Whether a query's rows are written, blank ones among them."""
    return bool(
        office.journal.rows("SELECT 1 FROM handle WHERE query = ? LIMIT 1", (query,))
    )
