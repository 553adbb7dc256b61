"""Requests and their courses, as they are kept; inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select, update

from childgrid_coordinator.request import OPEN, Course, Phase
from childgrid_coordinator.store import queries
from childgrid_coordinator.store import tables as t
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Dossier:
    """Everything that was said about one request."""

    request: Statement
    query: Statement
    category: str
    course: Course
    approvals: tuple[Statement, ...]
    disclosure: Statement | None


def add(db: Connection, request: Statement, category: str, course: Course) -> None:
    """Keep a new request."""
    queries.keep(db, [request])
    db.execute(
        insert(t.request).values(
            hash=request.hash,
            query=request["query"],
            requester=course.requester,
            holder=course.holder,
            category=category,
            expires=course.expires,
            phase=course.phase.value,
            disclosure=course.disclosure,
        )
    )


def waiting(db: Connection, query: str, holder: str) -> int:
    """How many requests on a query are open at one holder."""
    chosen = and_(
        t.request.c.query == query,
        t.request.c.holder == holder,
        t.request.c.phase.in_([phase.value for phase in OPEN]),
    )
    return int(
        db.scalar(select(func.count()).select_from(t.request).where(chosen)) or 0
    )


def advance(db: Connection, request: str, said: Statement, course: Course) -> None:
    """Keep what was said about a request and where it stands now."""
    queries.keep(db, [said])
    if said.officer and said.kind in (Kind.APPROVAL, Kind.REFUSAL):
        db.execute(
            insert(t.decision).values(
                request=request, person=said.person, statement=said.hash
            )
        )
    db.execute(
        update(t.request)
        .where(t.request.c.hash == request)
        .values(phase=course.phase.value, disclosure=course.disclosure)
    )


def dossier(db: Connection, name: str) -> Dossier | None:
    """Everything about the request named by its own or its disclosure's hash."""
    row = db.execute(
        select(t.request).where(
            or_(
                t.request.c.hash == name,
                and_(t.request.c.disclosure == name, t.request.c.disclosure != ""),
            )
        )
    ).first()
    if row is None:
        return None
    request, query = queries.load(db, row.hash), queries.load(db, row.query)
    if request is None or query is None:
        return None
    decisions = db.execute(select(t.decision).where(t.decision.c.request == row.hash))
    made = {one.person: one.statement for one in decisions}
    course = Course(
        row.requester,
        row.holder,
        row.expires,
        Phase(row.phase),
        frozenset(made),
        row.disclosure,
    )
    said = [queries.load(db, one) for one in sorted(made.values())]
    approvals = tuple(one for one in said if one and one.kind is Kind.APPROVAL)
    disclosure = queries.load(db, row.disclosure) if row.disclosure else None
    return Dossier(request, query, row.category, course, approvals, disclosure)


_OVERDUE = select(t.request.c.hash).where(
    t.request.c.phase.in_([phase.value for phase in OPEN]),
    t.request.c.expires <= bindparam("now"),
)


def overdue(db: Connection, now: int) -> list[str]:
    """Requests, by hash, that are open past their time."""
    return list(db.scalars(_OVERDUE, {"now": now}))


def expire(db: Connection, now: int) -> list[str]:
    """Close what is open past its time; returns the requests' hashes."""
    names = overdue(db, now)
    if names:
        db.execute(
            update(t.request)
            .where(t.request.c.hash.in_(names))
            .values(phase=Phase.EXPIRED.value)
        )
    return names
