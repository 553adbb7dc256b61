"""The release before this one, taken out of the project's own history.

Its code runs in this environment beside today's: its folders stand before ours on
Python's path. Where the history is not there (an exported tree, a shallow clone), tests
that need it are skipped and say so.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REVISION = "d9faacb7"
"""The last commit whose databases have no stamp; move it when a release is made."""

_ZONES = (
    *("proto", "authority", "node", "portal", "coordinator", "audit"),
    "conformance",
)


@cache
def known() -> str:
    """The full name of that commit; empty where it isn't in this tree's history."""
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "-q", f"{REVISION}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip()


def kept() -> Path:
    """The folder with the earlier release's zones; skips the test without them.

    It is written once and stays, so that its code is compiled once.
    """
    if not known():
        pytest.skip(f"this tree's history lacks {REVISION}, the release before")
    folder = ROOT / ".earlier" / known()[:12]
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            _take(Path(name) / "zones").replace(folder)
        # Only now: what is compiled remembers where its source lay.
        compileall.compile_dir(folder, quiet=2)
    return folder


def _take(folder: Path) -> Path:
    packed = subprocess.run(
        ["git", "archive", known(), *_ZONES],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """What makes a program run the release that stands in a folder."""
    zones = os.pathsep.join(str(folder / zone) for zone in _ZONES)
    found = subprocess.run(
        [sys.executable, "-c", "import childgrid_wire; print(childgrid_wire.__file__)"],
        env={**os.environ, "PYTHONPATH": zones},
        capture_output=True,
        text=True,
    )
    if not found.stdout.startswith(str(folder)):
        raise RuntimeError(f"today's code would run, not that of {folder.name}")
    return {"PYTHONPATH": zones}
