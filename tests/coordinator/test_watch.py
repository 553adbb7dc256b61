"""A coordinator says that it does not serve, whatever keeps it from it; its figures."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from sqlalchemy import text

from childgrid_coordinator import watch
from childgrid_coordinator.app import Coordinator
from childgrid_log.errors import LogBehind
from childgrid_wire import channel, health, probe
from childgrid_wire.certificates import Peer
from coordinator.cast import ASKER, AUDITOR, HUB
from coordinator.world import World


@pytest.fixture
def hub(world: World) -> Iterator[Coordinator]:
    """A coordinator that serves."""
    with world.running() as opened:
        yield opened


def test_whatever_keeps_it_from_serving_is_said(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One word for each, and gone with its cause."""
    assert hub.watch.faults() == []
    hub.log.hold(LogBehind, "restored")
    assert hub.watch.faults() == ["log-behind"]
    hub.log.free()
    with monkeypatch.context() as patch:
        patch.setattr(watch, "free_bytes", lambda _: health.LEAST_FREE_BYTES - 1)
        assert hub.watch.faults() == ["disk-full"]
    with hub.store.write() as db:
        db.execute(text("ALTER TABLE meta RENAME TO elsewhere"))
    assert hub.watch.faults() == ["database-refused"]
    with hub.store.write() as db:
        db.execute(text("ALTER TABLE elsewhere RENAME TO meta"))
    world.clock.advance(1e9)
    assert hub.watch.faults() == ["issuer-expired"]
    world.clock.advance(-1e9)
    (world.folder / "hub" / "log" / "log.db").unlink()
    assert hub.watch.faults() == ["log-refused"]
    hub.matcher.stop()
    found = {one.partition(":")[0] for one in hub.watch.faults()}
    assert found == {"log-refused", "stopped"} <= set(watch.WORDS)


def test_members_and_auditors_may_ask_whether_it_serves(
    world: World, hub: Coordinator
) -> None:
    """Over the door that stands for everything; a stranger doesn't come in."""
    address = f"127.0.0.1:{world.ports[HUB]}"
    for name, role in ((ASKER, "node"), (AUDITOR, "auditor")):
        pair, root = world.identities[name].credentials(role, world.clock)()
        with channel.connect(address, Peer(HUB, "coordinator"), pair, root) as way:
            assert health.serves(way, 20)
    hub.log.hold(LogBehind, "restored")
    pair, root = world.identities[ASKER].credentials("node", world.clock)()
    with channel.connect(address, Peer(HUB, "coordinator"), pair, root) as way:
        assert not health.serves(way, 20)


def test_its_supervisor_asks_at_a_socket(world: World) -> None:
    """Where the settings say, without a certificate; gone when it stops."""
    socket = world.folder / "health.sock"
    with world.running(probe=str(socket)) as hub:
        assert probe.ask(str(socket))
        hub.log.hold(LogBehind, "restored")
        assert not probe.ask(str(socket))
    assert not socket.exists()


@pytest.mark.threat("T2")
def test_figures_count_and_name_nobody(world: World) -> None:
    """On loopback, where the settings say; a query is counted and not described."""
    given = world.submission()
    with world.coordinator(metrics="127.0.0.1:0") as hub:
        hub.start()
        hub.verbs.search.submit(
            ASKER, given.query, given.attestation, given.approvals, given.contents
        )
        line = HTTPConnection("127.0.0.1", hub.watch.port, timeout=20)
        line.request("GET", "/metrics")
        page = line.getresponse().read().decode()
        line.close()
    for wanted in (
        'childgrid_statements{kind="query"} 1.0',
        "childgrid_ready ",
        "childgrid_log_uncosigned_leaves ",
        'childgrid_expires_timestamp_seconds{what="directory"} 1',
    ):
        assert wanted in page, wanted
    query = world.read(given.query)
    for secret in (f'"{query.officer}"', query.hash, query["case"], ASKER):
        assert secret not in page
