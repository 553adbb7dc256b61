"""Mailboxes and sealed content in transit; inside the caller's transaction.

Each member has one mailbox, numbered without gaps from 1. Items stay; the sealed
content beside them goes as soon as it has served, and its hash remains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from childgrid_coordinator.store import tables as t

PAGE_ITEMS = 100
PAGE_BYTES = 2 * 2**20
_FAR = 1_000_000


@dataclass(frozen=True)
class Item:
    """What one member may read under one cursor; empty bytes say: nothing there."""

    cursor: int
    statement: bytes
    content: bytes
    proof: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes on the wire, nearly."""
        return len(self.statement) + len(self.content) + len(self.proof)


_LAST = select(func.max(t.mail.c.cursor)).where(
    t.mail.c.member == bindparam("of_member")
)
_PUT = insert(t.mail)


def deliver(db: Connection, member: str, statement: str, proof: bytes = b"") -> None:
    """Put a kept statement into a mailbox."""
    deliver_all(db, [(member, statement)], proof)


def deliver_all(
    db: Connection, items: Sequence[tuple[str, str]], proof: bytes = b""
) -> None:
    """Put kept statements into mailboxes: pairs of member and hash, in this order."""
    if not items:
        return
    last = Counter(
        {
            member: db.scalar(_LAST, {"of_member": member}) or 0
            for member in {member for member, _ in items}
        }
    )
    rows = []
    for member, statement in items:
        last[member] += 1
        rows.append(
            {
                "member": member,
                "cursor": last[member],
                "statement": statement,
                "proof": proof or None,
            }
        )
    db.execute(_PUT, rows)


def skip(db: Connection) -> None:
    """Number each mailbox on from far ahead, by moving its last item.

    For a database that came from a backup: a member may have read items that are not
    known here any more, and would pass over new ones under the same numbers.
    """
    last = select(t.mail.c.member, func.max(t.mail.c.cursor)).group_by(t.mail.c.member)
    for member, cursor in db.execute(last).all():
        moved = update(t.mail).where(
            t.mail.c.member == member, t.mail.c.cursor == cursor
        )
        db.execute(moved.values(cursor=cursor + _FAR))


def hold(
    db: Connection,
    statement: str,
    request: str,
    digest: str,
    until: int,
    ciphertext: bytes,
) -> None:
    """Keep what travels sealed beside a statement, at most until then."""
    db.execute(
        insert(t.sealed).values(
            statement=statement,
            request=request,
            digest=digest,
            until=until,
            ciphertext=ciphertext,
        )
    )


def wipe(db: Connection, request: str) -> None:
    """Delete the sealed content of one request; its hash stays."""
    db.execute(
        update(t.sealed).where(t.sealed.c.request == request).values(ciphertext=None)
    )


_OLD = and_(t.sealed.c.until <= bindparam("now"), t.sealed.c.ciphertext.is_not(None))
_HAS_OLD = select(t.sealed.c.statement).where(_OLD).limit(1)
_WIPE_OLD = update(t.sealed).where(_OLD).values(ciphertext=None)


def has_old(db: Connection, now: int) -> bool:
    """Whether there is sealed content whose time is over."""
    return db.scalar(_HAS_OLD, {"now": now}) is not None


def wipe_old(db: Connection, now: int) -> int:
    """Delete sealed content whose time is over; returns how many there were."""
    return int(db.execute(_WIPE_OLD, {"now": now}).rowcount)


_PAGE = (
    select(t.mail.c.cursor, t.statement.c.data, t.sealed.c.ciphertext, t.mail.c.proof)
    .join(t.statement, t.statement.c.hash == t.mail.c.statement)
    .outerjoin(t.sealed, t.sealed.c.statement == t.mail.c.statement)
    .where(
        t.mail.c.member == bindparam("of_member"),
        t.mail.c.cursor > bindparam("after"),
    )
    .order_by(t.mail.c.cursor)
    .limit(PAGE_ITEMS)
)


def page(db: Connection, member: str, cursor: int) -> list[Item]:
    """Items after `cursor` in order: at most 100 or 2 MiB, but at least one."""
    rows = db.execute(_PAGE, {"of_member": member, "after": cursor})
    items: list[Item] = []
    size = 0
    for row in rows:
        item = Item(row.cursor, row.data, row.ciphertext or b"", row.proof or b"")
        size += item.size
        if items and size > PAGE_BYTES:
            break
        items.append(item)
    return items
