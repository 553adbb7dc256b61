"""A query comes in, and its outcome goes out.

What every party checks is checked here too, so that no node is bothered with
nonsense; then the query is logged, kept, put before its targets and acknowledged.
Repeating a query is harmless: it is the same query. Sealed contents are kept unread.
Agencies take turns, and one that has spent its day is refused before it takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from childgrid_coordinator import rank
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import Board
from childgrid_coordinator.budget import Budget
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.lift import Lifts
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.match import Matcher
from childgrid_coordinator.query import Target, complete
from childgrid_coordinator.rank import Ranked, Thresholds
from childgrid_coordinator.store import queries
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.queries import Parcel
from childgrid_wire import envelope, rules, seal, statement
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.lanes import Lanes
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

MAX_APPROVALS = 16
_ABREAST = 2
"""Queries that are judged and kept at a time: one computes while another syncs."""


@dataclass(frozen=True)
class Shown:
    """One target and, where it answered, its answer's envelope (else empty)."""

    target: Target
    answer: bytes


@dataclass(frozen=True)
class Outcome:
    """What is known of a query at one revision."""

    revision: int
    targets: tuple[Shown, ...]
    candidates: tuple[Ranked, ...]
    complete: bool


class Search:
    """Takes queries and tells their outcome."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        board: Board,
        bell: Bell,
        matcher: Matcher,
        thresholds: Thresholds,
        lifts: Lifts,
    ) -> None:
        self._store, self._journal, self._board = store, journal, board
        self._bell, self._matcher, self._thresholds = bell, matcher, thresholds
        self._budget, self._lifts = Budget(store), lifts
        self._locks, self._lanes = Locks(), Lanes(_ABREAST)

    def submit(
        self,
        member: str,
        query: bytes,
        attestation: bytes,
        approvals: Sequence[bytes],
        contents: Mapping[str, bytes],
    ) -> str:
        """Take a query from `member`; returns its hash once it is kept and asked.

        Args:
            member: who calls, by certificate.
            query: the officer's envelope.
            attestation: the envelope of the agency's `case`.
            approvals: envelopes of the query's approvals.
            contents: target to the ciphertext sealed to it.

        Raises:
            Malformed, Untrusted, Refused: nothing was kept.
        """
        name = envelope.read(query).hash
        try:
            self._check_spent(self._board.view(), member)
        except Refused:
            if not self._known(name, member):
                raise
        with self._lanes.entered(member), self._locks.of(name):
            parcel = None
            if not self._known(name, member):
                parcel = self._take(member, query, attestation, approvals, contents)
            self._matcher.ask(name, parcel=parcel)
        return name

    def _take(
        self,
        member: str,
        query: bytes,
        attestation: bytes,
        approvals: Sequence[bytes],
        contents: Mapping[str, bytes],
    ) -> Parcel:
        """Check a query that is new here and keep it; returns what goes out."""
        if len(approvals) > MAX_APPROVALS:
            raise Malformed("approvals", Reason.TOO_LARGE)
        view = self._board.view()
        self._check_spent(view, member)
        asked = statement.verify(query, view.find_key, Kind.QUERY)
        if asked.issuer != member:
            raise Refused(Reason.WRONG_ROLE, "query.issuer")
        papers = _papers(view, attestation, approvals)
        rules.check_query(view, asked, papers[0], papers[1:])
        self._check_targets(view, asked, contents)
        self._keep(view, asked, papers, contents)
        case, *approved = (one.data for one in papers)
        return Parcel(
            member, query, case, tuple(approved), asked.expires, dict(contents)
        )

    def _check_spent(self, view: View, member: str) -> None:
        """Refuse an agency that has spent its day before any signature is judged.

        Where something is lifted for it the limit depends on the query, so the query
        is judged first.
        """
        if not self._lifts.lasting(member, view.now):
            limit = view.rules()["agency_queries_day"]
            self._budget.check_agency(limit, member, view.now)

    def _known(self, name: str, member: str) -> bool:
        with self._store.read() as db:
            return queries.asker(db, name) == member

    def _check_targets(
        self, view: View, query: Statement, contents: Mapping[str, bytes]
    ) -> None:
        """Each target is a provider, and has exactly the content that was signed."""
        targets = query["targets"]
        if contents.keys() != targets.keys():
            raise Refused(Reason.TARGET, "contents")
        for member, named in targets.items():
            if seal.digest(contents[member]) != named["ciphertext"]:
                raise Refused(Reason.TARGET, "contents differ from query.targets")
            if "provider" not in view.member(member)["uses"]:
                raise Refused(Reason.TARGET, "query.targets")
            key = self._board.document(named["sealing_key"])
            if key.kind is not Kind.SEALING_KEY or key.issuer != member:
                raise Refused(Reason.TARGET, "query.targets.sealing_key")

    def _keep(
        self,
        view: View,
        query: Statement,
        papers: list[Statement],
        contents: Mapping[str, bytes],
    ) -> None:
        limits = self._lifts.limits(view, query)
        with self._budget.reserve(limits, query, view.now):
            self._journal.write([papers[0], query, *papers[1:]], view.now)
            with self._store.write() as db:
                queries.add(db, query, papers, contents, view.now)

    def outcome(
        self, member: str, query: str, revision: int, seconds: float
    ) -> Outcome:
        """What is known of the caller's own query; waits for news after `revision`.

        Raises:
            Refused: `member` has no such query here.
        """
        with self._bell.listen(query) as ear:
            found = self._outcome(member, query)
            if found.revision > revision or not ear.wait(seconds):
                return found
        return self._outcome(member, query)

    def _outcome(self, member: str, query: str) -> Outcome:
        with self._store.read() as db:
            standing = queries.standing(db, query)
            if standing is None or standing.member != member:
                raise Refused(Reason.UNKNOWN, "query")
            loaded = {
                target.member: queries.load(db, target.answer)
                for target in standing.targets
                if target.answer
            }
        answers = {name: one for name, one in loaded.items() if one is not None}
        shown = [self._shown(one, answers.get(one.member)) for one in standing.targets]
        ranked = rank.merge(answers, self._thresholds)
        done = complete(standing.targets)
        return Outcome(standing.revision, tuple(shown), tuple(ranked), done)

    def _shown(self, target: Target, answer: Statement | None) -> Shown:
        state = rank.decide(target.state, answer, self._thresholds)
        return Shown(replace(target, state=state), answer.data if answer else b"")


def _papers(
    view: View, attestation: bytes, approvals: Sequence[bytes]
) -> list[Statement]:
    case = statement.verify(attestation, view.find_key, Kind.CASE)
    given = [statement.verify(one, view.find_key, Kind.APPROVAL) for one in approvals]
    if len({one.hash for one in given}) != len(given):
        raise Refused(Reason.DECIDED, "approval")
    return [case, *given]
