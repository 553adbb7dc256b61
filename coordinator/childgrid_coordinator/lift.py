"""Budgets that two people lift: told to every agency, and counted with from then on.

A `budget` and the approvals of it go to all agencies, so that each has in its own log
what was lifted anywhere; a refusal goes to the agency that asked. The limits of a query
are worked out anew from the kept statements, under the documents in force. The
coordinator can neither lift a budget nor countersign one.
"""

from __future__ import annotations

import threading

from childgrid_coordinator.bell import Bell
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.store import lifts, mail
from childgrid_coordinator.store.engine import Store
from childgrid_wire import lifting, statement
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


def concerns(said: Statement) -> bool:
    """Whether a statement is a budget, or a decision on one."""
    decides = said.kind in (Kind.APPROVAL, Kind.REFUSAL)
    return said.kind is Kind.BUDGET or (decides and said["subject"] == lifting.SLOT)


class Lifts:
    """Every budget that was ever handed in; threads may share it."""

    def __init__(self, store: Store, journal: Journal, bell: Bell) -> None:
        self._store, self._journal, self._bell = store, journal, bell
        self._locks = Locks()
        self._noting = threading.Lock()
        self._until: dict[str, int] = {}

    def take(self, view: View, said: Statement) -> None:
        """Judge, log, keep and pass on a budget or a decision on one.

        Raises:
            Refused, Untrusted: it could lift nothing; nothing was kept.
        """
        with self._locks.of(said.answers or said.hash):
            if self._known(said):
                return
            budget = self._judged(view, said)
            readers = self._readers(view, budget, said)
            self._journal.write([said], view.now)
            with self._store.write() as db:
                lifts.add(db, budget, said)
                mail.deliver_all(db, [(reader, said.hash) for reader in readers])
            self._noted(budget.issuer, budget["until"])
        for reader in readers:
            self._bell.ring(("mail", reader))

    def _known(self, said: Statement) -> bool:
        with self._store.read() as db:
            return lifts.known(db, said.hash)

    def lasting(self, member: str, now: int) -> bool:
        """Whether any budget of `member` may be lifted now; seldom needs a read."""
        until = self._until.get(member)
        if until is None:
            with self._store.read() as db:
                until = lifts.until(db, member)
            until = self._noted(member, until)
        return until > now

    def _noted(self, member: str, until: int) -> int:
        with self._noting:
            self._until[member] = max(until, self._until.get(member, 0))
            return self._until[member]

    def limits(self, view: View, query: Statement) -> dict[str, int]:
        """How many queries a day each scope of `query` has now."""
        if not self.lasting(query.issuer, view.now):
            return lifting.limits(view, query, [], set())
        with self._store.read() as db:
            kept = lifts.lasting(db, query.issuer, view.now)
        found = [lift for one in kept if (lift := _verified(view, one))]
        return lifting.limits(view, query, found, set(query["targets"]))

    def _judged(self, view: View, said: Statement) -> Statement:
        """The budget that `said` is or answers, once `said` may count for it."""
        if said.kind is Kind.BUDGET:
            lifting.check_budget(view, said)
            self._check_crowd(view, said.issuer)
            return said
        with self._store.read() as db:
            budget = lifts.budget(db, said.answers)
            kept = lifts.lasting(db, budget.issuer, view.now) if budget else []
        if budget is None:
            raise Refused(Reason.UNKNOWN, f"{said.kind.value}.answers")
        if said.kind is Kind.APPROVAL:
            lifting.check_countersign(view, budget, said)
        else:
            lifting.check_countersigner(view, budget, said)
        if said.person in _decided(kept, budget):
            raise Refused(Reason.DECIDED, said.kind.value)
        return budget

    def _check_crowd(self, view: View, member: str) -> None:
        """Everybody's custodians are shown each one, so one agency's have a limit."""
        with self._store.read() as db:
            lasting = lifts.count(db, member, view.now)
        if lasting >= lifting.MOST_LASTING:
            raise Refused(Reason.BUDGET, "budgets of one agency")

    @staticmethod
    def _readers(view: View, budget: Statement, said: Statement) -> list[str]:
        if said.kind is Kind.REFUSAL:
            return [budget.issuer]
        agencies = [entry["id"] for entry in view.members("agency")]
        return [name for name in agencies if name != said.issuer]


def _decided(kept: list[Lift], budget: Statement) -> set[str]:
    return {
        approval.person
        for lift in kept
        if lift.budget.hash == budget.hash
        for approval in lift.approvals
    }


def _verified(view: View, lift: Lift) -> Lift | None:
    """The same with every signature checked under the documents in force."""
    try:
        budget = statement.verify(lift.budget.data, view.find_key, Kind.BUDGET)
    except WireError:
        return None
    approvals = []
    for one in lift.approvals:
        try:
            approvals.append(statement.verify(one.data, view.find_key, Kind.APPROVAL))
        except WireError:
            continue
    return Lift(budget, tuple(approvals))
