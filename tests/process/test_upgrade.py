"""Today's release beside the one before it, and from one to the other under load."""

from __future__ import annotations

import earlier
from deploy.yard import HUB
from process.players import Cast
from process.upgrade import NEW, OLD, Fleet, played, under_traffic
from process.yardstick import STATION, Grid


def test_two_releases_work_together_and_each_is_left_for_the_other_under_load(
    still: Grid,
) -> None:
    """Old and new nodes under an old and under a new coordinator: a record is asked
    for, approved and disclosed in all four pairings. Coordinator and asking node are
    upgraded and the coordinator is rolled back while officers ask: no query fails."""
    release = earlier.environment(earlier.kept())
    # Desk passes are made by today's release, while its databases are there.
    fleet, cast = Fleet(still, release), Cast.of(still)
    fleet.settle(
        {HUB: OLD, "police": OLD, "prisons": OLD, "customs": NEW, STATION: NEW}
    )
    pairings = set[tuple[str, str]]()

    def play(holder: str) -> None:
        played(cast, fleet, holder)
        pairings.update(
            (fleet.runs[HUB], fleet.runs[one]) for one in ("police", holder)
        )

    with under_traffic(still, 1) as traffic:
        play("customs")
        fleet.turn(HUB, NEW)
        play("customs")
        fleet.turn("police", NEW)
        play("prisons")
        traffic.await_more()
        fleet.turn(HUB, OLD)
        play("prisons")
        traffic.await_more()

    assert pairings == {(hub, node) for hub in (OLD, NEW) for node in (OLD, NEW)}
    assert traffic.failed == []
    assert traffic.answered > 0
    assert set(still.stop().values()) == {0}
