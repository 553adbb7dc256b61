"""Documents for a book, and how to see that one was refused and nothing changed."""

import pytest

from childgrid_wire import envelope
from childgrid_wire.book import Book
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from wire import world
from wire.world import DAY, NOW, Json


def state(book: Book) -> Json:
    """Everything that a book knows, to see that nothing changed."""
    return book.standing(), sorted(book.by_hash), len(book.directories)


def refuses(book: Book, data: bytes, reason: Reason | None = None) -> None:
    """Adding fails with that reason, and the book is as it was."""
    before = state(book)
    with pytest.raises(WireError) as refusal:
        book.add(data)
    if reason:
        assert refusal.value.reason is reason
    assert state(book) == before


def next_directory(
    book: Book, by: tuple[str, ...] = ("asha", "bina"), **changes: Json
) -> bytes:
    """The directory after the book's newest."""
    body = world.successor(book.directories[-1], **changes)
    return world.founded(Kind.DIRECTORY, by, now=NOW, **body)


def revocation(who: str, number: int, **changes: Json) -> bytes:
    """A revocation by a member or `founder:<id>`."""
    body = {
        "number": number,
        "target": "officer",
        "member": "police",
        "subject": "io-7",
        "serial": "",
        "cause": "left",
    } | changes
    if who.startswith("founder:"):
        return envelope.sign(
            Kind.REVOCATION,
            world.statement.draft(
                Kind.REVOCATION, issuer="founders", now=NOW, seconds=DAY, **body
            ),
            [world.signer(who)],
        )
    return world.said(Kind.REVOCATION, who, **body)


def staff(version: int, who: str = "police", **changes: Json) -> bytes:
    """A staff list of that version."""
    body = {"version": version, "officers": world.staff_of("police")} | changes
    return world.said(Kind.STAFF, who, seconds=60 * DAY, **body)
