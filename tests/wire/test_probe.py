"""The supervisor's probe: gRPC health on a socket that only this user can open."""

from __future__ import annotations

import socket as socketlib
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from childgrid_wire import probe
from childgrid_wire.errors import ConfigurationRefused, Unreachable


@pytest.fixture
def faults() -> list[str]:
    """What is wrong with the process, for the test to say."""
    return []


@pytest.fixture
def socket(tmp_path: Path, faults: list[str]) -> Iterator[str]:
    """A socket that is answered."""
    path = str(tmp_path / "health.sock")
    stop = probe.serve(path, lambda: faults)
    yield path
    stop()


def test_it_says_whether_the_process_serves(socket: str, faults: list[str]) -> None:
    """Asked anew each time; what does not serve is alive all the same."""
    assert probe.ask(socket)
    assert probe.main([socket]) == 0
    faults.append("disk-full")
    assert not probe.ask(socket)
    assert probe.main([socket]) == 1
    assert probe.main([socket, "--alive"]) == 0


def test_nobody_else_can_open_it(socket: str) -> None:
    """Mode 600; and nothing but health is answered there."""
    assert stat.S_IMODE(Path(socket).stat().st_mode) == 0o600
    assert stat.S_ISSOCK(Path(socket).stat().st_mode)


def test_the_command_is_told_by_its_status(tmp_path: Path, socket: str) -> None:
    """As an orchestrator types it: 0, and 1 where nobody answers."""
    command = [sys.executable, "-m", "childgrid_wire.probe"]
    assert subprocess.run([*command, socket], check=False).returncode == 0
    gone = str(tmp_path / "gone.sock")
    done = subprocess.run(
        [*command, gone, "--alive"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "no answer: unreachable\n")


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--alive"], ["a", "--alive", "b"]])
def test_a_wrong_call_is_neither(words: list[str]) -> None:
    """An orchestrator's mistake never passes for health."""
    assert probe.main(words) != 0


def test_it_ends_with_the_process_and_begins_again(tmp_path: Path) -> None:
    """A socket that a killed process left behind is taken over."""
    path = tmp_path / "health.sock"
    with socketlib.socket(socketlib.AF_UNIX) as killed:
        killed.bind(str(path))
    stop = probe.serve(str(path), list)
    assert probe.ask(str(path))
    stop()
    assert not path.exists()
    with pytest.raises(Unreachable):
        probe.ask(str(path), 0.2)


def test_a_file_that_lies_there_is_not_taken_for_a_socket(tmp_path: Path) -> None:
    """A mistyped setting costs nobody a key or a database."""
    path = tmp_path / "log.db"
    path.write_text("leaves")
    with pytest.raises(ConfigurationRefused, match=r"log\.db is no socket and stays"):
        probe.serve(str(path), list)
    assert path.read_text() == "leaves"


def test_nothing_listens_where_nothing_is_said(tmp_path: Path) -> None:
    """And where it can't, the process does not start."""
    probe.serve("", list)()
    with pytest.raises(ConfigurationRefused, match="probe: cannot listen"):
        probe.serve(str(tmp_path / "missing" / "health.sock"), list)
