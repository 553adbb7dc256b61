"""Sessions end, are renewed, and keep what waits apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_portal.web.session import (
    CHALLENGE_SECONDS,
    MOST_DRAFTS,
    MOST_STRANGERS,
    STRANGER_SECONDS,
    Pending,
    Session,
    Sessions,
)
from childgrid_wire.kinds import Kind


class Stage:
    """Sessions at a time that a test moves, and those that have ended."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ended: list[Session] = []
        self.sessions = Sessions(600, 3_600, self.ended.append, lambda: self.now)

    def officer(self, name: str = "si-rao") -> tuple[str, Session]:
        """Somebody who has signed in."""
        cookie, _ = self.sessions.start()
        return self.sessions.renew(cookie, name)


@pytest.fixture
def stage() -> Stage:
    """An empty house."""
    return Stage()


def waiting(topic: str, name: str = "") -> Pending:
    """A draft about something."""
    return Pending(name or topic, (topic,), Kind.APPROVAL, b"{}", "/", 0.0, 0)


def test_a_description_alone_has_an_earlier_one_and_it_is_the_last(
    stage: Stage,
) -> None:
    """Of its own sheet and its own officer, at whatever browser it was signed."""
    (_, here), (_, there), (_, other) = (
        stage.officer(name) for name in ("si-rao", "si-rao", "sp-nair")
    )
    sheet = Pending("id", ("query", "a"), Kind.QUERY, b"{}", "/", 0.0, 0)
    request = replace(sheet, kind=Kind.REQUEST)
    other.note("theirs", sheet.topic)
    here.note("other", ("query", "b"))
    assert stage.sessions.signed_before("si-rao", sheet) == ""

    there.note("first", sheet.topic)
    assert stage.sessions.signed_before("si-rao", sheet) == "first"
    there.note("second", sheet.topic)

    assert stage.sessions.signed_before("si-rao", sheet) == "second"
    assert stage.sessions.signed_before("si-rao", request) == ""


def test_signing_in_changes_the_cookie_and_the_token(stage: Stage) -> None:
    """What a stranger knew of the session before is worth nothing after."""
    before, stranger = stage.sessions.start()
    after, session = stage.sessions.renew(before, "si-rao")
    assert stage.ended == [stranger]
    assert after != before
    assert session.token != stranger.token
    assert stage.sessions.find(before) is None
    assert stage.sessions.find(after) is session


def test_an_idle_session_ends_and_its_desk_is_closed(stage: Stage) -> None:
    """Each use keeps it alive."""
    cookie, session = stage.officer()
    for _ in range(3):
        stage.now += 599
        assert stage.sessions.find(cookie) is session
    stage.now += 600
    assert stage.sessions.find(cookie) is None
    stage.sessions.sweep()
    assert stage.ended[1:] == [session]


def test_a_page_that_looks_by_itself_keeps_nobody_signed_in(stage: Stage) -> None:
    """An officer who has left is signed out although a live page is open."""
    cookie, session = stage.officer()
    stage.now += 599
    assert stage.sessions.find(cookie, used=False) is session
    stage.now += 1
    assert stage.sessions.find(cookie, used=False) is None


def test_a_session_ends_however_it_is_used(stage: Stage) -> None:
    """After its whole time."""
    cookie, session = stage.officer()
    while stage.now < 3_500:
        stage.now += 500
        stage.sessions.find(cookie)
    assert stage.sessions.left(session) == 100
    stage.now += 100
    assert stage.sessions.find(cookie) is None


def test_strangers_are_forgotten_and_are_not_too_many(stage: Stage) -> None:
    """The oldest go first; nobody who has signed in goes with them."""
    cookie, _ = stage.officer()
    first, _ = stage.sessions.start()
    for _ in range(MOST_STRANGERS - 1):
        last, _ = stage.sessions.start()
    assert stage.sessions.find(first) is not None
    last, _ = stage.sessions.start()
    assert stage.sessions.find(first) is None
    assert stage.sessions.find(last) is not None
    assert stage.sessions.find(cookie) is not None
    stage.now += STRANGER_SECONDS
    assert stage.sessions.find(last) is None


def test_an_officer_ends_own_sessions_and_nobody_else_s(stage: Stage) -> None:
    """By the name in the list, which opens nothing."""
    mine, _ = stage.officer()
    other, second = stage.officer()
    theirs, colleague = stage.officer("sp-nair")
    assert stage.sessions.of("si-rao")[0].officer == "si-rao"
    stage.sessions.end("si-rao", colleague.id)
    stage.sessions.end("si-rao", second.id)
    assert stage.sessions.find(other) is None
    assert stage.sessions.find(second.id) is None
    assert stage.sessions.find(mine) is not None
    assert stage.sessions.find(theirs) is colleague


@pytest.mark.threat("T28")
def test_whoever_enrols_ends_every_other_enrolment_of_theirs(stage: Stage) -> None:
    """A stolen code, entered before it was told, makes no passkey afterwards."""
    _, thief = stage.sessions.start()
    _, colleague = stage.sessions.start()
    thief.enrolling, colleague.enrolling = "si-rao", "sp-nair"
    stage.sessions.end("si-rao")
    assert stage.ended == [thief]


def test_whoever_signs_in_over_another_ends_that_one_s_desk(stage: Stage) -> None:
    """Two officers at one browser never share an open desk."""
    cookie, first = stage.officer()
    after, second = stage.sessions.renew(cookie, "sp-nair")
    assert stage.ended[-1] is first
    assert stage.sessions.find(after) is second
    assert stage.sessions.of("si-rao") == []


def test_a_challenge_is_answered_once_and_in_time(stage: Stage) -> None:
    """And for the use that it was made for."""
    session = stage.officer()[1]
    made = session.challenge("login", 0.0)
    assert session.answer("enrol-login", 0.0) is None
    assert session.answer("login", 1.0) == made
    assert session.answer("login", 1.0) is None
    session.challenge("login", 0.0)
    assert session.answer("login", CHALLENGE_SECONDS) is None


def test_a_newer_draft_about_the_same_takes_the_place_of_the_older(
    stage: Stage,
) -> None:
    """What is about something else waits on."""
    session = stage.officer()[1]
    for draft in (waiting("a", "1"), waiting("b", "2"), waiting("a", "3")):
        session.keep(draft)
    assert list(session.drafts) == ["2", "3"]


def test_the_oldest_of_too_many_drafts_goes(stage: Stage) -> None:
    """So that memory has an end."""
    session = stage.officer()[1]
    for number in range(MOST_DRAFTS + 3):
        session.keep(waiting(str(number)))
    assert list(session.drafts) == [str(n) for n in range(3, MOST_DRAFTS + 3)]
