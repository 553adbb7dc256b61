"""The whole stopwatch: a clean folder, an installation, six commands, an answer.

    python -m tests.soak stopwatch [--again]

The wheels are fetched and the node's own is built on a machine with a network; then, as
docs/installing.md has it, they are installed into a fresh virtual environment without
one, and the commands of docs/joining.md are typed against a grid that runs. All of it
counts but the fetching, whose time is said apart: it depends on somebody's network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_NODE_LOCK = ROOT / "deploy" / "locks" / "node.lock"


def run_stopwatch() -> dict[str, Any]:
    """Join from nothing; returns each step's seconds, and what took too long."""
    from soak_process import founded

    with tempfile.TemporaryDirectory(prefix="childgrid-clean-") as name:
        clean = Path(name)
        fetched = _timed("the wheelhouse is made", lambda: _fetch(clean))
        installed = _timed("the node is installed", lambda: _install(clean))
        with founded() as grid:
            grid.start()
            return _joined(grid, clean, fetched, installed)


def _joined(grid: Any, clean: Path, fetched: float, installed: float) -> dict[str, Any]:
    from process.stopwatch import COMMANDS, LIMIT_SECONDS, PAGE, Stopwatch, typed

    words = typed(PAGE.read_text("utf-8"))
    # Nothing of this checkout is in the way of what was installed.
    program = [
        "env",
        "-u",
        "PYTHONPATH",
        str(clean / "venv" / "bin" / "childgrid-node"),
    ]
    watch = Stopwatch(grid, program, _say)
    with watch.run(words):
        pass
    total = installed + watch.seconds
    _say(f"{total:7.2f} s  in all")
    failures = []
    if not 0 < len(words) <= COMMANDS:
        failures.append(f"{len(words)} commands")
    if total > LIMIT_SECONDS:
        failures.append(f"{total:.0f} s")
    return {
        "fetch_seconds": round(fetched, 2),
        "install_seconds": round(installed, 2),
        "commands": len(words),
        "steps": {one.what: round(one.seconds, 2) for one in watch.steps},
        "total_seconds": round(total, 2),
        "failures": failures,
    }


def _fetch(clean: Path) -> None:
    """A folder with every wheel, as `make wheelhouse ZONE=node` makes it."""
    from deploy.wheelhouse import fill

    fill("node", clean / "node", _NODE_LOCK)


def _install(clean: Path) -> None:
    """What docs/installing.md says of the machine without a network."""
    venv = clean / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    strict = ["--no-index", "--find-links", "wheels", "--no-deps", "--require-hashes"]
    pip = [str(venv / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    command = [*pip, *strict, "-r", "requirements.txt"]
    subprocess.run(command, cwd=clean / "node", check=True)


def _timed(what: str, work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    seconds = time.monotonic() - begun
    _say(f"{seconds:7.2f} s  {what}")
    return seconds


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
