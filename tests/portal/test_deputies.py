"""Reminders, and the room in which an approver names who is shown what waits."""

from __future__ import annotations

import pytest

from childgrid_portal.web import clock
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from grid import AGENCIES, KABIR, Grid
from portal.visits import Officer, Shut

HOUR = 3_600
NAMED = {"step": "name", "delegate": "sp-khan", "days": "7", "when": "overdue"}


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid in which a query waits for three days at most."""
    made = Grid(tmp_path_factory.mktemp("grid"))
    made.sign("police", "si-rao", Kind.QUERY, made.draft(KABIR, hours=72))
    return made


@pytest.fixture(autouse=True)
def _now(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: grid.now)


def test_the_inbox_reminds_at_half_the_time(grid: Grid) -> None:
    """Not before; then at half, in the last hours, and once it is overdue."""
    boss = Officer(grid, "police", "sp-nair")
    assert "Reminder" not in boss.get("/").said
    for hours, said in (
        (26, "half of the time is over 22 h left"),
        (12, "soon 10 h left"),
        (11, "overdue since 1 h"),
    ):
        grid.now += hours * HOUR
        page = Officer(grid, "police", "sp-nair").get("/").said
        assert "1 decision has waited for half of its time or longer" in page
        assert said in page


def test_a_deputy_is_named_shown_and_taken_back(grid: Grid) -> None:
    """Each by a signature; both inboxes say who stands in for whom."""
    boss = Officer(grid, "police", "sp-nair")
    assert "passed on to nobody" in boss.get("/").said
    assert "/deputy" in boss.get("/").page.links()
    boss.post("/deputy", NAMED)
    assert "Your deputy until 5 Jun 2026, 01:56: sp-khan" in boss.get("/").said

    deputy = Officer(grid, "police", "sp-khan")
    assert "You stand in for sp-nair" in deputy.get("/").said
    assert "overdue at sp-nair" not in deputy.get("/").said
    grid.now += 49 * HOUR
    deputy = Officer(grid, "police", "sp-khan")
    assert "overdue at sp-nair" in deputy.get("/").said

    boss = Officer(grid, "police", "sp-nair")
    boss.post("/deputy", {**NAMED, "when": "away"})
    assert "for sp-nair, who is away" in deputy.get("/").said
    assert "They are shown all that waits for you" in boss.get("/deputy").said
    boss.post("/deputy", {"step": "withdraw"})
    assert "Name a deputy" in boss.get("/deputy").said
    assert "stand in for" not in deputy.get("/").said
    said = grid.agency("police").office.journal.all(Kind.DELEGATION)
    assert [one.person for one in said] == ["police/sp-nair"] * 3


def test_an_incomplete_form_names_nobody(grid: Grid) -> None:
    """Each fault leads to its field; what was typed stays."""
    boss = Officer(grid, "police", "sp-nair")
    for field, value in (("delegate", ""), ("days", "400"), ("when", "never")):
        page = boss.post("/deputy", {**NAMED, field: value})
        assert page.status == 422
        assert f'<a href="#{field}">' in page.text
    assert boss.signed == []


@pytest.mark.threat("T5")
def test_nobody_else_is_named_and_nobody_else_names(grid: Grid) -> None:
    """A forged form names nobody; an investigator has no such room."""
    before = [grid.state(name) for name in AGENCIES]
    boss = Officer(grid, "police", "sp-nair")
    for delegate in ("sp-nair", "si-rao", "cu-police", "cu-mehta", "<b>"):
        assert boss.post("/deputy", {**NAMED, "delegate": delegate}).status == 422
    assert boss.signed == []
    lone = Officer(grid, "prisons", "pr-singh")
    assert "Nobody else of your agency has your role" in lone.get("/deputy").said
    assert lone.post("/deputy", {**NAMED, "delegate": "pr-singh"}).status == 422
    asker = Officer(grid, "police", "si-rao")
    with pytest.raises((Shut, WireError)):
        asker.post("/deputy", NAMED)
    told = [Kind.DELEGATION.value]
    for name, (_, spent, said, used) in zip(AGENCIES, before, strict=True):
        now = grid.state(name)
        assert (now[1], now[3]) == (spent, used)
        assert now[2][: len(said)] == said
        journal = grid.agency(name).office.journal
        assert journal.rows("SELECT 1 FROM said WHERE kind = ?", told) == []
