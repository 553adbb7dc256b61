"""What time it is, for clocks on pages; judged is time at the node alone."""

from __future__ import annotations

import time


def now() -> int:
    """Unix seconds."""
    return int(time.time())
