"""Deleting what has been shredded; inside the caller's transaction.

Rows go from every table that holds or describes the statements; mailboxes keep their
numbers. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Column, Connection, delete, select, update

from childgrid_coordinator.store import mail, queries
from childgrid_coordinator.store import tables as t
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_AT_ONCE = 500
_COLUMNS: tuple[Column[str], ...] = (
    t.sealed.c.statement,
    t.decision.c.request,
    t.request.c.hash,
    t.target.c.query,
    t.paper.c.query,
    t.query.c.hash,
    t.lift.c.budget,
    t.statement.c.hash,
)


def erase(db: Connection, names: Sequence[str]) -> None:
    """Delete all that is kept of these statements."""
    for some in _parts(names):
        db.execute(
            update(t.mail).where(t.mail.c.statement.in_(some)).values(proof=None)
        )
        for column in _COLUMNS:
            db.execute(delete(column.table).where(column.in_(some)))


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def named(db: Connection, own: str) -> set[str]:
    """The statements that other parties say they have shredded."""
    hashes = db.scalars(
        select(t.statement.c.hash).where(
            t.statement.c.kind == Kind.SHRED.value, t.statement.c.issuer != own
        )
    )
    said = [queries.load(db, one) for one in list(hashes)]
    return {name for one in said if one for name in one.body.get("statements", ())}


def tell(db: Connection, said: Statement, readers: Sequence[str]) -> None:
    """Keep a `shred` and put it into mailboxes."""
    queries.keep(db, [said])
    mail.deliver_all(db, [(reader, said.hash) for reader in readers])
