"""Auditors and witnesses over an archived log; and a station that archives its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.cast import HUB, NORTH, POLICE
from audit.ledger import World
from childgrid_audit.__main__ import app
from childgrid_audit.mirror import Mirror
from childgrid_audit.station import Station
from childgrid_log.entry import Draft, parse_entry
from childgrid_log.errors import ArchiveDamaged
from childgrid_log.log import Log
from childgrid_log.service import LogServicer
from childgrid_wire import keyfile
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.pb.log_pb2 import EntriesRequest
from verbs import leaves

LATER = 10**10


def filled(log: Log, now: int, count: int = 300) -> None:
    """Add leaves to a log."""
    log.append([Draft("notice", now, b"%d" % number) for number in range(count)])


def test_auditors_mirror_over_the_archive(world: World) -> None:
    """From the first leaf on, or from where they were; witnesses go on as well."""
    log = world.parties[POLICE].log
    filled(log, world.now)
    world.gather(POLICE)
    assert Mirror(world.stations[NORTH]).run(world.sources())
    filled(log, world.now)
    world.gather(POLICE)
    assert log.archive(LATER) == 512

    filled(log, world.now, 10)
    world.gather(POLICE)
    for station in world.stations.values():
        done = {one.member: one for one in Mirror(station).run(world.sources())}
        assert (done[POLICE].state, done[POLICE].size) == ("mirrored", 610)
        assert station.store.hashes(POLICE)[0] == log.tile(0, 0)[:32]


def test_a_page_of_an_altered_tile_is_refused(world: World) -> None:
    """As a store that fails, by name; the pages beside it are shown."""
    log = world.parties[POLICE].log
    filled(log, world.now, 600)
    world.gather(POLICE)
    log.archive(LATER)
    file = log._tiles.path(None, 1)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    servicer = LogServicer(log)
    with pytest.raises(Refused) as refusal:
        servicer.Entries(EntriesRequest(start=300, count=1), None)  # type: ignore[arg-type]
    assert refusal.value.reason is Reason.STORAGE
    with pytest.raises(ArchiveDamaged):
        log.check_archive()
    assert len(list(servicer.page(0, 256))) == 256


@pytest.fixture
def config(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a station with 300 leaves of its own, long ago and cosigned."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)
    folder = tmp_path / "state"
    keyfile.write_private(tmp_path / "passphrase", b"a passphrase for tests")
    station = Station.create(folder, NORTH, b"a passphrase for tests", world.root)
    filled(station.log, 1_600_000_000)
    station.log.keep_cosigned(station.log.checkpoint())
    station.close()
    path = tmp_path / "station.toml"
    path.write_text(
        f'member = "{NORTH}"\nstate_dir = "{folder}"\n'
        f'passphrase_file = "{tmp_path / "passphrase"}"\n'
        f'coordinator = "{HUB}"\ncoordinator_address = "127.0.0.1:1"\n'
    )
    return path


def test_a_station_archives_its_own_log(config: Path) -> None:
    """A leaf says so; a second run finds nothing."""
    for expected in ("256 leaves archived; 256 of 301 are", "0 leaves archived"):
        done = CliRunner().invoke(app, ["archive", "--config", str(config)])
        assert done.exit_code == 0
        assert done.output.startswith(expected)
    station = Station.open(config.parent / "state", b"a passphrase for tests")
    (entry,) = station.log.entries(300, station.log.size())
    assert {parse_entry(entry).kind} == leaves("childgrid-audit")["archive"]
    assert station.log.verify() == 301
    station.close()
