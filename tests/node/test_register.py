"""The register: rows of CSV, and rows that are no rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.register import Fault, Register
from childgrid_node.source_errors import RegisterError
from tests.node.sheets import HEADER, mapping, read, sheet


def test_rows_hold_the_mapped_columns_and_nothing_else(tmp_path: Path) -> None:
    """A column that the mapping does not name never leaves the register."""
    register = sheet(
        tmp_path, (HEADER + "A1,Ramesh,1984-08-15,98200,OPEN,x\r\n").encode()
    )

    (row,) = read(register)

    assert (row.key, row.number) == ("A1", 1)
    assert dict(row.values) == {
        "id": "A1",
        "person name": "Ramesh",
        "dob": "1984-08-15",
        "mobile": "98200",
        "status": "OPEN",
    }


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", "\ufeff" + HEADER + "A1,रमेश,,,,\r\n"),
        ("a.csv", HEADER.replace(",", ";") + "A1;रमेश;;;;\r\n"),
        ("a.tsv", HEADER.replace(",", "\t") + "A1\tरमेश\t\t\t\t\r\n"),
        ("a.csv", HEADER + '"A1","रमेश","","","",""\n'),
        ("a.csv", HEADER + "\r\n A1 ,रमेश,,,,"),
    ],
)
def test_the_files_that_offices_write_are_read(
    tmp_path: Path, name: str, body: str
) -> None:
    """Byte-order mark, semicolons, tabs, quotes, blank lines, no last line end."""
    (row,) = read(sheet(tmp_path, body.encode(), name))

    assert (row.key, row.values["person name"]) == ("A1", "रमेश")


def test_bad_rows_are_counted_by_number_and_cost_no_good_one(tmp_path: Path) -> None:
    """Ragged, undecodable, keyless and repeated rows are faults; the rest is read."""
    body = (
        HEADER.encode()
        + b"A1,Ramesh,,,,\n"
        + b"A2,too,few\n"
        + b"A3,Ram\xffesh,,,,\n"
        + b",nobody,,,,\n"
        + b"A1,again,,,,\n"
        + b'A4,"open quote,,,,\n'
        + b"A5,Suresh,,,,\n"
        + b'A6,"two\nlines",,,,\n'
        + b'A7,"Kalu" Ram,,,,\n'
        + b"A8,last,,,,,,one too many\n"
    )
    register = sheet(tmp_path, body)

    rows = read(register)

    assert [row.key for row in rows] == ["A1", "A5", "A6", "A7"]
    assert rows[0].values["person name"] == "Ramesh"
    assert rows[2].values["person name"] == "two\nlines"
    assert register.faults.listed == [
        Fault(2, "ragged"),
        Fault(3, "undecodable", "person name"),
        Fault(4, "missing key", "id"),
        Fault(5, "duplicate key", "id"),
        Fault(6, "ragged"),
        Fault(10, "ragged"),
    ]
    assert register.faults.total == 6


def test_two_open_quotes_do_not_merge_the_rows_between_them(tmp_path: Path) -> None:
    """A record that closes its quote in another person's row is no record."""
    body = HEADER + 'A1,"Ram,,,,\nA2,Shyam,,,,\nA3,"Mohan",,,,\n'
    register = sheet(tmp_path, body.encode())

    assert [row.key for row in read(register)] == ["A2", "A3"]
    assert register.faults.listed == [Fault(1, "ragged")]


def test_the_list_of_faults_is_bounded_and_the_count_is_not(tmp_path: Path) -> None:
    """Two thousand bad rows are all counted, the first thousand listed."""
    register = sheet(tmp_path, (HEADER + "A,too few\n" * 2_000).encode())

    assert read(register) == []
    assert register.faults.total == 2_000
    assert len(register.faults.listed) == 1_000


def test_rows_come_in_batches(tmp_path: Path) -> None:
    """The batch size bounds what is in hand at once."""
    body = HEADER + "".join(f"A{n},x,,,,\n" for n in range(25))
    register = sheet(tmp_path, body.encode())

    assert [len(part) for part in register.rows(10)] == [10, 10, 5]


def test_filtered_rows_do_not_enter(tmp_path: Path) -> None:
    """The mapping's [where] holds for reading and for rereading alike."""
    body = HEADER + "A1,x,,,Closed,\nA2,x,,,OPEN,\nA3,x,,,,\n"
    register = sheet(tmp_path, body.encode())

    assert [row.key for row in read(register)] == ["A2", "A3"]
    assert register.faults.total == 0
    assert register.reread("A1") is None


def test_a_row_is_reread_as_it_is_now(tmp_path: Path) -> None:
    """Reread follows an edited, replaced or shortened file, never the old bytes."""
    register = sheet(tmp_path, (HEADER + "A1,Ramesh,,,,\nA2,Sunita,,,,\n").encode())
    read(register)
    first = register.reread("A2")
    assert first is not None
    assert first.values["person name"] == "Sunita"

    path = tmp_path / "test.csv"
    path.write_bytes((HEADER + "A0,new,,,,\nA2,Sunita Devi,,,,\n").encode())
    os.utime(path, ns=(1, 1))
    second = register.reread("A2")

    assert second is not None
    assert second.values["person name"] == "Sunita Devi"
    assert register.reread("A1") is None
    assert register.reread("A9") is None


def test_the_next_file_may_have_its_columns_in_another_order(tmp_path: Path) -> None:
    """Each file is read by its own header, wholly and for one row."""
    register = sheet(tmp_path, (HEADER + "A1,Ramesh,,98200,,\n").encode())
    read(register)
    path = tmp_path / "test.csv"
    for body in (
        "mobile,dob,status,secret,person name,id\n98200,,,,Ramesh,A1\n",
        "\ufeffid;status;dob;mobile;person name\nA1;;;98200;Ramesh\n",
    ):
        (tmp_path / "next").write_bytes(body.encode())
        (tmp_path / "next").rename(path)

        found = register.reread("A1")
        (row,) = read(register)

        assert found is not None
        for one in (found, row):
            assert one.values["person name"] == "Ramesh"
            assert one.values["mobile"] == "98200"


@pytest.mark.parametrize("body", ["", "id,dob,mobile,status\nA1,,,\n"])
def test_the_next_file_is_refused_where_a_column_is_gone(
    tmp_path: Path, body: str
) -> None:
    """As at the start; no row is read, and none is found again."""
    register = sheet(tmp_path, (HEADER + "A1,Ramesh,,,,\n").encode())
    read(register)
    (tmp_path / "next").write_bytes(body.encode())
    (tmp_path / "next").rename(tmp_path / "test.csv")

    with pytest.raises(RegisterError):
        read(register)
    with pytest.raises(RegisterError):
        register.reread("A1")


def test_reread_works_without_a_full_reading_before(tmp_path: Path) -> None:
    """A node that has just started can disclose at once, and keeps its faults."""
    register = sheet(tmp_path, (HEADER + "A1,x,,,,\nbad\n").encode())

    row = register.reread("A1")

    assert row is not None
    assert row.key == "A1"
    assert register.faults.total == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            "id,name\n1,x\n",
            r"fields\.name names column 'person name'.*it has: id, name",
        ),
        (HEADER.replace("secret", "dob"), "'dob' twice"),
        ("", "no header row"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(
    tmp_path: Path, body: str, says: str
) -> None:
    """The error names the setting, the column, and the columns that exist."""
    with pytest.raises(RegisterError, match=says):
        sheet(tmp_path, body.encode())


def test_a_file_without_a_header_is_refused_and_not_shown(tmp_path: Path) -> None:
    """The first row may be somebody's; a running node would write it into its log."""
    with pytest.raises(RegisterError, match="let it be the header") as error:
        sheet(tmp_path, b"17,Ramesh Kumar,9812345670\n")
    assert "person name" in str(error.value)
    assert "Ramesh" not in str(error.value)
    assert "9812345670" not in str(error.value)


def test_a_header_in_other_letters_is_still_shown(tmp_path: Path) -> None:
    """By case and signs alone a name is not taken for another, and it says which."""
    with pytest.raises(RegisterError, match="it has: ID, Person_Name"):
        sheet(tmp_path, b"ID,Person_Name\n1,x\n")


def test_a_header_in_another_code_page_is_refused_with_advice(tmp_path: Path) -> None:
    """Windows' own code page is what Excel writes where nobody says UTF-8."""
    with pytest.raises(RegisterError, match="header is not UTF-8"):
        sheet(tmp_path, "id,pérson name\n1,x\n".encode("cp1252"))


@pytest.mark.parametrize("blank", ["\n", "\r\n\r\n", "\ufeff\n"])
def test_blank_lines_above_the_header_are_passed_over(
    tmp_path: Path, blank: str
) -> None:
    """The delimiter is the header's, wherever it stands."""
    body = HEADER.replace(",", ";") + "1;Ramesh;1984;;OPEN;x\n"
    with sheet(tmp_path, (blank + body).encode()) as register:
        ((row,),) = register.rows()
    assert row.values["person name"] == "Ramesh"


def test_a_wide_file_is_refused_with_advice(tmp_path: Path) -> None:
    """What Excel calls "Unicode text" is UTF-16, and the message says what to do."""
    with pytest.raises(RegisterError, match="save it as CSV in UTF-8"):
        sheet(tmp_path, HEADER.encode("utf-16"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("none.csv", "cannot be opened"),
        ("a.xlsx", "cannot be opened"),
        ("a.parquet", "cannot be opened"),
        ("a.doc", "unknown kind of file"),
        ("sqlite:///none.db", "cannot read sqlite"),
        ("nosuch://u:topsecret@h/d?password=topsecret", "no driver for nosuch"),
        ("mysql://u:topsecret@h/d?password=topsecret", "write mysql.pymysql://"),
        ("postgresql+psycopg://u:topsecret@h:notaport/d", "no database URL"),
        ("postgresql+psycopg://u:topsecret@127.0.0.1:1/d?password=topsecret", "cannot"),
    ],
)
def test_a_source_that_cannot_be_opened_says_so_without_secrets(
    tmp_path: Path, source: str, says: str
) -> None:
    """No message holds a password, wherever in the address it stood."""
    head = 'relation = "people"\n'

    with pytest.raises(RegisterError, match=says) as error:
        Register.open(mapping(source, tmp_path, head))

    assert "topsecret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_faults(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    """No content of a file raises, and every row is one that reread finds again."""
    folder = tmp_path_factory.mktemp("bytes")
    register = sheet(folder, HEADER.encode() + body)

    for row in read(register):
        again = register.reread(row.key)
        assert again is not None
        assert again.values == row.values


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"])), min_size=5, max_size=5
        )
    )
)
def test_what_is_written_well_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    """Any text, quoted as the format says, arrives unchanged."""
    folder = tmp_path_factory.mktemp("cells")
    lines = [
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in [f"K{n}", *row])
        for n, row in enumerate(cells)
    ]
    register = sheet(folder, (HEADER + "".join(f"{line}\n" for line in lines)).encode())

    rows = read(register)

    kept = [row for row in cells if row[3].strip().casefold() != "closed"]
    assert register.faults.total == 0
    assert [row.values["person name"] for row in rows] == [row[0] for row in kept]
