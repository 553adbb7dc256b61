"""What nobody can do to a log: not its caller, nor plain SQL on its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from childgrid_log.errors import StoreError
from childgrid_log.log import Log
from childgrid_log.schema import SCHEMA
from tests.log.fresh import SPENT, drafts


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE log_leaf SET entry = x'00'",
        "DELETE FROM log_leaf",
        "DELETE FROM log_leaf WHERE idx = 4",
        "INSERT OR REPLACE INTO log_leaf VALUES (2, x'00')",
        "INSERT INTO log_leaf VALUES (9, x'00')",
        "INSERT INTO log_leaf VALUES (-1, x'00')",
        "INSERT INTO log_leaf VALUES (5, zeroblob(65536))",
        "INSERT INTO log_leaf VALUES (5, '')",
        "UPDATE log_node SET hash = zeroblob(32)",
        "DELETE FROM log_node",
        "INSERT OR REPLACE INTO log_node VALUES (0, 1, zeroblob(32))",
        "INSERT INTO log_node VALUES (0, 9, zeroblob(31))",
        "UPDATE log_opening SET envelope = x'00'",
        "DELETE FROM log_opening WHERE idx = 1",
        "INSERT OR REPLACE INTO log_opening VALUES (1, zeroblob(32), x'00')",
        "UPDATE log_signed SET note = x'00'",
        "DELETE FROM log_signed",
        "UPDATE log_cosigned SET note = x'00'",
        "DELETE FROM log_cosigned",
        "UPDATE log_shredded SET told_by = 4",
        "DELETE FROM log_shredded",
        "INSERT INTO log_shredded VALUES (3, 3)",
        "UPDATE log_meta SET value = 'x'",
        "DELETE FROM log_meta",
    ],
)
def test_the_tables_refuse_to_forget(log: Log, path: Path, sql: str) -> None:
    """Even past this package, plain SQL on the file cannot change what is kept."""
    log.append(drafts(5))
    log.keep_cosigned(log.checkpoint())
    with log.transaction() as tx:
        tx.shred(0, 4)
    dump = [log.query(f"SELECT * FROM {table}") for table in TABLES]
    with log.transaction() as tx, pytest.raises(sqlite3.IntegrityError):
        tx._db.execute(sql)
    assert [log.query(f"SELECT * FROM {table}") for table in TABLES] == dump
    assert log.verify() == 5


TABLES = [
    "log_meta",
    *(line.split()[2] for line in SCHEMA.splitlines() if "CREATE TABLE" in line),
]


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "ATTACH ':memory:' AS other",
        "PRAGMA synchronous=OFF",
        "PRAGMA writable_schema=ON",
        "INSERT INTO log_leaf VALUES (1, x'00')",
        "DELETE FROM log_opening",
        "DROP TRIGGER log_leaf_delete",
        "DROP TABLE log_cosigned",
        "ALTER TABLE log_leaf ADD COLUMN name TEXT",
        "CREATE TRIGGER t AFTER INSERT ON log_leaf BEGIN DELETE FROM spent; END",
        "CREATE TABLE log_other (a)",
    ],
)
def test_a_callers_sql_leaves_the_log_alone(log: Log, sql: str) -> None:
    """A caller can neither end the transaction nor reach the log's tables."""
    log.execute_schema(SPENT)
    schema = log.query("SELECT sql FROM sqlite_master")
    with log.transaction() as tx:
        tx.seal(drafts(1)[0])
        with pytest.raises(StoreError):
            tx.execute(sql)
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    with pytest.raises(StoreError):
        log.execute_schema(f"CREATE TABLE extra (a); {sql};")
    assert log.query("SELECT sql FROM sqlite_master") == schema
    assert log.query("SELECT count(*) FROM spent") == [(1,)]
    assert log.verify() == 1


def test_a_callers_trigger_cannot_reach_the_log_either(log: Log) -> None:
    """What a statement sets off is judged like the statement."""
    log.execute_schema(
        SPENT + "CREATE TRIGGER sly AFTER INSERT ON spent BEGIN "
        "INSERT INTO log_leaf VALUES (0, x'00'); END;"
    )
    with log.transaction() as tx, pytest.raises(StoreError):
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    assert log.size() == 0


@pytest.mark.parametrize("way", ["schema", "statement"])
def test_a_text_that_did_no_harm_is_judged_anew_after_a_trigger(
    log: Log, way: str
) -> None:
    """What passed once passes without a look, until the tables are others."""
    insert = "INSERT INTO spent VALUES (?)"
    sly = (
        "CREATE TRIGGER sly AFTER INSERT ON spent BEGIN "
        "INSERT INTO log_leaf VALUES (0, x'00'); END"
    )
    log.execute_schema(SPENT)
    with log.transaction() as tx:
        for number in range(2):
            tx.execute(insert, (f"request-{number}",))
    if way == "schema":
        log.execute_schema(sly + ";")
    with log.transaction() as tx:
        if way == "statement":
            tx.execute(sly)
        with pytest.raises(StoreError):
            tx.execute(insert, ("request-2",))
    assert log.size() == 0


def test_an_unfinished_schema_is_refused_whole(log: Log) -> None:
    """Half a schema is no schema."""
    with pytest.raises(StoreError):
        log.execute_schema("CREATE TABLE a (b); CREATE TABLE c (")
    assert log.query("SELECT name FROM sqlite_master WHERE name = 'a'") == []


def test_reading_cannot_write(log: Log) -> None:
    """The query method is for reading only."""
    log.execute_schema(SPENT)
    with pytest.raises(sqlite3.OperationalError):
        log.query("INSERT INTO spent VALUES ('x')")
    assert log.query("SELECT * FROM spent") == []
