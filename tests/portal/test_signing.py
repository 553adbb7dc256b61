"""Drafts wait to be signed: once, in time, by the form that showed them."""

from __future__ import annotations

import time

import pytest
from webauthn.helpers import bytes_to_base64url

from audit.browser import Page
from childgrid_portal.web.session import Pending
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from portal.hands import Hands, said, seated
from portal.stage import Stage

APPROVER = "sp-nair"


@pytest.fixture(scope="module")
def stage(police: Stage) -> Stage:
    """The police's portal with bare rooms: approve and refuse."""
    return police


@pytest.fixture(scope="module")
def hands(stage: Stage) -> Hands:
    """The supervising officer at the open desk."""
    return seated(stage, APPROVER)


@pytest.fixture
def query(stage: Stage) -> Statement:
    """A query that waits for approval."""
    return stage.ask()


@pytest.fixture
def draft(stage: Stage, hands: Hands, query: Statement) -> Pending:
    """An approval on the page, not yet signed."""
    hands.get(f"/approve/{query.hash}")
    name = Page(hands.last.text).all("form")[0]["action"].rsplit("/", 1)[1]
    waiting = [one.drafts for one in stage.site.sessions.of(APPROVER)]
    return next(drafts[name] for drafts in waiting if name in drafts)


def approvals(stage: Stage, query: Statement) -> list[str]:
    """The approvals that the node has of a query."""
    journal = stage.grid.agency("police").office.journal
    return [one.hash for one in journal.answers(query.hash, Kind.APPROVAL)]


def test_the_page_shows_the_hash_and_how_long_it_has_been_open(
    hands: Hands, draft: Pending, query: Statement
) -> None:
    """And everything that is signed, among it what is approved."""
    text = said(hands.last)
    assert draft.hash in text
    assert query.hash in text
    assert "Open since" in text
    assert hands.challenge == draft.challenge


def test_a_draft_is_signed_once(
    stage: Stage, hands: Hands, draft: Pending, query: Statement
) -> None:
    """The second press of the button finds it gone, and changes nothing."""
    page, key = hands.last, stage.passkeys[APPROVER][1]
    assert hands.sign(key).status == 200
    assert approvals(stage, query) == [draft.hash]
    before = stage.state()
    hands.last = page
    assert hands.sign(key).status == 409
    assert stage.state() == before


@pytest.mark.threat("T25")
def test_a_form_that_showed_other_bytes_signs_nothing(
    stage: Stage, hands: Hands, draft: Pending, query: Statement
) -> None:
    """It names the hash that the officer saw; the kept bytes have another."""
    before = stage.state()
    key = stage.passkeys[APPROVER][1]
    for shown in ("", "0" * 64, draft.hash.upper()):
        hands.get(f"/sign/{draft.id}")
        answer = hands.touch(key, f"/sign/{draft.id}", statement=shown)
        assert answer.status == 409
    assert stage.state() == before
    assert approvals(stage, query) == []


def test_a_draft_waits_a_quarter_of_an_hour(
    stage: Stage, hands: Hands, draft: Pending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the page says that it is no longer valid."""
    page, before = hands.last, stage.state()
    sessions = stage.site.sessions
    monkeypatch.setattr(sessions, "clock", lambda: time.monotonic() + 899)
    assert hands.get(f"/sign/{draft.id}").status == 200
    monkeypatch.setattr(sessions, "clock", lambda: time.monotonic() + 901)
    hands.last = page
    assert hands.sign(stage.passkeys[APPROVER][1]).status == 409
    assert stage.state() == before


def test_a_newer_draft_about_the_same_ends_the_older(
    stage: Stage, hands: Hands, draft: Pending, query: Statement
) -> None:
    """Another window that refuses the same query is the one that can be signed."""
    page, before = hands.last, stage.state()
    hands.get(f"/refuse/{query.hash}")
    newer = hands.last
    hands.last = page
    assert hands.sign(stage.passkeys[APPROVER][1]).status == 409
    assert stage.state() == before
    hands.last = newer
    assert hands.sign(stage.passkeys[APPROVER][1]).status == 200
    assert approvals(stage, query) == []


@pytest.mark.threat("T28")
def test_a_draft_is_its_own_session_s(
    stage: Stage, hands: Hands, draft: Pending
) -> None:
    """The same officer at another browser doesn't find it, nor does a colleague."""
    for officer in (APPROVER, "sp-khan"):
        other = seated(stage, officer)
        assert other.get(f"/sign/{draft.id}").status == 409
        stage.site.sessions.end(officer, stage.site.sessions.of(officer)[0].id)


@pytest.mark.threat("T25")
def test_the_node_s_word_goes_to_the_page_and_the_draft_is_used_up(
    stage: Stage, hands: Hands, draft: Pending
) -> None:
    """A signature of another key: refused there, nothing changed, nothing to retry."""
    before = stage.state()
    signing = stage.passkeys[APPROVER][1]
    wrong = stage.key()
    answer = wrong.touch(draft.challenge).replace(
        bytes_to_base64url(wrong.id), bytes_to_base64url(signing.id)
    )
    hands.post(f"/sign/{draft.id}", answer=answer, statement=draft.hash)
    assert "bad-signature" in said(hands.last)
    assert stage.state() == before
    assert hands.get(f"/sign/{draft.id}").status == 409
