"""A grid whose coordinator records everything, and can be played again and again.

`play` tells genuine stories on one grid: queries asked and answered, one approved but
never sent, one never approved; requests that wait, were released, refused, expired, are
sealed without witnesses, or whose mail is held back. `Stage` is what an enemy then
finds: the doors of the nodes, what was ever carried, and a disk to go back to.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from childgrid_log.gather import Gatherer
from childgrid_node import mailroom, match
from childgrid_node.courier import Parcel
from childgrid_node.disclose import Releaser
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, Grid
from hostile_oracle import HOLDERS, Oracle, check_proof, demand
from hostile_spy import LOGS, Documents, Spy, close, forget, remember, reopen


def tables(grid: Grid) -> dict[str, tuple[Any, ...]]:
    """All that every agency has said, heard, spent and counted."""
    return {name: grid.state(name) for name in AGENCIES}


def books(grid: Grid) -> dict[str, Any]:
    """The documents that every member believes."""
    return {
        name: (one.shelf.book.standing(), len(one.shelf.book.by_hash))
        for name, one in grid.members.items()
    }


@dataclass(frozen=True)
class Mark:
    """A moment to which a stage can return."""

    folder: Path
    now: int
    known: dict[str, dict[str, Any]]
    shelves: dict[str, Documents]
    carried: tuple[dict[Any, Any], list[Any], list[Any]]
    stories: tuple[dict[str, Statement], dict[str, Statement]]
    waiting: tuple[list[Any], list[Any]]


@dataclass
class Stage:
    """A grid on which genuine stories have been played, and can be played again."""

    grid: Grid
    spy: Spy
    oracle: Oracle
    folder: Path
    queries: dict[str, Statement] = field(default_factory=dict)
    requests: dict[str, Statement] = field(default_factory=dict)
    unsent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Genuine queries, with their target, that were never carried."""
    held_back: list[tuple[str, Parcel]] = field(default_factory=list)
    """Genuine parcels, with their reader, that were never carried."""
    mark: Mark = field(init=False)
    before: Tally = field(init=False)

    def freeze(self, name: str = "base") -> None:
        """Remember everything as it stands; `restore` and `rewind` return to it."""
        self.teach()
        spy = self.spy
        self.mark = Mark(
            self.folder / "marks" / name,
            self.grid.now,
            dict(self.oracle.facts),
            {one: remember(member.shelf) for one, member in self.grid.members.items()},
            (dict(spy.calls), list(spy.delivered), list(spy.replies)),
            (dict(self.queries), dict(self.requests)),
            (list(self.unsent), list(self.held_back)),
        )
        for one, member in self.grid.members.items():
            close(self.grid, one)
            kept = self.mark.folder / one
            kept.mkdir(parents=True, exist_ok=True)
            for part in LOGS:
                shutil.copy(member.folder / part, kept / part)
            reopen(self.grid, one)

    def rewind(self, mark: Mark) -> None:
        """Return to an earlier mark as a whole."""
        self.mark = mark
        for name, member in self.grid.members.items():
            forget(member.shelf, mark.shelves[name])
            self._restore(name)
        calls, delivered, replies = mark.carried
        self.spy.calls = dict(calls)
        self.spy.delivered, self.spy.replies = list(delivered), list(replies)
        self.queries, self.requests = (dict(one) for one in mark.stories)
        self.unsent, self.held_back = (list(one) for one in mark.waiting)
        self.relent()

    def restore(self, before: Tally) -> None:
        """Return to the last mark, wherever something has changed in an attack.

        A log that goes back would be behind its witnesses, so their memory goes too.
        """
        now = Tally.of(self)
        for name, member in self.grid.members.items():
            if now.books[name] != before.books[name]:
                forget(member.shelf, self.mark.shelves[name])
            if now.tables != before.tables:
                self._restore(name)
        self.relent()

    def _restore(self, name: str) -> None:
        folder = self.grid.members[name].folder
        close(self.grid, name)
        for stray in folder.glob("*.db-*"):
            stray.unlink()
        for part in LOGS:
            shutil.copy(self.mark.folder / name / part, folder / part)
        reopen(self.grid, name)

    def relent(self) -> None:
        """Undo what an attack did outside the nodes."""
        self.grid.now = self.mark.now
        self.spy.cut, self.spy.twist = False, None
        self.oracle.facts = dict(self.mark.known)
        self.oracle.revoked.clear()

    def state_of(self, request: str) -> str:
        """What has become of a request at its holder; empty before it is sealed."""
        return dict(self.spent()).get(request, ("", ""))[0]

    def teach(self) -> None:
        """Let the oracle know every genuine statement that exists."""
        for name in AGENCIES:
            journal = self.grid.agency(name).office.journal
            for (data,) in journal.rows("SELECT envelope FROM said"):
                self.oracle.learn(bytes(data))

    def spent(self) -> list[tuple[str, tuple[str, str]]]:
        """Request hash to (state, hash of the sealed bytes), at every holder."""
        return [
            (request, (state, hashlib.sha256(bytes(ciphertext)).hexdigest()))
            for name in HOLDERS
            for request, state, ciphertext in self.grid.agency(
                name
            ).office.journal.rows("SELECT request, state, ciphertext FROM spent")
        ]

    def answered(self) -> set[tuple[str, str]]:
        """(holder, query) of every answer that was given."""
        return {
            (name, query_)
            for name in HOLDERS
            for (query_,) in self.grid.agency(name).office.journal.rows(
                "SELECT answers FROM said WHERE kind = 'answer' AND issuer = ?", (name,)
            )
        }

    # The doors. Each lets the oracle see what is handed in, and says whether it was
    # taken; an error that is not the wire's own passes on and fails the case.

    def match(self, target: str, call: Mapping[str, Any]) -> bool:
        """Ask a node to match."""
        self._show(call["query"], call["attestation"], *call["approvals"])
        node = self.grid.agency(target)
        try:
            match.answer(node.office, node.holdings, match.hear(node.office, **call))
        except WireError:
            return False
        return True

    def mail(self, target: str, parcel: Parcel) -> None:
        """Put a parcel into a node's mailbox."""
        self._show(parcel.statement)
        try:
            mailroom.open_parcel(self.grid.agency(target).office, parcel)
        except WireError:
            mailroom.open_parcel(self.grid.agency(target).office, parcel, last=True)

    def hang(self, target: str, data: bytes) -> bool:
        """Show a node a document."""
        shelf = self.grid.members[target].shelf
        known = len(shelf.book.by_hash)
        try:
            shelf.add(data)
        except WireError:
            return False
        return len(shelf.book.by_hash) > known

    def publish(self, data: bytes) -> list[str]:
        """Show everybody a document; returns who believed it and did not know it."""
        return [name for name in self.grid.members if self.hang(name, data)]

    def tell(self, data: bytes) -> None:
        """Bring the asker an answer."""
        self.mail("police", Parcel(0, data, b"", None))

    def release(self, holder: str, request: str, skew: int = 0) -> str:
        """Let a node try to release; its clock is `skew` seconds off."""
        node = self.grid.agency(holder)
        releaser = node.releaser(self.spy.witness)
        if skew:
            releaser = skewed(releaser, self.spy, self.grid, skew)
        try:
            return releaser.advance(request)
        except WireError as error:
            return f"error:{error.reason.value}"

    def _show(self, *data: bytes) -> None:
        for one in data:
            self.oracle.learn(one)

    def judge(self, before: Tally) -> int:
        """Hold everything that changed against the oracle; returns new releases."""
        now = self.grid.now
        for holder, query_ in self.answered() - before.answered:
            stands = self.oracle.query_stands(query_, now)
            demand(stands, f"{holder} answered a query that nobody approved")
        fresh = 0
        for request, (state, bytes_) in self.spent():
            old = before.spent.get(request)
            if old is not None and old[0] != "void" and state != "void":
                demand(old[1] == bytes_, "a record was sealed twice with other bytes")
            if state in ("released", "receipted") and (
                old is None or old[0] not in ("released", "receipted")
            ):
                self._check_release(request, now)
                fresh += 1
        return fresh

    def approved(self, before: Tally) -> int:
        """How many records may be released in this case, or were just now."""
        now = self.grid.now
        done = {
            name for name, (state, _) in before.spent.items() if state == "released"
        }
        return sum(
            bool(self.oracle.grant(name, now))
            for name, body in self.oracle.facts.items()
            if body["kind"] == "request" and name not in done
        )

    def _check_release(self, request: str, now: int) -> None:
        grant = self.oracle.grant(request, now)
        demand(grant, "a record was released without valid approvals")
        holder = self.oracle.facts[request]["holder"]
        journal = self.grid.agency(holder).office.journal
        ((name,),) = journal.rows(
            "SELECT disclosure FROM spent WHERE request = ?", (request,)
        )
        disclosure = journal.get(name, Kind.DISCLOSURE)
        sealed_to = self.oracle.facts[request]["recipient_key"]
        demand(disclosure["recipient_key"] == sealed_to, "sealed to another key")
        demand(set(disclosure["fields"]) <= grant, "more fields than were granted")
        parcel = self.grid.parcel(holder, disclosure)
        demand(parcel.proof is not None, "released without a proof")
        check_proof(parcel, holder)


def skewed(releaser: Releaser, spy: Spy, grid: Grid, skew: int) -> Releaser:
    """The same node with a clock that is wrong."""

    def clock() -> float:
        return float(grid.now + skew)

    office = replace(releaser.office, clock=clock)
    gatherer = Gatherer(
        office.journal.log, office.member, office.shelf.book, spy.witness, clock
    )
    return replace(releaser, office=office, gatherer=gatherer)


@dataclass(frozen=True)
class Tally:
    """What had been answered and released before an attack."""

    answered: set[tuple[str, str]]
    spent: dict[str, tuple[str, str]]
    tables: dict[str, tuple[Any, ...]]
    books: dict[str, Any]

    @classmethod
    def of(cls, stage: Stage) -> Tally:
        """Count now."""
        grid = stage.grid
        return cls(stage.answered(), dict(stage.spent()), tables(grid), books(grid))
