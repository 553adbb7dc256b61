"""A server process ends when it is told to, whatever it is doing."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SERVER = """
import sys, threading
from childgrid_wire.ending import Ending
ending = Ending()
print("ready", flush=True)
ending.wait({seconds})
{after}
"""


def told(number: signal.Signals, seconds: float, after: str) -> tuple[int, str]:
    """Run a server, send it a signal; returns its exit status and what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER.format(seconds=seconds, after=after)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    return process.returncode, errors


COLLECTOR = """
import gc
from childgrid_wire import ending
ending._tell = lambda state: print(state.decode(), gc.get_freeze_count() > 0)
end = ending.Ending()
end.turn()
assert end.wait(50)
print("turned", gc.get_freeze_count() > 0)
"""


def test_the_collector_leaves_alone_what_the_start_made() -> None:
    """While calls are answered; what is opened anew may be collected before."""
    said = subprocess.run(
        [sys.executable, "-c", COLLECTOR], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == ["READY=1 True", "turned False"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_end_ends_well(number: signal.Signals) -> None:
    """What comes after the wait is done, and the status is 0."""
    status, errors = told(number, 50, "print('done', file=sys.stderr)")
    assert (status, errors) == (0, "done\n")


def test_who_hangs_says_where_and_ends_all_the_same() -> None:
    """The stack names functions and lines; the status is not 0."""
    stuck = "def stuck(): threading.Event().wait()\nstuck()"
    status, errors = told(signal.SIGTERM, 0.2, stuck)
    assert status == 1
    assert "in stuck" in errors
