"""Looking at sources from the command line: counts, faults by row, and no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node.checking import check_sources
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_wire.errors import ConfigurationRefused
from grid import START

MAPPING = """
agency = "customs"
category = "movement"
source = "rows.csv"
key = "id"
role = { column = "part", victim = ["VICTIM"], suspect = ["ACCUSED"] }
[fields]
name = "name"
phone = "phone"
birth_date = "dob"
"""
HEAD = "id,name,phone,dob,part\n"


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    """A provider with an empty folder of sources."""
    (tmp_path / "sources").mkdir()
    return NodeConfig(
        member="customs",
        title="Customs",
        state_dir=tmp_path / "state",
        passphrase_file=tmp_path / "passphrase",
        sources=tmp_path / "sources",
        coordinator=CoordinatorConfig(member="ncrb-hub", address="127.0.0.1:1"),
    )


def check(config: NodeConfig, rows: str, mapping: str = MAPPING) -> tuple[bool, str]:
    """Whether a source is sound, and all that is said about it."""
    (config.sources / "rows.toml").write_text(mapping)
    (config.sources / "rows.csv").write_text(HEAD + rows)
    told: list[str] = []
    sound = check_sources(config, lambda: float(START), told.append)
    return sound, "\n".join(told)


def test_counts_by_guard_and_by_field(config: NodeConfig) -> None:
    """What would be indexed, who would stay out and why, how full each field is."""
    sound, told = check(
        config,
        "1,Asha Rao,9812345670,01-02-1980,ACCUSED\n"
        "2,Bina Rao,,01-02-1980,VICTIM\n"
        "3,Chitra Rao,,01-02-1980,GUARD\n"
        "4,Dev Rao,,01-02-2015,ACCUSED\n",
    )

    assert sound
    for line in (
        "rows: 4 rows",
        "guard: admitted: 1",
        "guard: victim: 1",
        "guard: role not named: 1",
        "guard: minor today: 1",
        "name:       filled 100 %, usable 100 %",
        "phone:      filled 25.0 %, usable 25.0 %",
    ):
        assert line in told


def test_faulty_rows_are_named_by_number(config: NodeConfig) -> None:
    """A row without a key and a key that stands twice; no value is said."""
    _, told = check(
        config,
        ",Asha Rao,9812345670,01-02-1980,ACCUSED\n"
        "2,Bina Rao,,01-02-1980,ACCUSED\n"
        "2,Chitra Rao,,01-02-1980,ACCUSED\n",
    )

    assert "rows can't be used" in told
    assert "row " in told
    for value in ("Asha", "Rao", "9812345670"):
        assert value not in told


def test_an_empty_source_is_not_sound(config: NodeConfig) -> None:
    """Nothing to search is a finding."""
    sound, told = check(config, "")

    assert not sound
    assert "rows: 0 rows" in told


def test_a_folder_without_a_mapping(config: NodeConfig) -> None:
    """Looking at nothing must not look like success."""
    with pytest.raises(ConfigurationRefused, match="no mapping"):
        check_sources(config, lambda: float(START), print)


def test_who_only_asks_has_nothing_to_check(config: NodeConfig) -> None:
    """A user-only agency is sound without sources."""
    asks = config.model_copy(update={"uses": ("user",)})

    assert check_sources(asks, lambda: float(START), print)


def test_a_mapping_that_is_wrong(config: NodeConfig) -> None:
    """The file and the setting are named."""
    with pytest.raises(ConfigurationRefused, match=r"rows\.toml: category"):
        check(config, "", MAPPING.replace('category = "movement"', "category = 5"))
