"""The register over a database: read like a file, never written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from childgrid_node.register import Fault, Register
from childgrid_node.source_errors import AmbiguousKey, RegisterError, SourceUnreached
from tests.node.sheets import FIELDS, mapping, read

ROWS = [
    (1, "Ramesh", "1984-08-15", 9820012345, "OPEN"),
    (2, "सुनीता", None, None, None),
    (3, "Kalu", "1990-01-01", 1, "closed"),
]
TABLE = """
CREATE TABLE people (id {key}, "person name" TEXT, dob {date}, mobile BIGINT,
status TEXT, secret TEXT)
"""


def sqlite_register(folder: Path, key: str = "INTEGER") -> Register:
    """A register over a small SQLite file."""
    with sqlite3.connect(folder / "people.db") as connection:
        connection.execute(TABLE.format(key=key, date="TEXT"))
        connection.executemany("INSERT INTO people VALUES (?,?,?,?,?,'x')", ROWS)
    connection.close()
    head = 'relation = "people"\n'
    return Register.open(mapping("sqlite:///people.db", folder, head))


def test_a_database_is_read_like_a_file(tmp_path: Path) -> None:
    """NULL is the empty text, numbers are plain, filters hold, a key finds its row."""
    with sqlite_register(tmp_path) as register:
        rows = read(register, batch=1)
        again = register.reread("2")

    assert [row.key for row in rows] == ["1", "2"]
    assert rows[0].values["mobile"] == "9820012345"
    assert dict(rows[1].values) == {
        "id": "2",
        "person name": "सुनीता",
        "dob": "",
        "mobile": "",
        "status": "",
    }
    assert again is not None
    assert again.values == rows[1].values


def test_only_a_database_that_is_not_there_is_away_as_a_whole(tmp_path: Path) -> None:
    """One that answers and refuses a row says nothing of its other rows."""
    register = sqlite_register(tmp_path)
    base = tmp_path / "people.db"
    aside = base.rename(tmp_path / "aside")
    with pytest.raises(SourceUnreached):
        register.reread("2")

    aside.rename(base)
    with sqlite3.connect(base) as connection:
        connection.execute("UPDATE people SET status = CAST(x'ff' AS TEXT)")
    connection.close()
    with pytest.raises(RegisterError) as fault:
        register.reread("2")
    assert not isinstance(fault.value, SourceUnreached)


def test_rereading_a_database_sees_changes(tmp_path: Path) -> None:
    """A row is read live: changed, deleted and filtered rows are seen at once."""
    register = sqlite_register(tmp_path)
    read(register)

    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("UPDATE people SET mobile = 5 WHERE id = 1")
        connection.execute("DELETE FROM people WHERE id = 2")
    connection.close()

    changed = register.reread("1")
    assert changed is not None
    assert changed.values["mobile"] == "5"
    assert register.reread("2") is None
    assert register.reread("3") is None
    assert register.reread("1 OR 1=1") is None


def test_a_key_that_names_two_rows_discloses_neither(tmp_path: Path) -> None:
    """Of rows with one key the first is read, the others counted, none reread."""
    register = sqlite_register(tmp_path, key="TEXT")
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("INSERT INTO people (id) VALUES ('1'), (NULL), (' ')")
    connection.close()

    rows = read(register)

    assert [row.key for row in rows] == ["1", "2"]
    assert register.faults.counts == {"missing key": 2, "duplicate key": 1}
    with pytest.raises(AmbiguousKey, match="'id' does not name one row") as error:
        register.reread("1")
    assert "Ramesh" not in str(error.value)


def test_a_value_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 make their row a fault, not a crash."""
    register = sqlite_register(tmp_path)
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("INSERT INTO people (id, status) VALUES (9, x'ff')")
    connection.close()

    assert [row.key for row in read(register)] == ["1", "2"]
    assert register.faults.listed == [Fault(4, "undecodable", "status")]


@pytest.mark.parametrize(
    ("relation", "fields", "says"),
    [
        ("nobody", FIELDS, r"'nobody' does not exist at sqlite:.*it has: people"),
        ("people", FIELDS.replace("dob", "born"), r"'born'.*it has: id, person name"),
        ("", FIELDS, "relation is missing"),
    ],
)
def test_a_relation_that_does_not_fit_is_refused(
    tmp_path: Path, relation: str, fields: str, says: str
) -> None:
    """The error names what is missing and what there is."""
    sqlite_register(tmp_path).close()
    head = f'relation = "{relation}"\n' if relation else ""

    with pytest.raises(RegisterError, match=says):
        Register.open(mapping("sqlite:///people.db", tmp_path, head, fields))


def test_a_name_cannot_smuggle_a_statement(tmp_path: Path) -> None:
    """A column called like SQL is a column that does not exist; nothing is lost."""
    sqlite_register(tmp_path).close()
    evil = FIELDS.replace('"dob"', "'dob FROM people; DROP TABLE people; --'")

    with pytest.raises(RegisterError, match="names column"):
        Register.open(
            mapping("sqlite:///people.db", tmp_path, 'relation = "people"\n', evil)
        )

    assert len(read(reopened(tmp_path))) == 2


def reopened(folder: Path) -> Register:
    """A second register over the same file."""
    return Register.open(
        mapping("sqlite:///people.db", folder, 'relation = "people"\n')
    )


@pytest.mark.threat("T30")
def test_the_register_cannot_write_to_sqlite(tmp_path: Path) -> None:
    """The file is opened read-only, whatever the account may do."""
    register = sqlite_register(tmp_path)

    with (
        pytest.raises(RegisterError),
        register._source._connection() as connection,  # type: ignore[union-attr]
    ):
        connection.execute(text("DELETE FROM people"))

    assert len(read(register)) == 2


def test_a_column_that_was_renamed_is_no_text(tmp_path: Path) -> None:
    """SQLite takes a quoted name that is no column for a text: it is refused."""
    register = sqlite_register(tmp_path)
    read(register)
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute('ALTER TABLE people RENAME COLUMN "person name" TO title')
    connection.close()

    with pytest.raises(RegisterError, match="'person name'"):
        read(register)
    with pytest.raises(RegisterError, match="'person name'"):
        register.reread("1")
