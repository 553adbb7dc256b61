"""Openings on their way: an auditor's wish, the second one's word, what is opened.

A wish goes to the agency and to every other station, so that somebody can agree; the
second word goes to the agency and the asking station; the keeper's answer goes to the
stations of the two, with content that is sealed to both. All are logged. Nothing is
judged here but what spares others useless work: the keeper verifies everything itself.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection

from childgrid_coordinator.approve import Sent, check_bare, check_content
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.store import mail, queries
from childgrid_coordinator.store.engine import Store
from childgrid_wire import openings
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


class Openings:
    """Every opening that was ever handed in; threads may share it."""

    def __init__(self, store: Store, journal: Journal, bell: Bell) -> None:
        self._store, self._journal, self._bell = store, journal, bell
        self._locks = Locks()

    def take(self, view: View, sent: Sent) -> None:
        """Judge, log and keep what is said about an opening; pass it on.

        Raises:
            Refused, Untrusted, Malformed: nothing was kept.
        """
        said = sent.statement
        with self._locks.of(said.answers or said.hash):
            with self._store.read() as db:
                if queries.known(db, said.hash) is not None:
                    return
                readers = _readers(db, view, sent)
            self._journal.write([said], view.now)
            with self._store.write() as db:
                queries.keep(db, [said])
                if sent.content is not None:
                    until = said.issued + openings.SHOWN_SECONDS
                    digest = said["ciphertext"]
                    mail.hold(db, said.hash, said.answers, digest, until, sent.content)
                mail.deliver_all(db, [(one, said.hash) for one in sorted(readers)])
        for reader in readers:
            self._bell.ring(("mail", reader))


def _readers(db: Connection, view: View, sent: Sent) -> Collection[str]:
    """Who must read it by mail, once it is judged."""
    said = sent.statement
    if said.kind is not Kind.OPENED:
        check_bare(sent)
    if said.kind is Kind.OPENING:
        openings.check_opening(view, said)
        stations = {entry["id"] for entry in view.members("auditor")}
        return (stations - {said.issuer}) | {said["party"]}
    opening = queries.load(db, said.answers) if said.answers else None
    if opening is None or opening.kind is not Kind.OPENING:
        raise Refused(Reason.UNKNOWN, f"{said.kind.value}.answers")
    if said.kind is not Kind.APPROVAL:
        # What its keeper did in time may come late.
        view = replace(view, now=min(view.now, said.issued))
    agreed = _agreed(db, view, opening)
    if said.kind is Kind.APPROVAL:
        openings.check_agreement(view, opening, said)
        if agreed:
            raise Refused(Reason.DECIDED, "approval")
        return {opening["party"], opening.issuer} - {said.issuer}
    if said.issuer != opening["party"] or said.officer:
        raise Refused(Reason.WRONG_ROLE, f"{said.kind.value}.issuer")
    if said.kind is Kind.OPENED:
        _check_opened(view, opening, agreed, sent)
    return {opening.issuer, *(one.issuer for one in agreed)}


def _agreed(db: Connection, view: View, opening: Statement) -> list[Statement]:
    """The second words on an opening that still count."""
    found = []
    for entry in view.members("auditor"):
        for one in queries.of_kind(db, Kind.APPROVAL, entry["id"]):
            with suppress(Refused, Untrusted):
                openings.check_agreement(view, opening, one)
                found.append(one)
    return found


def _check_opened(
    view: View, opening: Statement, agreed: list[Statement], sent: Sent
) -> None:
    opened = sent.statement
    check_content(sent, opened["ciphertext"])
    if sent.proof is not None:
        raise Malformed("proof")
    named = [one for one in agreed if one.hash == opened["agreement"]]
    if not named:
        raise Refused(Reason.NOT_APPROVED, "opened.agreement")
    openings.check_opened(view, opening, named[0], opened)
