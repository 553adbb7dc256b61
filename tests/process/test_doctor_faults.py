"""The doctor of a node that runs, or should: twenty and more planted faults, all named.

The examination is run in this process, beside the node's own, with settings or a copy
of the state into which one fault was planted. The road to the coordinator, clock,
scheme and index files stand in `test_doctor`.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from childgrid_log import restored
from childgrid_node import ceremony, doctor, symptoms
from childgrid_node.app import open_office
from childgrid_node.config import NodeConfig
from childgrid_node.doctor import Finding, _Patient, _run
from childgrid_wire import health, keyfile
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf
from process.yardstick import Grid

DAY = 86_400
MEMBER = "police"


@dataclass
class Bed:
    """A node's settings over a copy of its state, in which nothing runs."""

    config: NodeConfig
    folder: Path
    grid: Grid

    @property
    def state(self) -> Path:
        """The copy."""
        return self.config.state_dir

    def set(self, **changes: Any) -> None:
        """Change settings."""
        self.config = self.config.model_copy(update=changes)

    def write(self, name: str, text: str) -> Path:
        """A file beside the state."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def examine(self) -> list[Finding]:
        """All that the doctor says."""
        return list(doctor.examine(self.config, time.time))

    def database(self, *sql: str) -> None:
        """Do something to the log's file that no program of ours would."""
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        with closing(sqlite3.connect(self.state / "log" / "log.db")) as db, db:
            for (name,) in db.execute(triggers).fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for one in sql:
                db.execute(one)


@pytest.fixture
def bed(grid: Grid, tmp_path: Path) -> Bed:
    """A copy of the police's state, sound."""
    config = grid.configs[MEMBER]
    state = tmp_path / "state"
    _quiesced(grid, lambda: shutil.copytree(config.state_dir, state))
    config = config.model_copy(update={"state_dir": state})
    return Bed(config, tmp_path, grid)


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
    found = bed.examine()
    assert [one for one in found if not one.ok] == []
    assert [one.check for one in found if one.doubtful] == ["serving"]


def _passphrase(bed: Bed) -> None:
    bed.set(passphrase_file=bed.write("passphrase", "another passphrase"))
    bed.config.passphrase_file.chmod(0o600)


def _open_passphrase(bed: Bed) -> None:
    known = bed.config.passphrase_file.read_text("utf-8")
    bed.set(passphrase_file=bed.write("passphrase", known))
    bed.config.passphrase_file.chmod(0o644)


def _not_joined(bed: Bed) -> None:
    (bed.state / "keys" / "issuer.pem").unlink()


def _anothers_keys(bed: Bed) -> None:
    bed.set(member="customs")


def _document(bed: Bed) -> None:
    path = bed.state / "documents" / "00000002.dsse"
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 1))


def _log_gone(bed: Bed) -> None:
    (bed.state / "log" / "log.db").unlink()


def _log_shortened(bed: Bed) -> None:
    tables = ("log_opening", "log_node", "log_leaf")
    bed.database(*(f"DELETE FROM {table} WHERE idx > 0" for table in tables))


def _log_restored(bed: Bed) -> None:
    restored.mark(bed.state / "keys")


def _outbox(bed: Bed) -> None:
    bed.database(
        "INSERT OR REPLACE INTO outbox (hash, kind, envelope, state)"
        " SELECT hash, kind, envelope, 'waiting' FROM said LIMIT 1"
    )


def _staff(bed: Bed) -> None:
    text = bed.config.staff.read_text("utf-8")
    bed.set(staff=bed.write("staff.toml", text.replace("role", "rolle")))


def _policy(bed: Bed) -> None:
    bed.set(policy=bed.write("policy.toml", "approvers = 1\n"))


def _cases(bed: Bed) -> None:
    bed.set(cases=bed.folder / "no-such-file.csv")


def _linkage_key(bed: Bed) -> None:
    ceremony.linkage_file(bed.state / "keys", 1).unlink()


def _no_index(bed: Bed) -> None:
    shutil.rmtree(bed.state / "index" / "e1")


def _no_mapping(bed: Bed) -> None:
    bed.set(sources=bed.folder / "nowhere")


def _mapping(bed: Bed) -> None:
    folder = bed.folder / "sources"
    shutil.copytree(bed.config.sources, folder)
    path = folder / f"{MEMBER}.toml"
    path.write_text(path.read_text("utf-8").replace("[fields]", "[feilds]"), "utf-8")
    bed.set(sources=folder)


PLANTED: dict[Callable[[Bed], None], tuple[str, str]] = {
    _passphrase: ("keys", "wrong passphrase"),
    _open_passphrase: ("keys", "readable by its owner only"),
    _not_joined: ("keys", "has not joined"),
    _anothers_keys: ("keys", "keys of police"),
    _document: ("directory", "documents: "),
    _log_gone: ("directory", "log.db is gone"),
    _log_shortened: ("directory", "log: "),
    _log_restored: ("log", "came from a backup"),
    _staff: ("officers", "staff.toml"),
    _policy: ("directory", "policy.toml"),
    _cases: ("officers", "no-such-file.csv"),
    _linkage_key: ("directory", "epoch: no linkage key yet"),
    _no_index: ("index", "childgrid-node index"),
    _no_mapping: ("directory", "no mapping in nowhere/"),
    _mapping: ("directory", "police.toml"),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda one: one.__name__.strip("_"))
def test_what_was_planted_is_named(bed: Bed, plant: Callable[[Bed], None]) -> None:
    """By the first fault: which check, and the file or the remedy."""
    plant(bed)
    first = next(one for one in bed.examine() if not one.ok)
    check, words = PLANTED[plant]
    assert first.check == check, str(first)
    assert words in first.message, str(first)


@contextmanager
def _later(bed: Bed, seconds: int) -> Iterator[_Patient]:
    """A patient at another time, past the checks of the road, which would stop it."""
    patient = _Patient(bed.config, time.time)
    assert _run("keys", patient.keys).ok
    assert _run("directory", patient.directory).ok
    patient._clock = lambda: time.time() + seconds
    patient._office = replace(patient._office, clock=patient._clock)
    try:
        yield patient
    finally:
        patient._office.journal.log.close()


@pytest.mark.parametrize(
    ("days", "check", "words"),
    [
        (9, "terms", "sealing key: none is in force"),
        (345, "terms", "issuer: runs out in"),
        (3, "source", "police was last read 3 days ago"),
        (80, "directory", "directory: runs out in"),
    ],
)
def test_what_time_brings_is_named(bed: Bed, days: int, check: str, words: str) -> None:
    """What runs out, and what was not done for too long."""
    with _later(bed, days * DAY) as patient:
        found = _run(check, getattr(patient, check))
    assert not found.ok
    assert words in found.message


def test_leaves_that_nobody_cosigns_are_named(bed: Bed) -> None:
    """Said an hour ago; the same leaf is no fault within its time."""
    bed.database("DELETE FROM log_cosigned")
    with _later(bed, 3_600) as patient:
        found = _run("log", patient.log)
    assert "not cosigned for 6" in found.message
    with _later(bed, 0) as patient:
        assert _run("log", patient.log).ok


def test_statements_that_wait_are_named(bed: Bed) -> None:
    """An hour after they were said."""
    _outbox(bed)
    with _later(bed, 3_600) as patient:
        found = _run("outbox", patient.outbox)
    assert "1 statements wait" in found.message
    with _later(bed, 0) as patient:
        assert _run("outbox", patient.outbox).ok


def test_a_full_disk_is_named(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault where the node stops, a doubt before."""
    for free, ok, doubtful in ((10**6, False, False), (9 * 10**8, True, True)):
        monkeypatch.setattr(health, "free_bytes", lambda _, free=free: free)
        found = _run("space", lambda: symptoms.space(bed.state))
        assert (found.ok, found.doubtful) == (ok, doubtful)


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
