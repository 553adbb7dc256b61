"""A program as a service: its passphrase is handed to it, and its start is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused

PASSPHRASE = b"correct horse battery"
OURS = 7400


def test_a_credential_is_found_in_the_services_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever folder the settings lie in, the path begins at the credentials."""
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for before in ("/etc/childgrid/node/police", ""):
        path = Path(before, "$CREDENTIALS_DIRECTORY/passphrase")
        assert keyfile.read_passphrase(path) == PASSPHRASE


@pytest.mark.parametrize("value", [None, ""])
def test_outside_of_a_service_there_is_no_credential(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """The refusal says why, and no file of that odd name is looked for."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if value is not None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", value)
    with pytest.raises(ConfigurationRefused, match="only there in a systemd service"):
        keyfile.read_passphrase(Path("$CREDENTIALS_DIRECTORY/passphrase"))


@pytest.mark.parametrize(
    ("owner", "group", "mode", "reads"),
    [
        (0, 0, 0o440, True),  # systemd, by an access list
        (0, OURS, 0o440, True),  # Kubernetes, by the pod's group
        (0, OURS, 0o640, True),
        (0, 100, 0o440, False),  # a group that others may be in
        (0, OURS, 0o444, False),
        (0, OURS, 0o460, False),
        (OURS, OURS, 0o440, False),  # ours: nobody handed it to us
        (33, OURS, 0o440, False),
    ],
)
def test_what_root_hands_to_the_service_alone_may_show_a_groups_right(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: int,
    group: int,
    mode: int,
    reads: bool,
) -> None:
    """Root's file, to read, for nobody or our own group; anything else is refused."""
    path = tmp_path / "passphrase"
    path.write_bytes(PASSPHRASE)
    seen = os.stat_result((0o100000 | mode, 1, 1, 1, owner, group, 21, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: seen)
    monkeypatch.setattr(os, "geteuid", lambda: OURS)
    monkeypatch.setattr(os, "getegid", lambda: OURS)
    if reads:
        assert keyfile.read_passphrase(path) == PASSPHRASE
        return
    with pytest.raises(ConfigurationRefused, match="owner only"):
        keyfile.read_passphrase(path)


def test_root_is_handed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run as root, a file that a group may read is a slip and refused."""
    path = tmp_path / "passphrase"
    path.write_bytes(PASSPHRASE)
    path.chmod(0o440)
    seen = os.stat_result((0o100440, 1, 1, 1, 0, 0, 21, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: seen)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getegid", lambda: 0)
    with pytest.raises(ConfigurationRefused, match="owner only"):
        keyfile.read_passphrase(path)


SERVER = """
import os, signal, threading
from childgrid_wire.ending import Ending
ending = Ending()
{before}
ending.wait(30)
"""


@pytest.mark.parametrize("kind", ["/", "@"])
def test_the_service_manager_hears_of_the_start_and_of_the_end(
    tmp_path: Path, kind: str
) -> None:
    """READY once it waits, STOPPING once it was told to end; both kinds of socket."""
    name = str(tmp_path / "notify")
    address = name if kind == "/" else f"@{name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1))
        manager.settimeout(30)
        program = [sys.executable, "-c", SERVER.format(before="")]
        environment = os.environ | {"NOTIFY_SOCKET": address}
        with subprocess.Popen(program, env=environment) as one:
            try:
                assert manager.recv(64) == b"READY=1"
                one.send_signal(signal.SIGTERM)
                assert manager.recv(64) == b"STOPPING=1"
                assert one.wait(30) == 0
            finally:
                one.kill()


@pytest.mark.parametrize("address", ["", "nonsense", "/nowhere/at/all", "@nobody-here"])
def test_without_a_service_manager_all_is_as_before(address: str) -> None:
    """No socket, or one that went away: the program starts and ends all the same."""
    soon = "threading.Timer(0, os.kill, (os.getpid(), signal.SIGTERM)).start()"
    done = subprocess.run(
        [sys.executable, "-c", SERVER.format(before=soon)],
        env=os.environ | {"NOTIFY_SOCKET": address},
        check=False,
        timeout=30,
    )
    assert done.returncode == 0
