"""Budgets that somebody wants lifted, and who countersigned; in the caller's write.

A row links a kept statement to the `budget` that it is or answers. It decides nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from childgrid_coordinator.store import queries
from childgrid_coordinator.store import tables as t
from childgrid_wire.kinds import Kind
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement


def add(db: Connection, budget: Statement, said: Statement) -> None:
    """Keep `said`: the budget itself, or what answers it."""
    queries.keep(db, [said])
    db.execute(
        insert(t.lift).values(
            statement=said.hash,
            budget=budget.hash,
            member=budget.issuer,
            until=budget["until"],
        )
    )


def known(db: Connection, name: str) -> bool:
    """Whether a statement is a kept budget or answers one."""
    sql = select(t.lift.c.statement).where(t.lift.c.statement == name)
    return db.scalar(sql) is not None


def budget(db: Connection, name: str) -> Statement | None:
    """The budget of this hash, or None."""
    known = db.scalar(
        select(t.lift.c.budget).where(
            t.lift.c.statement == name, t.lift.c.budget == name
        )
    )
    return None if known is None else queries.load(db, name)


def until(db: Connection, member: str) -> int:
    """When the last budget of an agency runs out, Unix seconds; 0 without any."""
    last = select(func.max(t.lift.c.until)).where(t.lift.c.member == member)
    return int(db.scalar(last) or 0)


def count(db: Connection, member: str, now: int) -> int:
    """How many budgets of an agency last."""
    chosen = (t.lift.c.member == member, t.lift.c.until > now)
    sql = select(func.count(t.lift.c.budget.distinct())).where(*chosen)
    return int(db.scalar(sql) or 0)


def lasting(db: Connection, member: str, now: int) -> list[Lift]:
    """Every budget of an agency whose time isn't over, with all that approve it."""
    rows = db.execute(
        select(t.lift.c.budget, t.lift.c.statement)
        .where(t.lift.c.member == member, t.lift.c.until > now)
        .order_by(t.lift.c.budget, t.lift.c.statement)
    ).all()
    said: dict[str, list[Statement]] = {}
    for row in rows:
        found = queries.load(db, row.statement)
        if found is not None:
            said.setdefault(row.budget, []).append(found)
    return [
        Lift(
            next(one for one in some if one.kind is Kind.BUDGET),
            tuple(one for one in some if one.kind is Kind.APPROVAL),
        )
        for some in said.values()
    ]
