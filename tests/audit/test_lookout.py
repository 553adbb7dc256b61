"""A station says that it does not serve, whatever keeps it from it; its figures."""

from __future__ import annotations

import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from audit.cast import HUB, NORTH, POLICE, SOUTH
from audit.ledger import World
from audit.test_station import certified, settings
from childgrid_audit import lookout
from childgrid_audit.lookout import Lookout
from childgrid_audit.mirror import Mirror
from childgrid_audit.server import Watch
from childgrid_audit.station import Station
from childgrid_log.errors import LogBehind
from childgrid_wire import health, probe
from childgrid_wire.health import Pulse
from wire.ca import issuer


@pytest.fixture
def station(world: World) -> Station:
    """The northern station, with an issuer that lives on."""
    found = world.stations[NORTH]
    return replace(found, identity=replace(found.identity, issuer=issuer(NORTH)))


@pytest.fixture
def trouble() -> list[str]:
    """What is wrong with the rounds, for the test to say."""
    return [""]


@pytest.fixture
def seen(station: Station, trouble: list[str]) -> Lookout:
    """What looks after it."""
    return Lookout(station, Pulse("rounds"), lambda: trouble[0])


def test_whatever_keeps_it_from_serving_is_said(
    world: World,
    station: Station,
    seen: Lookout,
    trouble: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One word for each, and gone with its cause."""
    assert seen.faults() == []
    station.log.hold(LogBehind, "restored")
    assert seen.faults() == ["log-behind"]
    station.log.free()
    with monkeypatch.context() as patch:
        patch.setattr(lookout, "free_bytes", lambda _: health.LEAST_FREE_BYTES - 1)
        assert seen.faults() == ["disk-full"]
    world.now += 10**9
    assert seen.faults() == ["issuer-expired"]
    world.now -= 10**9
    trouble[0] = "hangs:rounds"
    assert seen.faults() == ["hangs:rounds"]
    trouble[0] = ""
    (world.folder / NORTH / "log.db").unlink()
    assert seen.faults() == ["log-refused"]
    assert {one.partition(":")[0] for one in seen.faults()} <= set(lookout.WORDS)


def read(port: int) -> dict[str, float]:
    """The page that Prometheus reads."""
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("GET", "/metrics")
    page = line.getresponse().read().decode()
    line.close()
    rows = (one.rpartition(" ") for one in page.splitlines() if one[0] != "#")
    return {name: float(value) for name, _, value in rows}


def test_figures_tell_how_far_it_mirrored_and_what_it_caught(
    world: World, station: Station, seen: Lookout
) -> None:
    """Of each member how much and when; proofs of a second history are an alarm."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB)
    before = time.time()
    Mirror(station).run(world.sources())
    seen.serve("127.0.0.1:0")
    try:
        page = read(seen.port)
        size = world.parties[POLICE].log.size()
        assert page[f'childgrid_mirror_leaves{{member="{POLICE}"}}'] == size
        taken = page[f'childgrid_mirror_timestamp_seconds{{member="{POLICE}"}}']
        assert before - 2 < taken < time.time() + 2
        assert page["childgrid_evidence_files"] == 0
        assert page["childgrid_ready"] == 1
        station.evidence.mkdir()
        (station.evidence / "police-00.json").write_text("{}")
        assert read(seen.port)["childgrid_evidence_files"] == 1
    finally:
        seen.stop()
    with pytest.raises(OSError, match="refused"):
        read(seen.port)


def test_a_station_at_work_shows_and_answers(world: World, tmp_path: Path) -> None:
    """Where its settings say: figures on loopback, and its supervisor at a socket."""
    socket = str(tmp_path / "health.sock")
    with certified(world):
        south = world.stations[SOUTH]
        asked = settings(south.folder).model_copy(
            update={"metrics": "127.0.0.1:0", "probe": socket}
        )
        watch = Watch(south, asked)
        watch.start()
        try:
            assert read(watch.lookout.port)["childgrid_ready"] == 1
            assert probe.ask(socket)
            south.log.hold(LogBehind, "restored")
            assert not probe.ask(socket)
            assert read(watch.lookout.port)["childgrid_ready"] == 0
        finally:
            watch.stop()
    assert not Path(socket).exists()
