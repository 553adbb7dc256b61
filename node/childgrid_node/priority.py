"""Who goes first where a machine's processors are short: short work before long.

A pass over memory yields to the checks of the queries that come meanwhile: so these
stand in line when it ends and share the next one, which costs each of them half. A
register that is read anew yields to both. Only Linux gives a thread a rank of its own;
elsewhere all are equal. No rank is raised: whoever runs the node may lower all of them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

SCAN = 10
"""A scan's rank (nice, 0 to 19): against work at 0 it has a tenth of a processor."""

READING = 15
"""The rank of what encodes a register in processes of its own."""


def yield_to_others(rank: int) -> None:
    """Put the calling thread at `rank`, where it isn't lower already."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    # What forbids it makes things slower, not wrong.
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, thread) < rank:
            os.setpriority(os.PRIO_PROCESS, thread, rank)
