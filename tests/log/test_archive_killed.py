"""Archiving, killed at each of its steps: the whole log is there every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from log.stock import LATER, opened, stocked, told

TESTS = Path(__file__).parents[1]


def test_killed_at_any_step_nothing_is_lost(tmp_path: Path) -> None:
    """The database has a leaf, or the archive, or both; and the next run ends it."""
    path, folder = tmp_path / "log.db", tmp_path / "killed"
    folder.mkdir()
    stocked(path, 520)
    with opened(path) as log:
        before = told(log, 173)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed.py"), path, folder],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    kills, stages = int(done.stdout), set()
    for number in range(kills + 1):
        with opened(folder / str(number) / "log.db") as log:
            stages.add(log.archived)
            assert told(log, 173) == before
            log.archive(LATER)
            assert log.archived == log.check_archive() == 512
            assert log.verify() == 520
    assert kills > 60
    assert stages == {0, 256, 512}
