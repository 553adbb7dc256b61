"""The record of one linkage key ceremony, as everyone can check it, and who is ready.

At least three agencies commit to a share, then reveal it sealed to each other, then
sign one transcript. This module gathers their signed steps from a book, and refuses
a record in which someone spoke twice or to others than the named members. It sees
hashes and sealed boxes only; shares are opened at the agencies' nodes.

Later each node says that it is `ready` for a new epoch: it holds the key that the
directory's key check names and has encoded all of its sources under it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from childgrid_wire.book import Book
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

LEAST_MEMBERS = 3
STEPS = ("commit", "reveal", "transcript")
READY = "ready"


@dataclass(frozen=True)
class Ceremony:
    """One epoch's steps by the named members (sorted); member to statement."""

    epoch: int
    members: tuple[str, ...]
    commits: dict[str, Statement]
    reveals: dict[str, Statement]
    transcripts: dict[str, Statement]

    def missing(self, step: str) -> list[str]:
        """The members that have not taken `step` yet."""
        table = dict(zip(STEPS, self._tables(), strict=True))[step]
        return [member for member in self.members if member not in table]

    def _tables(self) -> tuple[dict[str, Statement], ...]:
        return self.commits, self.reveals, self.transcripts

    @property
    def transcript(self) -> str:
        """Hex SHA-256 over the sorted hashes of all commits and reveals.

        Raises:
            Refused: some are still missing.
        """
        if self.missing("commit") or self.missing("reveal"):
            raise Refused(Reason.CEREMONY, "commits or reveals are missing")
        both = [*self.commits.values(), *self.reveals.values()]
        hashes = "\n".join(sorted(one.hash for one in both))
        head = b"childgrid/v1 transcript\x00"
        return hashlib.sha256(head + hashes.encode("ascii")).hexdigest()

    def agreed(self) -> str:
        """The key-check value (hex) that every member signed.

        Raises:
            Refused: a transcript is missing, or names other steps or another key.
        """
        if waiting := self.missing("transcript"):
            raise Refused(Reason.CEREMONY, f"no transcript of {', '.join(waiting)}")
        expected = self.transcript
        for member, said in self.transcripts.items():
            if said["transcript"] != expected:
                raise Refused(Reason.CEREMONY, f"{member} saw other steps")
        checks = {said["key_check"] for said in self.transcripts.values()}
        if len(checks) != 1 or "" in checks:
            raise Refused(Reason.CEREMONY, "members hold different keys")
        return str(checks.pop())


def ceremony(book: Book, view: View, epoch: int, members: Iterable[str]) -> Ceremony:
    """Gather the ceremony of `epoch` among `members`, whom the founders named.

    Raises:
        Refused: fewer than three members, a member that is no agency, a step taken
            twice, or a reveal that is not for exactly the members.
        Untrusted: a member is unknown or revoked.
    """
    named = tuple(sorted(set(members)))
    if len(named) < LEAST_MEMBERS:
        raise Refused(Reason.CEREMONY, f"fewer than {LEAST_MEMBERS} members")
    for member in named:
        if view.member(member)["kind"] != "agency":
            raise Refused(Reason.CEREMONY, f"{member} is no agency")
    said = [one for one in book.rotations(epoch) if one.issuer in named]
    commits, reveals, transcripts = (_by_member(said, step) for step in STEPS)
    for member, reveal in reveals.items():
        if tuple(sorted(reveal["shares"])) != named:
            raise Refused(Reason.CEREMONY, f"{member} revealed to others than named")
    return Ceremony(epoch, named, commits, reveals, transcripts)


def _by_member(said: list[Statement], step: str) -> dict[str, Statement]:
    table: dict[str, Statement] = {}
    for one in said:
        if one["step"] != step:
            continue
        if one.issuer in table:
            raise Refused(Reason.CEREMONY, f"{one.issuer} said two of: {step}")
        table[one.issuer] = one
    return table


def ready(book: Book, view: View, epoch: int) -> set[str]:
    """The agencies that said they are ready for `epoch`, under the directory's key.

    What somebody says of another key counts for nothing.
    """
    check = view.directory["key_checks"].get(f"e{epoch}", "")
    return {
        one.issuer
        for one in book.rotations(epoch)
        if one["step"] == READY and one["key_check"] == check != ""
    }


def lagging(book: Book, view: View, epoch: int, use: str = "") -> list[str]:
    """The agencies that stand, of one use or of any, and are not ready for `epoch`."""
    there = ready(book, view, epoch)
    return sorted(
        entry["id"]
        for entry in view.members("agency")
        if entry["id"] not in there and use in ("", *entry["uses"])
    )
