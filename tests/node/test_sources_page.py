"""`docs/sources.md` as its reader meets it: its SQL, run, and its mapping, read."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from childgrid_node.mapping import Mapping
from childgrid_node.register import Register, rights
from childgrid_node.register.engines import DRIVERS
from childgrid_node.source_errors import RegisterError
from places import Place

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
TABLE = """CREATE TABLE person (record_id VARCHAR(20) PRIMARY KEY, given_names TEXT,
surname TEXT, father_husband_name TEXT, dob DATE, age INTEGER, mobile VARCHAR(20),
role VARCHAR(20), status VARCHAR(20), fir_date DATE, updated_at TIMESTAMP)"""
ROW = """INSERT INTO person VALUES ('K1', 'Asha', 'Raut', 'Dev Raut', '1980-05-06', 43,
'9820012345', 'ACCUSED', 'OPEN', '2023-07-01', '2024-01-01 10:00:00')"""


def part(heading: str) -> str:
    """What stands below one heading."""
    return re.split(r"^## ", PAGE.partition(f"## {heading}\n")[2], flags=re.M)[0]


def statements(heading: str) -> list[str]:
    """The SQL below one heading, statement by statement."""
    (block,) = re.findall(r"```sql\n(.*?)```", part(heading), flags=re.S)
    return [one.strip() for one in block.split(";") if one.strip()]


def mapping(place: Place, relation: str, folder: Path) -> Mapping:
    """The page's own mapping, with a test's address in the place of its own."""
    text = textwrap.dedent(part("The mapping").split(":", 1)[1])
    (block,) = re.findall(r"(agency .*?\]\s*\}\n)\nA password", text, flags=re.S)
    reader = place.owner.set(username=account(place), password="choose one")
    address = reader.render_as_string(hide_password=False)
    block = re.sub(r"source +=.*\n", f'source = "{address}"\n', block)
    block = re.sub(r"password_file.*\n", "", block)
    block = block.replace("childgrid.persons", relation)
    return Mapping.parse(block, folder / "cctns.toml")


def account(place: Place) -> str:
    """The page's account, under a name that no other test run has."""
    return f"childgrid_reader_{(place.owner.database or '')[:12]}"


def as_said(place: Place, heading: str) -> None:
    """Do what the page says as the administrator."""
    place.run(TABLE, ROW)
    for one in statements(heading):
        own = one.replace("childgrid_reader", account(place))
        place.run(own.replace(" cctns.", f" {place.owner.database}."))


def read(found: Mapping) -> list[tuple[str, str]]:
    """Keys and surnames."""
    with Register.open(found) as register:
        return [(r.key, r.values["surname"]) for b in register.rows() for r in b]


def test_the_steps_for_postgresql_give_a_proved_reader(
    postgresql: Place, tmp_path: Path
) -> None:
    """Account, view and mapping as printed; the account sees the view alone."""
    try:
        as_said(postgresql, "PostgreSQL")
        assert read(mapping(postgresql, "childgrid.persons", tmp_path)) == [
            ("K1", "Raut")
        ]
        with pytest.raises(RegisterError, match=r"cannot read .*Insufficient"):
            read(mapping(postgresql, "person", tmp_path))
    finally:
        name = account(postgresql)
        postgresql.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_the_steps_for_mariadb_give_a_proved_reader(
    maria: Place, tmp_path: Path
) -> None:
    """Account, view and mapping as printed; the account sees the view alone."""
    try:
        as_said(maria, "MySQL and MariaDB")
        assert read(mapping(maria, "childgrid_persons", tmp_path)) == [("K1", "Raut")]
        with pytest.raises(RegisterError, match="it has: childgrid_persons"):
            read(mapping(maria, "person", tmp_path))
    finally:
        maria.run(f"DROP USER '{account(maria)}'@'%'")


def test_the_page_speaks_of_every_driver_and_every_remedy() -> None:
    """Each database has a part with SQL or a source, and its extra is named."""
    for driver, extra in DRIVERS.values():
        assert driver.partition("+")[0] in PAGE.lower().replace(" ", "")
        assert f"`{extra}`" in PAGE
    for heading in ("SQL Server", "Oracle"):
        assert statements(heading)
        assert "source   = " in part(heading)
    assert "unproved_reader = true" in part("An account that can't write")


@pytest.mark.parametrize(
    ("backend", "heading"), [("mssql", "SQL Server"), ("oracle", "Oracle")]
)
def test_what_the_page_grants_is_what_is_accepted(backend: str, heading: str) -> None:
    """The rights that its SQL gives are all harmless by the node's own lists."""
    given = re.findall(r"GRANT ([A-Z ]+?)(?: ON (\S+))? TO", part(heading))
    told = [f"{right} on {where}" if where else right for right, where in given]

    assert told
    assert rights.of(backend, told) == rights.Rights(known=True)


def test_addresses_on_the_page_are_addresses() -> None:
    """Every `source` of a database names a driver that can be loaded."""
    found = re.findall(r'source +?= "(\w+\+\w+://[^"]+)"', PAGE)

    assert len(found) == 4
    for url in found:
        assert create_engine(url).dialect.name == url.partition("+")[0]
