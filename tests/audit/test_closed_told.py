"""What a founder reads before a log is closed."""

from __future__ import annotations

from audit.cast import POLICE
from audit.ledger import World
from audit.test_closed import book, plea, seen
from childgrid_authority import describe, succession
from childgrid_wire import probation
from childgrid_wire.enrolment import keys_fingerprint


def test_a_founder_reads_the_closing_and_all_else_that_is_changed(world: World) -> None:
    """The size, the fingerprint of the keys that follow, and what is done beside it."""
    seen(world, 3)
    (draft,) = succession.close_log(book(world), plea(world), world.now)
    before = dict(book(world).directories[-1].body)
    before["members"] = [
        {**one, probation.PROBATION: True} if one["id"] == POLICE else one
        for one in before["members"]
    ]
    (after,) = (one for one in draft.body["members"] if one["id"] == POLICE)

    lines = describe.changes(before, draft)

    assert any("closes the log of police-a at 3 leaves" in one for one in lines)
    assert any(keys_fingerprint(after) in one for one in lines)
    assert any("ends the probation of police-a" in one for one in lines)
