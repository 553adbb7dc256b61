"""An agency's own documents: published when they changed, refused where wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from childgrid_node import agency
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS, Statement
from grid import DAY, Grid


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid on which everything has been published once."""
    return Grid(tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that refusals leave as it is."""
    return Grid(tmp_path_factory.mktemp("grid"))


def publish(grid: Grid, name: str = "customs") -> list[Statement]:
    """What an agency publishes now."""
    at = grid.agency(name)
    return agency.publish(
        at.office, at.folder / "staff.toml", at.folder / "policy.toml"
    )


def edit(grid: Grid, file: str, old: str, new: str) -> None:
    """Change a file of customs."""
    path = grid.agency("customs").folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_did_not_change_is_not_published_again(grid: Grid) -> None:
    """Neither at once nor on the next day, although dates have moved."""
    assert publish(grid) == []
    grid.now += DAY

    assert publish(grid) == []


def test_a_change_is_published_alone_and_as_the_next_version(grid: Grid) -> None:
    """A higher rank makes a staff list of version 2; the policy stays."""
    edit(grid, "staff.toml", "rank = 4", "rank = 6")

    (made,) = publish(grid)

    assert (made.kind, made["version"]) == (Kind.STAFF, 2)
    assert publish(grid) == []


def test_a_shorter_validity_is_a_change(grid: Grid) -> None:
    """An officer who is to stay for a month only must not stay for a year."""
    edit(grid, "staff.toml", "rank = 4", "rank = 4\ndays = 30")

    (made,) = publish(grid)

    first = made["officers"][0]
    assert first["valid_until"] - first["valid_from"] == 30 * DAY


def test_a_policy_that_changed_is_published(grid: Grid) -> None:
    """One label fewer makes version 2 of the policy."""
    edit(grid, "policy.toml", '"phone", ', "")

    (made,) = publish(grid)

    assert (made.kind, made["version"]) == (Kind.POLICY, 2)
    assert made["rules"][0]["fields"] == ["name", "birth", "note"]


def test_documents_are_renewed_a_month_before_they_run_out(grid: Grid) -> None:
    """Nobody has to touch a file once a year."""
    grid.now += 337 * DAY

    assert [made.kind for made in publish(grid)] == [Kind.STAFF, Kind.POLICY]


def test_a_list_of_a_clock_that_was_ahead_is_signed_anew(grid: Grid) -> None:
    """The board would take it years from now, and its officers stand from then on."""
    edit(grid, "staff.toml", "rank = 4", "rank = 6")
    grid.now += 300 * DAY
    (early,) = publish(grid)
    grid.now -= 300 * DAY

    (made,) = publish(grid)

    assert (early["version"], made["version"], made.issued) == (2, 3, grid.now)
    assert publish(grid) == []


def test_a_list_of_a_clock_that_is_a_little_ahead_stands(grid: Grid) -> None:
    """The board takes it: every start would else make another version of it."""
    edit(grid, "staff.toml", "rank = 4", "rank = 6")
    grid.now += SKEW_SECONDS
    (early,) = publish(grid)
    grid.now -= SKEW_SECONDS

    assert publish(grid) == []
    grid.now -= 1

    (made,) = publish(grid)

    assert (made["version"], made.issued) == (early["version"] + 1, grid.now)


def test_what_stands_is_queued_for_the_board(grid: Grid) -> None:
    """Also after a stop between shelving a document and queueing it."""
    journal = grid.agency("customs").office.journal
    with journal.writing() as writing:
        writing.run("DELETE FROM outbox WHERE kind = 'staff'")

    assert publish(grid) == []
    assert len(journal.rows("SELECT 1 FROM outbox WHERE kind = 'staff'")) == 1


def test_an_agency_without_a_policy_publishes_its_staff(tmp_path: Path) -> None:
    """Who only asks has nothing to release."""
    grid = Grid(tmp_path)
    at = grid.agency("police")
    edited = at.folder / "nothing.toml"
    (at.folder / "staff.toml").write_text(
        (at.folder / "staff.toml").read_text().replace("rank = 1", "rank = 2")
    )

    made = agency.publish(at.office, at.folder / "staff.toml", edited)

    assert [one.kind for one in made] == [Kind.STAFF]


WEAKER = """
[[category.movement.approval]]
slot = "custodian"
side = "requester"
role = "supervising-officer"
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("staff.toml", "rank = 4", "rank = 400", "rank"),
        ("staff.toml", '"custodian"', '"chief"', "role"),
        ("staff.toml", '"cu-dias"', '"cu-mehta"', "repeats an officer"),
        ("staff.toml", "unit =", "title =", "title"),
        ("policy.toml", '"investigation"', '"curiosity"', "purposes"),
        ("policy.toml", "category.movement", "category.gossip", "category"),
        ("policy.toml", "silent", "loud", "loud"),
        ("policy.toml", "silent = false", 'silent = "no"', "silent"),
        ("policy.toml", "[category.movement]", WEAKER + "[category.movement]",
         "slot custodian"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_and_nothing_is_published(
    still: Grid, file: str, old: str, new: str, said: str
) -> None:
    """The message names the setting; what stood goes on standing."""
    before = still.agency("customs").shelf.documents()
    path = still.agency("customs").folder / file
    text = path.read_text()
    edit(still, file, old, new)

    with pytest.raises(ConfigurationRefused, match=said):
        publish(still)

    assert still.agency("customs").shelf.documents() == before
    path.write_text(text)


def test_a_key_that_is_none_names_its_officer(grid: Grid) -> None:
    """The file and the officer, not the key."""
    path = grid.agency("customs").folder / "staff.toml"
    path.write_text(re.sub('key = "[^"]*"', 'key = "AAAA"', path.read_text(), count=1))

    with pytest.raises(ConfigurationRefused, match=r"staff\.toml.*cu-mehta"):
        publish(grid)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    """No officer can work before there is a staff list."""
    grid = Grid(tmp_path)
    at = grid.agency("customs")

    with pytest.raises(ConfigurationRefused, match=r"cannot read none\.toml"):
        agency.publish(at.office, at.folder / "none.toml", at.folder / "policy.toml")
    (at.folder / "staff.toml").write_text("[[officer")
    with pytest.raises(ConfigurationRefused, match=r"staff\.toml is not TOML"):
        publish(grid)
