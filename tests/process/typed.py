"""A command as an operator types it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

SECONDS = 60


def typed(module: str, *words: str, status: int = 0) -> str:
    """Type a command of a package; returns what it said, errors after all else.

    It must end with this status.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr
