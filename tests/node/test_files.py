"""Workbooks and Parquet files as sources: as offices save them, and damaged."""

from __future__ import annotations

import datetime as dt
import decimal
import os
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node.mapping import Mapping
from childgrid_node.register import Fault, Register, Row
from childgrid_node.source_errors import RegisterError

FIELDS = """
key = "id"
[fields]
name = "person name"
birth_date = "dob"
aadhaar = "uid"
[where]
status = { not_in = ["CLOSED"] }
"""
HEADER = ["id", "person name", "dob", "uid", "status", "secret"]
_NAMES = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DATED = 1
"""The cell style that the workbooks below show as a date."""


def cell(value: object) -> str:
    """One cell of a sheet, as Excel writes it."""
    if isinstance(value, dt.date):
        day = (value - dt.date(1899, 12, 30)).days
        return f'<c s="{_DATED}"><v>{day}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    if value == "#N/A":
        return '<c t="e"><v>#N/A</v></c>'
    text = "" if value is None else escape(str(value))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write the smallest workbook that Excel itself would open."""
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{escape(n)}" sheetId="{i}" r:id="r{i}"/>'
        for i, n in enumerate(names, 1)
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{_RELS}/worksheet"'
        f' Target="worksheets/s{i}.xml"/>'
        for i, _ in enumerate(names, 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>'
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="w"'
            f' Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook {_NAMES} xmlns:r="{_RELS}"><sheets>{listed}</sheets>'
            "</workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}'
            f'<Relationship Id="st" Type="{_RELS}/styles" Target="styles.xml"/>'
            "</Relationships>",
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet {_NAMES}><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        )
        for i, rows in enumerate(sheets.values(), 1):
            data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            book.writestr(
                f"xl/worksheets/s{i}.xml",
                f"<worksheet {_NAMES}><sheetData>{data}</sheetData></worksheet>",
            )
    return path


def opened(path: Path, head: str = "", fields: str = FIELDS) -> Register:
    """A register over the file."""
    lines = f'agency = "a"\nsource = "{path.name}"\n{head}{fields}'
    return Register.open(Mapping.parse(lines, path.parent / "test.toml"))


def read(register: Register) -> list[Row]:
    """Every row of a register."""
    return [row for part in register.rows(2) for row in part]


ROWS: list[list[object]] = [
    [1, "Ramesh", dt.date(1984, 8, 15), 234123412346, "OPEN", "x"],
    ["A2", "सुनीता", "15/8/84", "2341 2341 2346", None, "x"],
    [3.0, "Kalu", "#N/A", None, "closed", "x"],
    ["A2", "again", None, None, None, None],
    [None, "nobody", None, None, None, None],
]


def test_a_workbook_is_read_like_a_file(tmp_path: Path) -> None:
    """Numbers have no decimals, dates are ISO, errors empty, filters hold."""
    book = workbook(tmp_path / "a.xlsx", {"Sheet1": [[*HEADER], *ROWS]})
    with opened(book) as register:
        rows = read(register)
        again = register.reread("A2")
        assert register.reread("3") is None

    assert [row.key for row in rows] == ["1", "A2"]
    assert rows[0].values["uid"] == "234123412346"
    assert rows[0].values["dob"].startswith("1984-08-15")
    assert rows[1].values["person name"] == "सुनीता"
    assert again is not None
    assert again.values == rows[1].values
    assert register.faults.listed == [
        Fault(4, "duplicate key", "id"),
        Fault(5, "missing key", "id"),
    ]


def test_one_sheet_of_several_is_named(tmp_path: Path) -> None:
    """`relation` says which; without it, or with another, those there are listed."""
    sheets = {"Notes": [["x"]], "अभियुक्त": [[*HEADER], ROWS[0]]}
    book = workbook(tmp_path / "a.xlsx", sheets)

    with opened(book, 'relation = "अभियुक्त"\n') as register:
        assert [row.key for row in read(register)] == ["1"]
    for head in ("", 'relation = "Sheet1"\n'):
        with pytest.raises(RegisterError, match="it has: Notes, अभियुक्त"):
            opened(book, head)


def test_a_replaced_workbook_is_read_anew(tmp_path: Path) -> None:
    """A row is looked for in the file as it is now; the mark tells that it changed."""
    book = workbook(tmp_path / "a.xlsx", {"S": [[*HEADER], *ROWS]})
    register = opened(book)
    read(register)
    mark = register.mark(0)
    assert mark is not None

    workbook(book, {"S": [[*HEADER], ["new", "Asha"], ["A2", "Sunita Devi"]]})
    os.utime(book, ns=(1, 1))
    row = register.reread("A2")

    assert row is not None
    assert row.values["person name"] == "Sunita Devi"
    assert register.reread("1") is None
    changed = [one.key for part in register.changes(mark, 0) for one in part]
    assert changed == ["new", "A2"]


def test_the_next_workbook_may_have_its_columns_in_another_order(
    tmp_path: Path,
) -> None:
    """Each is read by its own first row, wholly and for one row."""
    book = workbook(tmp_path / "a.xlsx", {"S": [[*HEADER], ["A2", "Sunita"]]})
    register = opened(book)
    read(register)

    other = ["person name", "secret", "id", "status", "uid", "dob"]
    workbook(book, {"S": [other, ["Sunita", "", "A2", "", "", ""]]})
    os.utime(book, ns=(1, 1))
    found = register.reread("A2")

    assert found is not None
    assert found.values["person name"] == "Sunita"
    assert [row.key for row in read(register)] == ["A2"]


def test_blank_rows_above_a_workbooks_header_are_passed_over(tmp_path: Path) -> None:
    """As in a CSV; and a row is found again under its key."""
    book = {"Sheet1": [["", ""], [""], [*HEADER], *ROWS]}
    with opened(workbook(tmp_path / "a.xlsx", book)) as register:
        found = read(register)
        again = register.reread(found[-1].key)
    with opened(workbook(tmp_path / "b.xlsx", {"Sheet1": [[*HEADER], *ROWS]})) as plain:
        assert found == read(plain)
    assert again is not None and again.values == found[-1].values


def test_a_cell_that_python_does_not_hold_costs_no_other_row(tmp_path: Path) -> None:
    """Year 33658, a nanosecond, and bytes that are no text; pyarrow refuses each."""
    far = pa.array([0, 10**18], pa.int64()).cast(pa.timestamp("us"))
    fine = pa.array([0, 1], pa.int64()).cast(pa.timestamp("ns"))
    wrong = pa.array([b"Ramesh", b"R\xff"]).view(pa.string())
    named = {"id": ["1", "2"], "person name": ["Sunita", "Ramesh"]}
    rest = {"uid": ["", ""], "status": ["", ""]}
    for name, dobs in (("far", far), ("fine", fine)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({**named, **rest, "dob": dobs}), path)
        with opened(path) as register:
            found = read(register)
            assert [row.key for row in found] == ["1", "2"]
            assert register.faults.total == 0
    path = tmp_path / "wrong.parquet"
    pq.write_table(
        pa.table({**named, **rest, "dob": ["", ""], "person name": wrong}), path
    )
    with opened(path) as register:
        assert [row.key for row in read(register)] == ["1"]
        assert register.faults.listed == [Fault(2, "undecodable", "person name")]


def test_the_next_parquet_file_is_refused_where_a_column_is_gone(
    tmp_path: Path,
) -> None:
    """It is named, as at the start."""
    path = people(tmp_path / "a.parquet")
    register = opened(path)
    read(register)
    parquet(path, {"id": ["1"], "dob": [""], "uid": [""], "status": [""]})

    with pytest.raises(RegisterError, match="'person name'"):
        read(register)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.parquet"])
@pytest.mark.parametrize("body", [b"", b"PK\x03\x04", b"no such file", b"PAR1PAR1"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, body: bytes) -> None:
    """What is no workbook and no Parquet file says so, and what to do."""
    (tmp_path / name).write_bytes(body)
    with pytest.raises(RegisterError, match=r"can be read|no header row"):
        opened(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "module"), [("a.xlsx", "python_calamine"), ("a.parquet", "pyarrow")]
)
def test_a_missing_reader_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, module: str
) -> None:
    """As on a machine where the distribution was installed without the extra."""
    workbook(tmp_path / "a.xlsx", {"S": [[*HEADER]]})
    parquet(tmp_path / "a.parquet", {"id": ["1"]})
    for own in ("workbook", "parquet"):
        monkeypatch.delitem(
            sys.modules, f"childgrid_node.register.{own}", raising=False
        )
    for part in [n for n in sys.modules if n.split(".")[0] == module] or [module]:
        monkeypatch.setitem(sys.modules, part, None)

    with pytest.raises(RegisterError, match=r"pip install 'childgrid\[files\]'"):
        opened(tmp_path / name)


def parquet(path: Path, columns: dict[str, object], group: int = 2) -> Path:
    """Write a Parquet file in groups of a few rows."""
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def people(path: Path, **more: object) -> Path:
    """A Parquet file of five persons in three groups."""
    columns: dict[str, object] = {
        "id": [1, 2, 3, 4, 5],
        "person name": ["Ramesh", "सुनीता", "Kalu", "x" * 131_073, "Asha"],
        "dob": [dt.date(1984, 8, 15), None, None, None, dt.date(1990, 1, 1)],
        "uid": [decimal.Decimal(234123412346), None, None, None, None],
        "status": ["OPEN", None, "CLOSED", None, None],
        "secret": [b"\xff"] * 5,
    }
    return parquet(path, columns | more)


def test_a_parquet_file_is_read_column_by_column(tmp_path: Path) -> None:
    """Types become text as a database's do; what isn't mapped is not even decoded."""
    with opened(people(tmp_path / "a.parquet")) as register:
        rows = read(register)
        again = register.reread("5")
        assert register.reread("3") is None
        assert register.reread("4") is None

    assert [row.key for row in rows] == ["1", "2", "5"]
    assert (rows[0].values["uid"], rows[0].values["dob"]) == (
        "234123412346",
        "1984-08-15",
    )
    assert again is not None
    assert again.values == rows[2].values
    assert register.faults.listed == [Fault(4, "too long", "person name")]


def test_not_a_number_is_empty(tmp_path: Path) -> None:
    """How data frames write that there is nothing."""
    path = people(tmp_path / "a.parquet", uid=[float("nan"), 1.5, 2.0, None, 1e300])
    with opened(path) as register:
        assert [row.values["uid"] for row in read(register)][:2] == ["", "1.5"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([b"a"] * 5), "binary"),
        (pa.array([b"aa"] * 5, pa.binary(2)), "binary"),
        (pa.array([["a"]] * 5), "nested"),
        (pa.array([{"a": 1}] * 5), "nested"),
    ],
)
def test_a_column_that_is_no_text_is_refused_by_name(
    tmp_path: Path, column: object, kind: str
) -> None:
    """Before a row is read, with what to do about it."""
    path = people(tmp_path / "a.parquet", dob=column)
    with pytest.raises(RegisterError, match=rf"names column 'dob', which is {kind}"):
        opened(path)


def test_a_file_damaged_in_its_middle_is_no_shorter_file(tmp_path: Path) -> None:
    """A page that can't be read is an error, or rows would vanish unasked."""
    path = people(tmp_path / "a.parquet")
    body = bytearray(path.read_bytes())
    register = opened(path)
    body[8:200] = b"\xff" * 192
    path.write_bytes(body)

    with pytest.raises(RegisterError, match="no Parquet file that can be read"):
        read(register)


TEXT = st.text(st.characters(codec="utf-8"))


@settings(max_examples=20)
@given(st.lists(st.lists(TEXT, min_size=4, max_size=4), max_size=5))
def test_any_text_passes_through_parquet(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    """Every character that can be stored arrives unchanged, and every row is found."""
    kept = [row for row in cells if row[3].strip().casefold() != "closed"]
    columns: dict[str, object] = {"id": [f"K{n}" for n in range(len(cells))]}
    for at, name in enumerate(HEADER[1:5]):
        columns[name] = pa.array([row[at] for row in cells], pa.string())
    path = parquet(tmp_path_factory.mktemp("p") / "a.parquet", columns)

    with opened(path) as register:
        rows = read(register)
        again = [register.reread(row.key) for row in rows]

    assert [row.values["person name"] for row in rows] == [row[0] for row in kept]
    assert [row.values for row in again if row] == [row.values for row in rows]
