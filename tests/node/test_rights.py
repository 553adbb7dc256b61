"""A node's account at its source can't write, or not a row is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from childgrid_node.mapping import Mapping
from childgrid_node.register import Register, rights
from childgrid_node.source_errors import RegisterError
from places import Place

MAPPING = """agency = "a"
source = "{source}"
relation = "people"
key = "id"
[fields]
name = "name"
"""


def opened(place: Place, folder: Path, head: str = "", source: str = "") -> int:
    """How many rows the account reads."""
    text = head + MAPPING.format(source=source or place.source)
    with Register.open(Mapping.parse(text, folder / "people.toml")) as register:
        return sum(len(part) for part in register.rows())


@pytest.fixture
def people(place: Place) -> Place:
    """A database that holds one person."""
    place.run(
        "CREATE TABLE people (id INTEGER, name TEXT)",
        "CREATE TABLE other (id INTEGER, name TEXT)",
        "INSERT INTO people VALUES (1, 'Ramesh')",
    )
    return place


def test_an_account_that_reads_is_let_in(people: Place, tmp_path: Path) -> None:
    """SELECT on the tables, and nothing else."""
    assert opened(people, tmp_path) == 1


@pytest.mark.threat("T30")
@pytest.mark.parametrize(
    ("grant", "named"),
    [
        ("INSERT ON people", "INSERT"),
        ("UPDATE ON people", "UPDATE"),
        ("DELETE ON people", "DELETE"),
        ("UPDATE (name) ON people", "UPDATE"),
        ("DELETE ON other", "DELETE"),
    ],
)
def test_an_account_that_may_write_anywhere_is_refused(
    people: Place, tmp_path: Path, grant: str, named: str
) -> None:
    """One column of one table that isn't even mapped is enough; no row is read."""
    people.run(f"GRANT {grant} TO {people.account}")

    with pytest.raises(RegisterError, match=rf"this account may write \({named}") as no:
        opened(people, tmp_path, "unproved_reader = true\n")

    assert "docs/sources.md" in str(no.value)
    assert "Ramesh" not in str(no.value)
    people.run(f"REVOKE {grant} FROM {people.account}")
    assert opened(people, tmp_path) == 1


@pytest.mark.threat("T30")
def test_an_account_that_comes_to_write_later_reads_no_more(
    people: Place, tmp_path: Path
) -> None:
    """Every whole reading asks again; the index then stays as it was."""
    text = MAPPING.format(source=people.source)
    with Register.open(Mapping.parse(text, tmp_path / "people.toml")) as register:
        people.run(f"GRANT DELETE ON other TO {people.account}")
        for reading in (register.rows, register.keys):
            with pytest.raises(RegisterError, match="this account may write"):
                list(reading())

        people.run(f"REVOKE DELETE ON other FROM {people.account}")
        assert list(register.keys()) == ["1"]


@pytest.mark.threat("T30")
def test_the_owner_is_refused(people: Place, tmp_path: Path) -> None:
    """Whoever owns the tables, or is a superuser, may write."""
    source = people.owner.render_as_string(hide_password=False)

    with pytest.raises(RegisterError, match="this account may write"):
        opened(people, tmp_path, source=source)


@pytest.mark.threat("T30")
@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (("GRANT TRUNCATE ON other TO {r}",), "TRUNCATE on public.other"),
        (("CREATE SEQUENCE s", "GRANT USAGE ON SEQUENCE s TO {r}"), "UPDATE on publ"),
        (("GRANT CREATE ON SCHEMA public TO {r}",), "CREATE in public"),
        (("ALTER ROLE {r} CREATEROLE",), "role r"),
        (("GRANT pg_write_all_data TO {r}",), "DELETE on public.other"),
        (("GRANT pg_execute_server_program TO {r}",), "role pg_execute"),
        (("GRANT DELETE ON other TO PUBLIC",), "DELETE on public.other"),
        (
            ("ALTER TABLE other OWNER TO {r}", "REVOKE ALL ON other FROM {r}"),
            "OWNER of public.other",
        ),
        (
            ("GRANT DELETE ON other TO {r}_w", "GRANT {r}_w TO {r} WITH INHERIT FALSE"),
            "DELETE on public.other",
        ),
    ],
)
def test_postgresql_tells_of_every_way_to_write(
    postgresql: Place, tmp_path: Path, statements: tuple[str, ...], named: str
) -> None:
    """By role, by PUBLIC, by a role that is only taken on when it is asked for."""
    reader = postgresql.account
    postgresql.run(
        "CREATE TABLE people (id INTEGER, name TEXT)",
        "CREATE TABLE other (id INTEGER)",
        f"CREATE ROLE {reader}_w",
        *(one.format(r=reader) for one in statements),
    )
    try:
        with pytest.raises(RegisterError, match="may write") as refusal:
            opened(postgresql, tmp_path)
    finally:
        postgresql.run(f"DROP OWNED BY {reader}_w", f"DROP ROLE {reader}_w")
    assert named in str(refusal.value)


@pytest.mark.threat("T30")
def test_mariadb_tells_of_roles_and_of_everybodys_rights(
    maria: Place, tmp_path: Path
) -> None:
    """A role's rights are not shown, so a role is refused; PUBLIC's are asked for."""
    maria.run("CREATE TABLE people (id INTEGER, name TEXT)")
    role = f"{maria.reader.username}_w"
    maria.run(f"CREATE ROLE {role}", f"GRANT {role} TO {maria.account}")
    with pytest.raises(RegisterError, match="a role, whose rights are not shown"):
        opened(maria, tmp_path)
    maria.run(f"DROP ROLE {role}")
    assert opened(maria, tmp_path) == 0

    maria.run("GRANT DELETE ON people TO PUBLIC")
    try:
        with pytest.raises(RegisterError, match=r"may write \(DELETE\)"):
            opened(maria, tmp_path)
    finally:
        maria.run("REVOKE DELETE ON people FROM PUBLIC")


@pytest.mark.parametrize(
    ("line", "writes"),
    [
        ("GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*B6'", ()),
        ("GRANT SELECT, SHOW VIEW ON `cctns`.`v` TO `r`@`%`", ()),
        ("GRANT SELECT (`a`, `INSERT ON`) ON `d`.`v` TO `r`@`%`", ()),
        ("GRANT SELECT, INSERT (`a`, `b`) ON `d`.`v` TO `r`@`%`", ("INSERT",)),
        ("GRANT EXECUTE ON PROCEDURE `d`.`p` TO `r`@`%`", ("EXECUTE",)),
        ("GRANT ALL PRIVILEGES ON `d`.* TO `r`@`%`", ("ALL PRIVILEGES",)),
        ("GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `r`", ("BACKUP_ADMIN", "CLONE_A")),
        ("GRANT PROXY ON ``@`%` TO `r`@`%` WITH GRANT OPTION", ("PROXY",)),
        ("GRANT `SELECT ON x`@`%` TO `r`@`%`", ("a role",)),
        ("SET DEFAULT ROLE `w` FOR `r`@`%`", ("a role",)),
    ],
)
def test_a_grant_of_mysql_is_read_as_it_is_written(
    line: str, writes: tuple[str, ...]
) -> None:
    """Names in quotes grant nothing; what is not known to be harmless is writing."""
    found = rights.of("mysql", rights.granted(line)).writes

    assert len(found) == len(writes)
    assert all(a.startswith(b) for a, b in zip(found, writes, strict=True))


@pytest.mark.threat("T30")
@pytest.mark.parametrize(
    ("backend", "told", "writes"),
    [
        ("mssql", ["CONNECT SQL", "VIEW ANY DATABASE", "CONNECT"], ()),
        ("mssql", ["SELECT on dbo.v", "VIEW DEFINITION on dbo.v"], ()),
        ("mssql", ["SELECT", "INSERT on dbo.t"], ("INSERT on dbo.t",)),
        ("mssql", ["CONNECT", "CONTROL SERVER"], ("CONTROL SERVER",)),
        ("mssql", ["EXECUTE on dbo.p"], ("EXECUTE on dbo.p",)),
        ("mssql", ["CREATE TABLE"], ("CREATE TABLE",)),
        ("oracle", ["CREATE SESSION", "SELECT on A.V", "READ on A.V"], ()),
        ("oracle", ["CREATE SESSION", "UPDATE on A.V"], ("UPDATE on A.V",)),
        ("oracle", ["INSERT ANY TABLE"], ("INSERT ANY TABLE",)),
        ("oracle", ["OWNER of PEOPLE"], ("OWNER of PEOPLE",)),
        ("oracle", ["EXECUTE on SYS.DBMS_SQL"], ("EXECUTE on SYS.DBMS_SQL",)),
    ],
)
def test_rights_that_are_not_known_to_be_harmless_are_rights_to_write(
    backend: str, told: list[str], writes: tuple[str, ...]
) -> None:
    """SQL Server and Oracle name their rights; ours are lists of the harmless ones."""
    assert rights.of(backend, told).writes == writes


def test_a_database_that_does_not_tell_needs_the_administrators_word(
    tmp_path: Path,
) -> None:
    """Nothing is assumed: the flag is asked for, and it says what it means."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        found = rights.ask(connection, "informix")
        failed = rights.ask(connection, "oracle")  # has no such tables
    lines = MAPPING.format(source="sqlite:///x.db")
    plain = Mapping.parse(lines, tmp_path / "p.toml")
    told = Mapping.parse("unproved_reader = true\n" + lines, tmp_path / "p.toml")

    assert found == failed == rights.Rights(known=False)
    with pytest.raises(RegisterError, match="unproved_reader = true"):
        rights.judge(plain, found)
    rights.judge(told, found)
