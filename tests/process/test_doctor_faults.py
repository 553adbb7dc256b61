"""The doctor of a node that runs, or should: twenty and more planted faults, all named.

What is planted, and what must be said of it, stands in `planted`. The examination is
run in this process, beside the node's own. The road to the coordinator, clock, scheme
and index files stand in `test_doctor`; what health checks and alarms say of the same
faults in `test_fault_contract`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from childgrid_node import doctor, symptoms
from childgrid_node.doctor import Finding, _Patient, _run
from childgrid_node.logbook import open_office
from childgrid_wire import health, keyfile
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf
from process.planted import FAULTS, Bed
from process.yardstick import Grid

MEMBER = "police"


@pytest.fixture
def bed(grid: Grid, tmp_path: Path) -> Bed:
    """A copy of the police's state and files, sound."""
    made: list[Bed] = []
    _quiesced(grid, lambda: made.append(Bed.copied(grid.configs[MEMBER], tmp_path)))
    return made[0]


def _quiesced(grid: Grid, work: Callable[[], object]) -> None:
    """Do something while the police's node stands still."""
    handle = grid.process(MEMBER).handle
    assert handle is not None
    handle.send_signal(signal.SIGSTOP)
    try:
        work()
    finally:
        handle.send_signal(signal.SIGCONT)


def test_a_sound_node_has_no_fault(grid: Grid, bed: Bed) -> None:
    """Neither the running one nor a copy; of that it is said that it doesn't run."""
    running = list(doctor.examine(grid.configs[MEMBER], time.time))
    assert [one for one in running if not one.ok or one.doubtful] == []
    assert str(running[-1]) == "ok    serving: the running node serves"
    found = list(doctor.examine(bed.config, time.time))
    assert [one for one in found if not one.ok] == []
    assert [one.check for one in found if one.doubtful] == ["serving"]


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "disk"])
def test_what_was_planted_is_named(bed: Bed, name: str) -> None:
    """By the first fault: which check, and the file or the remedy."""
    fault = FAULTS[name]
    fault.plant(bed)
    if bed.later:
        with _later(bed) as patient:
            first = _run(fault.check, getattr(patient, fault.check))
    else:
        first = next(one for one in doctor.examine(bed.config, time.time) if not one.ok)
    assert not first.ok
    assert first.check == fault.check, str(first)
    assert fault.words in first.message, str(first)


@contextmanager
def _later(bed: Bed) -> Iterator[_Patient]:
    """A patient at another time, past the checks of the road, which would stop it."""
    patient = _Patient(bed.config, time.time)
    assert _run("keys", patient.keys).ok
    assert _run("directory", patient.directory).ok
    patient._clock = bed.clock
    patient._opened = replace(patient._office, clock=bed.clock)
    try:
        yield patient
    finally:
        patient._office.journal.log.close()


@pytest.mark.parametrize("setting", ["announce", "listen"])
def test_another_address_than_the_directorys_is_doubted(bed: Bed, setting: str) -> None:
    """Both are told, and what to do whichever is old; `listen` where none is announced.

    It is no fault: a node that moves says the new one before the founders do.
    """
    named, ours = str(bed.config.announce), "node.police.example:7410"
    bed.set(announce=named, listen=ours)
    assert _address(bed) == ("ok", "")
    bed.set(**{"announce": None, setting: ours})
    mark, told = _address(bed)

    assert mark == "WARN"
    assert f"the directory says {named}," in told
    assert f"{setting} says {ours}." in told
    assert "`childgrid-authority address police HOST:PORT`" in told
    assert f'set announce = "{named}"' in told


def _address(bed: Bed) -> tuple[str, str]:
    """How the finding about the address is marked; what it says unless it is sound."""
    found = next(
        one for one in doctor.examine(bed.config, time.time) if one.check == "address"
    )
    mark, _, told = str(found).partition(" ")
    return mark, "" if mark == "ok" else told


@pytest.mark.parametrize("name", ["cosigned", "outbox"])
def test_what_waits_is_no_fault_within_its_time(bed: Bed, name: str) -> None:
    """An hour makes it one; the same leaf or statement of just now is none."""
    FAULTS[name].plant(bed)
    bed.later = 0
    check = {"cosigned": "log"}.get(name, name)
    with _later(bed) as patient:
        assert _run(check, getattr(patient, check)).ok


def test_a_full_disk_is_named(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault where the node stops, a doubt before."""
    fault = FAULTS["disk"]
    fault.plant(bed)
    for free, ok, doubtful in ((bed.free, False, False), (9 * 10**8, True, True)):
        monkeypatch.setattr(health, "free_bytes", lambda _, free=free: free)
        found = _run(fault.check, lambda: symptoms.space(bed.state))
        assert (found.ok, found.doubtful) == (ok, doubtful)
        assert ok or fault.words in found.message


def test_a_process_that_hangs_or_does_not_serve_is_named(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the state, so it runs; and it does not answer, or says no."""
    config = grid.configs[MEMBER]
    keys = config.state_dir / "keys"
    identity = Identity.open(keys, keyfile.read_passphrase(config.passphrase_file))
    shelf = Shelf.open(config.state_dir / "documents")
    office = open_office(config, identity, shelf, time.time)
    monkeypatch.setattr(symptoms, "_CALL_SECONDS", 1.0)
    found: list[Finding] = []

    def look() -> None:
        found.append(_run("serving", lambda: symptoms.serving(config, office)))

    _quiesced(grid, look)
    monkeypatch.setattr(health, "serves", lambda *_: False)
    look()
    office.journal.log.close()
    assert "does not answer" in found[0].message
    assert "says that it does not serve" in found[1].message
    assert not any(one.ok for one in found)
