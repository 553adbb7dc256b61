"""Queries, what travels beside them, and their targets, as they are kept.

Reads and writes inside the caller's transaction; decides nothing. A target's sealed
content is deleted in the same write that makes the target final. What every query needs
is written once as a statement with parameters and run for many rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from childgrid_coordinator.query import State, Target, complete
from childgrid_coordinator.store import tables as t
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind
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


_KEPT = select(t.statement.c.hash, t.statement.c.issuer).where(
    t.statement.c.hash.in_(bindparam("names", expanding=True))
)
_KEEP = insert(t.statement)
_LOAD = select(t.statement.c.data).where(t.statement.c.hash == bindparam("name"))
_STANDING = (
    select(
        t.query.c.hash,
        t.query.c.member.label("asker"),
        t.query.c.expires,
        t.query.c.revision,
        *(one for one in t.target.c if one.name not in ("query", "ciphertext")),
    )
    .join(t.target, t.target.c.query == t.query.c.hash)
    .where(t.query.c.hash.in_(bindparam("names", expanding=True)))
    .order_by(t.query.c.hash, t.target.c.member)
)
_CHANGE = (
    update(t.target)
    .where(
        t.target.c.query == bindparam("of_query"),
        t.target.c.member == bindparam("of_member"),
    )
    .values(
        {
            one: bindparam(f"new_{one}")
            for one in ("state", "since", "reason", "answer", "attempts")
        }
    )
)
_WIPE = (
    update(t.target)
    .where(
        t.target.c.query == bindparam("of_query"),
        t.target.c.member == bindparam("of_member"),
    )
    .values(ciphertext=None)
)
_REVISE = (
    update(t.query)
    .where(t.query.c.hash == bindparam("of_query"))
    .values(revision=bindparam("new_revision"), open=bindparam("new_open"))
)


def keep(db: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements that aren't kept yet."""
    new = {one.hash: one for one in statements}
    if not new:
        return
    for row in db.execute(_KEPT, {"names": list(new)}):
        del new[row.hash]
    rows = [
        {
            "hash": one.hash,
            "kind": one.kind.value,
            "issuer": one.issuer,
            "data": one.data,
        }
        for one in new.values()
    ]
    if rows:
        db.execute(_KEEP, rows)


def known(db: Connection, name: str) -> str | None:
    """The issuer of a kept statement, or None."""
    row = db.execute(_KEPT, {"names": [name]}).first()
    return None if row is None else str(row.issuer)


def load(db: Connection, name: str) -> Statement | None:
    """A kept statement, whose signature held when it was taken."""
    data = db.scalar(_LOAD, {"name": name})
    return None if data is None else statement.parse(envelope.read(data))


def of_kind(db: Connection, kind: Kind, issuer: str) -> list[Statement]:
    """The kept statements of a kind that a member or its officers said."""
    by = t.statement.c
    chosen = select(by.data).where(by.kind == kind.value, by.issuer == issuer)
    return [statement.parse(envelope.read(data)) for data in db.scalars(chosen)]


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
    return standings(db, [name]).get(name)


def standings(db: Connection, names: Iterable[str]) -> dict[str, Standing]:
    """Those of the queries that are kept, by hash, as they stand."""
    rows = db.execute(_STANDING, {"names": list(names)}).all()
    found = {}
    for name, some in groupby(rows, key=lambda row: str(row.hash)):
        first, *others = some
        targets = tuple(_target(one) for one in (first, *others))
        found[name] = Standing(
            name, first.asker, first.expires, first.revision, targets
        )
    return found


def change(db: Connection, changed: Mapping[str, Sequence[Target]]) -> None:
    """Write changed targets, by their query's hash, and the queries' new revisions."""
    rows = [
        _changed(query, target) for query, some in changed.items() for target in some
    ]
    if not rows:
        return
    db.execute(_CHANGE, rows)
    final = [
        {"of_query": query, "of_member": target.member}
        for query, some in changed.items()
        for target in some
        if target.final
    ]
    if final:
        db.execute(_WIPE, final)
    db.execute(
        _REVISE,
        [
            {
                "of_query": one.hash,
                "new_revision": one.revision + 1,
                "new_open": not complete(one.targets),
            }
            for one in standings(db, changed).values()
        ],
    )


def _changed(query: str, target: Target) -> dict[str, object]:
    values = {f"new_{name}": value for name, value in _row(target).items()}
    del values["new_member"]
    return {"of_query": query, "of_member": target.member, **values}


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
