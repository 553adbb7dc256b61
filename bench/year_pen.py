"""Writing down what is said in the synthetic year, with or without signatures.

A statement's name is the hash of the bytes that are signed, so a year without
envelopes has the same names, bodies and order as the one with them; `year_bundle`
signs it. Ids come from the seed: the same seed gives the same year.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.year_cast import Cast, signer
from childgrid_audit.documents import Law
from childgrid_audit.events import Event, Ledger, Place
from childgrid_log.entry import HOUR
from childgrid_wire import canonical, envelope
from childgrid_wire.book import DOCUMENTS, Book
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body
from childgrid_wire.statement import Statement


@dataclass
class Pen:
    """Collects statements, each with the logs that take it in."""

    rng: random.Random
    now: int
    said: list[tuple[Statement, tuple[str, ...]]] = field(default_factory=list)

    def say(
        self,
        kind: Kind,
        person: str,
        when: int,
        logs: Sequence[str],
        *,
        answers: str = "",
        seconds: int = 30 * 86_400,
        **body: object,
    ) -> Statement:
        """Say something as a member, or as an officer (`member/id`)."""
        member, _, officer = person.partition("/")
        table: dict[str, object] = {
            "kind": kind.value,
            "id": self.hexes(16),
            "issuer": member,
            "officer": officer,
            "issued": when,
            "expires": when + seconds,
            "answers": answers,
            **body,
        }
        check_body(kind, table)
        name = envelope.name_of(kind, canonical.dumps(table))
        said = Statement(kind, table, name, b"", (person,))
        if when <= self.now:
            self.said.append((said, tuple(dict.fromkeys(logs))))
        return said

    def hexes(self, size: int) -> str:
        """`size` random bytes as hex."""
        return self.rng.randbytes(size).hex()

    def ordered(self) -> list[tuple[Statement, tuple[str, ...]]]:
        """Everything in the order in which logs took it in."""
        return sorted(self.said, key=lambda one: one[0].issued)


def sealed(said: Statement) -> bytes:
    """The signed envelope of a statement that was written without one."""
    return envelope.sign(
        said.kind, canonical.dumps(said.body), [signer(*said.signed_by)]
    )


def board(cast: Cast, pen: Pen) -> Book:
    """Everything that hangs on the board, verified, in the order of posting."""
    posted = [(one.issued, one.data) for one in cast.book().by_hash.values()]
    said = [one for one, _ in pen.said if one.kind in DOCUMENTS]
    posted += [(one.issued, sealed(one)) for one in said]
    book = Book(cast.root)
    for _, data in sorted(posted, key=lambda one: one[0]):
        book.add(data)
    return book


def ledger(cast: Cast, pen: Pen) -> Ledger:
    """The short path: the ledger that verifying the signed year would give.

    No envelope is opened and no log is read, so it proves nothing; it is there since
    verifying a million entries takes an hour. `tests` compare both paths on a small
    year.
    """
    book = board(cast, pen)
    events = {said.hash: Event(said, places) for said, places in _placed(cast, pen)}
    made = Ledger(Law(book), {}, pen.now, events)
    made.index()
    return made


def _placed(cast: Cast, pen: Pen) -> Iterator[tuple[Statement, dict[str, Place]]]:
    documents = [(one, ("hub",)) for one in cast.book().by_hash.values()]
    for said, logs in [*documents, *pen.ordered()]:
        hour = said.issued // HOUR * HOUR
        yield said, {name: Place(0, hour, name) for name in logs}
