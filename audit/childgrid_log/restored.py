"""A log that came back from a backup says nothing before its witnesses have seen it.

What was logged after the backup was taken is gone here, but others have it: who went on
from the older state would sign a second history. So a restored log takes in no leaf
until a quorum of its witnesses has cosigned it exactly as it came back. A witness that
saw more ends it: the log then stays as it is, to be read, for good.

That it came back is remembered beside the keys, until the witnesses have cosigned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from childgrid_log.errors import LogBehind, LogUnavailable
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_wire import keyfile
from childgrid_wire.errors import Reason, Refused

_MARK = "log.db.restored"
logger = logging.getLogger(__name__)


def mark(keys: Path) -> None:
    """Remember that what lies beside these keys came from a backup."""
    keyfile.write_private(keys / _MARK, b"1\n")


def hold(log: Log, keys: Path) -> None:
    """Keep a log from growing where it came back and was not confirmed yet."""
    if (keys / _MARK).exists():
        log.hold(
            LogUnavailable,
            "this log came from a backup and waits for a quorum of its witnesses;"
            " nothing is taken in before",
        )


def confirm(
    log: Log,
    gatherer: Gatherer,
    keys: Path,
    first: Callable[[], object] = lambda: None,
) -> None:
    """Let a held log grow again, once a quorum has cosigned it as it is.

    `first` is what must be done before anything grows; where it fails, the log stays
    held, also after a restart, and it is tried again.

    Raises:
        Refused: `log-behind`, a witness saw more: it stays held; `no-quorum`, not
            enough answered: try again.
        Unreachable: the coordinator is away: try again.
    """
    try:
        gatherer.cosigned()
    except Refused as refusal:
        if refusal.reason is Reason.LOG_BEHIND:
            log.hold(
                LogBehind,
                "this log came from a backup, and its witnesses saw more: it stays as"
                " it is; tell the founders",
            )
        raise
    first()
    (keys / _MARK).unlink(missing_ok=True)
    log.free()
    logger.warning("restored log: level with its witnesses at %d leaves", log.size())
