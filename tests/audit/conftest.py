"""One honest story for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.ledger import World
from audit.tamper import Ground


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """The exported story and a verifier that has seen it."""
    return Ground.lay(tmp_path_factory.mktemp("story"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A founded grid in which nothing has happened yet."""
    made = World.found(tmp_path)
    yield made
    made.close()
