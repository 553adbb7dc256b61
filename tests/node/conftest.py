"""Databases with an owner, who writes, and a reader, as a node is given one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, make_url

import mariadb
from places import Place


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Place]:
    """A PostgreSQL database with its reader."""
    owner, name = make_url(postgres_url), f"r{secrets.token_hex(8)}"
    place = Place(owner, owner.set(username=name, password="x"))
    place.run(
        f"CREATE ROLE {name} LOGIN PASSWORD 'x'",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {name}",
    )
    yield place
    place.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")
    place.close()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[URL]:
    """The URL of a running MariaDB's root."""
    if url := mariadb.named():
        yield url
        return
    program = mariadb.server()
    if program is None:
        pytest.skip("no mariadbd here; as root, `make machine` installs one")
    with mariadb.running(program) as url:
        yield url


@pytest.fixture
def maria(mariadb_server: URL) -> Iterator[Place]:
    """A MariaDB database with its reader."""
    name = f"t{secrets.token_hex(6)}"
    owner = mariadb_server.set(database=name)
    root = create_engine(mariadb_server, isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        for line in (
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
            f"CREATE USER '{name}'@'localhost' IDENTIFIED BY 'x'",
            f"GRANT SELECT ON {name}.* TO '{name}'@'localhost'",
        ):
            connection.exec_driver_sql(line)
        place = Place(owner, owner.set(username=name, password="x"))
        yield place
        place.close()
        connection.exec_driver_sql(f"DROP DATABASE {name}")
        connection.exec_driver_sql(f"DROP USER '{name}'@'localhost'")
    root.dispose()


@pytest.fixture(params=["postgresql", "maria"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each database that runs here, in turn."""
    found: Place = request.getfixturevalue(request.param)
    return found
