"""A day in the life of a grid, under a clock that is put forward hour by hour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.sample.story import Story
from process.week import Plan, run


@pytest.fixture(scope="module")
def found(
    template: tuple[Path, Story], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What was counted in one day."""
    folder = tmp_path_factory.mktemp("day")
    return run(Plan(str(folder), days=1, template=str(template[0])))


def test_a_day_passes_and_nothing_is_wrong(found: dict[str, Any]) -> None:
    """Every query is answered, nothing that was acknowledged is lost, and the auditor
    finds nothing, though each process was killed and one agency was away."""
    assert found["failures"] == []
    assert found["asked"] >= 24
    assert found["offline_as_stated"] >= 2
    assert sum(n for act, n in found["acts"].items() if act.startswith("killed")) == 5


def test_every_listener_shows_a_new_certificate_in_time(
    found: dict[str, Any],
) -> None:
    """By itself and after a kill; none was shown that had run out."""
    assert found["certificates_wrong"] == []
    assert min(found["certificates"].values()) >= 3
