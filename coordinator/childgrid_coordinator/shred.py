"""The verb *shred*: what is long over goes from the coordinator's log and database.

As at every party: whole stories, only what an auditor holds a copy of, and a `shred`
leaf that names them. The database goes first, the openings of the log last: stopped
between the two, the next run finds the same stories due and ends what was begun. Mail
keeps its numbers, so that no reader's cursor slips.
"""

from __future__ import annotations

from collections.abc import Sequence

from childgrid_coordinator.journal import Journal
from childgrid_coordinator.store import erasing
from childgrid_coordinator.store.engine import Store
from childgrid_log.entry import parse_entry
from childgrid_log.held_copy import Copy
from childgrid_log.log import Log
from childgrid_log.retention import Held, Retention, due, held_of
from childgrid_wire import envelope, statement
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

_YEARS_30 = 30 * 366 * 86_400


def run(
    store: Store,
    journal: Journal,
    identity: Identity,
    view: View,
    retention: Retention,
    copy: Copy,
) -> Statement | None:
    """Shred what is due; returns the statement that was logged, or nothing.

    Raises:
        Refused, Untrusted: no auditor holds a copy of this log.
    """
    member, log = identity.member, journal.log
    size = copy.covers(view, member, log)
    with store.read() as db:
        named = erasing.named(db, member)
    chosen = due(held(log), retention, view.now, size, named)
    if not chosen:
        return None
    said = _statement(identity, view, log, chosen)
    agencies = [entry["id"] for entry in view.members("agency")]
    with store.write() as db:
        erasing.erase(db, [one.name for one in chosen])
        erasing.tell(db, said, agencies)
    journal.shred(said, [one.leaf for one in chosen], view.now)
    statement.forget()
    return said


def held(log: Log) -> list[Held]:
    """Every statement that the log still opens."""
    found = []
    for index, entry in enumerate(log.entries(0, log.size())):
        opening = log.opening(index)
        if opening is not None:
            said = statement.parse(envelope.read(opening[1]))
            found.append(held_of(said, index, parse_entry(entry).bucket))
    return found


def _statement(
    identity: Identity, view: View, log: Log, chosen: Sequence[Held]
) -> Statement:
    made = statement.make(
        Kind.SHRED,
        identity.signer,
        issuer=identity.member,
        now=view.now,
        seconds=_YEARS_30,
        party=identity.member,
        entries=[one.leaf for one in chosen],
        head=log.root().hex(),
        statements=sorted(one.name for one in chosen),
    )
    return statement.parse(envelope.read(made))
