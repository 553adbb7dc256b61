"""Whether a query, and what rests on it, was asked under logs that are still in force.

The rule itself is everybody's (`childgrid_wire.closing`); here it meets what this node
has in its journal: whatever its date, what only a closed log of ours holds is void, for
the founders may have signed a good while before this node went on.
"""

from __future__ import annotations

from childgrid_node.office import Office
from childgrid_wire import closing
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def insist(office: Office, subject: Statement) -> Statement:
    """Return `subject`; a query, a request, or what rests on neither.

    Raises:
        Refused: `closed`, a log of asker or holder was closed since; `unknown`, the
            query of a request isn't here.
    """
    if subject.kind is Kind.QUERY:
        _check(office, subject, subject.issuer, office.member)
    elif subject.kind is Kind.REQUEST:
        asked = office.journal.get(subject["query"], Kind.QUERY)
        _check(office, asked, asked.issuer, subject["holder"])
    return subject


def stands(office: Office, subject: Statement) -> bool:
    """Whether `insist` would let it pass."""
    try:
        insist(office, subject)
    except Refused:
        return False
    return True


def _check(office: Office, asked: Statement, *members: str) -> None:
    closing.check_current(office.view, asked, *members)
    if office.journal.is_past(asked.hash):
        raise Refused(Reason.CLOSED, "query: our log was closed since")


def hear(office: Office, said: Statement, request: Statement) -> None:
    """Insist that what another party says of a request is not void.

    What it said before its own log was closed still counts: that log may hold it.

    Raises:
        Refused: `closed`, our log was closed since, or theirs before they said it;
            `unknown`, the query of the request isn't here.
    """
    view, asked = office.view, office.journal.get(request["query"], Kind.QUERY)
    _check(office, asked, office.member)
    if said.issued > closing.since(view.member(said.issuer)):
        closing.check_current(view, asked, said.issuer)
