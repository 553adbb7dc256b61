"""Enrolments and their answers, as they are kept; inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, select, update

from childgrid_coordinator.store import queries
from childgrid_coordinator.store import tables as t
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Joiner:
    """One token's enrolment; `issuer` and `root` are PEM, empty while it waits."""

    token: str
    statement: str
    member: str
    key: str
    issuer: str
    root: str

    @property
    def state(self) -> str:
        """`pending` or `welcome`."""
        return "welcome" if self.issuer else "pending"


def by_token(db: Connection, token: str) -> Joiner | None:
    """The enrolment that a token was used for, or None."""
    return _one(db, t.joiner.c.token == token)


def by_statement(db: Connection, name: str) -> Joiner | None:
    """An enrolment by its statement's hash, or None."""
    return _one(db, t.joiner.c.statement == name)


def _one(db: Connection, where: ColumnElement[bool]) -> Joiner | None:
    row = db.execute(select(t.joiner).where(where)).first()
    return None if row is None else Joiner(**row._mapping)


def add(db: Connection, enrolment: Statement, key: str) -> None:
    """Keep a token's first enrolment."""
    queries.keep(db, [enrolment])
    db.execute(
        insert(t.joiner).values(
            token=enrolment["token"],
            statement=enrolment.hash,
            member=enrolment.issuer,
            key=key,
            issuer="",
            root="",
        )
    )


def welcome(db: Connection, name: str, issuer: str, root: str) -> None:
    """Keep the founders' answer to an enrolment."""
    db.execute(
        update(t.joiner)
        .where(t.joiner.c.statement == name)
        .values(issuer=issuer, root=root)
    )


def pending(db: Connection) -> list[bytes]:
    """Envelopes of the enrolments that wait for the founders."""
    return list(
        db.scalars(
            select(t.statement.c.data)
            .join(t.joiner, t.joiner.c.statement == t.statement.c.hash)
            .where(t.joiner.c.issuer == "")
            .order_by(t.joiner.c.token)
        )
    )
