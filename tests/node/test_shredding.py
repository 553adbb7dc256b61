"""The command `shred`: an operator with an export, a node that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log.claim import Claim
from childgrid_node.config import NodeConfig
from childgrid_node.shredding import shred_log
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused, Refused
from grid import DAY, KABIR, Grid
from laid import settled
from shredded import copied


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grid:
    """A grid with a search of more than a year ago."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)
    made = Grid(tmp_path / "grid")
    made.ask(KABIR, targets=["customs"])
    made.now += 400 * DAY
    return made


def exported(grid: Grid, folder: Path, auditor: str = "audit-north") -> Path:
    """As much of an auditor's export as is needed."""
    copy = copied(grid, "customs", auditor)
    (folder / "logs" / "customs").mkdir(parents=True)
    (folder / "manifest.dsse").write_bytes(copy.manifest)
    (folder / "logs" / "customs" / "checkpoint").write_bytes(copy.checkpoint)
    return folder


def run(grid: Grid, config: NodeConfig, export: Path) -> str:
    """What the command says."""
    said: list[str] = []
    shred_log(config, export, grid.clock, said.append)
    return said[-1]


def test_it_shreds_by_the_node_s_own_settings(grid: Grid, tmp_path: Path) -> None:
    """All statements of the story; a second run has nothing to do."""
    export = exported(grid, tmp_path / "export")
    config = settled(grid, tmp_path, "[retention]\nsearch_days = 365\n")

    assert run(grid, config, export) == "4 statements shredded"
    assert run(grid, config, export) == "0 statements shredded"


def test_without_settings_it_keeps_everything(grid: Grid, tmp_path: Path) -> None:
    """The default is for ever."""
    export = exported(grid, tmp_path / "export")
    config = settled(grid, tmp_path)

    assert run(grid, config, export) == "0 statements shredded"


def test_it_refuses_beside_a_running_node_and_without_an_export(
    grid: Grid, tmp_path: Path
) -> None:
    """One process on a state folder; and only what an auditor has a copy of."""
    export = exported(grid, tmp_path / "export")
    foreign = exported(grid, tmp_path / "foreign", "prisons")
    config = settled(grid, tmp_path, "[retention]\nsearch_days = 365\n")
    running = Claim(config.state_dir)
    with pytest.raises(ConfigurationRefused, match="another process"):
        run(grid, config, export)
    running.release()
    with pytest.raises(ConfigurationRefused, match="no export"):
        run(grid, config, tmp_path)
    with pytest.raises(Refused):
        run(grid, config, foreign)

    assert run(grid, config, export) == "4 statements shredded"


def test_a_period_that_is_too_short_is_named(grid: Grid, tmp_path: Path) -> None:
    """The setting at fault, and what it may be."""
    with pytest.raises(ConfigurationRefused, match=r"search_days.*at least 180"):
        settled(grid, tmp_path, "[retention]\nsearch_days = 30\n")
