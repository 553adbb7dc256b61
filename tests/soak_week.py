"""A simulated week of a real grid, for the soak: JSON-ready results.

    python -m tests.soak_week [DAYS]

The grid is founded on a PostgreSQL, sleeps for most of a year, and then lives through
a week in which certificates, sealing keys, lists, the directory, the linkage key and
retention all turn over; see `process.week`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def run(days: int = 7) -> dict[str, Any]:
    """Let so many days pass; what was counted, and `failures`."""
    for path in (str(ROOT), str(ROOT / "tests")):
        if path not in sys.path:
            sys.path.insert(0, path)
    from process.week import Plan
    from process.week import run as live

    with tempfile.TemporaryDirectory(prefix="childgrid-week-") as folder:
        return live(Plan(folder, days))


def main() -> None:
    """Run it from the command line."""
    found = run(*map(int, sys.argv[1:]))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["failures"]))


if __name__ == "__main__":
    main()
