"""The units' walls, built by the kernel around the programs: they hold, and fit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from confined import UNITS, allowed, members
from units import SYSTEMD, read

PROGRAM = Path(__file__).parents[1] / "confined.py"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or find_library("seccomp") is None,
    reason="systemd-analyze or libseccomp is not here",
)

PROBE = """
import mmap, os, sqlite3, subprocess, threading
def tried(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"
print("nice", tried(lambda: os.nice(1)))
print("chown", tried(lambda: os.chown("probe.py", 1, 1)))
print("account", tried(lambda: os.setuid(1)))
print("exec", tried(lambda: mmap.mmap(-1, 4096, prot=7)))
print("thread", tried(lambda: threading.Thread(target=int).start()))
print("write", tried(lambda: sqlite3.connect("a.db").execute("create table t(a)")))
"""


def run(unit: str, folder: Path, *module: str) -> str:
    """What a module says behind a unit's walls."""
    done = subprocess.run(
        [sys.executable, PROGRAM, unit, *module],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("unit", "executable"), [
    ("childgrid-coordinator.service", "PermissionError"),
    ("childgrid-node@.service", "done"),
])  # fmt: skip
def test_what_a_unit_forbids_fails_and_what_a_server_needs_does_not(
    tmp_path: Path, unit: str, executable: str
) -> None:
    """No priority, owner or account is changed; a node alone makes code as it runs."""
    (tmp_path / "probe.py").write_text(PROBE)
    told = dict(line.split() for line in run(unit, tmp_path, "probe").splitlines())
    assert told == {
        "nice": "PermissionError",
        "chown": "PermissionError",
        "account": "PermissionError",
        "exec": executable,
        "thread": "done",
        "write": "done",
    }


@pytest.mark.parametrize("module", UNITS)
def test_every_program_starts_behind_its_walls(tmp_path: Path, module: str) -> None:
    """It loads and shows its commands; `make soak` runs the whole demo so."""
    assert "serve" in run(UNITS[module], tmp_path, module, "--help")


def test_the_filter_is_read_as_systemd_reads_it() -> None:
    """A list, less two lists; and what every process needs stays."""
    lines = read(SYSTEMD / "childgrid-node@.service")["Service.SystemCallFilter"]
    assert lines == ["@system-service", "~@privileged @resources"]
    left = allowed(lines)
    assert {"openat", "futex", "accept4", "execve", "exit_group"} <= left
    assert not {"chown", "setuid", "nice", "ptrace", "mount", "bpf"} & left
    assert members("@privileged") > members("@reboot") - {"kexec_file_load"}
