"""Auditors are audited: who copies, exports or is shown a log leaves a leaf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit.cast import CHILD, HUB, NORTH, POLICE, SOUTH
from audit.ledger import World
from childgrid_audit import __main__ as command
from childgrid_audit import bundle
from childgrid_audit.mirror import Mirror
from childgrid_audit.station import Station
from childgrid_log import readers, service
from childgrid_log.errors import LogUnavailable
from childgrid_log.readers import Readers
from childgrid_log.service import LogServicer
from childgrid_wire import envelope, statement
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Refused
from childgrid_wire.identity import Identity
from childgrid_wire.pb.log_pb2 import EntriesRequest
from childgrid_wire.statement import Statement
from verbs import leaves

SETTINGS = """
member = "{member}"
state_dir = "state"
passphrase_file = "passphrase"
coordinator = "hub"
coordinator_address = "127.0.0.1:1"
"""


def said(station: Station) -> list[Statement]:
    """What stands in a station's own log."""
    openings = [station.log.opening(index) for index in range(station.log.size())]
    return [statement.parse(envelope.read(one[1])) for one in openings if one]


@pytest.fixture
def typed(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The northern station's commands; logs are served without a network."""
    (tmp_path / "station.toml").write_text(SETTINGS.format(member=NORTH))

    @contextmanager
    def opened(_: Path) -> Iterator[Station]:
        yield world.stations[NORTH]

    monkeypatch.setattr(command, "_station", opened)
    monkeypatch.setattr(Identity, "credentials", lambda *_: None)
    monkeypatch.setattr(Mirror, "fetch_board", lambda *_: [])
    monkeypatch.setattr(Mirror, "sources", lambda *_: world.sources())

    def run(*words: str) -> int:
        line = [words[0], "--config", str(tmp_path / "station.toml"), *words[1:]]
        done = CliRunner().invoke(command.app, line, catch_exceptions=False)
        return done.exit_code

    return run


@pytest.mark.threat("T26")
def test_an_auditor_who_copies_logs_leaves_a_leaf(world: World, typed: Any) -> None:
    """It names the checkpoints as they are mirrored; without news there is none."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB, CHILD)
    station = world.stations[NORTH]

    assert typed("mirror") == 0

    (one,) = said(station)
    assert {one.kind.value} == leaves("childgrid-audit")["mirror"]
    taken = {bundle.checkpoint(name) for name in (POLICE, HUB, CHILD)}
    assert set(one["files"]) == taken
    assert typed("mirror") == 0
    assert said(station) == [one]

    world.ask("second", child="none")
    world.gather(POLICE)
    assert typed("mirror") == 0
    (_, other) = said(station)
    changed = {name for name in taken if one["files"][name] != other["files"][name]}
    assert changed == {bundle.checkpoint(POLICE)}


@pytest.mark.threat("T26")
def test_an_export_is_logged_at_the_station(
    world: World, typed: Any, tmp_path: Path
) -> None:
    """The manifest that lies in the folder is the one in the log."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB, CHILD)
    typed("mirror")

    assert typed("export", str(tmp_path / "out")) == 0

    one = said(world.stations[NORTH])[-1]
    assert {one.kind.value} == leaves("childgrid-audit")["export"]
    assert one.data == (tmp_path / "out" / "manifest.dsse").read_bytes()


class Shown:
    """The police's log as it is shown to auditors, with a notebook of who they are."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.kept = world, list[Statement]()
        self.full = False
        station = world.stations[SOUTH]
        log = world.parties[POLICE].log
        keeper = Readers(station.identity.signer, lambda: world.now, self._keep)
        self.servicer = LogServicer(log, keeper)
        monkeypatch.setattr(service, "peer_from", lambda who: Peer(who, "auditor"))

    def _keep(self, one: Statement) -> None:
        if self.full:
            raise LogUnavailable("the disk is full")
        self.kept.append(one)

    def read(self, who: Any, start: int = 0) -> int:
        """How many entries an auditor is shown."""
        asked = EntriesRequest(start=start, count=10)
        return len(self.servicer.Entries(asked, who).entries)


@pytest.mark.threat("T26")
def test_who_is_shown_a_log_stands_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each auditor once a day, by the log's own member; an empty page is no reading."""
    world.ask("first", child="hit")
    shown = Shown(world, monkeypatch)

    for who in (NORTH, NORTH, SOUTH, NORTH):
        assert shown.read(who) == 4
    assert shown.read("nobody", start=99) == 0

    named = [(one["topic"], one["subject"]) for one in shown.kept]
    assert named == [("reader", readers.digest(who)) for who in (NORTH, SOUTH)]
    assert {one.kind.value for one in shown.kept} == leaves("childgrid.v1.LogService")[
        "Entries"
    ]
    world.now += 86_400
    shown.read(NORTH)
    assert len(shown.kept) == 3


@pytest.mark.threat("T26")
def test_what_cannot_be_noted_is_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk hides no reader; with room again it goes on."""
    world.ask("first", child="hit")
    shown = Shown(world, monkeypatch)
    shown.full = True
    with pytest.raises(Refused):
        shown.read(NORTH)
    assert shown.kept == []
    shown.full = False
    assert shown.read(NORTH) == 4
    assert len(shown.kept) == 1
