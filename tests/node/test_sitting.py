"""A sitting: signed once, read by token, logged each time, over when it must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_node import agency, sitting
from childgrid_node.desk import draft_view
from childgrid_node.shows import Asked
from childgrid_wire import canonical, envelope, readings, statement
from childgrid_wire.errors import Malformed, Reason, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid, officer_signer
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose police also has a clerk of agency IT."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    at = grid.agency("police")
    staff = at.folder / "staff.toml"
    key = canonical.to_b64(officer_signer("police", "it-bose").public)
    staff.write_text(
        f'{staff.read_text()}[[officer]]\nid = "it-bose"\nrole = "agency-it"\n'
        f'unit = "unit-1"\nrank = 5\nkey = "{key}"\n'
    )
    made = agency.publish(at.office, staff, at.folder / "policy.toml")
    grid.post([one.data for one in made])
    return grid


@pytest.fixture(scope="module")
def asked(grid: Grid) -> Statement:
    """A query of si-rao's that everybody answered."""
    return grid.ask(KABIR)


def signed(grid: Grid, officer: str, minutes: int = 60) -> bytes:
    """The signed opening of an officer's desk."""
    payload = sitting.draft(grid.agency("police").office, officer, minutes)
    return envelope.sign(Kind.VIEW, payload, [officer_signer("police", officer)])


def opened(grid: Grid, officer: str, minutes: int = 60) -> str:
    """The token of an officer's new sitting."""
    return grid.agency("police").desk.sit(signed(grid, officer, minutes))[1]


def views(grid: Grid) -> list[Statement]:
    """Every view that the police's log holds."""
    return grid.agency("police").office.journal.all(Kind.VIEW)


def test_what_is_read_in_a_sitting_is_logged_with_its_reader(
    grid: Grid, asked: Statement
) -> None:
    """The node's own word, that names the reader and the opening that was signed."""
    token = opened(grid, "si-rao")
    opening = views(grid)[-1]
    shown = grid.agency("police").desk.read(token, Asked("query", asked.hash), 0)

    said = views(grid)[-1]
    assert shown["hash"] == asked.hash
    assert (said["reader"], said.officer, said.answers) == ("si-rao", "", opening.hash)
    assert (said["object"], said["subject"]) == ("query", asked.hash)


def test_the_same_page_again_is_one_leaf_for_five_minutes(
    grid: Grid, asked: Statement
) -> None:
    """A page that reloads itself doesn't drown the log; a later look is a new leaf."""
    desk = grid.agency("police").desk
    token = opened(grid, "si-rao")
    page = Asked("answers", asked.hash)
    desk.read(token, page, 0)
    once = len(views(grid))
    desk.read(token, page, 0)
    assert len(views(grid)) == once

    grid.now += sitting.VIEW_SECONDS
    try:
        desk.read(token, page, 0)
    finally:
        grid.now -= sitting.VIEW_SECONDS
    assert len(views(grid)) == once + 1


@pytest.mark.threat("T3")
def test_nobody_reads_without_a_sitting(grid: Grid, asked: Statement) -> None:
    """A guessed token, one that is over and one that was closed show nothing."""
    desk = grid.agency("police").desk
    over = opened(grid, "si-rao", 5)
    closed = opened(grid, "si-rao")
    sitting.rise(desk.office, closed)
    for token in ("", "0" * 64, closed):
        with refused(grid, Reason.EXPIRED):
            desk.read(token, Asked("query", asked.hash), 0)
    grid.now += 300
    try:
        with refused(grid, Reason.EXPIRED):
            desk.read(over, Asked("query", asked.hash), 0)
    finally:
        grid.now -= 300


@pytest.mark.threat("T3")
def test_a_sitting_that_ends_while_its_officer_waits_shows_nothing(
    grid: Grid, asked: Statement
) -> None:
    """Closed, or over, meanwhile: neither shown nor logged as read in it."""
    desk = grid.agency("police").desk
    closed, over = opened(grid, "si-rao"), opened(grid, "si-rao", 5)

    def later(*_: object) -> None:
        grid.now += 300

    before, now = len(views(grid)), grid.now
    for token, meanwhile in (
        (closed, lambda *_: sitting.rise(desk.office, closed)),
        (over, later),
    ):
        waiting = replace(desk, settled=meanwhile)
        try:
            with refused(grid, Reason.EXPIRED):
                waiting.read(token, Asked("answers", asked.hash), 1.0)
        finally:
            grid.now = now
    assert len(views(grid)) == before


@pytest.mark.threat("T3")
def test_a_sitting_shows_what_its_officer_may_see(grid: Grid, asked: Statement) -> None:
    """Agency IT sees how the node is, an investigator doesn't; nor IT a query."""
    desk = grid.agency("police").desk
    clerk, rao = opened(grid, "it-bose"), opened(grid, "si-rao")
    for token, page in (
        (clerk, Asked("query", asked.hash)),
        (clerk, Asked("docket")),
        (clerk, Asked("inbox")),
        (rao, Asked("health")),
    ):
        with refused(grid, Reason.WRONG_ROLE):
            desk.read(token, page, 0)
    with refused(grid, Reason.UNKNOWN):
        desk.read(rao, Asked("desk"), 0)
    assert desk.read(clerk, Asked("directory"), 0)["officer"]["role"] == "agency-it"


def test_a_sitting_is_opened_once(grid: Grid) -> None:
    """The signed opening, replayed by whoever copied it, opens nothing."""
    data = signed(grid, "si-rao")
    desk = grid.agency("police").desk
    desk.sit(data)
    with refused(grid, Reason.UNKNOWN):
        desk.sit(data)


def test_who_may_read_nothing_opens_no_desk(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An auditor in an agency's own list, say: the reconciler would report the look."""
    monkeypatch.setitem(readings.READERS, "desk", ("custodian",))
    with refused(grid, Reason.WRONG_ROLE):
        opened(grid, "si-rao")


def test_what_opens_is_drafted_here_and_no_other_view(grid: Grid) -> None:
    """A view of a thing opens nothing, and too long a day is refused."""
    at = grid.agency("police")
    view = draft_view(at.office, "si-rao", "inbox", "")
    other = envelope.sign(Kind.VIEW, view, [officer_signer("police", "si-rao")])
    with refused(grid, Reason.WRONG_ROLE):
        at.desk.sit(other)
    with pytest.raises(Malformed, match=r"sitting\.minutes"):
        sitting.draft(at.office, "si-rao", 481)
    with pytest.raises(Untrusted):
        sitting.draft(at.office, "nobody", 60)


def test_the_nodes_own_view_names_a_reader_and_an_officers_none(grid: Grid) -> None:
    """Neither can be passed off as the other, whoever signs."""
    at = grid.agency("police").office
    common = {"issuer": "police", "now": at.now, "seconds": 300}
    body = {"object": "inbox", "subject": ""}
    bare = statement.make(Kind.VIEW, at.identity.signer, **common, **body)
    named = statement.make(
        Kind.VIEW,
        officer_signer("police", "si-rao"),
        **common,
        **body,
        officer="si-rao",
        reader="insp-iyer",
    )
    for data in (bare, named):
        with refused(grid, Reason.WRONG_ROLE):
            at.hear(data, Kind.VIEW)


def test_the_docket_lists_own_queries_newest_first(grid: Grid) -> None:
    """With what the officer wrote and how far it has come, a page at a time."""
    first = grid.ask(KABIR)
    last = grid.ask(KABIR)
    token = opened(grid, "si-rao")
    shown = grid.agency("police").desk.read(token, Asked("docket"), 0)

    assert [one["hash"] for one in shown["lines"][:2]] == [last.hash, first.hash]
    line = shown["lines"][0]
    assert (line["state"], line["answered"] > 0) == ("asked", True)
    assert line["known"]["case_reference"]
    beyond = grid.agency("police").desk.read(token, Asked("docket", page=9), 0)
    assert (beyond["lines"], beyond["more"]) == ([], False)
