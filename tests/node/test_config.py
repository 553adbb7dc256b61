"""A node's settings: one file, read strictly, refused by the setting's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node.config import load
from childgrid_wire.errors import ConfigurationRefused

GOOD = """
member = "customs"
title = "Customs"
state_dir = "state"
passphrase_file = "/run/secrets/passphrase"
[coordinator]
member = "ncrb-hub"
address = "hub.example:7400"
"""


def written(folder: Path, text: str) -> Path:
    """A settings file."""
    path = folder / "node.toml"
    path.write_text(text)
    return path


def test_paths_start_at_the_file_and_the_rest_has_safe_defaults(tmp_path: Path) -> None:
    """Relative paths are the file's neighbours; nothing listens to the world."""
    config = load(written(tmp_path, GOOD))

    assert config.state_dir == tmp_path / "state"
    assert config.sources == tmp_path / "sources"
    assert config.passphrase_file == Path("/run/secrets/passphrase")
    assert (config.listen, config.desk) == ("127.0.0.1:7410", "127.0.0.1:7411")
    assert config.encrypted_disk is False
    assert config.uses == ("provider", "user")


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ('colour = "red"', "colour"),
        ('uses = ["owner"]', "uses"),
        ('listen = "everywhere"', "listen"),
        ('listen = "127.0.0.1:65536"', "listen"),
        ('desk = "127.0.0.1:99999"', "desk"),
        ("witness_seconds = 0", "witness_seconds"),
        ("release_seconds = 121", "release_seconds"),
        ("poll_seconds = 0.0", "poll_seconds"),
        ('encrypted_disk = "perhaps"', "encrypted_disk"),
        ('encrypted_disk = "no"', "encrypted_disk"),
        ("encrypted_disk = 0", "encrypted_disk"),
        ('witness_seconds = "30"', "witness_seconds"),
        ("uses = []", "uses"),
        ("metrics = 2026-01-01", "metrics"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    tmp_path: Path, line: str, setting: str
) -> None:
    """The message says which setting; a value might be a secret in the wrong place."""
    with pytest.raises(ConfigurationRefused) as caught:
        load(written(tmp_path, line + GOOD))

    assert setting in caught.value.detail
    for value in ("red", "everywhere", "perhaps", "owner'"):
        assert value not in caught.value.detail.replace("'provider' or 'user'", "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hub.example:7400", "hub.example", "coordinator.address: write HOST:PORT"),
        ("hub.example:7400", "hub:99999", "coordinator.address: write HOST:PORT"),
        ('title = "Customs"', 'title = "सीमा शुल्क"', "title: write up to 80 letters"),
        ('"customs"', '"Customs"', "member: write an id: lower-case letters"),
        ('title = "Customs"', 'title = "C"\nmetrics = "0.0.0.0:1"', "write 127.0.0.1:"),
        ('title = "Customs"', 'title = "C"\nprobe = "x.sock"', "an absolute path"),
    ],
)
def test_a_wrong_form_is_told_in_words(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    """Who runs a node reads no patterns, and what stood there is not repeated."""
    with pytest.raises(ConfigurationRefused) as refusal:
        load(written(tmp_path, GOOD.replace(old, new)))
    assert says in refusal.value.detail
    assert "^" not in refusal.value.detail
    assert new not in refusal.value.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("member", GOOD.replace('member = "customs"', "")),
        ("member", GOOD.replace('"customs"', '"The Customs"')),
        ("coordinator", GOOD.partition("[coordinator]")[0]),
        ("passphrase_file", GOOD.replace("passphrase_file", "# passphrase_file")),
    ],
)
def test_what_has_no_default_must_be_there(
    tmp_path: Path, name: str, text: str
) -> None:
    """Who we are, who the coordinator is, and how keys are opened."""
    with pytest.raises(ConfigurationRefused, match=name):
        load(written(tmp_path, text))


def test_a_missing_file_and_a_file_that_is_no_toml(tmp_path: Path) -> None:
    """Both name the file."""
    with pytest.raises(ConfigurationRefused, match=r"cannot read node\.toml"):
        load(tmp_path / "node.toml")
    with pytest.raises(ConfigurationRefused, match=r"node\.toml is not TOML"):
        load(written(tmp_path, "member ="))
