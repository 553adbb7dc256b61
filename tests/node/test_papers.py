"""A staff list is taken up while the node runs, when it is whole and right."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from childgrid_node.papers import Papers
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, Agency, Grid


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid on which everything has been published once."""
    return Grid(tmp_path)


@pytest.fixture
def customs(grid: Grid) -> Agency:
    """The agency whose files are changed."""
    return grid.agency("customs")


@pytest.fixture
def papers(customs: Agency) -> Papers:
    """The watch over its two files."""
    at = customs.folder
    return Papers(customs.office, at / "staff.toml", at / "policy.toml")


def edit(customs: Agency, old: str, new: str, file: str = "staff.toml") -> None:
    """Change a file of customs."""
    path = customs.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def rank(customs: Agency) -> int:
    """The rank of the first custodian as the node knows it."""
    return customs.office.view.officer("customs", "cu-mehta").rank


def looked(papers: Papers, times: int = 3) -> list[Statement]:
    """What comes of some looks."""
    return [one for _ in range(times) for one in papers.look()]


def test_a_changed_list_is_in_force_without_a_restart(
    customs: Agency, papers: Papers
) -> None:
    """Signed as the next version, once, and on its way to the others."""
    assert looked(papers) == []
    edit(customs, "rank = 4", "rank = 6")

    (made,) = looked(papers)

    assert (made.kind, made["version"], rank(customs)) == (Kind.STAFF, 2, 6)
    waiting = "SELECT state FROM outbox WHERE hash = ?"
    assert customs.office.journal.rows(waiting, (made.hash,)) == [("waiting",)]


def test_a_policy_is_taken_up_alike(customs: Agency, papers: Papers) -> None:
    """Fields that are no longer granted."""
    edit(customs, '"phone", ', "", "policy.toml")
    (made,) = looked(papers)
    assert (made.kind, made["version"]) == (Kind.POLICY, 2)


def test_a_file_that_still_changes_is_left_alone(
    customs: Agency, papers: Papers
) -> None:
    """Nothing is read at the look that sees it change: it may be half written."""
    edit(customs, "rank = 4", "rank = 5")
    assert papers.look() == []
    edit(customs, "rank = 5", "rank = 77")
    assert papers.look() == []
    assert rank(customs) == 4

    assert len(papers.look()) == 1
    assert rank(customs) == 77


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('role = "custodian"', 'role = "king"'),
        ('key = "', 'key = "AAAA'),
        ("[[officer]]", "[[officer"),
    ],
)
def test_a_faulty_file_changes_nothing_and_is_told_once(
    customs: Agency, papers: Papers, old: str, new: str
) -> None:
    """The list that stood stands, until the file is right again."""
    size = customs.office.journal.log.size()
    edit(customs, old, new)
    with capture_logs() as told:
        assert looked(papers, 5) == []
    assert [one["work"] for one in told] == ["papers"]
    assert rank(customs) == 4
    assert customs.office.journal.log.size() == size

    edit(customs, new, old)
    edit(customs, "rank = 4", "rank = 6")
    assert len(looked(papers)) == 1
    assert rank(customs) == 6


def test_a_file_that_is_gone_takes_nobody_s_key_away(
    customs: Agency, papers: Papers
) -> None:
    """An editor that moves files about doesn't empty the list."""
    (customs.folder / "staff.toml").unlink()
    assert looked(papers) == []
    assert rank(customs) == 4


def test_a_list_of_a_clock_that_was_ahead_is_signed_anew(
    grid: Grid, customs: Agency, papers: Papers
) -> None:
    """Once that is right, without a restart; the board would not take it for years."""
    grid.now += 300 * DAY
    edit(customs, "rank = 4", "rank = 6")
    (early,) = looked(papers)
    grid.now -= 300 * DAY

    (made,) = looked(papers)

    assert (made["version"], made.issued) == (early["version"] + 1, grid.now)
    assert looked(papers) == []


def test_a_list_is_made_anew_before_it_runs_out(
    grid: Grid, customs: Agency, papers: Papers
) -> None:
    """A node that runs for a year needs nobody to remember."""
    expires = customs.office.view.staff["customs"].expires
    grid.now = expires - 40 * DAY
    assert looked(papers) == []
    grid.now = expires - 29 * DAY
    assert {one.kind for one in looked(papers)} == {Kind.STAFF, Kind.POLICY}
    assert customs.office.view.staff["customs"].expires > expires
