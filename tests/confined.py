"""A program under the walls of its systemd unit: its calls filtered as systemd would.

    python tests/confined.py UNIT MODULE [ARGUMENT ...]

runs a module under the `SystemCallFilter=` and `MemoryDenyWriteExecute=` of a unit of
the tree, by the kernel's own means and without systemd: what the unit forbids fails
here too. `demo` runs the whole demo so, each process under its own unit. Walls of the
file system and of accounts are not built; they need a service manager.
"""

from __future__ import annotations

import ctypes
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from units import SYSTEMD, read  # noqa: E402 - run as a program, from anywhere

UNITS = {
    "childgrid_node": "childgrid-node@.service",
    "childgrid_coordinator": "childgrid-coordinator.service",
    "childgrid_audit": "childgrid-station@.service",
}
_NO_NEW_PRIVILEGES, _MDWE = 38, 65
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001


@cache
def groups() -> Mapping[str, frozenset[str]]:
    """systemd's groups of calls, each with what it names itself, other groups too."""
    listed = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, frozenset[str]] = {}
    name = ""
    for line in listed.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = frozenset()
        elif line.startswith("#"):
            break  # what follows is in no group
        elif line.strip() and not line.strip().startswith("#"):
            found[name] |= {line.strip()}
    return found


@cache
def members(group: str) -> frozenset[str]:
    """The calls of a group, those of the groups in it included."""
    named = groups()[group]
    plain = {one for one in named if not one.startswith("@")}
    return frozenset(plain.union(*(members(one) for one in named - plain)))


def allowed(lines: list[str]) -> set[str]:
    """What `SystemCallFilter=` lines leave, read as systemd does: lists less lists."""
    found: set[str] = set()
    for line in lines:
        taken = line.startswith("~")
        calls = set().union(*map(members, line.removeprefix("~").split()))
        found = found - calls if taken else found | calls
    return found | members("@default")


def confine(unit: str) -> None:
    """Put this process behind the unit's walls, for good."""
    said = read(SYSTEMD / unit)
    library = ctypes.CDLL(find_library("seccomp") or "libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    for name in ("seccomp_rule_add", "seccomp_load"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    made = library.seccomp_init(_EPERM)
    for name in allowed(said["Service.SystemCallFilter"]):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add(made, ctypes.c_uint32(_ALLOW), number, 0)
    system = ctypes.CDLL(None)
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError("no_new_privs")
    if said.get("Service.MemoryDenyWriteExecute") == ["yes"]:
        system.prctl(_MDWE, 1, 0, 0, 0)
    if library.seccomp_load(made):
        raise OSError("seccomp")


def demo() -> Mapping[str, Any]:
    """The whole demo with every server process behind its unit's walls."""
    from deploy import demo as story
    from deploy import processes

    def start(self: processes.Process) -> None:
        unit = UNITS[self.arguments[0]]
        with self.output.open("ab") as file:
            self.handle = subprocess.Popen(
                [sys.executable, __file__, unit, *self.arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    processes.Process.start = start  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory(prefix="childgrid-confined-") as name:
        sys.argv = ["demo", "--folder", name]
        status = story.main()
    return {"units": sorted(UNITS.values()), "failures": [status] if status else []}


if __name__ == "__main__":
    confine(sys.argv[1])
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
