"""`childgrid-audit serve` as a process: one user's, on loopback, until it ends."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from audit.cast import NORTH, POLICE, quick_folder
from audit.ledger import World
from audit.tamper import Ground
from childgrid_audit.auditors import make_key
from childgrid_audit.station import Station
from childgrid_audit.workbench.opening import choose, pick_up
from childgrid_wire.errors import ConfigurationRefused

NOBODY = 65_534
COMMAND = [sys.executable, "-m", "childgrid_audit", "serve"]


@pytest.fixture
def folder(ground: Ground) -> Iterator[Path]:
    """The exported story on disk."""
    with quick_folder() as base:
        for path, data in ground.files.items():
            target = base / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield base


@pytest.fixture
def served(ground: Ground, folder: Path) -> Iterator[tuple[str, str]]:
    """A running workbench: `host:port` and the code for one browser."""
    arguments = [str(folder), "--root", ground.root, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            lines = iter(process.stdout.readline, "")
            address = next(one for one in lines if one.startswith("open "))
            parts = urlsplit(address.split()[1])
            yield parts.netloc, parts.query.removeprefix("code=")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def call(
    at: str,
    method: str,
    path: str,
    form: dict[str, str] | None = None,
    **headers: str,
) -> tuple[int, http.client.HTTPMessage, str]:
    """One request over a real connection."""
    link = http.client.HTTPConnection("127.0.0.1", int(at.rpartition(":")[2]))
    sent = {"host": at, "origin": f"http://{at}", **headers}
    link.request(method, path, urlencode(form) if form else None, sent)
    answer = link.getresponse()
    text = answer.read().decode()
    link.close()
    return answer.status, answer.headers, text


def test_it_serves_whoever_started_it_and_nobody_else(served: tuple[str, str]) -> None:
    """In by the printed code; out for a stranger, even one with the cookie."""
    host, code = served
    assert host.startswith("workbench.localhost:")
    assert call(host, "GET", "/")[0] == 403
    status, headers, _ = call(host, "POST", "/enter", {"code": code})
    assert status == 303
    cookie = headers["set-cookie"].partition(";")[0]
    status, text = 503, ""
    while status == 503:
        status, headers, text = call(host, "GET", "/", cookie=cookie)
    assert status == 200
    assert "Verified: nothing found" in text
    assert headers["server"] is None
    assert call(host, "GET", "/", cookie=cookie, host="evil.example")[0] == 403
    if os.getuid() == 0:
        assert as_a_stranger(host, cookie) == 403


def as_a_stranger(host: str, cookie: str) -> int:
    """The status that another user of this machine gets, cookie and all.

    Forked, since that user may not even read this interpreter.
    """
    child = os.fork()
    if not child:
        status = 0
        try:
            os.setuid(NOBODY)
            status = call(host, "GET", "/", cookie=cookie)[0]
        finally:
            os._exit(status // 2)
    return 2 * os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) + 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--listen", "0.0.0.0:0"],
        ["--listen", "workbench.localhost:0"],
        ["--root", ""],
    ],
)
def test_it_does_not_start_otherwise(
    ground: Ground, folder: Path, arguments: list[str]
) -> None:
    """Exit code 2 and one line; nothing has listened."""
    given = [str(folder), "--root", ground.root, "--listen", "127.0.0.1:0", *arguments]
    done = subprocess.run([*COMMAND, *given], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_station_is_opened_by_its_passphrase_only(
    world: World, tmp_path: Path
) -> None:
    """Neither two sources nor none, no wrong passphrase, no key without a station."""
    with pytest.raises(ConfigurationRefused):
        choose(None, None, "ab" * 32)
    with pytest.raises(ConfigurationRefused):
        choose(tmp_path, tmp_path / "audit.toml", "")
    with pytest.raises(ConfigurationRefused):
        pick_up(None, tmp_path / "au.key", b"")
    assert pick_up(None, None, b"") is None
    secret = tmp_path / "passphrase"
    secret.write_text("a passphrase for tests")
    secret.chmod(0o600)
    settings = tmp_path / "audit.toml"
    settings.write_text(
        f'member = "{NORTH}"\nstate_dir = "{tmp_path / "state"}"\n'
        f'passphrase_file = "{secret}"\ncoordinator = "ncrb-hub"\n'
        'coordinator_address = "127.0.0.1:1"\n'
    )
    with pytest.raises(ConfigurationRefused):
        choose(None, settings, "")
    made = Station.create(
        tmp_path / "state", NORTH, b"a passphrase for tests", world.root
    )
    made.close()
    source, root, name = choose(None, settings, "")
    assert (source.title, root, name) == ("this station's mirror", world.root, NORTH)
    secret.write_text("another passphrase")
    with pytest.raises(ConfigurationRefused):
        choose(None, settings, "")
    secret.write_text("a passphrase for tests")
    make_key(tmp_path / "other.key", POLICE, "si-rao", b"a passphrase for tests")
    with pytest.raises(ConfigurationRefused):
        pick_up(settings, tmp_path / "other.key", b"a passphrase for tests")
