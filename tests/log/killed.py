"""Archives a log and is killed at every step of it, one after the other.

`python tests/log/killed.py LOG FOLDER`: before each file that is opened, renamed, or
made, each sync of the disk and each statement of SQL the process is killed with
SIGKILL, in a copy of the log of its own (`FOLDER/N`). Prints how many kills there were;
the last copy is that of a run that came to its end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from childgrid_log import archiving
from childgrid_log.tiles import TILE_WIDTH
from log.stock import LATER, copied, opened

_WATCHED = {"open", "os.rename", "os.mkdir", "os.remove"}


def bomb(steps: int) -> Callable[..., None]:
    """Kill this process when it is called for the last of `steps` times."""
    left = [steps]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return tick


def _once(tick: Callable[..., None]) -> Callable[[str], None]:
    """Call `tick` for each statement: those with triggers are told for every row."""
    last = [""]

    def told(sql: str) -> None:
        if sql != last[0]:
            last[0] = sql
            tick()

    return told


def run(path: Path, steps: int) -> None:
    """Archive, and die on the way."""
    archiving.STEP = TILE_WIDTH
    with opened(path) as log:
        tick = bomb(steps)
        sync = os.fsync
        log._database._writer.set_trace_callback(_once(tick))
        sys.addaudithook(lambda event, _: tick() if event in _WATCHED else None)
        os.fsync = lambda file: (tick(), sync(file))[1]
        log.archive(LATER)
        log.compact()


def main(path: Path, folder: Path) -> int:
    """Go on until a run is not killed; returns how many were."""
    steps = 0
    while True:
        copy = copied(path, folder / str(steps))
        child = os.fork()
        if not child:
            run(copy, steps + 1)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended != -signal.SIGKILL:
            return steps if ended == 0 else sys.exit("a run ended by itself")
        steps += 1


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2])))
