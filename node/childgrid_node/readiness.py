"""Whether a node does what it is for, and if not, why: short words, nobody's data.

Not ready is: an index missing, damaged or with a part away, a log that takes nothing
in, a disk nearly full, an issuer or sealing key that has run out, work that has
stopped, hangs or fails again and again. Not ready is not: a coordinator or witness that
is away, nor a directory past its time; those are awaited, and alarms tell of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from childgrid_log import outlook
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_wire import health
from childgrid_wire.errors import Untrusted

if TYPE_CHECKING:
    from childgrid_node.loops import Loop

WORDS = (
    "index-missing",
    "index-damaged",
    "index-partial",
    *outlook.WORDS,
    "disk-full",
    "issuer-expired",
    "sealing-key-expired",
    "stopped",
    "hangs",
    "fails",
)
"""Every word that may come, before its colon."""


def faults(
    office: Office, holdings: Holdings, loops: Iterable[Loop], state_dir: Path
) -> Sequence[str]:
    """What is wrong now; a word, or a word, a colon and which work it is about."""
    found = [
        "index-missing" if holdings.missing else "",
        "index-damaged" if holdings.damaged else "",
        "index-partial" if holdings.partial else "",
        outlook.fault(office.journal.log),
        "disk-full" if _is_full(state_dir) else "",
        "issuer-expired" if issuer_ends(office) <= office.now else "",
        "" if _has_sealing_key(office) else "sealing-key-expired",
        *(loop.fault() for loop in loops),
    ]
    return [word for word in found if word]


def _is_full(state_dir: Path) -> bool:
    return health.free_bytes(state_dir) < health.LEAST_FREE_BYTES


def issuer_ends(office: Office) -> float:
    """When the agency's own issuer runs out, Unix seconds."""
    return office.identity.issuer.certificate.not_valid_after_utc.timestamp()


def _has_sealing_key(office: Office) -> bool:
    try:
        office.shelf.book.sealing_key(office.member, office.now)
    except Untrusted:
        return False
    return True
