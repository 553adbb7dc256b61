"""Openings as an auditor sees them: the wish, the second word, and what came of it.

Put together from statements, whether those of a verified ledger or those that a
station's own log holds. It judges nothing: `childgrid_wire.openings` does, before a
statement gets into either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_wire import envelope, openings, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_KINDS = frozenset(
    kind.value for kind in (Kind.OPENING, Kind.APPROVAL, Kind.OPENED, Kind.REFUSAL)
)


@dataclass(frozen=True)
class Opening:
    """One auditor's wish and what answers it; None where nothing does yet."""

    said: Statement
    agreement: Statement | None = None
    opened: Statement | None = None
    refusal: Statement | None = None

    @property
    def readers(self) -> tuple[str, ...]:
        """The persons (`member/id`) to whom the content is sealed."""
        second = self.agreement
        return (self.said.person, second.person) if second else (self.said.person,)

    def state(self, now: int) -> str:
        """`opened`, `declined`, `expired`, `agreed`, or `waiting` for a second word."""
        if self.refusal:
            return "declined"
        if self.opened:
            return "opened"
        if self.said.expires <= now:
            return "expired"
        return "agreed" if self.agreement else "waiting"


def gathered(statements: Iterable[Statement]) -> list[Opening]:
    """All openings among statements, the latest first."""
    every = {one.hash: one for one in statements if openings.concerns(one)}
    wishes = [one for one in every.values() if one.kind is Kind.OPENING]
    answers: dict[tuple[str, Kind], list[Statement]] = {}
    for one in every.values():
        answers.setdefault((one.answers, one.kind), []).append(one)
    found = [_gathered(one, answers, every) for one in wishes]
    return sorted(found, key=lambda one: (-one.said.issued, one.said.hash))


def _gathered(
    wish: Statement,
    answers: dict[tuple[str, Kind], list[Statement]],
    every: dict[str, Statement],
) -> Opening:
    def first(kind: Kind) -> Statement | None:
        return next(iter(answers.get((wish.hash, kind), ())), None)

    opened = first(Kind.OPENED)
    named = every.get(opened["agreement"]) if opened else None
    return Opening(wish, named or first(Kind.APPROVAL), opened, first(Kind.REFUSAL))


def of_log(log: Log, start: int = 0) -> Iterator[tuple[int, Statement]]:
    """What a station's log holds about openings, from a leaf on: leaf and statement."""
    for index, entry in enumerate(log.entries(start, log.size()), start):
        if parse_entry(entry).kind not in _KINDS:
            continue
        opening = log.opening(index)
        said = statement.parse(envelope.read(opening[1])) if opening else None
        if said is not None and openings.concerns(said):
            yield index, said
