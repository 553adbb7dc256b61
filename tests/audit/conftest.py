"""One honest story for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.cast import (
    quick_folder,
)
from audit.ledger import World
from audit.tamper import Ground


@pytest.fixture(scope="session")
def ground() -> Ground:
    """The exported story and a verifier that has seen it."""
    with quick_folder() as folder:
        return Ground.lay(folder)


@pytest.fixture
def world() -> Iterator[World]:
    """A founded grid in which nothing has happened yet."""
    with quick_folder() as folder:
        made = World.found(folder)
        yield made
        made.close()
