"""The linkage key's epochs, moved on beside running nodes, and retired.

    accept    beside the current one; every node encodes again and says it is `ready`
    advance   new queries are asked under it; those of the old one are still answered
    retire    the old one's queries and handles are void; nodes destroy key and indexes

The rules: no provider is left behind by `advance`, and nothing that was asked under an
old epoch is cut short by `retire`, unless the founders say so in as many words. A key
that is compromised is retired at once, the current one too; an epoch never comes back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from childgrid_authority.directory import check_next, name_epochs
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import ChangeRefused
from childgrid_wire.book import Book
from childgrid_wire.rotation import ceremony, lagging
from childgrid_wire.trust import View

MOST = 3
"""Epochs accepted beside each other: nodes keep an index of every one in memory."""


@dataclass(frozen=True)
class Standing:
    """One accepted epoch, and which agencies have not said that they are ready."""

    epoch: int
    current: bool
    providers: tuple[str, ...]
    others: tuple[str, ...]


def standing(book: Book, now: int) -> list[Standing]:
    """Every accepted epoch; of the grid's first nobody says anything."""
    view = book.latest(now)
    epochs, first = view.directory["epochs"], _first(book)
    found = []
    for epoch in epochs["accepted"]:
        late = [] if epoch == first else lagging(book, view, epoch)
        providers = [] if epoch == first else lagging(book, view, epoch, "provider")
        others = sorted(set(late) - set(providers))
        found.append(
            Standing(epoch, epoch == epochs["current"], tuple(providers), tuple(others))
        )
    return found


def _first(book: Book) -> int:
    ever = {one for said in book.directories for one in said["epochs"]["accepted"]}
    return min(ever, default=0)


def accept(book: Book, epoch: int, members: Collection[str], now: int) -> list[Draft]:
    """Accept an epoch beside the current one, once its ceremony is over.

    Args:
        members: those whom the founders named for the ceremony, at least three.

    Raises:
        ChangeRefused: no epoch is current, this one would go back, or is one too many.
        Refused: the transcripts are incomplete or disagree.
    """
    view = book.latest(now)
    epochs = view.directory["epochs"]
    if not epochs["current"]:
        raise ChangeRefused("no epoch is in force; put this one in force by `epoch`")
    check_next(book, epoch)
    accepted = {*epochs["accepted"], epoch}
    if len(accepted) > MOST:
        raise ChangeRefused(f"{MOST} epochs are accepted; `retire` the oldest first")
    check_value = ceremony(book, view, epoch, members).agreed()
    checks = {**view.directory["key_checks"], f"e{epoch}": check_value}
    return [name_epochs(book, now, epochs["current"], accepted, checks)]


def advance(
    book: Book, epoch: int, now: int, *, despite_laggards: bool = False
) -> list[Draft]:
    """Make an accepted epoch the current one; the others stay accepted.

    Args:
        despite_laggards: though providers have not encoded; they refuse `epoch`.

    Raises:
        ChangeRefused: not accepted, older than the current one, or providers lag.
    """
    view = book.latest(now)
    epochs = view.directory["epochs"]
    if epoch not in epochs["accepted"]:
        raise ChangeRefused("only an accepted epoch can become current; `accept` it")
    if epoch <= epochs["current"]:
        raise ChangeRefused("an epoch never goes back; name a later one")
    late = lagging(book, view, epoch, "provider")
    if late and not despite_laggards:
        raise ChangeRefused(
            f"not ready: {', '.join(late)}; `publish` fetches what they have said, "
            "--despite-laggards makes them refuse every query"
        )
    checks = view.directory["key_checks"]
    return [name_epochs(book, now, epoch, epochs["accepted"], checks)]


def retire(book: Book, epoch: int, now: int, *, at_once: bool = False) -> list[Draft]:
    """Accept an epoch no longer: its queries and handles are void, its key destroyed.

    Args:
        at_once: though queries of it may be alive or agencies lag; the current one
            then gives way to the newest that remains, or to none.

    Raises:
        ChangeRefused: not accepted, or it may still be needed.
    """
    view = book.latest(now)
    epochs = view.directory["epochs"]
    if epoch not in epochs["accepted"]:
        raise ChangeRefused("this epoch is not accepted; `epochs` lists those that are")
    if not at_once:
        _check_done_with(book, view, epoch)
    remaining = set(epochs["accepted"]) - {epoch}
    current = epochs["current"]
    if current == epoch:
        current = max(remaining, default=0)
    checks = view.directory["key_checks"]
    return [name_epochs(book, now, current, remaining, checks)]


def _check_done_with(book: Book, view: View, epoch: int) -> None:
    """Nobody asks under it any more, and what was asked has run out."""
    current = view.directory["epochs"]["current"]
    if epoch == current:
        raise ChangeRefused("this epoch is current; `advance` first, or --at-once")
    if late := lagging(book, view, current) if current != _first(book) else []:
        raise ChangeRefused(
            f"not ready for epoch {current}: {', '.join(late)}; --at-once stops them"
        )
    since = _left(book, epoch)
    life = view.rules()["query_seconds"] + view.rules()["request_seconds"]
    if view.now < since + life:
        hours = -(-(since + life - view.now) // 3_600)
        raise ChangeRefused(
            f"queries and requests of this epoch may live for {hours} more hours; "
            "--at-once makes them void"
        )


def _left(book: Book, epoch: int) -> int:
    """When the founders last signed that `epoch` is current no longer, Unix seconds."""
    since = 0
    for before, after in zip(book.directories, book.directories[1:], strict=False):
        if before["epochs"]["current"] == epoch != after["epochs"]["current"]:
            since = after.issued
    return since
