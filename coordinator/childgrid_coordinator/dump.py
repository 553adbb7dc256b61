"""The coordinator's PostgreSQL database in its backup, by PostgreSQL's own tools.

`pg_dump` writes the database as of one moment, beside the coordinator at work, before
the log is copied (the log is written first, so it is never the older of the two).
`pg_restore` brings it into an empty database, whole or not at all. Both must be of the
server's major version or a later one, and on the PATH.

The password is never an argument nor a variable, where other processes could see it: it
stands in a file of mode 600 as long as the tool runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from childgrid_coordinator.store.engine import driver
from childgrid_wire.errors import ConfigurationRefused

NAME = "state.dump"
"""The database's file in a backup, and in a state_dir whose database isn't back yet."""

_ALL = ("--no-owner", "--no-privileges")


def write(url: str, folder: Path) -> list[str]:
    """Dump the database into `folder`; returns the names of what was written.

    Raises:
        ConfigurationRefused: the tool is not there, or failed; its words, which may
            name a host or a user, are not repeated.
    """
    path = folder / NAME
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    _run(url, ["pg_dump", "--format=custom", *_ALL, f"--file={path}"])
    return [NAME]


def insist_empty(url: str) -> None:
    """Raise `ConfigurationRefused` unless the database is there and has no tables."""
    engine = create_engine(driver(url), poolclass=NullPool)
    try:
        tables = inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        raise ConfigurationRefused(
            "database: it can't be reached; look whether PostgreSQL runs, and whether"
            " this user may enter it"
        ) from error
    finally:
        engine.dispose()
    if tables:
        raise ConfigurationRefused(
            "database: it is not empty, and nothing is restored over what is there;"
            " name an empty one, and keep this"
        )


def bring_back(url: str, folder: Path) -> None:
    """Restore the dump that a backup has left in `folder`, and remove it.

    Raises:
        ConfigurationRefused: it failed; the database is empty as before, and the dump
            is still there.
    """
    path = folder / NAME
    _run(url, ["pg_restore", "--single-transaction", *_ALL, str(path)])
    path.unlink()


def insist_brought_back(folder: Path) -> None:
    """Raise `ConfigurationRefused` where a restored state waits for its database."""
    if (folder / NAME).exists():
        raise ConfigurationRefused(
            f"database: it is not back yet; {NAME} lies in state_dir. Into the empty"
            f" database: `pg_restore --single-transaction {' '.join(_ALL)}"
            f" --dbname=… {NAME}`, then delete {NAME}. If that says that tables exist"
            " already, it came back whole before it was cut off: only delete the file"
        )


def _run(url: str, command: Sequence[str]) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise ConfigurationRefused(
            f"database: {command[0]} is not on the PATH; install PostgreSQL's client"
            " programs of the server's version"
        )
    parsed = driver(url)
    with _secret(parsed) as variables:
        done = subprocess.run(
            [program, *command[1:], f"--dbname={_where(parsed)}", "--no-password"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    if done.returncode:
        raise ConfigurationRefused(
            f"database: {command[0]} ended with status {done.returncode}; run it by"
            " hand to see why (a tool older than the server? rights? room?)"
        )


def _where(url: URL) -> str:
    """The place as libpq names it, without the password."""
    named = {"host": url.host, "port": url.port, "user": url.username}
    more = {key: str(value) for key, value in url.query.items() if key != "password"}
    return make_conninfo("", dbname=url.database, **{**named, **more})


@contextmanager
def _secret(url: URL) -> Iterator[dict[str, str]]:
    """The variables that point to the password, if there is one."""
    password = url.password or url.query.get("password")
    if not password:
        yield {}
        return
    said = str(password).replace("\\", "\\\\").replace(":", "\\:")
    with tempfile.NamedTemporaryFile(
        "w", prefix="childgrid-", suffix=".pgpass"
    ) as file:
        file.write(f"*:*:*:*:{said}\n")
        file.flush()
        yield {"PGPASSFILE": file.name}
