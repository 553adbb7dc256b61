"""What a running server says of its own log: a word where it fails, and two figures.

The rule: a log that is behind its witnesses is told from one that takes nothing in,
since only founders can mend the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import LogBehind, LogError
from childgrid_log.log import Log
from childgrid_wire.metrics import gauge

WORDS = ("log-behind", "log-refused")
"""Every word that `fault` may say."""


def fault(log: Log) -> str:
    """What is wrong with a log, in a word; nothing where it takes leaves in."""
    try:
        log.check()
    except LogBehind:
        return "log-behind"
    except LogError:
        return "log-refused"
    return ""


def cosigned(log: Log) -> int:
    """How many leaves the newest cosigned checkpoint has."""
    note = log.latest_cosigned()
    return open_checkpoint(note, log.vkey).checkpoint.size if note else 0


def figures(log: Log) -> Iterator[GaugeMetricFamily]:
    """How many leaves a log has, and how many of them nobody vouches for yet."""
    size = log.size()
    yield gauge("childgrid_log_leaves", "Leaves of the own log", size)
    yield gauge(
        "childgrid_log_uncosigned_leaves",
        "Leaves that no quorum of witnesses has cosigned yet",
        size - cosigned(log),
    )
