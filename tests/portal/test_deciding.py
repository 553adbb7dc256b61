"""What a supervising officer is told before a query is approved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from childgrid_node import approve
from childgrid_node.shows import Asked
from childgrid_portal.drafts import Wanted
from childgrid_portal.web import clock
from childgrid_portal.web.visit import About
from childgrid_wire.kinds import Kind
from grid import CASE, KABIR, Grid
from portal.test_asking import FORM
from portal.test_walks import WHY, police
from portal.visits import FakeVisit, Officer

CHILD = "this person is a child today"
AGAIN = "The same officer has asked again in this case"
ANOTHER = "FIR 113/2026 PS Kotwali"
INBOX = Asked("inbox", "", 0)


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grid:
    """A grid in which nothing was asked yet."""
    made = Grid(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: made.now + 60)
    return made


def asked(grid: Grid, officer: str = "si-rao", **changes: str) -> str:
    """A signed query through the rooms; returns its decision's address."""
    asker = police(grid, officer)
    asker.post("/ask", {**FORM, **changes, "step": "sign"})
    return f"/query/{asker.signed[0]}/decide"


@pytest.mark.parametrize(
    ("born", "told"),
    [
        ("17-03-2016", CHILD),
        ("150512", CHILD),
        ("201205", "this person may be a child today"),
        ("17-03-1984", ""),
    ],
)
def test_who_approves_is_told_that_it_may_be_a_child(
    grid: Grid, born: str, told: str
) -> None:
    """As the asker was, from what the asker wrote, in the words of the law."""
    page = police(grid, "sp-nair").get(asked(grid, birth_date=born))

    assert told in page.said
    assert ("The Juvenile Justice Act and POCSO apply" in page.said) is bool(told)


def test_a_correction_is_decided_beside_what_it_corrects(grid: Grid) -> None:
    """Each leads to the other, so that the wrong one is not approved by mistake."""
    wrong, right = asked(grid, phone="9811111111"), asked(grid)
    boss = police(grid, "sp-nair")
    for one, other in ((wrong, right), (right, wrong)):
        page = boss.get(one)
        assert AGAIN in page.said
        assert other in page.page.links()

    boss.post(wrong, {"decision": "refuse", "reason": "not-this-person"})

    page = boss.get(right)
    assert AGAIN not in page.said
    assert wrong not in page.page.links()
    assert AGAIN not in boss.get(wrong).said


def test_what_is_no_query_of_the_same_case_is_put_beside_nothing(grid: Grid) -> None:
    """A request of the same officer, and a query in another case."""
    police_ = grid.agency("police")
    register = police_.folder / "cases.csv"
    lines = register.read_text()
    line = next(one for one in lines.splitlines() if CASE in one)
    register.write_text(f"{lines.rstrip()}\n{line.replace(CASE, ANOTHER)}\n")
    query = grid.ask(KABIR)
    handle = grid.candidates(query)["customs"][0]["handle"]
    wish = approve.Wish("si-rao", query.hash, "customs", handle, ["name"], WHY, 48)
    payload = approve.draft_request(police_.office, wish)
    grid.sign("police", "si-rao", Kind.REQUEST, payload)
    mine, other = asked(grid), asked(grid, case=ANOTHER)
    boss = police(grid, "sp-nair")
    assert {one["kind"] for one in boss.desk.read(boss.token, INBOX, 0)["waiting"]} == {
        "query",
        "request",
    }
    for address in (mine, other):
        assert AGAIN not in boss.get(address).said


def test_who_decides_on_a_record_signs_beside_why_it_is_asked_for(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement names the request by its hash alone."""
    shown: list[About | None] = []

    def sign(_: FakeVisit, __: Wanted, then: str, about: About | None = None) -> Any:
        shown.append(about)
        return Response(then)

    made = grid.request(grid.ask(KABIR), "customs", ["name"])
    grid.carry()
    monkeypatch.setattr(FakeVisit, "sign", sign)
    form = {"decision": "approve", "field": "name"}
    Officer(grid, "customs", "cu-mehta").post(f"/request/{made.hash}", form)

    assert shown == [{"justification": ["needed for the arrest"]}]


def test_another_officers_query_is_no_correction(grid: Grid) -> None:
    """What waits of somebody else, or is decided, is not put beside it."""
    mine, theirs = asked(grid), asked(grid, "si-joshi")
    boss = police(grid, "sp-nair")
    assert AGAIN not in boss.get(mine).said
    assert AGAIN not in boss.get(theirs).said
    assert AGAIN not in police(grid).get(mine).said
