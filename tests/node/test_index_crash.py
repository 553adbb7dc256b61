"""An index whose writer is killed is at the state before a commit, or after it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import index_commits as commits


def _killed(path: Path, lines: int, chance: random.Random) -> int:
    """Let a process commit; kill it after some lines. Return what it said last."""
    script = Path(commits.__file__)
    roots = [str(Path(__file__).parents[2] / "node"), str(script.parent)]
    roots.append(os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))}
    process = subprocess.Popen(
        [sys.executable, str(script), str(path)],
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    said = 0
    for _ in range(lines):
        said = int(process.stdout.readline())
    # Busy waiting spreads the kills over all that a commit does.
    for _ in range(chance.randrange(200_000)):
        pass
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    return int(rest[-1]) if rest else said


@pytest.mark.parametrize("clear", [False, True], ids=["sealed", "clear"])
def test_a_killed_writer_leaves_old_or_new(tmp_path: Path, *, clear: bool) -> None:
    """After each SIGKILL all rows are of one round, no older than what was said."""
    path, chance = tmp_path / "a.index", random.Random(4)
    commits.build(path, clear=clear)
    for lines in (1, 2, 3, 5, 4):
        said = _killed(path, lines, chance)
        index = commits.opened(path)
        index.verify()
        (turn,) = commits.turns(index)

        assert said <= turn <= said + 1
        gone = commits.deleted(turn)
        assert index.living == len(commits.KEYS) - len(gone)
        assert not index.rows_of(gone)
    assert commits.opened(path).changed(deletes=commits.KEYS).living == 0
