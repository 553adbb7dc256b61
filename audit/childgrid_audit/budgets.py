"""The room of budgets: who lifted one, and whether more was asked than that allows.

Queries are counted where the coordinator took them in, by officer, case and agency and
UTC day. A leaf tells the hour and not the second, so a budget counts as lifted in an
hour in which it may have been. The rule: no query above the floor's number without two
people's statements in the logs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import Report
from childgrid_audit.judging import judge
from childgrid_log.entry import HOUR
from childgrid_wire import lifting
from childgrid_wire.kinds import Kind
from childgrid_wire.lifting import Lift
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

DAY = 86_400


def check_budgets(ledger: Ledger, report: Report) -> None:
    """Report budgets that nobody may lift, and queries beyond every budget."""
    for budget in ledger.of(Kind.BUDGET):
        _check_lift(ledger, budget, report)
    for member in sorted(ledger.law.coordinators):
        _check_counts(ledger, member, report)


def _check_lift(ledger: Ledger, budget: Event, report: Report) -> None:
    """A budget that left its author, and what was decided on it elsewhere."""
    said = budget.statement
    if not budget.places.keys() - {said.issuer}:
        return

    def lift(view: View) -> None:
        lifting.check_budget(view, said)

    _judge(ledger, budget, report, lift)
    for one in ledger.answering(said.hash, Kind.APPROVAL):
        _judge_countersign(ledger, said, one, report)


def _judge_countersign(
    ledger: Ledger, budget: Statement, approval: Event, report: Report
) -> None:
    def check(view: View) -> None:
        lifting.check_countersign(view, budget, approval.statement)

    _judge(ledger, approval, report, check)


def _judge(
    ledger: Ledger, event: Event, report: Report, rule: Callable[[View], object]
) -> None:
    def check(about_then: Ledger, said: Event) -> None:
        about_then.law.under(said.statement.issued, rule)

    judge(ledger, event, report, check)


def _check_counts(ledger: Ledger, member: str, report: Report) -> None:
    """Count a coordinator's queries as it should have, in the order of its log."""
    taken = [one for one in ledger.of(Kind.QUERY) if member in one.places]
    counted: Counter[tuple[str, str, str, int]] = Counter()
    floors = _Floors(ledger)
    for query in sorted(taken, key=lambda one: one.places[member].order):
        said, hour = query.statement, query.places[member].bucket
        for scope in lifting.SCOPES:
            subject = lifting.subject_of(said, scope)
            key = (scope, said.issuer, subject, hour // DAY)
            counted[key] += 1
            if counted[key] > floors.limit(scope, hour) and counted[key] > _lifted(
                ledger, said, scope, hour
            ):
                what = f"is beyond the day's budget of its {scope}"
                report.add(*ledger.where(query, member), what)


class _Floors:
    """The founders' limits by scope and hour (its start, Unix seconds)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[tuple[str, int], int] = {}

    def limit(self, scope: str, hour: int) -> int:
        """The highest number that a floor in force within the hour gave."""
        if (scope, hour) not in self._known:
            found = [
                int(view.rules()[f"{scope}_queries_day"])
                for when in (hour, hour + HOUR)
                for view in self._ledger.law.around(when)
                if view.floor is not None
            ]
            self._known[scope, hour] = max(found, default=0)
        return self._known[scope, hour]


def _lifted(ledger: Ledger, query: Statement, scope: str, hour: int) -> int:
    """The highest limit to which a budget can have been lifted within the hour."""
    found = [
        lifting.limits(view, query, [lift], set(query["targets"]))[scope]
        for lift, when in _lifts(ledger, query, scope, hour)
        for view in ledger.law.around(when)
        if view.floor is not None
    ]
    return max(found, default=0)


def _lifts(
    ledger: Ledger, query: Statement, scope: str, hour: int
) -> Iterator[tuple[Lift, int]]:
    """What was lifted for this query's scope, and the first moment it can have held."""
    for budget in ledger.of(Kind.BUDGET):
        said = budget.statement
        if (
            said["scope"] != scope
            or said.issuer != query.issuer
            or said["subject"] != lifting.subject_of(query, scope)
        ):
            continue
        for one in ledger.answering(said.hash, Kind.APPROVAL):
            when = max(hour, said.issued, one.statement.issued)
            if when <= hour + HOUR:
                yield Lift(said, (one.statement,)), when
