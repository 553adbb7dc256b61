"""A command as an operator types it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

SECONDS = 60


def typed(module: str, *words: str) -> str:
    """Type a command of a package; it must succeed. Returns what it said."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
