"""Locked files: the passphrase opens them, and nothing is ever half written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import ConfigurationRefused

PASSPHRASE = b"correct horse battery"
CONTENT = {"key": "ab" * 32, "member": "police"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, slow_locks: None) -> Path:
    """A locked file that no test changes, at the product's own cost."""
    path = tmp_path_factory.mktemp("locked") / "identity.locked"
    keyfile.lock(CONTENT, PASSPHRASE, path)
    return path


def copy_of(locked: Path, folder: Path, data: bytes | None = None) -> Path:
    """The locked file elsewhere, with other bytes."""
    path = folder / locked.name
    path.write_bytes(locked.read_bytes() if data is None else data)
    return path


@pytest.mark.threat("T8")
def test_a_locked_file_opens_with_its_passphrase_only(locked: Path) -> None:
    """The right one gives the content back, a wrong one a plain refusal."""
    assert keyfile.unlock(locked, PASSPHRASE) == CONTENT
    with pytest.raises(ConfigurationRefused) as refusal:
        keyfile.unlock(locked, PASSPHRASE + b".")
    assert refusal.value.detail == "wrong passphrase for identity.locked"
    assert b"horse" not in str(refusal.value).encode()


_CRASHES = """
import os, resource, sys
from pathlib import Path
from childgrid_wire import keyfile
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
keyfile.unlock(Path(sys.argv[1]), b"correct horse battery")
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
"""


@pytest.mark.threat("T8")
def test_who_has_opened_a_secret_leaves_no_core(locked: Path, tmp_path: Path) -> None:
    """A process that crashes with keys in its memory writes none of it to the disk."""
    words = [sys.executable, "-c", _CRASHES, str(locked)]
    crashed = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)

    assert crashed.returncode == -signal.SIGABRT
    assert crashed.stdout == b"(0, 0)\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.threat("T8")
def test_nothing_of_the_content_is_readable(locked: Path) -> None:
    """The file holds parameters and a box; only its owner may read it."""
    table = canonical.loads(locked.read_bytes())
    assert table.keys() == {"format", "passes", "memory", "salt", "box"}
    assert b"police" not in locked.read_bytes()
    assert CONTENT["key"].encode() not in locked.read_bytes()
    assert locked.stat().st_mode & 0o777 == 0o600
    assert (table["passes"], table["memory"]) == (3, 64 * 2**20)
    assert list(locked.parent.iterdir()) == [locked]


@pytest.mark.parametrize("passphrase", [b"", b"short", b"12345678901"])
def test_a_short_passphrase_locks_nothing(tmp_path: Path, passphrase: bytes) -> None:
    """No file appears, and there is no default to fall back on."""
    with pytest.raises(ConfigurationRefused):
        keyfile.lock(CONTENT, passphrase, tmp_path / "identity.locked")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "childgrid-locked-2"},
        {"memory": 2**31},
        {"memory": "64"},
        {"memory": 1},
        {"passes": -1},
        {"passes": "3"},
        {"salt": "AAAA"},
        {"salt": 1},
        {"box": ""},
        {"box": "AAAA"},
        {"box": "*"},
    ],
)
def test_an_altered_file_is_refused(
    tmp_path: Path, locked: Path, changes: dict[str, object]
) -> None:
    """Other parameters, another salt or box: refused before or by opening."""
    table = canonical.loads(locked.read_bytes()) | changes
    path = copy_of(locked, tmp_path, canonical.dumps(table))
    with pytest.raises(ConfigurationRefused):
        keyfile.unlock(path, PASSPHRASE)


def test_a_torn_file_is_refused(tmp_path: Path, locked: Path) -> None:
    """A half, an empty or a foreign file says what it is, and is left as it is."""
    whole = locked.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"\0" * 99, b"{}", whole + b"\n"):
        path = copy_of(locked, tmp_path, data)
        with pytest.raises(ConfigurationRefused) as refusal:
            keyfile.unlock(path, PASSPHRASE)
        assert "not a locked key file" in refusal.value.detail
        assert path.read_bytes() == data


def test_a_flipped_bit_in_the_box_is_refused(tmp_path: Path, locked: Path) -> None:
    """The box is authenticated."""
    table = json.loads(locked.read_bytes())
    box = bytearray(canonical.from_b64(table["box"]))
    box[-1] ^= 1
    path = copy_of(
        locked, tmp_path, canonical.dumps(table | {"box": canonical.to_b64(bytes(box))})
    )
    with pytest.raises(ConfigurationRefused):
        keyfile.unlock(path, PASSPHRASE)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    """The operator reads which file is meant."""
    with pytest.raises(ConfigurationRefused) as refusal:
        keyfile.unlock(tmp_path / "identity.locked", PASSPHRASE)
    assert refusal.value.detail == "identity.locked does not exist"
    with pytest.raises(ConfigurationRefused):
        keyfile.unlock(tmp_path, PASSPHRASE)


def passphrase_file(folder: Path, data: bytes, mode: int) -> Path:
    """A passphrase file of that mode."""
    path = folder / "passphrase"
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_passphrase_is_read_without_its_line_end(
    tmp_path: Path, mode: int, ending: bytes
) -> None:
    """Editors add a line end; blanks inside belong to the passphrase."""
    path = passphrase_file(tmp_path, b" two words " + ending, mode)
    assert keyfile.read_passphrase(path) == b" two words "


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601, 0o777])
def test_a_passphrase_that_others_may_read_is_refused(
    tmp_path: Path, mode: int
) -> None:
    """Any right for group or others is too much."""
    path = passphrase_file(tmp_path, PASSPHRASE, mode)
    with pytest.raises(ConfigurationRefused) as refusal:
        keyfile.read_passphrase(path)
    assert "owner" in refusal.value.detail


def test_a_missing_or_empty_passphrase_is_refused(tmp_path: Path) -> None:
    """There is no default passphrase."""
    with pytest.raises(ConfigurationRefused):
        keyfile.read_passphrase(tmp_path / "passphrase")
    for data in (b"", b"\n", b"\r\n\r\n"):
        path = passphrase_file(tmp_path, data, 0o600)
        with pytest.raises(ConfigurationRefused):
            keyfile.read_passphrase(path)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old or new, never torn, and nothing left lying about."""
    path = tmp_path / "kept"
    keyfile.write_private(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        keyfile.write_private(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    keyfile.write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.threat("T27")
def test_a_file_is_locked_anew_by_another_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same content under a fresh salt; the old passphrase opens it no longer."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)
    path = tmp_path / "officer.key"
    keyfile.lock(CONTENT, PASSPHRASE, path)
    before = canonical.loads(path.read_bytes())

    keyfile.relock(path, PASSPHRASE, b"another one, also long")

    assert keyfile.unlock(path, b"another one, also long") == CONTENT
    assert canonical.loads(path.read_bytes())["salt"] != before["salt"]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        keyfile.unlock(path, PASSPHRASE)


@pytest.mark.parametrize(
    ("old", "new"), [(b"not the passphrase", b"long enough, this"), (PASSPHRASE, b"x")]
)
def test_a_file_that_is_not_locked_anew_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes
) -> None:
    """A wrong old or a short new passphrase changes no byte."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)
    path = tmp_path / "officer.key"
    keyfile.lock(CONTENT, PASSPHRASE, path)
    before = path.read_bytes()

    with pytest.raises(ConfigurationRefused):
        keyfile.relock(path, old, new)

    assert path.read_bytes() == before
