"""The recorded grid as fixtures, for every module of attack stories."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostile import play
from hostile_spy import quiet
from hostile_stage import Stage, Tally


@pytest.fixture(scope="session")
def played() -> Iterator[Stage]:
    """The recorded grid, in memory: the speed of a disk is not the subject here."""
    shared = Path("/dev/shm")  # noqa: S108
    where = shared if shared.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="childgrid-hostile-", dir=where))
    try:
        with quiet():
            yield play(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stage(played: Stage) -> Iterator[Stage]:
    """The recorded grid as it was; whatever a story leaves behind is judged."""
    played.before = Tally.of(played)
    base = played.mark
    yield played
    played.teach()
    played.judge(played.before)
    played.rewind(base)


@pytest.fixture
def ruined(played: Stage) -> Iterator[Stage]:
    """The recorded grid for nodes that lack a check; what they did isn't judged."""
    base = played.mark
    yield played
    played.rewind(base)
