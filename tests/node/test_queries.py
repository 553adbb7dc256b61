"""Every statement that a source is sent, as each database reads it: only SELECTs."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import CHAR, BigInteger, Date, Integer, LargeBinary, Text, Uuid

from childgrid_node.mapping import Mapping
from childgrid_node.register import engines
from childgrid_node.register.kinds import BINARY, NO_KEY, ZONED
from childgrid_node.register.looking import catalogue
from childgrid_node.register.marks import Mark
from childgrid_node.register.queries import Queries, unfit
from childgrid_node.source_errors import RegisterError

MAPPING = """
agency = "a"
source = "x"
relation = "crime.people"
key = "id"
updated = "changed"
[fields]
name = "person name"
[where]
status = { not_in = ["CLOSED"] }
"""
DIALECTS: dict[str, Dialect] = {
    "postgresql": postgresql.dialect(),
    "mysql": mysql.dialect(),
    "mssql": mssql.dialect(),
    "oracle": oracle.dialect(),
    "sqlite": sqlite.dialect(),
}
MARK = Mark("time", "2026-03-01T12:00:00")


def queries(key: Any = None) -> Queries:
    """The statements of the mapping above."""
    return Queries(Mapping.parse(MAPPING, Path("p.toml")), key)


def sql(query: Any, dialect: str) -> tuple[str, dict[str, object]]:
    """A statement on one line, and what it is sent with."""
    made = query.compile(dialect=DIALECTS[dialect])
    return " ".join(str(made).split()), dict(made.params)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_reads_one_relation_and_its_mapped_columns(
    dialect: str,
) -> None:
    """No statement writes, and values travel beside it, never inside."""
    asked = queries(Text())
    found = [
        sql(query, dialect)
        for query in (
            asked.whole(),
            asked.greatest("changed"),
            asked.since("changed", MARK, 3_600),
            asked.keys(),
            asked.one("x'; DROP TABLE people; --"),
        )
    ]

    for text, _ in found:
        assert text.startswith("SELECT ")
        assert text.count("FROM crime.people") == 1
        assert ";" not in text
        assert "'" not in text
    assert found[4][1] == {"id_1": "x'; DROP TABLE people; --"}


@pytest.mark.parametrize(
    ("dialect", "name", "parameter"),
    [
        ("mssql", "[person name]", "CAST(:changed_1 AS DATETIME2)"),
        ("oracle", '"person name"', ":changed_1"),
        ("mysql", "`person name`", "%s"),
    ],
)
def test_what_was_written_since_a_mark_is_asked_for_in_each_dialect(
    dialect: str, name: str, parameter: str
) -> None:
    """With the look-back, those without a time, in the order of time and key."""
    text, values = sql(queries().since("changed", MARK, 3_600), dialect)

    assert text.replace(parameter, "?").replace(":changed_1", "?") == (
        f"SELECT id, changed, {name}, status FROM crime.people "
        "WHERE changed >= ? OR changed IS NULL ORDER BY changed, id"
    )
    (moment,) = values.values()
    assert str(moment) == "2026-03-01 11:00:00"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_keys_alone_are_read_to_find_what_is_gone(dialect: str) -> None:
    """The key and what filters look at; no name leaves the database for this."""
    text, values = sql(queries().keys(), dialect)

    assert text == "SELECT id, status FROM crime.people"
    assert values == {}


@pytest.mark.parametrize(
    ("key", "kind", "where", "value"),
    [
        ("17", Integer(), "id = ", 17),
        ("17", BigInteger(), "id = ", 17),
        ("A1", Text(), "id = ", "A1"),
        ("A1", CHAR(6), "id = ", "A1"),
        ("A1", Integer(), "CAST(id AS VARCHAR", "A1"),
        ("no uuid", Uuid(), "CAST(id AS VARCHAR", "no uuid"),
    ],
)
@pytest.mark.parametrize("dialect", ["postgresql", "mssql", "oracle"])
def test_a_key_is_sought_by_its_columns_own_type(
    dialect: str, key: str, kind: Any, where: str, value: object
) -> None:
    """So that the column's index serves; what can't be of that type is text."""
    text, values = sql(queries(kind).one(key), dialect)

    assert where in text.partition("WHERE")[2]
    assert list(values.values()) == [value]


@pytest.mark.parametrize(
    ("kind", "is_key", "why"),
    [
        (LargeBinary(), False, BINARY),
        (mysql.VARBINARY(16), False, BINARY),
        (mysql.BIT(1), False, BINARY),
        (mssql.ROWVERSION(), False, BINARY),
        (oracle.RAW(16), True, BINARY),
        (postgresql.BYTEA(), False, BINARY),
        (oracle.TIMESTAMP(timezone=True), False, ZONED),
        (oracle.TIMESTAMP(local_timezone=True), False, ZONED),
        (oracle.TIMESTAMP(), False, ""),
        (postgresql.TIMESTAMP(timezone=True), False, ""),
        (Date(), False, ""),
        (Date(), True, NO_KEY),
        (postgresql.ARRAY(Text()), False, ""),
        (postgresql.ARRAY(Text()), True, NO_KEY),
        (mssql.UNIQUEIDENTIFIER(), True, ""),
        (oracle.NUMBER(10, 0), True, ""),
        (mysql.ENUM("a"), True, ""),
    ],
)
def test_columns_that_no_reader_can_use_are_known_by_their_type(
    kind: Any, is_key: bool, why: str
) -> None:
    """Bytes, zones that a driver drops, keys that would not find their row again."""
    assert unfit(kind, is_key=is_key) == why


def test_mysql_is_asked_for_columns_where_any_reader_may_see_them() -> None:
    """A view's definition needs one right more than reading it."""
    text, values = sql(catalogue("", "v"), "mysql")
    named, _ = sql(catalogue("crime", "v"), "mysql")

    assert "FROM information_schema.columns WHERE table_schema = database()" in text
    assert values == {"table_name_1": "v"}
    assert "table_schema = %s" in named


@pytest.mark.parametrize(
    ("source", "driver", "extra"),
    [
        ("mysql+pymysql://r@h/d", "pymysql", "mysql"),
        ("mariadb+pymysql://r@h/d", "pymysql", "mysql"),
        ("mssql+pymssql://r@h/d", "pymssql", "mssql"),
        ("oracle+oracledb://r@h/?service_name=d", "oracledb", "oracle"),
    ],
)
def test_a_missing_driver_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: str,
    driver: str,
    extra: str,
) -> None:
    """As on a machine where the distribution was installed without the extra."""
    monkeypatch.setitem(__import__("sys").modules, driver, None)
    mapping = Mapping.parse(MAPPING.replace('"x"', f'"{source}"'), tmp_path / "p.toml")

    with pytest.raises(RegisterError, match=rf"pip install 'childgrid\[{extra}\]'"):
        engines.connectable(mapping, engines.address(mapping, tmp_path), tmp_path)


class Driver:
    """A database driver's connection that remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def cursor(self) -> Driver:
        return self

    def execute(self, statement: str, *_: object) -> None:
        self.sent.append(statement)

    def close(self) -> None:
        pass


def test_a_postgresql_that_is_away_is_not_waited_for_by_the_hour(
    tmp_path: Path,
) -> None:
    """A start ends within its time, and a reading that a cut network holds ends too."""
    head = 'agency = "a"\nkey = "id"\nrelation = "people"\n'
    for query, seconds in (("", "10"), ("?connect_timeout=3", "3")):
        text = f'{head}source = "postgresql+psycopg://r@h/d{query}"\n'
        mapping = Mapping.parse(text + '[fields]\nname = "name"\n', tmp_path / "m.toml")
        url = engines.address(mapping, tmp_path)
        engine = engines.connectable(mapping, url, tmp_path)
        assert engine.url.query["connect_timeout"] == seconds
        assert int(engine.url.query["keepalives_idle"]) <= 60


@pytest.mark.threat("T30")
def test_every_session_of_mysql_begins_by_giving_up_writing() -> None:
    """Before anything else is sent, on each connection that is made."""
    driver = Driver()
    engines.mysql_session(driver, None)
    assert driver.sent[0] == "SET SESSION TRANSACTION READ ONLY"


@pytest.mark.threat("T30")
def test_every_transaction_of_oracle_begins_read_only() -> None:
    """The first statement that a connection sends, before what was asked for."""
    engine, sent = create_engine("sqlite://"), list[str]()
    event.listen(engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    engines.hold("oracle", engine)

    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")  # SQLite knows no such statement

    assert sent == ["SET TRANSACTION READ ONLY"]


@pytest.mark.parametrize(("state", "level"), [(1, "SNAPSHOT"), (0, None), (3, None)])
def test_sql_server_reads_a_snapshot_where_its_database_keeps_them(
    tmp_path: Path, state: int, level: str | None
) -> None:
    """Only where it is on: on its way on or off it can't be used."""
    catalogue = sqlite3.connect(tmp_path / "sys.db")
    catalogue.execute("CREATE TABLE databases (name, snapshot_isolation_state)")
    catalogue.execute("INSERT INTO databases VALUES ('other', 1), ('own', ?)", (state,))
    catalogue.commit()
    catalogue.close()
    engine = create_engine("sqlite://")

    def dressed(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("DB_NAME", 0, lambda: "own")
        connection.execute(f"ATTACH '{tmp_path / 'sys.db'}' AS sys")

    event.listen(engine, "connect", dressed)

    with engine.connect() as connection:
        found = engines.at_snapshot(engine, connection)

    assert found.get_execution_options().get("isolation_level") == level
