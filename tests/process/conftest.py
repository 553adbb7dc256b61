"""One grid founded a session; each module runs a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sample.story import Story
from process import yardstick
from process.players import Cast
from process.yardstick import Grid


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Story]:
    """A founded grid in which nothing runs."""
    folder = tmp_path_factory.mktemp("template")
    return folder, yardstick.found(folder)


@pytest.fixture(scope="module")
def still(
    template: tuple[Path, Story], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grid]:
    """A copy of the grid in which nothing runs yet; whatever is started is ended."""
    grid = yardstick.copy(*template, tmp_path_factory.mktemp("grid"))
    try:
        yield grid
    finally:
        grid.stop()


@pytest.fixture(scope="module")
def grid(still: Grid) -> Grid:
    """A running grid."""
    still.start()
    return still


@pytest.fixture(scope="module")
def cast(grid: Grid) -> Cast:
    """The officers of the running grid at their desks."""
    return Cast.of(grid)
