"""Probation: nobody real is asked by or of a newcomer, and only a report ends it."""

from __future__ import annotations

import pytest

from childgrid_wire import schemas
from childgrid_wire.errors import Malformed, Reason, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from wire import samples, world
from wire.story import STORY, Change, both, directory, having, query, refused_for

REPORT = "c0" * 32


def entries(**standing: dict[str, object]) -> list[dict[str, object]]:
    """The story's members, with what the founders say of some."""
    return [
        {**one, **standing.get(one["id"], {})}
        for one in world.directory_body()["members"]
    ]


def waits(member: str) -> Change:
    """The same with a member on probation."""
    return directory(members=entries(**{member: {"probation": True}}))


def founded(
    last: Statement, by: tuple[str, ...] = ("asha", "bina"), **body: object
) -> bytes:
    """The next directory, as its founders sign it."""
    return world.founded(Kind.DIRECTORY, by, **world.successor(last, **body))


@pytest.mark.parametrize("who", ["police", "transport"])
@pytest.mark.threat("T22")
def test_a_query_is_refused_unless_it_is_a_rehearsal(who: str) -> None:
    """By the one who is asked, and by whoever carries it; a rehearsal is answered."""
    newcomer = waits(who)
    assert refused_for(STORY.asked) is None
    for target in ("transport", ""):
        story = both(newcomer, having(target=target))(STORY)
        assert refused_for(story.asked) is Reason.PROBATION
        marked = query(rehearsal=True)(story)
        assert refused_for(marked.asked) is None


@pytest.mark.parametrize("who", ["police", "transport"])
def test_nothing_is_requested_of_or_by_a_newcomer(who: str) -> None:
    """Not even on what was asked before: a removed member comes back on probation."""
    assert refused_for(STORY.granted) is None
    assert refused_for(waits(who)(STORY).granted) is Reason.PROBATION


def test_a_rehearsal_releases_nothing() -> None:
    """Whoever asked it, once the probation is over too."""
    ended = directory(members=entries(transport={"conformance": REPORT}))
    story = query(rehearsal=True)(ended(STORY))
    assert refused_for(story.granted) is not None


def test_others_may_be_asked_meanwhile() -> None:
    """A newcomer who is neither asker nor target is in nobody's way."""
    newcomer = world.member("ports", uses=("provider", "user")) | {"probation": True}
    story = directory(members=[*entries(), newcomer])(STORY)
    assert refused_for(story.asked) is None


@pytest.mark.threat("T22")
def test_only_a_named_report_ends_it() -> None:
    """Enough founders' signatures without one are refused, and the book stays."""
    book = world.book()
    book.add(founded(book.directories[-1], members=entries(police={"probation": True})))
    last = book.directories[-1]
    for body in (
        entries(),
        entries(police={"probation": True, "conformance": REPORT}),
    ):
        with pytest.raises(Malformed):
            book.add(founded(last, members=body))
    with pytest.raises(Untrusted):
        ended = entries(police={"conformance": REPORT})
        book.add(founded(last, ("asha",), members=ended))
    assert book.directories[-1] is last
    book.add(founded(last, members=entries(police={"conformance": REPORT})))
    assert "probation" not in book.latest(world.NOW).member("police")


def test_a_directory_of_an_earlier_release_is_as_it_was() -> None:
    """Without the two fields it is valid, by the same bytes and the same hash."""
    body = world.directory_body()
    assert not any({"probation", "conformance"} & one.keys() for one in body["members"])
    book = world.book()
    assert book.directories[0].data == world.DIRECTORY
    again = founded(book.directories[0])
    assert book.add(again).hash == book.directories[-1].hash


@pytest.mark.parametrize("said", [{"probation": True}, {"conformance": REPORT}])
def test_who_asks_to_be_let_in_can_say_neither(said: dict[str, object]) -> None:
    """An enrolment with a standing of its own is no enrolment."""
    body = samples.BODIES[Kind.ENROLMENT]
    asked = {**body, "member": {**body["member"], **said}}
    schemas.SCHEMAS[Kind.ENROLMENT](body, "enrolment")
    with pytest.raises(Malformed, match="unknown field"):
        schemas.SCHEMAS[Kind.ENROLMENT](asked, "enrolment")


@pytest.mark.parametrize("value", [False, "yes", 1, None])
def test_it_is_said_or_left_out(value: object) -> None:
    """There is one way to write that a member is on probation, and one that not."""
    with pytest.raises(Malformed):
        schemas.SCHEMAS[Kind.DIRECTORY](
            world.directory_body(members=entries(police={"probation": value})),
            "directory",
        )
