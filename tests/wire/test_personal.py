"""A person's key by one name, in a file or on a token, and what is noted down of it."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pkcs11 import ObjectClass

from childgrid_wire import canonical, keyfile, keys, personal
from childgrid_wire.errors import ConfigurationRefused, TokenRefused
from childgrid_wire.keys import EnrolledKey
from softhsm import LIBRARY, P256, PIN, RSA, Reader

KEYID = "police/si-rao"
SECRET = PIN.encode()
PASSPHRASE = b"a passphrase for tests"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader with one token, on which lies one key."""
    made = Reader(tmp_path / "reader", monkeypatch)
    made.key(made.token("dsc"), 1, P256)
    return made


def enrol(path: Path, token: str = "", key: str = "", pin: bytes = SECRET) -> list[str]:
    """Take the token's key as a person's own; returns the lines for the list."""
    return personal.lines(personal.enrol(path, KEYID, LIBRARY, token, key, pin))


def test_a_key_on_a_token_is_opened_as_one_in_a_file_is(
    reader: Reader, tmp_path: Path
) -> None:
    """One name for both; only what the person is asked for differs."""
    token, file = tmp_path / "keys" / "a.token", tmp_path / "a.key"
    algorithm, key = (line.split('"')[1] for line in enrol(token))
    public = personal.make(file, KEYID, PASSPHRASE)
    enrolled = {
        token: EnrolledKey(KEYID, algorithm, canonical.from_b64(key)),
        file: EnrolledKey(KEYID, "ed25519", public),
    }

    assert personal.secret_name(token) == "PIN of the token"
    assert personal.secret_name(file) == "passphrase"
    assert personal.secret_name(tmp_path / "none") == "passphrase"
    for path, secret in ((token, SECRET), (file, PASSPHRASE)):
        signer = personal.open_key(path, secret)
        assert signer.keyid == KEYID
        assert secret.decode() not in repr(signer)
        keys.verify(enrolled[path], b"a message", signer.sign(b"a message"))


def test_what_is_written_down_is_its_owner_s_and_holds_no_secret(
    reader: Reader, tmp_path: Path
) -> None:
    """Never over another file, never readable by others, and nothing to steal."""
    path = tmp_path / "a.token"
    lines = enrol(path)
    before = path.read_bytes()
    table = canonical.loads(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert table.keys() == {
        "format", "keyid", "library", "serial", "id", "algorithm", "key",
    }  # fmt: skip
    assert lines == [f'algorithm = "{P256}"', f'key = "{table["key"]}"']
    assert SECRET not in before
    with pytest.raises(ConfigurationRefused, match="never overwritten"):
        enrol(path)
    assert path.read_bytes() == before


def other_pin(path: Path, reader: Reader) -> None:
    """The PIN was changed at the maker's tool."""


def exchanged(path: Path, reader: Reader) -> None:
    """Somebody has put another key in the enrolled one's place."""
    (serial,) = reader.serials()
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        reader.remove(serial, kind, 1)
    reader.key(serial, 1, P256)


def retyped(path: Path, reader: Reader) -> None:
    """The key in its place is not even of the enrolled kind."""
    (serial,) = reader.serials()
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        reader.remove(serial, kind, 1)
    reader.key(serial, 1, RSA)


def imitated(path: Path, reader: Reader) -> None:
    """Another token of the same label, with a key of the same id and label."""
    (serial,) = reader.serials()
    (folder,) = (reader.folder / "tokens").iterdir()
    folder.rename(reader.folder / "drawer")
    reader.key(reader.token("dsc"), 1, P256)
    assert reader.serials() != [serial]


@pytest.mark.parametrize(
    ("change", "pin", "said"),
    [
        (other_pin, b"0000", "wrong PIN"),
        (exchanged, SECRET, "another key than the one enrolled"),
        (retyped, SECRET, "of another kind than enrolled"),
        (imitated, SECRET, "that token is not plugged in"),
    ],
    ids=["pin", "exchanged", "retyped", "imitated"],
)
@pytest.mark.threat("T27")
def test_another_key_never_speaks_for_the_enrolled_one(
    reader: Reader,
    tmp_path: Path,
    change: Callable[[Path, Reader], None],
    pin: bytes,
    said: str,
) -> None:
    """What was enrolled is one key of one token; nothing is given out by another."""
    path = tmp_path / "a.token"
    enrol(path)
    personal.open_key(path, SECRET).sign(b"a message")
    before = path.read_bytes()
    change(path, reader)

    with pytest.raises(TokenRefused, match=said):
        personal.open_key(path, pin).sign(b"a message")
    assert path.read_bytes() == before


def test_a_public_half_of_another_key_is_found_out_at_once(
    reader: Reader, tmp_path: Path
) -> None:
    """Nobody enrols a key with which the token doesn't sign; nothing is written."""
    (serial,) = reader.serials()
    reader.remove(serial, ObjectClass.PRIVATE_KEY, 1)
    reader.key(serial, 2, P256)
    reader.rename(serial, 2, 1)
    with pytest.raises(TokenRefused, match="another key"):
        enrol(tmp_path / "a.token")
    assert not (tmp_path / "a.token").exists()


def reachable(path: Path) -> None:
    """Others of the machine may write another library into it."""
    path.chmod(0o666)


def emptied(path: Path) -> None:
    """Somebody wrote less than belongs into it."""
    keyfile.write_private(path, canonical.dumps({"format": "childgrid-token-1"}))


def bent(path: Path) -> None:
    """The public half is no base64."""
    table = canonical.loads(path.read_bytes())
    keyfile.write_private(path, canonical.dumps(table | {"key": "?"}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (reachable, "readable by its owner only"),
        (emptied, "is no person's key"),
        (bent, "is no person's key"),
    ],
)
def test_a_spoilt_file_starts_no_library(
    reader: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    said: str,
) -> None:
    """The library that it names is a program: it is not run on anybody's word."""
    path = tmp_path / "a.token"
    enrol(path)
    spoil(path)
    monkeypatch.setattr("childgrid_wire.cryptoki._library", lambda _: 1 / 0)
    with pytest.raises(ConfigurationRefused, match=said):
        personal.open_key(path, SECRET)


def test_a_pin_is_not_changed_as_a_passphrase_is(
    reader: Reader, tmp_path: Path
) -> None:
    """That is for the maker's tool, and said before anything is asked."""
    path = tmp_path / "a.token"
    enrol(path)
    with pytest.raises(TokenRefused, match="maker's tool"):
        personal.check_file(path)
    personal.make(tmp_path / "a.key", KEYID, PASSPHRASE)
    personal.check_file(tmp_path / "a.key")
