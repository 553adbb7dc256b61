"""Packs: read while their case is open, by a prosecutor whom it names."""

from __future__ import annotations

import pytest

from childgrid_node import agency, cases, grants
from childgrid_node.mapping import Mapping
from childgrid_node.shows import Asked, Shows
from childgrid_wire import canonical
from childgrid_wire.errors import Reason
from childgrid_wire.statement import Statement
from grid import CASE, KABIR, SECTIONS, Grid, officer_signer
from refusals import refused

PROSECUTORS = ("pp-iyer", "pp-gill")


def register(grid: Grid, *lines: str) -> None:
    """Write the police's register of cases: `officer,prosecutor,closed` each."""
    head = ",".join([*cases.COLUMNS, "prosecutor", "closed"])
    rows = []
    for line in lines:
        officer, prosecutor, closed = line.split(",")
        part = f"{CASE},fir,{officer},investigating-officer,{' '.join(SECTIONS)}"
        rows.append(f"{part},{prosecutor},{closed}")
    path = grid.agency("police").folder / "cases.csv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose police has two prosecutors."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    at = grid.agency("police")
    staff = at.folder / "staff.toml"
    for name in PROSECUTORS:
        key = canonical.to_b64(officer_signer("police", name).public)
        staff.write_text(
            f'{staff.read_text()}[[officer]]\nid = "{name}"\nrole = "prosecutor"\n'
            f'unit = "unit-1"\nrank = 5\nkey = "{key}"\n'
        )
    made = agency.publish(at.office, staff, at.folder / "policy.toml")
    grid.post([one.data for one in made])
    return grid


@pytest.fixture(scope="module")
def asked(grid: Grid) -> Statement:
    """A query after which customs disclosed a record."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name", "birth", "phone"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, fields=["name", "birth"])
    grid.settle()
    return asked


@pytest.fixture(autouse=True)
def opened(grid: Grid) -> None:
    """The case is open and names one of the prosecutors."""
    register(grid, "si-rao,pp-iyer,", "si-joshi,,")


def test_a_pack_is_read_by_the_cases_own_prosecutor(
    grid: Grid, asked: Statement
) -> None:
    """Another prosecutor of the same agency finds and reads nothing."""
    shown = grid.look("police", "pp-iyer", "packs")
    (line,) = shown["lines"]
    assert (line["hash"], line["case_reference"]) == (asked.hash, CASE)
    assert (line["disclosed"], shown["more"]) == (1, False)
    assert grid.look("police", "pp-iyer", "profile", asked.hash)["query"] == asked.hash

    assert grid.look("police", "pp-gill", "packs")["lines"] == []
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "pp-gill", "profile", asked.hash)


def test_a_profile_says_the_day_of_its_case(grid: Grid, asked: Statement) -> None:
    """As the register of cases has it now; empty where it has none."""
    path = grid.agency("police").folder / "cases.csv"
    assert grid.look("police", "si-rao", "profile", asked.hash)["case_date"] == ""
    head, *lines = path.read_text("utf-8").splitlines()
    dated = [f"{head},date", *(f"{line},2026-05-01" for line in lines)]
    path.write_text("\n".join(dated) + "\n", "utf-8")
    shown = grid.look("police", "si-rao", "profile", asked.hash)
    assert shown["case_date"] == "2026-05-01"


def test_a_query_without_a_disclosure_is_no_pack(grid: Grid, asked: Statement) -> None:
    """Packs are what was disclosed; a page beyond the last is empty."""
    grid.ask(KABIR)
    at = grid.agency("police")
    shows = Shows(at.office, at.holdings, at.desk.cases, lambda _: {}, dict)
    officer = at.office.view.officer("police", "pp-iyer")
    lines = shows.show(officer, Asked("packs"))["lines"]
    assert [one["hash"] for one in lines] == [asked.hash]
    assert shows.show(officer, Asked("packs", page=1))["lines"] == []


def test_others_than_prosecutors_have_no_packs(grid: Grid) -> None:
    """They find their cases in the docket."""
    for officer in ("si-rao", "sp-nair", "cu-police"):
        with refused(grid, Reason.WRONG_ROLE):
            grid.look("police", officer, "packs")


@pytest.mark.threat("T3")
@pytest.mark.parametrize(
    "lines", [("si-rao,pp-iyer,2026-11-02", "si-joshi,,"), ("si-rao,pp-iyer,yes",)]
)
def test_access_ends_with_the_case(
    grid: Grid, asked: Statement, lines: tuple[str, ...]
) -> None:
    """One line marked closed closes it for every role; the refusal says why."""
    register(grid, *lines)
    for officer in ("si-rao", "sp-nair", "cu-police", "pp-iyer"):
        with refused(grid, Reason.CASE_OVER) as caught:
            grid.look("police", officer, "profile", asked.hash)
        assert "closed or no longer in the register" in str(caught.value)
    assert grid.look("police", "pp-iyer", "packs")["lines"] == []
    with refused(grid, Reason.CASE):
        grid.draft(KABIR)


@pytest.mark.threat("T3")
def test_a_case_that_left_the_register_is_over(grid: Grid, asked: Statement) -> None:
    """Its lines are gone, and so is what was disclosed; back again, it is shown."""
    register(grid)
    for officer in ("si-rao", "sp-nair", "pp-iyer"):
        with refused(grid, Reason.CASE_OVER):
            grid.look("police", officer, "profile", asked.hash)
    register(grid, "si-rao,,")
    assert grid.look("police", "si-rao", "profile", asked.hash)["query"] == asked.hash


def test_a_register_without_the_new_columns_opens_and_names_nobody(
    grid: Grid, asked: Statement
) -> None:
    """Files of before are read as they were; a prosecutor is named in none of them."""
    path = grid.agency("police").folder / "cases.csv"
    row = f"{CASE},fir,si-rao,investigating-officer,{' '.join(SECTIONS)}"
    path.write_text(f"{','.join(cases.COLUMNS)}\n{row}\n", "utf-8")

    assert grid.look("police", "si-rao", "profile", asked.hash)["query"] == asked.hash
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "pp-iyer", "profile", asked.hash)


def test_a_profile_says_where_each_value_comes_from(
    grid: Grid, asked: Statement
) -> None:
    """Who asked, what was granted of it, when, and what a label means to the grid."""
    shown = grid.look("police", "si-rao", "profile", asked.hash)
    (source,) = [one for one in shown["sources"] if one["agency"] == "customs"]
    (given,) = source["requests"]

    assert (shown["by"], shown["case_reference"]) == ("police/si-rao", CASE)
    assert shown["suspect"]["phone"] == KABIR["phone"]
    assert sorted(given["asked"]) == ["birth", "name", "phone"]
    assert given["granted"] == ["birth", "name"]
    assert given["disclosure"]
    assert given["row_as_of"]
    assert given["record"]["meanings"] == {"birth": ["birth_date"], "name": ["name"]}


def test_a_label_means_what_its_columns_are_mapped_to() -> None:
    """Whatever the holder calls it; what isn't mapped means nothing to the grid."""
    mapping = Mapping.parse(
        """
agency = "a"
category = "custody"
source = "a.csv"
key = "id"
event = "day"

[fields]
name = ["first", "last"]
age = { column = "years", as_of = "day" }
identifier = { type = "kind", number = "number" }

[disclose]
who = { column = "last", category = "identity" }
"""
    )
    columns = ("first", "last", "years", "day", "kind", "number", "colour")
    assert grants.meanings(mapping, columns) == [
        "name",
        "name",
        "age",
        "event",
        "identifier_type",
        "identifier",
        "",
    ]
    undated = Mapping.parse(
        """
agency = "a"
category = "custody"
source = "a.csv"
key = "id"

[fields]
age = { column = "years", as_of = "day" }
"""
    )
    assert grants.meanings(undated, ("years", "day")) == ["age", "age_as_of"]
