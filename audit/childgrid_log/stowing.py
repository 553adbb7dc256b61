"""The verb *archive*, as every party does it: old leaves go to files beside the log.

A `notice` of the party's own log tells of it before anything is moved; its subject is
the root of the tree over all that is archived then. Nothing is lost or hidden by it:
every proof and every page that an auditor reads stays the same, and what is to be
shredded can still be shredded. Who may do it, and beside what, the party decides.
"""

from __future__ import annotations

from collections.abc import Callable

from childgrid_log.log import Log
from childgrid_wire import envelope, statement
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

TOPIC = "archive"
_DAY = 86_400
_YEARS_30 = 30 * 366 * _DAY
Say = Callable[[str], None]


def stow(
    log: Log, before: int, tell: Callable[[str], object], compact: bool, say: Say
) -> int:
    """Archive what is older than `before` (unix seconds); return how many leaves.

    `tell` logs, durably, that the tree with this root (hex) is archived. With `compact`
    the database's free pages go back to the disk; otherwise later leaves fill them.

    Raises:
        StoreError: the log, the archive or the disk refuses. What was moved by then is
            whole, and the next run goes on from there.
        OSError: likewise.
    """
    stop = log.archivable(before)
    moved = 0
    if stop > log.archived:
        tell(log.root(stop).hex())
        moved = log.archive(before)
    if compact:
        log.compact()
    say(f"{moved} leaves archived; {log.archived} of {log.size()} are")
    return moved


def before(now: int, days: int) -> int:
    """The moment (unix seconds) that is `days` before `now`."""
    return now - days * _DAY


def notice(signer: Signer, now: int, subject: str) -> Statement:
    """What a member says of it in its own log."""
    made = statement.make(
        Kind.NOTICE,
        signer,
        issuer=signer.keyid,
        now=now,
        seconds=_YEARS_30,
        topic=TOPIC,
        subject=subject,
    )
    return statement.parse(envelope.read(made))
