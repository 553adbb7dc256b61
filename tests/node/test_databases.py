"""Databases as their administrators keep them, read from two real servers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from childgrid_node.mapping import Mapping
from childgrid_node.register import Fault, Mark, Register, Row
from childgrid_node.source_errors import AmbiguousKey, RegisterError
from places import Place

NOW = int(datetime(2026, 3, 3, tzinfo=UTC).timestamp())
FIELDS = """
key = "id"
updated = "changed"
[fields]
name = "person name"
birth_date = "dob"
[where]
status = { not_in = ["CLOSED"] }
"""


def table(place: Place, key: str = "INTEGER", changed: str = "TIMESTAMP NULL") -> None:
    """A table that offices might keep, with a view over it."""
    changed = changed if place.kind == "mariadb" else changed.removesuffix(" NULL")
    quote = "`" if place.kind == "mariadb" else '"'
    place.run(
        f"CREATE TABLE people (id {key}, {quote}person name{quote} TEXT, dob DATE,"
        f" status TEXT, changed {changed}, photo {blob(place)})",
        "CREATE VIEW people_view AS SELECT * FROM people",
    )


def blob(place: Place) -> str:
    """What the database calls a column of bytes."""
    return "BYTEA" if place.kind == "postgresql" else "BLOB"


def put(place: Place, key: object, name: str | None = "Ramesh", **more: object) -> None:
    """Insert a person."""
    values = {"dob": None, "status": None, "changed": None} | more
    place.run(
        "INSERT INTO people (id, dob, status, changed) VALUES (:k, :d, :s, :c)",
        k=key,
        d=values["dob"],
        s=values["status"],
        c=values["changed"],
    )
    quoted = "`person name`" if place.kind == "mariadb" else '"person name"'
    place.run(f"UPDATE people SET {quoted} = :n WHERE id = :k", n=name, k=key)


def opened(
    place: Place, folder: Path, fields: str = FIELDS, head: str = ""
) -> Register:
    """The reader's register over the view."""
    lines = f'agency = "a"\nsource = "{place.source}"\nrelation = "people_view"\n'
    return Register.open(Mapping.parse(lines + head + fields, folder / "people.toml"))


def read(register: Register) -> list[Row]:
    """Every row of a register."""
    return [row for part in register.rows(2) for row in part]


def test_a_view_is_read_by_an_account_that_only_reads(
    place: Place, tmp_path: Path
) -> None:
    """NULL is the empty text, dates are ISO, filters hold, a key finds its row."""
    table(place)
    put(place, 1, "Ramesh", dob="1984-08-15", status="OPEN")
    put(place, 2, "सुनीता", status=None)
    put(place, 3, "Kalu", status="closed")

    with opened(place, tmp_path) as register:
        rows = read(register)
        again, gone = register.reread("2"), register.reread("3")
        keys = sorted(register.keys())

    assert [(r.key, r.values["person name"]) for r in rows] == [
        ("1", "Ramesh"),
        ("2", "सुनीता"),
    ]
    assert rows[0].values["dob"] == "1984-08-15"
    assert rows[1].values["status"] == ""
    assert again is not None
    assert again.values == rows[1].values
    assert gone is None
    assert keys == ["1", "2"]


def test_the_session_itself_refuses_to_write(place: Place, tmp_path: Path) -> None:
    """Were the account given rights later, the transaction would still only read."""
    table(place)
    put(place, 1)
    register = opened(place, tmp_path)
    place.run(f"GRANT DELETE ON people TO {place.account}")

    with (
        pytest.raises(RegisterError, match=r"ReadOnlySqlTransaction|InternalError|Op"),
        register._source._connection() as connection,  # type: ignore[union-attr]
    ):
        connection.execute(text("DELETE FROM people"))

    place.run(f"REVOKE DELETE ON people FROM {place.account}")
    assert [row.key for row in read(register)] == ["1"]


def test_keys_differ_by_case_accent_and_blanks(place: Place, tmp_path: Path) -> None:
    """What the database takes for one key are several rows, each found as itself."""
    folding = " COLLATE utf8mb4_unicode_ci" if place.kind == "mariadb" else ""
    table(place, f"VARCHAR(20){folding}")
    for key in ("a1", "A1", "Á1", "A1 ", "a-1", "b"):
        place.run("INSERT INTO people (id) VALUES (:k)", k=key)

    with opened(place, tmp_path) as register:
        found = {row.key for row in read(register)}
        again = {key: register.reread(key) for key in found}

        assert found == {"a1", "A1", "Á1", "A1 ", "a-1", "b"}
        assert all(row is not None and row.key == key for key, row in again.items())
        assert register.faults.total == 0


def test_a_key_that_stands_twice_is_found_among_its_likes(
    place: Place, tmp_path: Path
) -> None:
    """The same key twice is one row and one fault, however its likes are sorted."""
    folding = " COLLATE utf8mb4_unicode_ci" if place.kind == "mariadb" else ""
    table(place, f"VARCHAR(20){folding}")
    for key in ("k7", "K7", "k7", None, " "):
        place.run("INSERT INTO people (id) VALUES (:k)", k=key)

    with opened(place, tmp_path) as register:
        assert sorted(row.key for row in read(register)) == ["K7", "k7"]
        assert register.faults.counts == {"missing key": 2, "duplicate key": 1}
        with pytest.raises(AmbiguousKey):
            register.reread("k7")


def test_a_padded_key_finds_its_row(place: Place, tmp_path: Path) -> None:
    """CHAR(n) comes back with blanks from one database, without from another."""
    table(place, "CHAR(6)")
    place.run("INSERT INTO people (id) VALUES ('A1')")

    with opened(place, tmp_path) as register:
        (row,) = read(register)
        again = register.reread(row.key)

    assert again is not None
    assert again.key == row.key


@pytest.mark.parametrize("key", ["NUMERIC(12,0)", "BIGINT", "NUMERIC(12,2)"])
def test_numbers_are_keys(place: Place, tmp_path: Path, key: str) -> None:
    """A number finds its row by the column's own type, and a word finds nothing."""
    table(place, key)
    put(place, 9007199254)

    with opened(place, tmp_path) as register:
        (row,) = read(register)
        assert row.key == "9007199254"
        assert register.reread(row.key) is not None
        assert register.reread("9007199254x") is None
        assert register.reread("1 OR 1=1") is None


def test_a_very_long_value_costs_its_row_alone(place: Place, tmp_path: Path) -> None:
    """A text of 200,000 characters is a fault with row and column; all else is read."""
    table(place)
    put(place, 1)
    quoted = "`person name`" if place.kind == "mariadb" else '"person name"'
    kind = "LONGTEXT" if place.kind == "mariadb" else "TEXT"
    place.run(
        f"CREATE TABLE notes (id INTEGER, {quoted} {kind}, dob DATE, status TEXT,"
        " changed TIMESTAMP NULL)",
        f"INSERT INTO notes (id, {quoted}) VALUES (1, 'x'), (2, REPEAT('x', 200000)),"
        " (3, REPEAT('x', 131072))",
    )
    lines = f'agency = "a"\nsource = "{place.source}"\nrelation = "notes"\n{FIELDS}'

    with Register.open(Mapping.parse(lines, tmp_path / "notes.toml")) as register:
        assert [row.key for row in read(register)] == ["1", "3"]
        assert register.faults.listed == [Fault(2, "too long", "person name")]


def test_a_column_of_bytes_is_refused_by_name(place: Place, tmp_path: Path) -> None:
    """A photograph mapped by mistake stops at the door, before a row is read."""
    table(place)
    fields = FIELDS.replace('birth_date = "dob"', 'alias = "photo"')

    with pytest.raises(RegisterError, match=r"fields\.alias names column 'photo'.*bin"):
        opened(place, tmp_path, fields)


def test_a_date_is_no_key(place: Place, tmp_path: Path) -> None:
    """A key must find its row again, which a moment does not do surely."""
    table(place)
    fields = FIELDS.replace('key = "id"', 'key = "dob"')

    with pytest.raises(RegisterError, match=r"key names column 'dob'.*no kind of key"):
        opened(place, tmp_path, fields)


def test_what_was_committed_late_is_met_again(place: Place, tmp_path: Path) -> None:
    """The look-back is in the column's own time, to the second; NULLs always come."""
    table(place, "VARCHAR(9)")
    put(place, "old", changed="2026-03-01 10:59:59")
    put(place, "last", changed="2026-03-01 12:00:00")
    with opened(place, tmp_path) as register:
        mark = register.mark(NOW)
        assert mark == Mark("time", "2026-03-01T12:00:00")
        put(place, "late", changed="2026-03-01 11:00:00")
        put(place, "undated")
        put(place, "closed", changed="2026-03-02 00:00:00", status="CLOSED")
        found = {
            one.key: one.row is not None
            for part in register.changes(mark, 3_600)
            for one in part
        }

    assert found == {"last": True, "late": True, "undated": True, "closed": False}


def test_a_time_with_a_zone_keeps_its_instant(
    postgresql: Place, tmp_path: Path
) -> None:
    """The mark carries the offset, so that another session's zone changes nothing."""
    table(postgresql, "VARCHAR(9)", "TIMESTAMPTZ")
    put(postgresql, "a", changed="2026-03-01 12:00:00+05:30")
    put(postgresql, "b", changed="2026-03-01 10:00:00+05:30")
    with opened(postgresql, tmp_path) as register:
        mark = register.mark(NOW)
    role = postgresql.account
    postgresql.run(f"ALTER ROLE {role} SET timezone TO 'Pacific/Kiritimati'")
    assert mark is not None

    with opened(postgresql, tmp_path) as register:
        (part,) = register.changes(mark, 3_600)

    assert [one.key for one in part] == ["a"]


def test_a_birthday_stays_a_day_in_the_sessions_zone(
    postgresql: Place, tmp_path: Path
) -> None:
    """Midnight in India is that day, as long as the account's zone is India's."""
    table(postgresql, "VARCHAR(9)")
    postgresql.run(
        'CREATE VIEW zoned AS SELECT id, "person name", status, changed,'
        " TIMESTAMPTZ '1984-08-15 00:00+05:30' AS dob FROM people",
        f"ALTER ROLE {postgresql.account} SET timezone TO 'Asia/Kolkata'",
    )
    put(postgresql, "a")
    lines = f'agency = "a"\nsource = "{postgresql.source}"\nrelation = "zoned"\n'

    with Register.open(Mapping.parse(lines + FIELDS, tmp_path / "z.toml")) as register:
        (row,) = read(register)

    assert row.values["dob"].startswith("1984-08-15T00:00")


def test_one_reading_is_one_snapshot(place: Place, tmp_path: Path) -> None:
    """What is written while a source is read is seen by the next reading, not half."""
    table(place)
    for key in range(5):
        put(place, key)

    with opened(place, tmp_path) as register:
        parts = register.rows(2)
        first = next(parts)
        place.run("DELETE FROM people")
        rest = [row for part in parts for row in part]

        assert len(first) + len(rest) == 5
        assert read(register) == []


def test_numbers_without_value_are_empty(postgresql: Place, tmp_path: Path) -> None:
    """NaN and infinity, which PostgreSQL keeps, are no numbers of anybody."""
    table(postgresql)
    postgresql.run(
        "CREATE VIEW odd AS SELECT 1 AS id, 'NaN'::float8 AS \"person name\","
        " 'Infinity'::numeric AS dob, '' AS status, now() AS changed"
    )
    lines = f'agency = "a"\nsource = "{postgresql.source}"\nrelation = "odd"\n{FIELDS}'

    with Register.open(Mapping.parse(lines, tmp_path / "odd.toml")) as register:
        (row,) = read(register)

    assert (row.values["person name"], row.values["dob"]) == ("", "")


def test_a_time_that_no_calendar_of_ours_has_costs_nobody(
    postgresql: Place, tmp_path: Path
) -> None:
    """One slip in one row must not keep the acquitted and the deleted in the index."""
    table(postgresql, changed="TIMESTAMPTZ")
    put(postgresql, 1, dob="1984-08-15", changed="2026-03-01 12:00:00+05:30")
    put(postgresql, 2, dob="10984-08-15", changed="infinity")
    put(postgresql, 3, dob="-infinity", changed="2026-03-01 12:00:00+05:30 BC")

    with opened(postgresql, tmp_path) as register:
        rows = read(register)
        mark = register.mark(NOW)
        again = register.reread("2")

    assert [row.values["dob"] for row in rows] == [
        "1984-08-15",
        "10984-08-15",
        "-infinity",
    ]
    assert again is not None and again.values["changed"] == "infinity"
    assert mark is not None and mark.value.startswith("2026-03-01T")
    assert register.faults.total == 0


def test_a_view_whose_values_break_says_nothing_of_them(
    postgresql: Place, tmp_path: Path
) -> None:
    """The server's message would quote the value; ours gives its kind only."""
    table(postgresql)
    put(postgresql, 1, "Ramesh")
    postgresql.run(
        'CREATE VIEW broken AS SELECT id, "person name", status, changed,'
        ' CAST("person name" AS int) AS dob FROM people'
    )
    lines = f'agency = "a"\nsource = "{postgresql.source}"\nrelation = "broken"\n'
    register = Register.open(Mapping.parse(lines + FIELDS, tmp_path / "b.toml"))

    with pytest.raises(RegisterError, match="InvalidTextRepresentation") as error:
        read(register)

    assert "Ramesh" not in str(error.value)


def test_a_password_lies_in_a_file_of_its_own(place: Place, tmp_path: Path) -> None:
    """The mapping then holds no secret; a file that others may read is refused."""
    table(place)
    put(place, 1)
    bare = place.reader.set(password=None).render_as_string()
    secret = tmp_path / "reader.secret"
    secret.write_text("x\n")
    lines = (
        f'agency = "a"\nsource = "{bare}"\npassword_file = "reader.secret"\n'
        f'relation = "people_view"\n{FIELDS}'
    )
    mapping = Mapping.parse(lines, tmp_path / "people.toml")

    secret.chmod(0o644)
    with pytest.raises(RegisterError, match=r"password_file: .*its owner only"):
        Register.open(mapping)

    secret.chmod(0o600)
    with Register.open(mapping) as register:
        assert [row.key for row in read(register)] == ["1"]
