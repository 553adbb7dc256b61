from pathlib import Path

import pytest

from childgrid_authority.authority import Authority
from founders import grid, light_locks


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_locks(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A freshly founded grid without members."""
    return grid(tmp_path / "authority")
