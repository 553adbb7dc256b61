"""The command line: what is refused is one line and exit code 2; a stop is 0."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from childgrid_coordinator import join
from childgrid_wire import certificates, channel, enrolment, envelope, keyfile
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.pb import coordinator_pb2 as pb
from coordinator.cast import ASKER, HOLDERS, HUB, PASSPHRASE, seed
from coordinator.node import FakeNode, ask, everyone, outcome, stubs
from coordinator.world import World

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "childgrid_coordinator"]


def config(world: World, **changes: object) -> Path:
    """A settings file as an operator writes it."""
    table = {
        "member": HUB,
        "state_dir": str(world.folder / "hub"),
        "listen": f"127.0.0.1:{world.ports[HUB]}",
        "passphrase_file": str(world.folder / "passphrase"),
        "retry_seconds": 0.1,
        "retry_most_seconds": 0.5,
        "witness_seconds": 3_600,
        "drain_seconds": 2,
    } | changes
    lines = [
        f"{key} = {value if isinstance(value, int | float) else repr(value)}"
        for key, value in table.items()
    ]
    path = world.folder / "coordinator.toml"
    path.write_text("\n".join(lines))
    return path


@contextmanager
def served(world: World, **changes: object) -> Iterator[subprocess.Popen[str]]:
    """A serving process, once it listens."""
    command = [*COMMAND, "serve", "--config", str(config(world, **changes))]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listens on" in line, process.stderr and process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def refused(world: World, status: int = 2, **changes: object) -> str:
    """The one line that a process says which doesn't start, and its exit status."""
    done = subprocess.run(
        [*COMMAND, "serve", "--config", str(config(world, **changes))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_a_process_that_is_told_to_stop_ends_with_0(world: World) -> None:
    """SIGTERM drains; what it kept is there for the next one."""
    given = world.submission(targets=HOLDERS[:1])
    with served(world) as process, stubs(world, ASKER) as asker:
        ask(asker, given)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with world.coordinator() as hub:
        assert hub.verbs.search.outcome(ASKER, given.hash, 0, 0).revision >= 1


def test_what_was_acknowledged_survives_a_kill(world: World) -> None:
    """kill -9 at once after the acknowledgement; the query goes on afterwards."""
    given = world.submission()
    with served(world) as process, stubs(world, ASKER) as asker:
        ask(asker, given)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    with world.coordinator() as hub:
        leaves = hub.log.size()
        assert leaves == len(world.papers) + 3
        assert hub.log.verify() == leaves
    with (
        served(world),
        FakeNode(world, HOLDERS[0]),
        FakeNode(world, HOLDERS[1]),
        FakeNode(world, HOLDERS[2]),
        stubs(world, ASKER) as asker,
    ):
        ask(asker, given)
        outcome(asker, given.hash, everyone("HIT"))
    with world.coordinator() as hub:
        assert hub.log.size() == leaves + 3


def test_what_keeps_it_from_starting_is_one_line(world: World) -> None:
    """A port in use, a passphrase, a certificate, a key: named, with exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "cannot listen" in refused(world, listen=f"127.0.0.1:{port}")
    wrong = world.folder / "wrong"
    keyfile.write_private(wrong, b"another passphrase")
    assert "wrong passphrase" in refused(world, passphrase_file=str(wrong))
    assert "setting typo" in refused(world, typo=1)
    assert "check member" in refused(world, member="other")
    (world.folder / "hub" / "keys" / "issuer.pem").unlink()
    assert "install" in refused(world)


def test_a_damaged_or_foreign_state_is_refused(world: World) -> None:
    """A document that was altered on disk, and a database that is none."""
    line = refused(world, database="sqlite:////nonexistent/secret/state.db")
    assert "database" in line
    assert "secret" not in line
    document = sorted((world.folder / "hub" / "documents").glob("*.dsse"))[3]
    document.write_bytes(document.read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    line = refused(world)
    assert "damaged" in line
    assert "secret" not in line


def test_a_database_that_is_away_is_no_refusal(world: World) -> None:
    """It may be later than we after a power cut; systemd repeats no status 2."""
    url = "postgresql://u:secret@127.0.0.1:1/x"
    line = refused(world, os.EX_TEMPFAIL, database=url)
    assert "database" in line
    assert "secret" not in line
    unit = ROOT / "deploy" / "systemd" / "childgrid-coordinator.service"
    told = unit.read_text("utf-8").splitlines()
    assert {"Restart=on-failure", "RestartPreventExitStatus=2"} <= set(told)


def test_two_processes_cannot_share_a_state(world: World) -> None:
    """The second is refused while the first runs."""
    with served(world):
        assert "another process" in refused(world, listen="127.0.0.1:0")


def test_a_coordinator_joins_by_token_and_files(
    world: World, tmp_path_factory: pytest.TempPathFactory, cheap_locks: None
) -> None:
    """Keys are made here; the founders' answer is believed once it verifies."""
    folder = tmp_path_factory.mktemp("fresh")
    settings = world.settings(state_dir=folder / "state")
    leaf = certificates.issue_leaf(world.root, HUB, "joiner", world.now)
    token = enrolment.Token(
        member=HUB,
        kind="coordinator",
        expires=world.now + 3_600,
        secret=seed("token"),
        fingerprint=world.book.root,
        coordinator="",
        address="",
        root=world.root.chain,
        joiner=leaf,
    )
    data, _ = join.enrol(settings, PASSPHRASE, token, "Hub", "h:1", world.now)
    asked = enrolment.verify(data)
    assert asked["token"] == token.name
    assert join.enrol(settings, PASSPHRASE, token, "Hub", "h:1", world.now)[0] == data
    own = Identity.open(settings.keys, PASSPHRASE)
    assert not own.joined
    pack = _pack(world, folder, own)
    (pack / "documents" / "zz.dsse").write_bytes(b"{}")
    with pytest.raises(ConfigurationRefused, match=r"zz\.dsse"):
        join.install(settings, PASSPHRASE, pack, world.now)
    (pack / "documents" / "zz.dsse").unlink()
    with pytest.raises(WireError):
        join.install(settings, PASSPHRASE, pack, world.now)
    assert not Identity.open(settings.keys, PASSPHRASE).joined


def _pack(world: World, folder: Path, own: Identity) -> Path:
    """An answer whose directory still holds other keys than these."""
    pack = folder / "pack"
    (pack / "documents").mkdir(parents=True)
    for number, paper in enumerate(reversed(world.papers)):
        (pack / "documents" / f"{number:03d}.dsse").write_bytes(paper)
    issuer = certificates.issue_issuer(world.root, own.request(), HUB, world.now)
    (pack / "issuer.pem").write_bytes(issuer)
    (pack / "root.pem").write_bytes(world.root.chain)
    return pack


def test_documents_install_in_any_order(world: World, tmp_path: Path) -> None:
    """What depends on a later file is tried again; the board then serves all."""
    newer = [world.policy(HOLDERS[0], version=version) for version in (2, 3)]
    folder = tmp_path / "new"
    folder.mkdir()
    for number, data in enumerate(newer):
        (folder / f"{number}.dsse").write_bytes(data)
    done = subprocess.run(
        [*COMMAND, "install", "--config", str(config(world)), "--documents", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with served(world), stubs(world, ASKER) as asker:
        page = channel.call(asker.board.Fetch, pb.FetchRequest(cursor=0), 20)
    assert [envelope.read(one.payload).hash for one in page.documents][-2:] == [
        envelope.read(one).hash for one in newer
    ]
