"""`childgrid-node doctor` names each fault that was planted, and none where none is.

The command is run as an operator runs it, in a process of its own, beside the serving
node. A wrong clock is given to that process alone, by the preloaded shim.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from childgrid_authority import directory
from childgrid_node import ceremony, disk, joining
from childgrid_node.index_file import FRAME_HEAD, FRAMES_AT
from childgrid_wire import keyfile
from deploy.processes import free_port
from process.wall import Wall
from process.yardstick import AGENCIES, Grid

DAY = 86_400
DOCTOR = (sys.executable, "-m", "childgrid_node", "doctor")


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor said: exit status and its lines."""

    status: int
    lines: list[str]

    @property
    def faults(self) -> list[str]:
        """The lines that name a fault."""
        return [line for line in self.lines if line.startswith("FAULT")]


def doctor(
    grid: Grid,
    environment: dict[str, str] | None = None,
    more: str = "",
    **replaced: str,
) -> Diagnosis:
    """Run the doctor of the police's node under settings of which some are replaced."""
    folder = grid.folder / "police"
    text = more + (folder / "node.toml").read_text("utf-8")
    for name, value in replaced.items():
        text, times = re.subn(rf'(?m)^{name} = ".*"$', f'{name} = "{value}"', text)
        assert times == 1, name
    (folder / "examined.toml").write_text(text, "utf-8")
    done = subprocess.run(
        [*DOCTOR, "--config", str(folder / "examined.toml")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    assert not done.stderr, done.stderr
    return Diagnosis(done.returncode, done.stdout.splitlines())


def assert_named(found: Diagnosis, kind: str) -> None:
    """The first fault is of this kind, and the command ends with 1."""
    assert found.status == 1
    assert found.faults, found.lines
    assert kind in found.faults[0].lower(), found.faults


@contextmanager
def replaced(path: Path, content: bytes | None) -> Iterator[None]:
    """Put other content into a file for a while, or take the file away."""
    kept = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(kept)


def test_a_sound_node_has_no_fault(grid: Grid) -> None:
    """Every check says ok and the command ends with 0."""
    found = doctor(grid)
    assert (found.status, found.faults) == (0, []), found.lines
    assert len(found.lines) >= 10
    assert all(line.startswith("ok") for line in found.lines)


def test_a_name_that_does_not_resolve_is_named(grid: Grid) -> None:
    """DNS."""
    found = doctor(grid, address="no-such-host.invalid:7400")
    assert_named(found, "dns")
    assert "no-such-host.invalid" in found.faults[0]


def test_a_closed_port_is_named(grid: Grid) -> None:
    """Port."""
    port = free_port()
    found = doctor(grid, address=f"127.0.0.1:{port}")
    assert_named(found, "port")
    assert str(port) in found.faults[0]


def test_another_members_certificate_is_named(grid: Grid) -> None:
    """Certificate: a node of the grid answers where the coordinator should."""
    found = doctor(grid, address=grid.yard.address("customs"))
    assert_named(found, "certificate")


@pytest.mark.parametrize("seconds", [10 * 60, 3 * DAY, -400 * DAY])
def test_a_wrong_clock_is_named(
    grid: Grid, seconds: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Clock: ten minutes, three days ahead, a year and more behind."""
    path = tmp_path_factory.mktemp("clock") / "clock"
    found = doctor(grid, Wall(path, ahead=seconds).environment)
    assert_named(found, "clock")


def test_another_linkage_key_is_named(grid: Grid) -> None:
    """Epoch: the key of this epoch isn't the one that the directory checks."""
    path = ceremony.linkage_file(grid.state("police") / "keys", 1)
    with replaced(path, path.read_bytes()):
        path.unlink()
        keyfile.lock({"key": "17" * 32}, grid.yard.passphrase("police"), path)
        found = doctor(grid)
    assert_named(found, "epoch")
    assert "linkage key" in found.faults[0]


def test_a_source_that_is_gone_is_named(grid: Grid) -> None:
    """Source: the file behind the mapping isn't there."""
    with replaced(grid.folder / "police" / "sources" / "police.csv", None):
        found = doctor(grid)
    assert_named(found, "source")


def test_a_source_without_a_mapped_column_is_named(grid: Grid) -> None:
    """Source: the setting and the column are named, and no value of a row."""
    path = grid.folder / "police" / "sources" / "police.csv"
    table = path.read_bytes()
    with replaced(path, table.replace(b"accused_name", b"name_of_accused", 1)):
        found = doctor(grid)
    assert_named(found, "source")
    assert "accused_name" in found.faults[0]


def test_an_index_that_was_altered_is_named(grid: Grid) -> None:
    """Index: by its file, of which one byte is another; sealed, and only mapped."""
    path = grid.state("police") / "index" / "e1" / "police.index"
    clear = grid.configs["police"].model_copy(update={"encrypted_disk": True})
    with replaced(path, path.read_bytes()):
        for declared in (False, True):
            more = "encrypted_disk = true\n" * declared
            if declared:
                grid.yard.index(clear)
                assert doctor(grid, more=more).faults == []
                assert_named(doctor(grid), "disk")
            content = bytearray(path.read_bytes())
            content[FRAMES_AT + FRAME_HEAD.size] ^= 1
            path.write_bytes(content)
            found = doctor(grid, more=more)
            assert_named(found, "index:")
            assert "police.index" in found.faults[0]
            assert "altered" in found.faults[0]


@pytest.mark.threat("T8")
def test_a_disk_that_cannot_be_seen_to_be_encrypted_is_doubted(grid: Grid) -> None:
    """Disk: it is told how much lies there; no fault, since its owner may know."""
    path = grid.state("police") / "index" / "e1" / "police.index"
    clear = grid.configs["police"].model_copy(update={"encrypted_disk": True})
    with replaced(path, path.read_bytes()):
        said = " ".join(grid.yard.index(clear))
        found = doctor(grid, more="encrypted_disk = true\n")
        seen = disk.confirmed(path)
    assert (found.status, found.faults) == (0, []), found.lines
    (line,) = [one for one in found.lines if " disk: " in one]
    assert line.startswith("ok" if seen else "WARN")
    assert f" {re.findall('[0-9]+', said)[0]} source keys" in line


def test_a_scheme_that_this_release_lacks_is_named(grid: Grid) -> None:
    """Version: the founders put a scheme in force that must be upgraded to."""
    for name in AGENCIES:
        grid.process(name).stop()
    upgrade(grid)
    found = doctor(grid)
    assert_named(found, "scheme")
    assert "upgrade" in found.faults[0]


def upgrade(grid: Grid) -> None:
    """A new epoch under a scheme that doesn't ship here, agreed by its members."""
    yard, now = grid.yard, int(time.time())
    configs = list(grid.configs.values())
    change = directory.set_scheme(yard.authority.book, "5c" * 32, "test", now)
    yard.enact(change)
    with ThreadPoolExecutor(len(configs)) as pool:
        done = [
            pool.submit(
                joining.hold_ceremony, one, 2, AGENCIES, 60, time.time, lambda _: None
            )
            for one in configs
        ]
        for one in done:
            one.result()
    with yard.inbox() as opened:
        opened.fetch(yard.authority.shelf)
    yard.enact(
        directory.set_epoch(
            yard.authority.book, 2, AGENCIES, now, scheme=change[0].hash
        )
    )
    yard.settle(configs)
