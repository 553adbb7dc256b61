"""From a verified ledger to a casebook: who asked, who decided, what came of it.

Only joins what statements say of each other by hash; judges nothing. The rule: the
same ledger gives the same casebook, record for record.
"""

from __future__ import annotations

from collections.abc import Iterable

from childgrid_audit.events import Event, Ledger
from childgrid_audit.workbench.facts import (
    Asked,
    Casebook,
    Decision,
    Glass,
    Lifting,
    Release,
    Reply,
    Review,
    Search,
)
from childgrid_audit.workbench.roster import Roster
from childgrid_wire import declared
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.outcomes import is_outcome
from childgrid_wire.statement import Statement

_READ = ("query", "request")
_SCOPES = ("officer", "case", "agency")


def gather(ledger: Ledger) -> Casebook:
    """Join everything that verified; see `facts` for what comes out."""
    return _Join(ledger).casebook()


class _Join:
    """One walk over a ledger, with the tables that it needs."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._roster = Roster(_documents(ledger))
        self._views = _first_views(ledger)
        self._requests = _by_query(ledger.of(Kind.REQUEST))
        self._marks = _marks(ledger)
        self._reported = {
            event.statement["result"]
            for event in ledger.of(Kind.REVIEW)
            if is_outcome(event.statement)
        }

    def casebook(self) -> Casebook:
        ledger = self._ledger
        return Casebook(
            ledger.now,
            tuple(
                self._search(event.statement)
                for event in ledger.of(Kind.QUERY)
                if not event.statement["rehearsal"]
            ),
            tuple(self._lifting(event.statement) for event in ledger.of(Kind.BUDGET)),
            tuple(self._glasses()),
            _budgets(ledger),
        )

    def _search(self, said: Statement) -> Search:
        return Search(
            said.hash,
            said.person,
            self._roster.unit(said.person, said.issued),
            said["case"],
            said["purpose"],
            tuple(said["sections"]),
            said.issued,
            said.expires,
            tuple(sorted(said["targets"])),
            self._decisions(said),
            tuple(
                _reply(event.statement)
                for event in self._ledger.answering(said.hash, Kind.ANSWER)
            ),
            tuple(self._asked(one) for one in self._requests.get(said.hash, ())),
            self._marks.get((said.issuer, said.hash), ""),
        )

    def _asked(self, said: Statement) -> Asked:
        return Asked(
            said.hash,
            said.person,
            self._roster.unit(said.person, said.issued),
            said["query"],
            said["case"],
            said["holder"],
            said["handle"],
            said.issued,
            said.expires,
            self._decisions(said),
            tuple(
                self._release(event)
                for event in self._ledger.answering(said.hash, Kind.DISCLOSURE)
            ),
        )

    def _decisions(self, subject: Statement) -> tuple[Decision, ...]:
        """Persons' decisions on `subject`; a node's own refusals are nobody's."""
        answering = [
            event
            for kind in (Kind.APPROVAL, Kind.REFUSAL)
            for event in self._ledger.answering(subject.hash, kind)
            if event.statement.officer
            and event.statement["subject"] == subject.kind.value
        ]
        made = [self._decision(subject, event) for event in answering]
        return tuple(sorted(made, key=lambda one: (one.issued, one.hash)))

    def _decision(self, subject: Statement, event: Event) -> Decision:
        said = event.statement
        granted = said.kind is Kind.APPROVAL
        own = "requester" if said.issuer == subject.issuer else "holder"
        return Decision(
            said.hash,
            said.person,
            self._roster.unit(said.person, said.issued),
            granted,
            "" if granted else said["reason"],
            said["side"] if granted else own,
            said.issued,
            said.issued - subject.issued,
            self._looked(subject.hash, event),
        )

    def _looked(self, subject: str, event: Event) -> int:
        said = event.statement
        if said.issuer not in event.places:
            return -1
        seen = self._views.get((said.person, subject), said.issued)
        return max(0, said.issued - seen)

    def _release(self, event: Event) -> Release:
        """A disclosure, and how it ended by the words of those who may say so."""
        said = event.statement
        receipts = self._ledger.ended(event, Kind.RECEIPT)
        return Release(
            said.hash,
            said.issued,
            receipts[0].statement.issued if receipts else 0,
            self._ledger.voided(event),
            said.hash in self._reported or said["request"] in self._reported,
            tuple(said["approvals"]),
            receipts[0].statement.hash if receipts else "",
        )

    def _lifting(self, said: Statement) -> Lifting:
        scope, subject = said["scope"], said["subject"]
        if scope == "officer":
            subject = f"{said.issuer}/{subject}"
        signed = self._ledger.answering(said.hash, Kind.APPROVAL)
        return Lifting(
            said.hash,
            said.person,
            scope,
            subject,
            said["queries"],
            said.issued,
            said["until"],
            tuple(event.statement.person for event in signed),
        )

    def _glasses(self) -> Iterable[Glass]:
        reviews: dict[str, list[Review]] = {}
        for event in self._ledger.of(Kind.REVIEW):
            said = event.statement
            if said["subject"] == "break-glass":
                made = Review(said.hash, said.person, said.issued)
                reviews.setdefault(said.answers, []).append(made)
        for event in self._ledger.of(Kind.NOTICE):
            said = event.statement
            if said["topic"] == "break-glass" and not self._unfetched(said["subject"]):
                found = tuple(reviews.get(said.hash, ()))
                yield Glass(said.hash, said.issuer, said["subject"], said.issued, found)

    def _unfetched(self, request: str) -> bool:
        """Whether all that was released on a request never left its holder."""
        events = self._ledger.answering(request, Kind.DISCLOSURE)
        return bool(events) and all(map(self._ledger.voided, events))


def _first_views(ledger: Ledger) -> dict[tuple[str, str], int]:
    """When each person first opened each query or request."""
    first: dict[tuple[str, str], int] = {}
    for event in ledger.of(Kind.VIEW):
        said = event.statement
        if said["object"] in _READ:
            reader = said.body.get("reader", said.officer)
            who = f"{said.issuer}/{reader}"
            first.setdefault((who, said["subject"]), said.issued)
    return first


def _marks(ledger: Ledger) -> dict[tuple[str, str], str]:
    """The mark of each query, by the agency whose node set it and the query's hash."""
    said = (event.statement for event in ledger.of(Kind.NOTICE))
    return {
        (one.issuer, one["subject"]): one.hash for one in said if declared.is_mark(one)
    }


def _by_query(events: Iterable[Event]) -> dict[str, list[Statement]]:
    grouped: dict[str, list[Statement]] = {}
    for event in events:
        grouped.setdefault(event.statement["query"], []).append(event.statement)
    return grouped


def _reply(said: Statement) -> Reply:
    return Reply(said.hash, said.issuer, said["outcome"], said["reason"], said.issued)


def _budgets(ledger: Ledger) -> dict[str, int]:
    """The floor's queries a day, by scope; empty where no floor is in force."""
    try:
        floor = ledger.law.under(ledger.now, lambda view: view.rules())
    except WireError:
        return {}
    return {scope: floor[f"{scope}_queries_day"] for scope in _SCOPES}


def _documents(ledger: Ledger) -> list[Statement]:
    """The staff lists that a log holds; all of them where no log holds any.

    A list that was hung up later but dated back must not change a past quarter.
    """
    logged = [event.statement for event in ledger.of(Kind.STAFF)]
    return logged or list(ledger.law.book.by_hash.values())
