"""Taking down what targets said: judged, logged, stored, and only then shown.

Everything that changes a target comes through here, one batch at a time, so that two
words about one target can't overtake each other. A batch is one log transaction and
one of the database, however many queries it touches.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from childgrid_coordinator import query as q
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import Board
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.query import State, Target
from childgrid_coordinator.store import mail, queries
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.queries import Standing
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement

Said = Statement | Reason | State
"""A verified answer, the reason of a refusal at the door, or offline or timed out."""

_REMEMBERED = 512
"""Open queries whose targets are not read again, those that were touched last."""


@dataclass(frozen=True)
class Word:
    """What one target of one query (by hash) said."""

    query: str
    member: str
    said: Said


@dataclass
class _Batch:
    """What a few words change: targets by query and member, and the queries before."""

    changed: dict[str, dict[str, Target]] = field(default_factory=dict)
    before: dict[str, Standing] = field(default_factory=dict)
    accepted: list[Statement] = field(default_factory=list)

    def add(self, standing: Standing, target: Target) -> None:
        self.changed.setdefault(standing.hash, {})[target.member] = target
        self.before[standing.hash] = standing

    def after(self) -> list[Standing]:
        return [one.after(self.changed[name]) for name, one in self.before.items()]


class Answers:
    """The one place where targets change; threads may share it."""

    def __init__(
        self, store: Store, journal: Journal, board: Board, bell: Bell
    ) -> None:
        self._store, self._journal = store, journal
        self._board, self._bell = board, bell
        self._settling = threading.Lock()
        self._open: dict[str, Standing] = {}

    def settle(self, words: Sequence[Word]) -> list[tuple[str, Target]]:
        """Take down a batch; returns the targets that must be asked again.

        What comes too late for its target changes nothing.
        """
        now = self._board.now()
        with self._settling:
            standings = self._standings({word.query for word in words})
            batch = _judge(standings, words, now)
            self._keep(batch, now)
        return [
            (query, target)
            for query, targets in batch.changed.items()
            for target in targets.values()
            if not target.final
        ]

    def late(self, answer: Statement) -> None:
        """Take an answer that its member brings itself: a silent hit, released.

        Raises:
            Refused, Malformed: no such query, not a target, over, or answered.
        """
        now = self._board.now()
        with self._settling:
            standing = self._standings({answer.answers}).get(answer.answers)
            targets = {one.member: one for one in standing.targets} if standing else {}
            if standing is None or answer.issuer not in targets:
                raise Refused(Reason.UNKNOWN, "answer.answers")
            q.check_answer(answer, standing.hash, answer.issuer)
            if now >= standing.expires:
                raise Refused(Reason.EXPIRED, "query")
            target = q.answered(targets[answer.issuer], answer)
            batch = _Batch()
            batch.add(standing, target)
            batch.accepted.append(answer)
            self._keep(batch, now)

    def expire(self) -> None:
        """Close every query whose time is over."""
        now = self._board.now()
        with self._settling:
            with self._store.read() as db:
                names = queries.overdue(db, now)
            batch = _Batch()
            for standing in self._standings(names).values():
                for target in standing.targets:
                    batch.add(standing, q.lapsed(target, now))
            self._keep(batch, now)

    def _standings(self, names: Collection[str]) -> dict[str, Standing]:
        """Queries as they stand; nobody else changes them, so some are remembered."""
        found = {name: self._open[name] for name in names if name in self._open}
        unknown = [name for name in names if name not in found]
        if unknown:
            with self._store.read() as db:
                found |= queries.standings(db, unknown)
        return found

    def _keep(self, batch: _Batch, now: int) -> None:
        if not batch.changed:
            return
        if batch.accepted:
            self._journal.write(batch.accepted, now)
        letters = [
            (batch.before[one.answers].member, one.hash) for one in batch.accepted
        ]
        after = batch.after()
        for one in after:
            self._open.pop(one.hash, None)
        with self._store.write() as db:
            queries.keep(db, batch.accepted)
            mail.deliver_all(db, letters)
            queries.change(
                db, [(one, list(batch.changed[one.hash].values())) for one in after]
            )
        self._remember(after)
        for query in batch.changed:
            self._bell.ring(query)
        for member in {member for member, _ in letters}:
            self._bell.ring(("mail", member))

    def _remember(self, standings: Iterable[Standing]) -> None:
        for one in standings:
            if not q.complete(one.targets):
                self._open[one.hash] = one
        while len(self._open) > _REMEMBERED:
            del self._open[next(iter(self._open))]


def _judge(standings: dict[str, Standing], words: Sequence[Word], now: int) -> _Batch:
    batch = _Batch()
    for word in words:
        standing = standings.get(word.query)
        if standing is None:
            continue
        changed = batch.changed.get(word.query, {})
        targets = {one.member: one for one in standing.targets} | changed
        before = targets.get(word.member)
        after = None if before is None else _after(before, word.said, now)
        if after is None or after == before:
            continue
        batch.add(standing, after)
        if isinstance(word.said, Statement):
            batch.accepted.append(word.said)
    return batch


def _after(target: Target, said: Said, now: int) -> Target | None:
    """The target after what it said; None where that comes too late."""
    if isinstance(said, State):
        return q.unreached(target, said, now)
    if isinstance(said, Reason):
        return q.declined(target, said, now)
    try:
        return q.answered(target, said)
    except Refused:
        return None
