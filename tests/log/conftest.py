"""Where the log of a test stands, and the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from childgrid_log.log import Log
from tests.log.fresh import ORIGIN, SEED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of a test stands."""
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    """An empty log."""
    with Log.create(path, ORIGIN, SEED) as made:
        yield made
