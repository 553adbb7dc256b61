"""The register of cases: an attestation is made only of what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import cases
from childgrid_wire.errors import ConfigurationRefused, Malformed, Reason
from childgrid_wire.kinds import Kind
from grid import CASE, DAY, SECTIONS, Grid
from refusals import refused

HEAD = "reference,basis,officer,capacity,sections\n"


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that no test changes beyond new attestations."""
    return Grid(tmp_path_factory.mktemp("grid"))


def register(folder: Path, *lines: str, head: str = HEAD) -> Path:
    """A register of cases."""
    path = folder / "cases.csv"
    path.write_text(head + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_an_attestation_says_what_the_register_says(grid: Grid) -> None:
    """Basis, asker, capacity and sections; the reference only as a commitment."""
    at = grid.agency("police")

    said = cases.attest(at.office, at.folder / "cases.csv", CASE, "si-rao")

    assert (said.kind, said.issuer, said["asker"]) == (Kind.CASE, "police", "si-rao")
    assert (said["basis"], said["sections"]) == ("fir", SECTIONS)
    assert said["case"] == cases.commitment(at.office, CASE)
    assert at.office.journal.find(said.hash)


def test_an_attestation_that_holds_is_said_again(grid: Grid, tmp_path: Path) -> None:
    """Byte for byte while a query of a week would outlive it, then anew."""
    at = grid.agency("police")
    path = register(tmp_path, f"{CASE},fir,si-rao,investigating-officer,BNS:144")
    first = cases.attest(at.office, path, CASE, "si-rao")
    grid.now += 6 * DAY
    again = cases.attest(at.office, path, CASE, "si-rao")
    grid.now += 2 * DAY
    late = cases.attest(at.office, path, CASE, "si-rao")

    assert again.data == first.data
    assert late.hash != first.hash
    assert late["case"] == first["case"]


def test_a_changed_line_is_attested_anew(grid: Grid, tmp_path: Path) -> None:
    """Sections that were added to the FIR stand in the next attestation."""
    at = grid.agency("police")
    line = f"{CASE},fir,si-joshi,ahtu"
    first = cases.attest(
        at.office, register(tmp_path, f"{line},BNS:143"), CASE, "si-joshi"
    )
    second = cases.attest(
        at.office, register(tmp_path, f"{line},BNS:143 BNS:144"), CASE, "si-joshi"
    )

    assert (first["sections"], second["sections"]) == (
        ["BNS:143"],
        ["BNS:143", "BNS:144"],
    )


@pytest.mark.parametrize(
    ("reference", "officer"),
    [("FIR 1/2026", "si-rao"), (CASE, "sp-nair"), (CASE.lower(), "si-rao"), ("", "")],
)
@pytest.mark.threat("T5")
def test_no_such_case_or_not_this_officers(
    grid: Grid, reference: str, officer: str
) -> None:
    """Nothing is attested for who doesn't investigate it."""
    at = grid.agency("police")

    with refused(grid, Reason.CASE):
        cases.attest(at.office, at.folder / "cases.csv", reference, officer)


def test_commitments_can_not_be_guessed_and_differ_by_agency(grid: Grid) -> None:
    """The same FIR number is another commitment at another agency."""
    one, two = (grid.agency(name).office for name in ("police", "customs"))

    assert cases.commitment(one, CASE) != cases.commitment(two, CASE)
    assert cases.commitment(one, CASE) != cases.commitment(one, CASE + " ")


@pytest.mark.parametrize("column", cases.COLUMNS)
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    """So that the clerk can mend it."""
    head = HEAD.replace(column, "other")

    with pytest.raises(ConfigurationRefused, match=f"lacks {column}"):
        cases.read(register(tmp_path, head=head))


def test_a_register_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    """Nobody here can ask."""
    with pytest.raises(ConfigurationRefused, match=r"cannot read cases\.csv"):
        cases.read(tmp_path / "cases.csv")
    (tmp_path / "cases.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationRefused, match=r"cannot read cases\.csv"):
        cases.read(tmp_path / "cases.csv")


def test_a_register_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """A byte-order mark, blanks and short lines are read for what they are."""
    path = register(tmp_path, " FIR 9 ,fir, si-rao ,ahtu, BNS:143  BNS:144 ", "FIR 10")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    full, short = cases.read(path)

    assert full == cases.Case("FIR 9", "fir", "si-rao", "ahtu", ("BNS:143", "BNS:144"))
    assert short == cases.Case("FIR 10", "", "", "", ())


def test_a_basis_that_the_grid_does_not_know_is_refused(
    grid: Grid, tmp_path: Path
) -> None:
    """A slip in the register makes no statement; the message names the field."""
    path = register(tmp_path, "FIR 9,rumour,si-rao,ahtu,BNS:143")

    with refused(grid, Reason.MALFORMED) as caught:
        cases.attest(grid.agency("police").office, path, "FIR 9", "si-rao")

    assert isinstance(caught.value, Malformed)
    assert "case.basis" in caught.value.detail


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("FIR 9,rumour,si-rao,ahtu,BNS:143,", "basis is not one of: fir, order"),
        ("FIR 9,fir,S. Rao,ahtu,BNS:143,", "asker is not"),
        ("FIR 9,fir,si-rao,ahtu,,", "sections"),
        ("FIR 9,fir,si-rao,ahtu,BNS:143,No", "closed holds a word that denies it"),
    ],
)
def test_a_slip_is_named_by_line_and_column_and_not_quoted(
    tmp_path: Path, line: str, told: str
) -> None:
    """The clerk finds it; the others' cases are as they were."""
    head = HEAD.replace("\n", ",closed\n")
    good = "FIR 8,fir,si-rao,ahtu,BNS:143,"
    path = register(tmp_path, good, line, "FIR 7,,,,,2026-01-05", head=head)

    (fault,) = cases.faults(path)

    assert fault.startswith("cases.csv, line 3: ")
    assert told in fault
    assert "rumour" not in fault
    assert "Rao" not in fault
    assert cases.is_open(cases.by_reference(path)["FIR 8"])


def test_the_day_of_a_case_is_read_as_one(tmp_path: Path) -> None:
    """The earliest of its lines; none where no line has one."""
    head = HEAD.replace("\n", ",date\n")
    lines = ("FIR 9,fir,si-rao,io,,2026-05-02", "FIR 9,fir,si-joshi,io,,2026-05-01")
    found = cases.by_reference(
        register(tmp_path, *lines, "FIR 10,fir,a,io,", head=head)
    )

    assert cases.day(found["FIR 9"]) == "2026-05-01"
    assert cases.day(found["FIR 10"]) == ""
    assert cases.day(cases.read(register(tmp_path, "FIR 9,fir,si-rao,io,"))) == ""


def test_a_day_that_is_none_is_named_by_its_line(tmp_path: Path) -> None:
    """Rather than a child's age be judged on another day."""
    head = HEAD.replace("\n", ",date\n")
    lines = ("FIR 9,fir,si-rao,io,,2026-05-02", "FIR 10,fir,si-rao,io,,02/05/2026")
    with pytest.raises(ConfigurationRefused, match=r"cases\.csv, line 3: the date"):
        cases.read(register(tmp_path, *lines, head=head))
