"""kill -9 at any moment: every case ends once, and nothing acknowledged is lost."""

from __future__ import annotations

import secrets
import time

import pytest

from process.players import Cast
from process.reckoning import await_receipts, reckon
from process.storm import KINDS, rage
from process.yardstick import Grid

ROUNDS = 20


@pytest.mark.threat("T15")
def test_killed_processes_lose_nothing_and_do_nothing_twice(
    grid: Grid, cast: Cast
) -> None:
    """Twenty cases, in each of which a random process is killed at a random moment.

    Every case ends as its custodian decided, with one disclosure of the same bytes at
    all parties; whatever was acknowledged is in the logs, which verify, have no gap
    and nothing twice, and agree with every checkpoint that was ever cosigned.
    """
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    begun = time.monotonic()
    cases, kills = rage(grid, cast, ROUNDS, seed)
    await_receipts(grid, cases)
    assert set(grid.stop().values()) == {0}
    counts = reckon(grid, cases)
    print(f"kills {kills}, {counts}, {time.monotonic() - begun:.0f} s")
    assert sum(kills.values()) >= ROUNDS
    assert set(kills) == set(KINDS)
    assert counts["acknowledged to officers"] >= 4 * ROUNDS
    grid.acknowledged.append(("police", "00" * 32))
    with pytest.raises(AssertionError, match="police lost"):
        reckon(grid, cases)
