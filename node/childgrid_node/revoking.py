"""An agency revokes its own people and desk passes, without asking anybody.

A revocation only removes, and at once: the coordinator believes it from the next call
on, every node as soon as it is told of the board's news, and a release not before its
witnesses know of it. There is no way back; whoever returns gets another id. The
documents on the disk are the node's to write: it finds this one in its spool, so that
it refuses from then on whether or not the coordinator hangs it up. What was signed by
a clock far ahead is said anew first, since this one is numbered after it.
"""

from __future__ import annotations

from collections.abc import Callable

from childgrid_node import redating, spool
from childgrid_node.config import NodeConfig
from childgrid_node.joining import posted
from childgrid_wire import statement
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind

CAUSES = ("lost", "left", "compromised", "replaced")


def revoke(
    config: NodeConfig,
    target: str,
    subject: str,
    cause: str,
    clock: Callable[[], float],
) -> str:
    """Revoke an `officer` by id, or a `certificate` by serial number (hex).

    Returns:
        The revocation's hash, once it hangs on the board.

    Raises:
        ConfigurationRefused: nobody of that id was ever in the own staff list, or the
            target or cause is none of those.
        Malformed: a serial number out of form.
        Unreachable: the board can't be read, and nothing was revoked; take the officer
            out of `staff.toml`, and try again.
    """
    if target not in ("officer", "certificate") or cause not in CAUSES:
        raise ConfigurationRefused(
            f"revoke an officer or a certificate; cause: {', '.join(CAUSES)}"
        )
    with posted(config, clock) as post:
        book = post.shelf.book
        post.look(book)
        if target == "officer" and subject not in _people(book, config.member):
            raise ConfigurationRefused("no such officer was ever in the staff list")
        now, signer = int(clock()), post.identity.signer
        early = redating.ahead(book, config.member, now)
        made = statement.make(
            Kind.REVOCATION,
            signer,
            issuer=config.member,
            now=now,
            seconds=redating.YEARS_30,
            number=book.standing()["revocations"].get(config.member, 0) + 1,
            target=target,
            member=config.member,
            subject=subject if target == "officer" else "",
            serial=subject if target == "certificate" else "",
            cause=cause,
        )
        name = book.add(made).hash
        every = [*(redating.anew(one, signer, now) for one in early), made]
        for document in every:  # what the coordinator takes is another matter
            spool.leave(config.state_dir, document)
        for document in every:
            post.hang(document)
        return name


def _people(book: Book, member: str) -> set[str]:
    """Everybody who was ever in a member's staff list."""
    return {
        str(entry["id"])
        for one in book.by_hash.values()
        if one.kind is Kind.STAFF and one.issuer == member
        for entry in one["officers"]
    }
