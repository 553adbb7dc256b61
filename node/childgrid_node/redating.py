"""A revocation that was signed by a clock far ahead is dated anew once that is right.

The board takes nothing that is dated ahead, and what is revoked later is numbered after
it: until that day the agency could take nobody's right away. So it says the same again,
under the same number and of today, and every book counts both as one. The first stays
at home, where it has held all along. The rule: nothing else is ever dated anew, nor
while our own clock agrees with it.
"""

from __future__ import annotations

from childgrid_node.office import Office
from childgrid_wire import statement
from childgrid_wire.book import Book, is_again
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS, Statement

YEARS_30 = 30 * 366 * 86_400
_SAID = ("number", "target", "member", "subject", "serial", "cause")


def ahead(book: Book, member: str, now: int) -> list[Statement]:
    """A member's revocations that the board can't take yet, in their order."""
    early = [one for one in _own(book, member) if _is_ahead(one, now)]
    return [one for one in early if _again(book, one, now) is None]


def anew(said: Statement, signer: Signer, now: int) -> bytes:
    """The same revocation with the date of `now`, as an envelope."""
    body = {name: said[name] for name in _SAID}
    return statement.make(
        Kind.REVOCATION, signer, issuer=said.issuer, now=now, seconds=YEARS_30, **body
    )


def put_right(office: Office, name: str) -> None:
    """Put a new one in the place of a waiting revocation that is dated ahead of us."""
    book, now = office.shelf.book, office.now
    said = book.by_hash.get(name)
    if said is None or said.kind is not Kind.REVOCATION or not _is_ahead(said, now):
        return
    made = _again(book, said, now)
    if made is None:
        made = office.shelf.add(anew(said, office.identity.signer, now))
    with office.journal.writing() as writing:
        writing.run(
            "UPDATE OR REPLACE outbox SET hash = ?, envelope = ? WHERE hash = ?",
            (made.hash, made.data, name),
        )


def _own(book: Book, member: str) -> list[Statement]:
    return [
        one
        for one in book.by_hash.values()
        if one.kind is Kind.REVOCATION and one.issuer == member
    ]


def _is_ahead(said: Statement, now: int) -> bool:
    return said.issued > now + SKEW_SECONDS


def _again(book: Book, said: Statement, now: int) -> Statement | None:
    """What says the same and is not dated ahead."""
    for one in _own(book, said.issuer):
        if not _is_ahead(one, now) and is_again(one, said):
            return one
    return None
