"""How long what came back waits for more, so that syncs are shared."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from childgrid_coordinator import match
from childgrid_coordinator.match import Matcher
from childgrid_coordinator.window import Window

ASKED = {"one": ("customs", "prisons"), "other": ("customs", "prisons")}


@pytest.mark.parametrize(
    ("came", "seconds"),
    [
        (["one"], match._GATHER_SECONDS),
        (["one", "other"], match._GATHER_SECONDS),
        (["one", "one"], 0.0),
        (["one", "one", "other"], match._COMPLETE_SECONDS),
        (["one", "one", "other", "other"], 0.0),
    ],
    ids=["one-of-two", "both-begun", "complete", "complete-and-begun", "both-complete"],
)
def test_how_long_a_batch_waits(came: list[str], seconds: float) -> None:
    """Long while all that is there lacks something, not at all once nothing does."""
    window = Window(24)
    for query, targets in ASKED.items():
        for target in targets:
            assert window.enter(query, target, "police")
    matcher = SimpleNamespace(_wake=threading.Condition(), _window=window)
    batch = [SimpleNamespace(reply=SimpleNamespace(query=query)) for query in came]
    assert Matcher._patience(matcher, batch) == seconds  # type: ignore[arg-type]
