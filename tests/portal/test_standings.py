"""The profile, its copies and the query's own page say the same of the same agency."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from audit.browser import Page
from childgrid_portal.profile import model
from childgrid_portal.web import clock, finding, reading
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import Grid
from portal.profiles import NOW, QUERY, document, source
from portal.test_asking import FORM
from portal.test_told import query, unanswered
from portal.test_walks import police
from portal.visitor import Visitor
from portal.visits import FakeVisit

NOTHING = {"outcome": "not answered"}
UNKNOWN = "not answered, nothing is known of it"


def profile(state: str, *, sent: bool, said: Mapping[str, Any] = NOTHING) -> str:
    """A profile's page as text, of one target that has not answered."""
    target = {**source("a", answer="not answered"), **said}
    shown = document(target, state=state, sent=sent)
    visit = Visitor(lambda *_: shown, {"query": QUERY})
    return Page(bytes(reading.profile(visit).body).decode()).said()


@pytest.mark.parametrize(
    ("state", "sent", "word"),
    [
        ("waiting", False, "not sent yet"),
        ("asked", False, "not sent yet"),
        ("asked", True, UNKNOWN),
        ("refused", False, "never sent"),
        ("refused", True, UNKNOWN),
        ("expired", False, "never sent"),
        ("withdrawn", False, "never sent"),
    ],
)
def test_an_agency_of_which_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, state: str, sent: bool, word: str
) -> None:
    """How it stands follows from how far the query is."""
    monkeypatch.setattr(clock, "now", lambda: NOW + 60)
    pages = query({"a": NOTHING}, state, sent=sent).said(), profile(state, sent=sent)
    for said in pages:
        assert word in said
        for other in {"not sent yet", "never sent", UNKNOWN} - {word}:
            assert other not in said


def test_what_the_coordinator_says_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """On both pages."""
    monkeypatch.setattr(clock, "now", lambda: NOW + 60)
    away = unanswered("offline")
    assert "1 offline" in query({"a": away}, sent=False).said()
    said = profile("asked", sent=False, said=away)
    assert "offline" in said
    assert "not sent yet" not in said


def test_a_node_of_an_earlier_release_says_less() -> None:
    """Its profile tells of no state: what isn't known isn't made up."""
    (one,) = model.read(document(source("a", answer="not answered"))).sources
    assert one.standing == "unknown"


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """One grid; each test asks its own query."""
    return Grid(tmp_path_factory.mktemp("grid"))


def ask(grid: Grid) -> Statement:
    """A query that waits for its approval."""
    asker = police(grid)
    asker.post("/ask", {**FORM, "step": "sign"})
    return grid.agency("police").office.journal.get(asker.signed[0], Kind.QUERY)


def approve(grid: Grid, asked: Statement) -> None:
    """It lies in the outbox."""
    boss = police(grid, "sp-nair")
    boss.post(f"/query/{asked.hash}/decide", {"decision": "approve"})


def refuse(grid: Grid, asked: Statement) -> None:
    """It never leaves."""
    form = {"decision": "refuse", "reason": "weak-basis"}
    police(grid, "sp-nair").post(f"/query/{asked.hash}/decide", form)


@pytest.mark.parametrize(
    ("act", "word"),
    [(None, "waiting"), (approve, "waiting"), (refuse, "unsent")],
)
def test_the_node_tells_both_pages_how_far_the_query_is(
    grid: Grid,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Grid, Statement], None] | None,
    word: str,
) -> None:
    """And the copy of the profile says what its page says."""
    monkeypatch.setattr(clock, "now", lambda: grid.now + 60)
    asked = ask(grid)
    if act:
        act(grid, asked)
    officer = police(grid)
    visit = FakeVisit(officer, {}, {}, officer.nothing, "")
    shown, answers = (visit.read(one, asked.hash) for one in ("query", "answers"))
    seen = finding.results(shown, answers, {})
    assert {one.state for one in seen.targets} == {word}
    copy = json.loads(officer.get(f"/profile/{asked.hash}.json").text)
    assert {one["standing"] for one in copy["sources"]} == {word}
