"""No fault leaves a process that claims to be healthy and says nothing of it.

Each planted fault (`planted`) either ends a start with status 2 and a line that says
what to do, or is told by a node that runs: to health checks, or by an alarm over its
figures. The page tells the same (`python -m tests.faults`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import alarms
import faults
from childgrid_log.errors import LogError
from childgrid_node import readiness, sealing
from childgrid_node.app import Node
from childgrid_node.index_errors import IndexingError
from childgrid_node.source_errors import SourceError
from childgrid_wire import health
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import WireError
from deploy.processes import HOST, free_port
from process.planted import FAULTS, Bed
from process.yardstick import Grid

MEMBER = "police"
ENDING = (WireError, SourceError, IndexingError, LogError, OSError)
"""What the command line ends with status 2 for, in one line."""

TOLD = [name for name, one in FAULTS.items() if one.health or one.alarm]
AWAY = {"ChildgridOutboxWaits", "ChildgridLogNotCosigned"}
"""Alarms of a node whose coordinator is out of reach, as it is here."""

BEFORE = ("no_index", "log_restored")
"""What can be planted only while nothing runs; all else befalls a node that does."""


@pytest.fixture(scope="module")
def apart(still: Grid) -> Grid:
    """A grid in which nothing ever runs."""
    return still


@pytest.fixture
def bed(apart: Grid, tmp_path: Path) -> Bed:
    """The police's node, sound, where no coordinator is in reach."""
    made = Bed.copied(apart.configs[MEMBER], tmp_path)
    away = made.config.coordinator.model_copy(
        update={"address": f"{HOST}:{free_port()}"}
    )
    made.set(coordinator=away, listen=f"{HOST}:0", desk=f"{HOST}:0")
    return made


@contextmanager
def running(bed: Bed) -> Iterator[tuple[Node, int]]:
    """A node in this process, and its grid listener's port."""
    node = Node(bed.config, bed.clock)
    port, _ = node.start()
    try:
        yield node, port
    finally:
        node.stop()


def serves(node: Node, port: int) -> bool:
    """What its health checks say to the agency's own people."""
    dialer = Dialer(node.office.identity.credentials("node"))
    try:
        way = dialer.channel(f"{HOST}:{port}", Peer(MEMBER, "node"))
        return health.serves(way, 10.0)
    finally:
        dialer.close()


def words(node: Node) -> set[str]:
    """Why it does not serve; what its loops do meanwhile is another matter."""
    return {one.partition(":")[0] for one in node.lookout.faults()}


def alarmed(node: Node, bed: Bed) -> set[str]:
    """The alarms that its figures raise."""
    return alarms.raised(node.office.meter.registry, bed.clock())


def test_a_sound_node_serves_and_raises_no_alarm(bed: Bed) -> None:
    """But those that a coordinator out of reach raises, which is no fault of its."""
    with running(bed) as (node, port):
        assert serves(node, port)
        assert alarmed(node, bed) <= AWAY


@pytest.mark.parametrize("name", [name for name, one in FAULTS.items() if one.start])
def test_a_start_ends_and_says_what_to_do(bed: Bed, name: str) -> None:
    """Nothing listens afterwards."""
    if name == "log_shortened":
        with running(bed):  # so that its log holds something
            pass
    FAULTS[name].plant(bed)
    with pytest.raises(ENDING) as ended, running(bed):
        pass
    assert FAULTS[name].start in str(ended.value)


@pytest.mark.parametrize("name", TOLD)
def test_a_node_that_runs_tells(
    bed: Bed, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By health checks, where it does not do what it is for; else by an alarm."""
    fault = FAULTS[name]
    monkeypatch.setattr(health, "free_bytes", lambda _: bed.free)
    monkeypatch.setattr("childgrid_wire.watched.free_bytes", lambda _: bed.free)
    # What lacks an index is encoded soon after a start: here that takes its time.
    monkeypatch.setattr("childgrid_node.stock.Stock._encode", lambda *_: None)
    if name in BEFORE:
        fault.plant(bed)
    with running(bed) as (node, port):
        if name not in BEFORE:
            fault.plant(bed)
        if bed.later and fault.health != "sealing-key-expired":
            # What a node that runs does by itself meanwhile.
            sealing.ensure(node.office)
        said = words(node)
        assert (fault.health in said) if fault.health else not said
        # By another clock than the machine's no certificate of now would be taken.
        assert bed.later or serves(node, port) is not bool(fault.health)
        raised = alarmed(node, bed)
    assert ("ChildgridNotServing" in raised) is bool(fault.health)
    assert not fault.alarm or fault.alarm in raised


def test_every_fault_is_told_by_somebody() -> None:
    """There are more than twenty, and none of them passes for health."""
    assert len(FAULTS) > 20
    for name, one in FAULTS.items():
        assert one.words, name
        assert one.start or one.health or one.alarm, name
        assert not one.health or one.health in readiness.WORDS
        assert not one.alarm or one.alarm in alarms.rules()


def test_the_real_command_ends_with_status_two(bed: Bed) -> None:
    """One line on standard error, and no trace of the program."""
    FAULTS["not_joined"].plant(bed)
    settings = f"""
member = "{MEMBER}"
title = "Police"
state_dir = "{bed.state}"
passphrase_file = "{bed.config.passphrase_file}"

[coordinator]
member = "hub"
address = "{HOST}:1"
"""
    (bed.folder / "node.toml").write_text(settings, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "childgrid_node", "serve"],
        cwd=bed.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert FAULTS["not_joined"].start in done.stderr


def test_the_page_tells_the_same() -> None:
    """Row by row, as `python -m tests.faults` writes it."""
    assert faults.section() in faults.PAGE.read_text("utf-8")
