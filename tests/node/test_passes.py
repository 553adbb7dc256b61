"""Desk passes: a certificate for the own desk, which authorises nothing by itself."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.logbook import open_office
from childgrid_node.passes import issue
from childgrid_portal.desk import Pass
from childgrid_wire import certificates, identity, keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from founders import light_locks

PASSPHRASE = b"a passphrase for tests"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeConfig:
    """An agency with keys, not yet joined."""
    light_locks(monkeypatch)
    keyfile.write_private(tmp_path / "passphrase", PASSPHRASE)
    Identity.create(tmp_path / "state" / "keys", "police", PASSPHRASE)
    return NodeConfig(
        member="police",
        title="Police",
        state_dir=tmp_path / "state",
        passphrase_file=tmp_path / "passphrase",
        coordinator=CoordinatorConfig(member="ncrb-hub", address="127.0.0.1:1"),
    )


def join(config: NodeConfig) -> None:
    """Install the founders' certificates."""
    keys = config.state_dir / "keys"
    own = Identity.open(keys, PASSPHRASE)
    now = int(time.time())
    root = certificates.new_root("test", now)
    issuer = certificates.issue_issuer(root, own.request(), "police", now)
    identity.install(keys, "police", issuer, root.chain)
    Shelf.create(config.state_dir / "documents", "ab" * 32)


def test_a_pass_names_agency_and_role(config: NodeConfig, tmp_path: Path) -> None:
    """And no officer; the file is its owner's alone, the serial number revokes it."""
    join(config)
    out = tmp_path / "pass.json"

    serial = issue(config, out, 30, time.time)

    peer = certificates.peer_of(Pass.read(out).pair.chain)
    assert (peer.member, peer.role, peer.serial) == ("police", "desk", serial)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_whoever_issues_a_pass_leaves_a_leaf(
    config: NodeConfig, tmp_path: Path
) -> None:
    """Agency IT is audited too: the log names the certificate, and so finds a pass."""
    join(config)
    own = Identity.open(config.state_dir / "keys", PASSPHRASE)
    shelf = Shelf.open(config.state_dir / "documents")
    office = open_office(config, own, shelf, time.time)

    issue(config, tmp_path / "pass.json", 30, time.time)

    (said,) = office.journal.all(Kind.NOTICE)
    given = Pass.read(tmp_path / "pass.json").pair.certificate
    assert (said["topic"], said["subject"]) == ("key", certificates.fingerprint(given))
    assert (said.issuer, office.journal.log.verify()) == ("police", 1)
    office.journal.log.close()


def test_without_a_leaf_there_is_no_pass(config: NodeConfig, tmp_path: Path) -> None:
    """A log that was taken away stops IT as it stops an officer."""
    join(config)
    issue(config, tmp_path / "first.json", 30, time.time)
    (config.state_dir / "log" / "log.db").unlink()

    with pytest.raises(ConfigurationRefused, match="is gone"):
        issue(config, tmp_path / "pass.json", 30, time.time)

    assert not (tmp_path / "pass.json").exists()


def test_a_pass_lasts_as_long_as_was_said(config: NodeConfig, tmp_path: Path) -> None:
    """Thirty days, give or take the clock's skew."""
    join(config)
    issue(config, tmp_path / "pass.json", 30, time.time)

    pair = Pass.read(tmp_path / "pass.json").pair
    left = certificates.expires_at(pair.certificate) - time.time()
    assert 29 * 86_400 < left <= 30 * 86_400


def test_before_joining_there_is_no_pass(config: NodeConfig, tmp_path: Path) -> None:
    """Nobody has certified this agency yet; no file is left behind."""
    with pytest.raises(ConfigurationRefused, match="has not joined"):
        issue(config, tmp_path / "pass.json", 30, time.time)

    assert not (tmp_path / "pass.json").exists()


def test_a_wrong_passphrase_issues_nothing(config: NodeConfig, tmp_path: Path) -> None:
    """IT without the passphrase can't let anybody in."""
    join(config)
    keyfile.write_private(config.passphrase_file, b"another passphrase")

    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        issue(config, tmp_path / "pass.json", 30, time.time)

    assert not (tmp_path / "pass.json").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"key": "x", "chain": "y", "root": "z"}'])
def test_a_file_that_is_no_pass(tmp_path: Path, text: str) -> None:
    """Named by its file; its content is not quoted."""
    keyfile.write_private(tmp_path / "pass.json", text.encode())

    with pytest.raises(ConfigurationRefused, match=r"pass\.json is no desk pass"):
        Pass.read(tmp_path / "pass.json")


@pytest.mark.threat("T8")
def test_a_pass_that_others_can_read_is_refused(
    config: NodeConfig, tmp_path: Path
) -> None:
    """Its key lies in it; the owner alone may read it."""
    join(config)
    out = tmp_path / "pass.json"
    issue(config, out, 30, time.time)
    for mode in (0o640, 0o604, 0o660):
        out.chmod(mode)
        with pytest.raises(ConfigurationRefused, match="its owner only"):
            Pass.read(out)
    out.chmod(0o600)
    assert Pass.read(out).pair.key
