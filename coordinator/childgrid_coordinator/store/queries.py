"""Queries, what travels beside them, and their targets, as they are kept.

Reads and writes inside the caller's transaction; decides nothing. A target's sealed
content is deleted in the same write that makes the target final. What every query needs
is written once as a statement with parameters and run for many rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from childgrid_coordinator.query import State, Target, complete
from childgrid_coordinator.store import tables as t
from childgrid_wire import statement
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

    def after(self, changed: Mapping[str, Target]) -> Standing:
        """The same at its next revision, with some targets, by member, changed."""
        targets = tuple(changed.get(one.member, one) for one in self.targets)
        return replace(self, revision=self.revision + 1, targets=targets)


@dataclass(frozen=True)
class Parcel:
    """Who asks, the envelopes that each target gets, each open target's ciphertext."""

    member: str
    query: bytes
    attestation: bytes
    approvals: tuple[bytes, ...]
    expires: int
    contents: Mapping[str, bytes]


_KNOWN = select(t.statement.c.issuer).where(t.statement.c.hash == bindparam("name"))
_KEEP = {
    "sqlite": sqlite.insert(t.statement).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.statement).on_conflict_do_nothing(),
}
_ADD, _ADD_PAPERS, _ADD_TARGETS = insert(t.query), insert(t.paper), insert(t.target)
_LOAD = select(t.statement.c.data).where(t.statement.c.hash == bindparam("name"))
_ASKER = select(t.query.c.member).where(t.query.c.hash == bindparam("name"))
_OPEN = select(t.target.c.member, t.target.c.ciphertext).where(
    t.target.c.query == bindparam("name"), t.target.c.ciphertext.is_not(None)
)
_ASKED = (
    select(t.query.c.member, t.query.c.expires, t.statement.c.data)
    .join(t.statement, t.statement.c.hash == t.query.c.hash)
    .where(t.query.c.hash == bindparam("name"))
)
_PAPERS = (
    select(t.statement.c.data)
    .join(t.paper, t.paper.c.statement == t.statement.c.hash)
    .where(t.paper.c.query == bindparam("name"))
    .order_by(t.paper.c.place)
)
_STANDING = (
    select(
        t.query.c.hash,
        t.query.c.member.label("asker"),
        t.query.c.expires,
        t.query.c.revision,
        *(one for one in t.target.c if one.name not in ("query", "ciphertext")),
    )
    .join(t.target, t.target.c.query == t.query.c.hash)
    .order_by(t.query.c.hash, t.target.c.member)
)
_STANDING_ONE = _STANDING.where(t.query.c.hash == bindparam("name"))
_STANDING_MANY = _STANDING.where(t.query.c.hash.in_(bindparam("names", expanding=True)))
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
_END = _CHANGE.values(ciphertext=None)
_REVISE = (
    update(t.query)
    .where(t.query.c.hash == bindparam("of_query"))
    .values(revision=bindparam("new_revision"), open=bindparam("new_open"))
)


def keep(db: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements that aren't kept yet."""
    rows = [
        {
            "hash": one.hash,
            "kind": one.kind.value,
            "issuer": one.issuer,
            "data": one.data,
        }
        for one in statements
    ]
    if rows:
        db.execute(_KEEP[db.dialect.name], rows)


def known(db: Connection, name: str) -> str | None:
    """The issuer of a kept statement, or None."""
    return db.scalar(_KNOWN, {"name": name})


def load(db: Connection, name: str) -> Statement | None:
    """A kept statement, whose signature held when it was taken."""
    data = db.scalar(_LOAD, {"name": name})
    return None if data is None else statement.kept(data)


def of_kind(db: Connection, kind: Kind, issuer: str) -> list[Statement]:
    """The kept statements of a kind that a member or its officers said."""
    by = t.statement.c
    chosen = select(by.data).where(by.kind == kind.value, by.issuer == issuer)
    return [statement.kept(data) for data in db.scalars(chosen)]


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
        _ADD,
        {
            "hash": query.hash,
            "member": query.issuer,
            "officer": query.officer,
            "case_hash": query["case"],
            "at": now,
            "expires": query.expires,
            "revision": 1,
            "open": True,
        },
    )
    db.execute(
        _ADD_PAPERS,
        [
            {"query": query.hash, "place": place, "statement": one.hash}
            for place, one in enumerate(papers)
        ],
    )
    db.execute(
        _ADD_TARGETS,
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


def asker(db: Connection, name: str) -> str | None:
    """The member whose kept query this is, or None."""
    return db.scalar(_ASKER, {"name": name})


def standing(db: Connection, name: str) -> Standing | None:
    """A query as it stands, or None; targets in the order of their names."""
    return standings(db, [name]).get(name)


def standings(db: Connection, names: Iterable[str]) -> dict[str, Standing]:
    """Those of the queries that are kept, by hash, as they stand."""
    wanted = list(names)
    if len(wanted) == 1:  # as nearly always, and for half of the price
        rows = db.execute(_STANDING_ONE, {"name": wanted[0]}).all()
    else:
        rows = db.execute(_STANDING_MANY, {"names": wanted}).all()
    found = {}
    for name, some in groupby(rows, key=lambda row: str(row.hash)):
        first, *others = some
        targets = tuple(_target(one) for one in (first, *others))
        found[name] = Standing(
            name, first.asker, first.expires, first.revision, targets
        )
    return found


def change(
    db: Connection, changed: Sequence[tuple[Standing, Sequence[Target]]]
) -> None:
    """Write queries as they stand now, each with those of its targets that changed."""
    every = [(standing.hash, one) for standing, some in changed for one in some]
    if not every:
        return
    for sql, final in ((_END, True), (_CHANGE, False)):
        rows = [_changed(name, one) for name, one in every if one.final is final]
        if rows:
            db.execute(sql, rows)
    db.execute(
        _REVISE,
        [
            {
                "of_query": one.hash,
                "new_revision": one.revision,
                "new_open": not complete(one.targets),
            }
            for one, _ in changed
        ],
    )


def _changed(query: str, target: Target) -> dict[str, object]:
    values = {f"new_{name}": value for name, value in _row(target).items()}
    del values["new_member"]
    return {"of_query": query, "of_member": target.member, **values}


def parcel(db: Connection, query: str) -> Parcel | None:
    """What to put before the targets that are still open; None once there is none."""
    contents = db.execute(_OPEN, {"name": query}).all()
    if not contents:
        return None
    asker, expires, own = db.execute(_ASKED, {"name": query}).one()
    attestation, *approvals = db.scalars(_PAPERS, {"name": query})
    return Parcel(
        asker,
        own,
        attestation,
        tuple(approvals),
        expires,
        {row.member: row.ciphertext for row in contents},
    )


def unfinished(db: Connection) -> list[str]:
    """Queries of which somebody must still be asked."""
    return list(db.scalars(select(t.query.c.hash).where(t.query.c.open)))


_OVERDUE = select(t.query.c.hash).where(
    t.query.c.open, t.query.c.expires <= bindparam("now")
)


def overdue(db: Connection, now: int) -> list[str]:
    """Open queries whose time is over."""
    return list(db.scalars(_OVERDUE, {"now": now}))


_SPENT = select(t.query.c.hash, t.query.c.officer, t.query.c.case_hash).where(
    t.query.c.member == bindparam("of_member"), t.query.c.at >= bindparam("since")
)


def spent(db: Connection, since: int, member: str) -> list[tuple[str, str, str]]:
    """Hash, officer and case of every query taken from a member since then."""
    rows = db.execute(_SPENT, {"of_member": member, "since": since})
    return [(row.hash, row.officer, row.case_hash) for row in rows]
