"""What comes late: a released silent hit, a tardy answer, the end of a query."""

from __future__ import annotations

import pytest

from childgrid_coordinator.query import State
from childgrid_coordinator.settle import Word
from childgrid_coordinator.store import queries
from childgrid_wire.errors import Reason, Refused
from coordinator.cast import ASKER, DAY, HOLDERS
from coordinator.story import HOLDER, Story


def test_a_silent_hit_that_is_released_takes_the_place_of_none(story: Story) -> None:
    """A later hit of a target that said none is shown; a later none is refused."""
    quiet = HOLDERS[1]
    name = story.world.read(story.query).hash
    none = story.world.answer(quiet, name, "none")
    story.hub.answers.settle([Word(name, quiet, story.world.read(none))])
    released = story.world.answer(quiet, name)
    story.send(quiet, released)
    assert story.send(quiet, released)
    assert story.box(ASKER) == [story.answer, none, released]
    outcome = story.hub.verbs.search.outcome(ASKER, name, 0, 0)
    states = {one.target.member: one.target.state for one in outcome.targets}
    assert states[quiet] is State.HIT
    assert {one.member for one in outcome.candidates} == {HOLDER, quiet}
    for outcome_ in ("hit", "none"):
        late = story.world.answer(quiet, name, outcome_, as_of=1)
        assert story.refused(quiet, late) is Reason.DECIDED
    assert story.hub.verbs.search.outcome(ASKER, name, 0, 0) == outcome


def test_late_answers_come_from_targets_and_in_time(story: Story) -> None:
    """Neither a bystander's nor an expired query's answer is taken."""
    name = story.world.read(story.query).hash
    stranger = story.world.answer(ASKER, name)
    assert story.refused(ASKER, stranger) is Reason.UNKNOWN
    unknown = story.world.answer(HOLDER, "f" * 64)
    assert story.refused(HOLDER, unknown) is Reason.UNKNOWN
    late = story.world.answer(HOLDERS[1], name)
    story.world.clock.advance(DAY + 1)
    assert story.refused(HOLDERS[1], late) is Reason.EXPIRED


def test_other_kinds_are_not_carried(story: Story) -> None:
    """Documents have a door of their own."""
    for data in (story.world.policy(ASKER, version=2), story.world.papers[0]):
        assert story.refused(ASKER, data) is Reason.UNKNOWN_KIND


def test_an_expired_query_is_closed_and_its_content_deleted(story: Story) -> None:
    """Who has not answered is shown as expired, and is not asked again."""
    name = story.world.read(story.query).hash
    story.world.clock.advance(DAY + 1)
    story.hub.sweep()
    outcome = story.hub.verbs.search.outcome(ASKER, name, 0, 0)
    states = {one.target.member: one.target.state for one in outcome.targets}
    assert states == {
        HOLDER: State.HIT,
        HOLDERS[1]: State.EXPIRED,
        HOLDERS[2]: State.EXPIRED,
    }
    assert outcome.complete
    with story.hub.store.read() as db:
        assert queries.parcel(db, name) is None
        assert queries.unfinished(db) == []
    with pytest.raises(Refused):
        story.hub.verbs.search.outcome(HOLDER, name, 0, 0)
