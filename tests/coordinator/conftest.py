"""Fixtures of the coordinator's tests: a grid, and both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.store.engine import Store
from childgrid_wire import keyfile
from coordinator.story import Story, told
from coordinator.world import World


@pytest.fixture
def cheap_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch passphrases as little as the algorithm allows."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A grid that was founded once; nobody works in its folder."""
    grid = World(tmp_path_factory.mktemp("founded"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "PASSES", 1)
        patch.setattr(keyfile, "MEMORY_BYTES", 8_192)
        grid.install()
    return grid


@pytest.fixture
def world(founded: World, tmp_path: Path) -> World:
    """A founded grid; the coordinator's state lies ready in a folder of its own."""
    return founded.copied(tmp_path)


@pytest.fixture
def hub(world: World) -> Iterator[Coordinator]:
    """An open coordinator that does not listen."""
    with world.coordinator() as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind that is supported."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open, empty store."""
    opened = Store.open(database_url, "owner")
    yield opened
    opened.close()


@pytest.fixture
def story(world: World, hub: Coordinator) -> Story:
    """A hit at one holder; the request is written but not sent."""
    return told(world, hub)
