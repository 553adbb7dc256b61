"""A node starts fast, is ready for its first query, and finds who came back."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from childgrid_node import kernels, loops, normalise
from childgrid_wire.errors import Reason, Refused, Unreachable
from grid import KABIR, Grid

SLOW = ("numba", "sqlalchemy")


def test_a_node_starts_without_what_only_some_nodes_need() -> None:
    """Compiled loops and databases are imported where they are first used."""
    script = (
        "import sys, childgrid_node.serving;"
        f" print([name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_after_warming_up_the_first_search_loads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loops are there, compiled for just the arrays that a search brings."""
    monkeypatch.setattr(kernels, "_surveys", {})
    held = Grid(tmp_path).agency("customs").holdings
    held.warm()
    loop = kernels._surveys[held.scheme]
    before = list(loop.signatures)

    hits, _ = held.search(
        held.encode(normalise.tokens_of(normalise.from_fields(KABIR)))
    )

    assert hits
    assert kernels._surveys == {held.scheme: loop}
    assert loop.signatures == before


def test_who_is_away_is_tried_again_within_half_a_second() -> None:
    """What was refused can wait longer, since trying it costs the other side work."""
    away, refused = Unreachable("unavailable"), Refused(Reason.NO_QUORUM, "2 of 3")

    assert [loops.pause_after(away, n) for n in (1, 2, 9)] == [0.2, 0.5, 0.5]
    assert [loops.pause_after(refused, n) for n in (1, 3, 9)] == [0.2, 1.0, 5.0]


def test_a_loop_tells_a_reason_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night without the coordinator does not fill a log; a new night is told."""
    away, refused = Unreachable("unavailable"), Refused(Reason.NO_QUORUM, "2 of 3")
    turns: list[Exception | None] = [away, away, refused, refused, None, away]
    done = threading.Event()

    def work() -> None:
        loop.wake()
        if not turns:
            return done.set()
        fault = turns.pop(0)
        if fault is not None:
            raise fault
        return None

    told = CapturingLogger()
    monkeypatch.setattr(loops, "log", told)
    loop = loops.Loop("mailbox", work, 0.0)
    loop.start()
    assert done.wait(60)
    loop.stop()

    reasons = [one.kwargs["reason"] for one in told.calls]
    assert reasons == ["unreachable", "no-quorum", "unreachable"]
