"""Settings: strict, from one file, and never a value in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_coordinator.config import Settings, load
from childgrid_wire.errors import ConfigurationRefused

ROOT = Path(__file__).parents[2]
LEAST = """
member = "hub"
state_dir = "state"
listen = "127.0.0.1:7400"
passphrase_file = "passphrase"
"""


def written(tmp_path: Path, text: str) -> Path:
    """A settings file."""
    path = tmp_path / "coordinator.toml"
    path.write_text(text)
    return path


def test_four_settings_are_enough(tmp_path: Path) -> None:
    """Paths start at the file's folder; the database is SQLite beside the keys."""
    settings = load(written(tmp_path, LEAST))
    assert settings.state_dir == tmp_path / "state"
    assert settings.passphrase_file == tmp_path / "passphrase"
    assert settings.url == f"sqlite:///{tmp_path / 'state' / 'state.db'}"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("matchseconds = 5", "matchseconds"),
        ("match_seconds = 0", "match_seconds"),
        ('match_seconds = "s3cret"', "match_seconds"),
        ("workers = 1", "workers"),
        ("hit_floor = 6000", "hit_floor"),
        ("strong_floor = 10001", "strong_floor"),
        ("insecure = true", "insecure"),
    ],
)
def test_unknown_or_impossible_settings_are_named(
    tmp_path: Path, line: str, name: str
) -> None:
    """The setting is named, its value is not repeated."""
    with pytest.raises(ConfigurationRefused, match=name) as refused:
        load(written(tmp_path, LEAST + line))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("missing", ["member", "state_dir", "listen"])
def test_what_has_no_default_must_be_given(tmp_path: Path, missing: str) -> None:
    """Nothing is guessed about who this is and where it listens."""
    lines = [one for one in LEAST.splitlines() if not one.startswith(missing)]
    with pytest.raises(ConfigurationRefused, match=missing):
        load(written(tmp_path, "\n".join(lines)))


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path: Path) -> None:
    """One sentence, no trace."""
    with pytest.raises(ConfigurationRefused, match="cannot read"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigurationRefused, match="not TOML"):
        load(written(tmp_path, "member = "))


def test_the_example_names_every_setting_with_its_default() -> None:
    """What is written down for operators is what the program takes."""
    text = (ROOT / "coordinator" / "coordinator.example.toml").read_text()
    example = load(ROOT / "coordinator" / "coordinator.example.toml")
    for name, about in Settings.model_fields.items():
        assert f"{name} = " in text, name
        if not about.is_required():
            assert getattr(example, name) == about.default, name


def test_a_database_is_backed_up_before_the_log(tmp_path: Path) -> None:
    """SQLite's file is copied first; PostgreSQL's is dumped before any file is."""
    settings = load(written(tmp_path, LEAST))
    assert (settings.place.first, settings.place.make) == (("state.db",), None)
    url = 'database = "postgresql://hub:hunter2@db/hub"'
    assert load(written(tmp_path, f"{LEAST}{url}\n")).place.make is not None
