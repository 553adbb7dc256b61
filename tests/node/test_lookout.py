"""A node says that it does not serve, whatever keeps it from it; and its figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import generate_latest

import alarms
from childgrid_log.errors import LogBehind, LogUnavailable
from childgrid_node import doctor, indexer, readiness, symptoms
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.holdings import Holdings
from childgrid_node.lookout import Lookout
from childgrid_node.loops import Loop
from childgrid_node.office import Office
from childgrid_node.stock import Stock
from childgrid_wire import health
from childgrid_wire.errors import Reason, Refused, Unreachable
from grid import DAY, KABIR, Grid
from wire.ca import issuer


@dataclass
class Sight:
    """A lookout over one agency of a grid in one process."""

    grid: Grid
    office: Office
    holdings: Holdings
    loops: dict[str, Loop] = field(default_factory=dict)
    lacking: int = 0

    @property
    def lookout(self) -> Lookout:
        """A fresh one: each has a registry of its own."""
        office = replace(self.office, meter=type(self.office.meter)())
        return self.over(office)

    def over(self, office: Office) -> Lookout:
        """One over an office with the counts that it has."""
        return Lookout(
            office,
            lambda: self.holdings,
            self.loops,
            self.grid.agency("customs").folder,
            lambda: self.lacking,
        )

    @property
    def faults(self) -> list[str]:
        """What is wrong now."""
        return list(self.lookout.faults())

    def figures(self) -> str:
        """The page of figures."""
        office = self.office
        self.over(office)
        return generate_latest(office.meter.registry).decode()


@pytest.fixture
def sight(tmp_path: Path) -> Sight:
    """Customs, which nothing is wrong with."""
    grid = Grid(tmp_path)
    agency = grid.agency("customs")
    joined = replace(agency.identity, issuer=issuer("customs"))
    return Sight(grid, replace(agency.office, identity=joined), agency.holdings)


def _log_behind(sight: Sight) -> None:
    sight.office.journal.log.hold(LogBehind, "restored")


def test_whatever_keeps_it_from_serving_is_said(
    sight: Sight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One word for each, of a list that is closed, and gone with its cause."""
    sound, log = sight.holdings, sight.office.journal.log
    assert sight.faults == []
    sight.holdings = replace(sound, missing=("rows",))
    assert sight.faults == ["index-missing"]
    sight.holdings = sound
    _log_behind(sight)
    assert sight.faults == ["log-behind"]
    log.hold(LogUnavailable, "restored")
    assert sight.faults == ["log-refused"]
    log.free()
    with monkeypatch.context() as patch:
        patch.setattr(health, "free_bytes", lambda _: health.LEAST_FREE_BYTES - 1)
        assert sight.faults == ["disk-full"]
    sight.grid.now += 8 * DAY
    assert sight.faults == ["sealing-key-expired"]
    sight.office = replace(sight.office, clock=lambda: 4e9)
    assert sight.faults == ["issuer-expired", "sealing-key-expired"]
    (sight.grid.agency("customs").folder / "log.db").unlink()
    assert sight.faults == ["log-refused", "issuer-expired", "sealing-key-expired"]
    assert set(sight.faults) <= set(readiness.WORDS)


@pytest.fixture
def loop(sight: Sight) -> Iterator[Callable[[Exception | None], None]]:
    """A piece of work that ends each run as it is told."""
    asked, answered = threading.Semaphore(0), threading.Semaphore(0)
    wanted: list[Exception | None] = []

    def work() -> None:
        answered.release()
        asked.acquire(timeout=60)
        if wanted and (fault := wanted.pop()):
            raise fault

    made = Loop("board", work, 0.0)
    sight.loops["board"] = made
    made.start()
    answered.acquire(timeout=60)

    def run(fault: Exception | None) -> None:
        wanted.append(fault)
        asked.release()
        made.wake()
        answered.acquire(timeout=60)

    yield run
    asked.release(100)
    made.stop()


def test_work_that_fails_is_said_and_work_that_waits_is_not(
    sight: Sight, loop: Callable[[Exception | None], None]
) -> None:
    """A coordinator that is away is nobody's fault here; a disk that refuses is."""
    for fault in (Unreachable("away"), Refused(Reason.NO_QUORUM, "1 of 3")) * 2:
        loop(fault)
        assert sight.faults == []
    for fault in (Refused(Reason.STORAGE, "log"), OSError("disk"), ValueError("x")):
        assert sight.faults == []
        loop(fault)
    assert sight.faults == ["fails:board"]
    loop(None)
    assert sight.faults == []


def test_work_that_has_stopped_is_said(sight: Sight) -> None:
    """A thread that was never started, or has ended, does nothing any more."""
    sight.loops["release"] = Loop("release", lambda: None, 5.0)
    assert sight.faults == ["stopped:release"]


@pytest.mark.threat("T2")
def test_figures_tell_what_was_done_and_nothing_of_whom(sight: Sight) -> None:
    """After a query: counts and times; no name, number, officer, case or hash."""
    query = sight.grid.ask(KABIR)
    sight.holdings = sight.grid.agency("customs").holdings
    text = sight.figures()
    for line in (
        "childgrid_ready 1.0",
        'childgrid_fault{fault="log-behind"} 0.0',
        'childgrid_answers_total{outcome="hit"} 1.0',
        "childgrid_scan_seconds_count 1.0",
        f"childgrid_log_leaves {float(sight.office.journal.log.size())}",
        "childgrid_epochs_lacking 0.0",
        'childgrid_index_rows{source="rows"}',
        "childgrid_receipts_missing 0.0",
    ):
        assert line in text, line
    for what in ("directory", "staff", "policy", "sealing-key", "issuer"):
        assert f'childgrid_expires_timestamp_seconds{{what="{what}"}} 1' in text
    values = [part for one in KABIR.values() for value in one for part in value.split()]
    long = [value for value in values if len(value) > 3]
    assert len(long) > 2
    for secret in (*long, query.hash, query.officer, query["case"], "si-rao"):
        assert secret.lower() not in text.lower()


def test_figures_say_what_is_wrong(sight: Sight) -> None:
    """The same word as the health check rests on."""
    _log_behind(sight)
    text = sight.figures()
    assert "childgrid_ready 0.0" in text
    assert 'childgrid_fault{fault="log-behind"} 1.0' in text


def settings(folder: Path) -> NodeConfig:
    """A node's, as far as these checks look at them."""
    return NodeConfig(
        member="customs",
        title="Customs",
        state_dir=folder,
        passphrase_file=folder,
        coordinator=CoordinatorConfig(member="hub", address="127.0.0.1:1"),
    )


def test_a_source_that_breaks_while_it_is_read_is_told_with_the_reason(
    tmp_path: Path,
) -> None:
    """Of an error of ours the doctor says what to do, not only its kind."""
    mapped, table = tmp_path / "a.toml", tmp_path / "a.csv"
    lines = 'agency = "a"\ncategory = "custody"\nsource = "a.csv"\nkey = "id"\n'
    mapped.write_text(f'{lines}[fields]\nname = "name"\n')
    table.write_text("id,name\n1,Ramesh\n")
    patient = doctor._Patient(settings(tmp_path), lambda: 0.0)
    registers = {"a": indexer.open_source(mapped)}
    patient._stocked = cast("Stock", SimpleNamespace(registers=registers))
    table.unlink()

    found = doctor._run("source", patient.source)

    assert not found.ok
    assert "check the name beside the mapping" in found.message


def test_a_source_that_is_not_followed_is_told_within_hours(
    sight: Sight, tmp_path: Path
) -> None:
    """Long before the alarm: a doctor that is asked every day must not call it well."""
    config = settings(tmp_path)
    rounds = 2 * (config.reconcile_seconds + config.refresh_seconds)
    (read,) = {one.header.as_of for one in sight.holdings.indexes.values()}

    def asked(seconds: int) -> None:
        office = replace(sight.office, clock=lambda: float(read + seconds))
        symptoms.stale(office, sight.holdings, config)

    asked(rounds)
    with pytest.raises(symptoms.Doubt, match=r"last followed .* look in its log"):
        asked(rounds + 1)
    with pytest.raises(symptoms.Fault, match="last read 2 days ago"):
        asked(2 * DAY)


def test_a_register_that_holds_nobody_is_told(sight: Sight) -> None:
    """By an alarm, and by the doctor: nobody is found there, and nothing else fails."""
    (name, index), *_ = sight.holdings.indexes.items()
    assert f"{index.living} rows indexed" in symptoms.filled(sight.holdings)
    gone = index.changed(deletes=[index.key(row) for row in range(len(index))])
    sight.holdings = replace(sight.holdings, indexes={name: gone})
    office = sight.office
    sight.over(office)

    assert "ChildgridIndexEmpty" in alarms.raised(office.meter.registry, office.now)
    assert sight.faults == []
    with pytest.raises(symptoms.Doubt, match=f"{name}: no row is indexed"):
        symptoms.filled(sight.holdings)
