"""What time it is, for clocks on pages; judged is time at the node alone."""

from __future__ import annotations

import datetime as dt
import time

_INDIA = dt.timezone(dt.timedelta(seconds=19_800))


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def today() -> dt.date:
    """The day in India."""
    return dt.datetime.fromtimestamp(now(), _INDIA).date()
