"""A state in one sealed file and back: whole, of one moment, over nothing else."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from childgrid_log import backup, snapshot
from childgrid_log.backup import Manifest, Owner
from childgrid_log.entry import Draft
from childgrid_log.log import Log
from childgrid_wire import keyfile, sealed_file
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity

PASSPHRASE = b"correct horse battery"
OWNER = Owner("node", "police")
NOW = 1_790_000_000


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with keys, a log of three leaves, documents, and what is made."""
    folder = tmp_path / "state"
    identity = Identity.create(folder / "keys", "police", PASSPHRASE)
    for name in ("log", "documents", "index/e1"):
        (folder / name).mkdir(parents=True)
    with Log.create(folder / "log/log.db", "police", identity.log_key) as log:
        log.append([Draft("case", NOW, bytes([n])) for n in range(3)])
        log.checkpoint()
    (folder / "documents/00000001.dsse").write_bytes(b"a document")
    (folder / "index/police.encoded").touch()
    for name in ("index", "parts", "0123456789abcdef-1of2.part"):
        (folder / f"index/e1/police.{name}").write_bytes(b"encodings" * 100)
    (folder / "ports.json").write_text("{}")
    (folder / "lock").touch()
    return folder


def taken(state: Path, name: str = "police.backup") -> Path:
    """A backup beside the state."""
    out = state.parent / name
    backup.backup(state, out, PASSPHRASE, OWNER, NOW)
    return out


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.threat("T15")
def test_it_comes_back_as_it_was(state: Path, tmp_path: Path) -> None:
    """Keys, log and documents, of mode 600; nothing that is made anew or runs."""
    out = taken(state)
    fresh = tmp_path / "fresh"
    made = backup.restore(out, fresh, PASSPHRASE, OWNER)
    assert made.made == NOW
    kept = {
        "keys/identity.locked",
        "log/log.db",
        "documents/00000001.dsse",
        "index/police.encoded",
    }
    assert set(made.files) == kept
    assert set(files(fresh)) == kept | {"keys/log.db.restored"}
    assert all(stat.S_IMODE((fresh / one).stat().st_mode) == 0o600 for one in kept)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700
    key = Identity.open(fresh / "keys", PASSPHRASE).log_key
    with Log.open(fresh / "log/log.db", "police", key) as log:
        assert log.verify() == 3
    assert not (state / snapshot.WORK).exists()


def test_it_is_of_one_moment_while_others_write(state: Path, tmp_path: Path) -> None:
    """A log that grows all the while: no half of a transaction, and none that was done.

    What had been acknowledged when the backup began is in it.
    """
    key = Identity.open(state / "keys", PASSPHRASE).log_key
    going = threading.Event()
    with Log.open(state / "log/log.db", "police", key) as log:

        def grow() -> None:
            while not going.is_set():
                log.append([Draft("case", NOW, bytes(200))] * 2)

        log.append([Draft("case", NOW, b"acknowledged")] * 2)
        thread = threading.Thread(target=grow)
        thread.start()
        try:
            copies = [(log.size(), taken(state, f"{n}.backup")) for n in range(3)]
        finally:
            going.set()
            thread.join()
        last = log.size()
    for n, (least, out) in enumerate(copies):
        backup.restore(out, tmp_path / f"fresh{n}", PASSPHRASE, OWNER)
        with Log.open(tmp_path / f"fresh{n}/log/log.db", "police", key) as again:
            size = again.verify()
        assert size % 2 == 1
        assert least <= size <= last


@pytest.mark.threat("T8")
def test_nothing_of_it_can_be_read(state: Path) -> None:
    """A backup is what a thief of the medium gets."""
    data = taken(state).read_bytes()
    for secret in (b"a document", b"identity.locked", b"police", b"SQLite"):
        assert secret not in data


def test_it_is_not_put_over_anything(state: Path) -> None:
    """A folder that holds a file stays as it is."""
    out = taken(state)
    before = files(state)
    with pytest.raises(ConfigurationRefused, match="not empty"):
        backup.restore(out, state, PASSPHRASE, OWNER)
    assert files(state) == before


@pytest.mark.parametrize("place", [0.3, 0.6, 0.999])
def test_an_altered_one_is_refused_as_a_whole(
    state: Path, tmp_path: Path, place: float
) -> None:
    """Flipped or cut at any place, nothing of it lies in the folder afterwards."""
    out = taken(state)
    data = bytearray(out.read_bytes())
    at = int(len(data) * place)
    data[at] ^= 1
    for altered in (bytes(data), out.read_bytes()[:at]):
        out.write_bytes(altered)
        with pytest.raises(ConfigurationRefused):
            backup.restore(out, tmp_path / "fresh", PASSPHRASE, OWNER)
        assert files(tmp_path / "fresh") == {}


@pytest.mark.parametrize(
    ("owner", "word"),
    [(Owner("node", "customs"), "customs"), (Owner("station", "police"), "station")],
)
def test_anothers_backup_is_refused(
    state: Path, tmp_path: Path, owner: Owner, word: str
) -> None:
    """Of another member or another zone, though the passphrase be the same."""
    out = taken(state)
    with pytest.raises(ConfigurationRefused, match=word):
        backup.restore(out, tmp_path / "fresh", PASSPHRASE, owner)
    assert files(tmp_path / "fresh") == {}


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "keys/../../x", ".x", ""])
def test_a_manifest_leads_nowhere_else(path: str) -> None:
    """Even one that was sealed by whoever has the passphrase."""
    made = Manifest(OWNER, NOW, {path: (1, "00" * 32)})
    with pytest.raises(ConfigurationRefused, match="outside"):
        Manifest.read(made.dump())


def test_a_file_whose_sum_is_wrong_is_refused(state: Path, tmp_path: Path) -> None:
    """What the manifest says is held against what comes."""
    head = Manifest(OWNER, NOW, {"keys/x": (4, "00" * 32)}).dump()
    out = tmp_path / "made.backup"
    with sealed_file.writing(out, PASSPHRASE) as writer:
        writer.write(len(head).to_bytes(8, "big") + head + b"abcd")
    with pytest.raises(ConfigurationRefused, match="not what it was"):
        backup.restore(out, tmp_path / "fresh", PASSPHRASE, OWNER)


@pytest.mark.parametrize("place", ["link", "database", "passphrase", "inside"])
def test_what_would_not_come_back_is_not_backed_up(
    state: Path, tmp_path: Path, place: str
) -> None:
    """A link, a damaged database, another passphrase, a file within the state."""
    out, passphrase = tmp_path / "police.backup", PASSPHRASE
    if place == "link":
        (state / "log").rename(tmp_path / "elsewhere")
        (state / "log").symlink_to(tmp_path / "elsewhere")
    elif place == "database":
        with closing(sqlite3.connect(state / "log/log.db")) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path = state / "log/log.db"
        data = bytearray(path.read_bytes())
        data[4096:] = os.urandom(len(data) - 4096)
        path.write_bytes(data)
    elif place == "passphrase":
        passphrase = PASSPHRASE + b"."
    else:
        out = state / "police.backup"
    with pytest.raises(ConfigurationRefused):
        backup.backup(state, out, passphrase, OWNER, NOW)
    assert not out.exists()
    assert not (state / snapshot.WORK).exists()


def test_two_at_a_time_do_not_disturb_each_other(state: Path) -> None:
    """The second is refused; the first is whole."""
    with snapshot.frozen(state) as frozen:
        with pytest.raises(ConfigurationRefused, match="another backup"):
            taken(state)
        assert frozen["documents/00000001.dsse"].read_bytes() == b"a document"


def test_a_replaced_file_stays_frozen(state: Path) -> None:
    """A key or document that is written anew meanwhile is in it as it was."""
    with snapshot.frozen(state) as frozen:
        keyfile.write_private(state / "documents/00000001.dsse", b"another")
        assert frozen["documents/00000001.dsse"].read_bytes() == b"a document"


def test_files_that_belong_together_are_of_one_moment(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that comes while others are linked is in it, or none of them is."""
    link = snapshot._link
    second = state / "documents/00000002.dsse"

    def meanwhile(source: Path, target: Path) -> None:
        link(source, target)
        if not second.exists():
            keyfile.write_private(second, b"the second")
            keyfile.write_private(state / "documents/newest", b"2")

    monkeypatch.setattr(snapshot, "_link", meanwhile)
    with snapshot.frozen(state) as frozen:
        assert frozen["documents/newest"].read_bytes() == b"2"
        assert frozen["documents/00000002.dsse"].read_bytes() == b"the second"
