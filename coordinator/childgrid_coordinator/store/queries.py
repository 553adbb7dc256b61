"""Queries, what travels beside them, and their targets, as they are kept.

Reads and writes inside the caller's transaction; decides nothing. A target's sealed
content is deleted in the same write that makes the target final.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, and_, case, func, insert, select, update

from childgrid_coordinator.query import State, Target, complete
from childgrid_coordinator.store import tables as t
from childgrid_wire import envelope, statement
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Standing:
    """One query as it stands: whose it is, its revision and every target."""

    hash: str
    member: str
    expires: int
    revision: int
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Parcel:
    """The envelopes that each target gets, and each open target's ciphertext."""

    query: bytes
    attestation: bytes
    approvals: tuple[bytes, ...]
    expires: int
    contents: Mapping[str, bytes]


def keep(db: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements that aren't kept yet."""
    for one in statements:
        if not known(db, one.hash):
            db.execute(
                insert(t.statement).values(
                    hash=one.hash, kind=one.kind.value, issuer=one.issuer, data=one.data
                )
            )


def known(db: Connection, name: str) -> str | None:
    """The issuer of a kept statement, or None."""
    issuer: str | None = db.scalar(
        select(t.statement.c.issuer).where(t.statement.c.hash == name)
    )
    return issuer


def load(db: Connection, name: str) -> Statement | None:
    """A kept statement, whose signature held when it was taken."""
    data = db.scalar(select(t.statement.c.data).where(t.statement.c.hash == name))
    return None if data is None else statement.parse(envelope.read(data))


def add(
    db: Connection,
    query: Statement,
    papers: Sequence[Statement],
    contents: Mapping[str, bytes],
    now: int,
) -> None:
    """Keep a query with its attestation and approvals, asked of everyone."""
    keep(db, [query, *papers])
    db.execute(
        insert(t.query).values(
            hash=query.hash,
            member=query.issuer,
            officer=query.officer,
            case_hash=query["case"],
            at=now,
            expires=query.expires,
            revision=1,
            open=True,
        )
    )
    db.execute(
        insert(t.paper),
        [
            {"query": query.hash, "place": place, "statement": one.hash}
            for place, one in enumerate(papers)
        ],
    )
    db.execute(
        insert(t.target),
        [
            {
                "query": query.hash,
                "ciphertext": contents[member],
                **_row(Target(member)),
            }
            for member in sorted(contents)
        ],
    )


def _row(target: Target) -> dict[str, object]:
    return {**vars(target), "state": target.state.value}


def _target(row: Row[tuple[object, ...]]) -> Target:
    return Target(
        row.member, State(row.state), row.since, row.reason, row.answer, row.attempts
    )


def standing(db: Connection, name: str) -> Standing | None:
    """A query as it stands, or None; targets in the order of their names."""
    row = db.execute(select(t.query).where(t.query.c.hash == name)).first()
    if row is None:
        return None
    columns = [column for column in t.target.c if column.name != "ciphertext"]
    rows = db.execute(
        select(*columns).where(t.target.c.query == name).order_by(t.target.c.member)
    )
    targets = tuple(_target(one) for one in rows)
    return Standing(name, row.member, row.expires, row.revision, targets)


def change(db: Connection, query: str, changed: Sequence[Target]) -> int:
    """Write changed targets; returns the query's new revision."""
    for target in changed:
        values = _row(target)
        if target.final:
            values["ciphertext"] = None
        db.execute(
            update(t.target)
            .where(t.target.c.query == query, t.target.c.member == target.member)
            .values(**values)
        )
    now = standing(db, query)
    targets, revision = (now.targets, now.revision) if now else ((), 0)
    db.execute(
        update(t.query)
        .where(t.query.c.hash == query)
        .values(revision=revision + 1, open=not complete(targets))
    )
    return revision + 1


def parcel(db: Connection, query: str) -> Parcel | None:
    """What to put before the targets that are still open; None once there is none."""
    contents = db.execute(
        select(t.target.c.member, t.target.c.ciphertext).where(
            t.target.c.query == query, t.target.c.ciphertext.is_not(None)
        )
    ).all()
    if not contents:
        return None
    expires = db.scalars(select(t.query.c.expires).where(t.query.c.hash == query)).one()
    own = db.scalars(
        select(t.statement.c.data).where(t.statement.c.hash == query)
    ).one()
    attestation, *approvals = db.scalars(
        select(t.statement.c.data)
        .join(t.paper, t.paper.c.statement == t.statement.c.hash)
        .where(t.paper.c.query == query)
        .order_by(t.paper.c.place)
    )
    return Parcel(
        own,
        attestation,
        tuple(approvals),
        expires,
        {row.member: row.ciphertext for row in contents},
    )


def unfinished(db: Connection) -> list[str]:
    """Queries of which somebody must still be asked."""
    return list(db.scalars(select(t.query.c.hash).where(t.query.c.open)))


def overdue(db: Connection, now: int) -> list[str]:
    """Open queries whose time is over."""
    late = and_(t.query.c.open, t.query.c.expires <= now)
    return list(db.scalars(select(t.query.c.hash).where(late)))


def spent(
    db: Connection, since: int, member: str, officer: str, case_hash: str
) -> tuple[int, int, int]:
    """Queries taken since then: of the officer, of the case, of the member."""
    by = t.query.c
    own, same = by.officer == officer, by.case_hash == case_hash
    row = db.execute(
        select(
            func.coalesce(func.sum(case((own, 1), else_=0)), 0),
            func.coalesce(func.sum(case((same, 1), else_=0)), 0),
            func.count(),
        ).where(by.member == member, by.at >= since)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
