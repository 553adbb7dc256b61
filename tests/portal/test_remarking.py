"""What officers say of candidates in the portal, over real nodes."""

from __future__ import annotations

import pytest

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement
from grid import KABIR, Grid
from portal.visits import Officer, Shut


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def asked(grid: Grid) -> Statement:
    """A query that customs and prisons know somebody for."""
    return grid.ask(KABIR)


@pytest.fixture(scope="module")
def rao(grid: Grid) -> Officer:
    """The investigator who asked."""
    return Officer(grid, "police", "si-rao")


def handle(grid: Grid, asked: Statement, holder: str) -> str:
    """The handle of a holder's best candidate."""
    return str(grid.candidates(asked)[holder][0]["handle"])


def way(grid: Grid, asked: Statement, holder: str) -> str:
    """The page of that candidate."""
    return f"/query/{asked.hash}/candidate/{holder}/{handle(grid, asked, holder)}"


def test_not_him_is_signed_shown_and_taken_back(
    grid: Grid, asked: Statement, rao: Officer
) -> None:
    """On the query's page and the profile, beside the guess and not in its place."""
    page = way(grid, asked, "customs")
    assert page in rao.get(f"/query/{asked.hash}").page.links()
    answer = rao.post(page, {"verdict": "not-him"})
    assert (answer.status, answer.location) == (303, f"/query/{asked.hash}")

    for path in (f"/query/{asked.hash}", f"/profile/{asked.hash}", page):
        said = rao.get(path).said
        assert "not this person – police/si-rao" in said
        assert "strong lead" in said
    rao.post(page, {"verdict": "withdrawn"})
    said = rao.get(f"/query/{asked.hash}").said
    assert said.index("taken back") < said.index("not this person")
    assert len(rao.signed) == 2


def test_the_same_person_as_another_candidate(
    grid: Grid, asked: Statement, rao: Officer
) -> None:
    """Chosen from the candidates of this query, itself left out."""
    page = way(grid, asked, "prisons")
    other = f"customs/{handle(grid, asked, 'customs')}"
    values = [one["value"] for one in rao.get(page).page.all("option")]
    assert other in values
    assert f"prisons/{handle(grid, asked, 'prisons')}" not in values
    assert rao.post(page, {"verdict": "same", "other": other}).status == 303
    assert "the same person as customs" in rao.get(f"/profile/{asked.hash}").said


def test_what_is_wrong_is_said_and_nothing_is_signed(
    grid: Grid, asked: Statement, rao: Officer
) -> None:
    """No verdict, an unknown one, and another candidate that isn't there."""
    page, before = way(grid, asked, "customs"), len(rao.signed)
    for form in (
        {},
        {"verdict": "him"},
        {"verdict": "same"},
        {"verdict": "same", "other": f"customs/{'00' * 16}"},
    ):
        answer = rao.post(page, form)
        assert answer.status == 422
        assert "There is a problem" in answer.said
    assert len(rao.signed) == before


def test_who_has_no_say_of_it(grid: Grid, asked: Statement) -> None:
    """A custodian has no such page, another investigator no such query."""
    page = way(grid, asked, "customs")
    with pytest.raises(Shut):
        Officer(grid, "police", "cu-police").get(page)
    with pytest.raises(Refused) as caught:
        Officer(grid, "police", "si-joshi").get(page)
    assert caught.value.reason is Reason.WRONG_ROLE
    missing = f"/query/{asked.hash}/candidate/customs/{'00' * 16}"
    with pytest.raises(Refused) as caught:
        Officer(grid, "police", "si-rao").get(missing)
    assert caught.value.reason is Reason.UNKNOWN
