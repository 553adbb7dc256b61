"""An officer's files: settings, a locked key, and who is sought."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from childgrid_portal import keys
from childgrid_portal.__main__ import app
from childgrid_portal.config import load, read_suspect
from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import ConfigurationRefused
from founders import light_locks

PASSPHRASE = b"a passphrase for tests"
GOOD = """
member = "police"
officer = "si-rao"
address = "127.0.0.1:7411"
desk_pass = "pass.json"
key = "/keys/si-rao.key"
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked files that open fast."""
    light_locks(monkeypatch)


def written(folder: Path, text: str) -> Path:
    """A file of settings or of a description."""
    path = folder / "desk.toml"
    path.write_text(text)
    return path


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    """And the passphrase is asked for where no file is named."""
    config = load(written(tmp_path, GOOD))

    assert config.desk_pass == tmp_path / "pass.json"
    assert config.key == Path("/keys/si-rao.key")
    assert config.passphrase_file is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + 'colour = "red"', "unknown setting colour"),
        (GOOD.replace('officer = "si-rao"', ""), "officer is missing"),
        (GOOD.replace('"127.0.0.1:7411"', "7411"), "every setting is a text"),
        ("member =", "not TOML"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, said: str) -> None:
    """The file and the setting."""
    with pytest.raises(ConfigurationRefused, match=f"desk.toml.*{said}|{said}.*desk"):
        load(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Not a trace."""
    with pytest.raises(ConfigurationRefused, match=r"cannot read desk\.toml"):
        load(tmp_path / "desk.toml")


def public_half(path: Path, passphrase: bytes) -> str:
    """The public key of what a file holds, as a staff list has it."""
    return canonical.to_b64(keys.open_key(path, passphrase).public)


def test_a_key_is_made_once_and_opened_with_its_passphrase(tmp_path: Path) -> None:
    """The public half goes to the staff list; the file is its owner's alone."""
    path = tmp_path / "keys" / "si-rao.key"

    public = keys.make(path, "police", "si-rao", PASSPHRASE)

    signer = keys.open_key(path, PASSPHRASE)
    assert signer.keyid == "police/si-rao"
    assert canonical.to_b64(signer.public) == public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(ConfigurationRefused, match="never overwritten"):
        keys.make(path, "police", "si-joshi", PASSPHRASE)
    assert path.read_bytes() == before


def test_a_wrong_or_short_passphrase(tmp_path: Path) -> None:
    """Nothing is made under the one, nothing opens under the other."""
    path = tmp_path / "si-rao.key"
    with pytest.raises(ConfigurationRefused, match="at least 12"):
        keys.make(path, "police", "si-rao", b"short")
    assert not path.exists()
    keys.make(path, "police", "si-rao", PASSPHRASE)

    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        keys.open_key(path, b"another passphrase")


def test_a_locked_file_of_something_else_is_no_key(tmp_path: Path) -> None:
    """A node's linkage key in the wrong place signs nothing."""
    path = tmp_path / "other.key"
    keyfile.lock({"key": "ab" * 32}, PASSPHRASE, path)

    with pytest.raises(ConfigurationRefused, match=r"other\.key is no person's key"):
        keys.open_key(path, PASSPHRASE)


def test_the_command_prints_the_line_for_the_staff_list(tmp_path: Path) -> None:
    """Ready to be pasted into staff.toml."""
    keyfile.write_private(tmp_path / "passphrase", PASSPHRASE)
    out = tmp_path / "si-rao.key"
    words = ["key", "police", "si-rao", str(out), "--passphrase-file"]

    result = CliRunner().invoke(app, [*words, str(tmp_path / "passphrase")])

    assert result.exit_code == 0
    assert result.stdout == f'key = "{public_half(out, PASSPHRASE)}"\n'


def test_a_description_is_read_as_lists_of_text(tmp_path: Path) -> None:
    """One value or many, numbers as they are typed."""
    path = written(tmp_path, 'name = "Asha"\nphone = [98, "99"]\nbirth_year = 1984')

    assert read_suspect(path) == {
        "name": ["Asha"],
        "phone": ["98", "99"],
        "birth_year": ["1984"],
    }


def test_a_field_that_there_is_not_is_named(tmp_path: Path) -> None:
    """With those that there are; nothing that is known of anybody is quoted."""
    with pytest.raises(ConfigurationRefused) as caught:
        read_suspect(written(tmp_path, 'nmae = "Secret"'))

    assert "nmae is no grid field; there are: name, alias" in str(caught.value)
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ['[name]\nfirst = "Secret"', 'name = [["Secret"]]', 'name = "Secret']
)
def test_a_description_of_another_shape_is_not_quoted(
    tmp_path: Path, text: str
) -> None:
    """Neither in the message nor in a cause that a traceback would print."""
    with pytest.raises(ConfigurationRefused) as caught:
        read_suspect(written(tmp_path, text))

    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("asked", [True, False], ids=["typed", "from files"])
def test_an_officer_changes_the_passphrase(tmp_path: Path, asked: bool) -> None:
    """The same key, by the new one only; typed twice, or from files."""
    path = tmp_path / "si-rao.key"
    public = keys.make(path, "police", "si-rao", PASSPHRASE)
    new = b"a new passphrase for tests"
    words = ["passphrase", str(path)]
    typed = f"{PASSPHRASE.decode()}\n{new.decode()}\n{new.decode()}\n"
    if not asked:
        for name, secret in (("old", PASSPHRASE), ("new", new)):
            keyfile.write_private(tmp_path / name, secret)
        words += ["--passphrase-file", str(tmp_path / "old")]
        words += ["--new-passphrase-file", str(tmp_path / "new")]

    result = CliRunner().invoke(app, words, input=typed if asked else "")

    assert result.exit_code == 0, result.exception
    assert PASSPHRASE.decode() not in result.output
    assert public_half(path, new) == public
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        keys.open_key(path, PASSPHRASE)
