"""Findings on their way: from an auditor to the party that must answer, and back.

A finding is logged and put into the party's mailbox; the answer is logged, and reaches
the auditors as everything does, by mirroring. One answer to a finding; both are judged
here only to spare others useless work.
"""

from __future__ import annotations

from childgrid_coordinator.bell import Bell
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.store import mail, queries
from childgrid_coordinator.store.engine import Store
from childgrid_wire import findings, openings
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


def concerns(said: Statement) -> bool:
    """Whether a statement is a finding, or the answer to one."""
    return said.kind is Kind.FINDING or findings.is_reply(said)


def may_say(view: View, said: Statement) -> bool:
    """Whether its issuer may use the mail for this.

    A station has findings, openings and words on openings; everything else, a `shred`
    that would bind every agency too, is for agencies.
    """
    kind = view.member(said.issuer)["kind"]
    theirs = said.kind in (Kind.FINDING, Kind.OPENING) or openings.is_agreement(said)
    return bool((kind == findings.AUDITOR) == theirs)


class Findings:
    """Every finding that was ever handed in; threads may share it."""

    def __init__(self, store: Store, journal: Journal, bell: Bell) -> None:
        self._store, self._journal, self._bell = store, journal, bell
        self._locks = Locks()

    def take(self, view: View, said: Statement) -> None:
        """Judge, log and keep a finding or an answer; pass a finding on.

        Raises:
            Refused, Untrusted: nothing was kept.
        """
        with self._locks.of(said.answers or said.hash):
            if self._known(said.hash):
                return
            reader = self._judged(view, said)
            self._journal.write([said], view.now)
            with self._store.write() as db:
                queries.keep(db, [said])
                if reader:
                    mail.deliver(db, reader, said.hash)
        if reader:
            self._bell.ring(("mail", reader))

    def _known(self, name: str) -> bool:
        with self._store.read() as db:
            return queries.known(db, name) is not None

    def _judged(self, view: View, said: Statement) -> str:
        """The agency that must read it by mail, or nobody."""
        if said.kind is Kind.FINDING:
            findings.check_finding(view, said)
            agencies = {entry["id"] for entry in view.members("agency")}
            return str(said["party"]) if said["party"] in agencies else ""
        with self._store.read() as db:
            finding = queries.load(db, said.answers) if said.answers else None
            if finding is None or finding.kind is not Kind.FINDING:
                raise Refused(Reason.UNKNOWN, "review.answers")
            about = queries.load(db, finding["subject"])
            told = queries.of_kind(db, Kind.REVIEW, said.issuer)
        findings.check_reply(view, finding, said, about)
        if any(one.answers == finding.hash for one in told):
            raise Refused(Reason.DECIDED, "review")
        return ""
