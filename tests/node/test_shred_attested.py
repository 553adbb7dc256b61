"""A case that was shredded is not told by what was attested of it."""

from __future__ import annotations

from pathlib import Path

from grid import DAY, KABIR, Grid
from shredded import shredded


def test_no_commitment_to_a_shredded_case_is_left(tmp_path: Path) -> None:
    """The row by which an attestation is said again goes with the attestation; that of
    a case which is still open stays."""
    grid = Grid(tmp_path)
    grid.ask(KABIR, targets=["customs"])
    grid.carry()
    grid.settle()
    journal = grid.agency("police").office.journal
    (before,) = journal.rows("SELECT hash FROM attested")
    grid.now += 400 * DAY

    said = shredded(grid, "police")

    assert said is not None
    assert before[0] in said["statements"]
    assert journal.rows("SELECT * FROM attested") == []
