"""What a supervising officer is told before a query is approved."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_portal.web import clock
from grid import Grid
from portal.test_asking import FORM
from portal.test_walks import police

CHILD = "this person is a child today"
AGAIN = "The same officer has asked again in this case"


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


def test_another_officers_query_is_no_correction(grid: Grid) -> None:
    """What waits of somebody else, or is decided, is not put beside it."""
    mine, theirs = asked(grid), asked(grid, "si-joshi")
    boss = police(grid, "sp-nair")
    assert AGAIN not in boss.get(mine).said
    assert AGAIN not in boss.get(theirs).said
    assert AGAIN not in police(grid).get(mine).said
