"""How each kind of database is reached, and kept from being written to.

A driver is an extra of this distribution; one that is missing is named with the extra
that brings it. Every session is read-only as far as its database can hold it so:
PostgreSQL, MySQL, MariaDB and Oracle by read-only transactions at one snapshot, SQLite
by opening the file so, SQL Server by an account that may not write and, where the
database allows it, a snapshot that no writer waits for. What the account itself may do
is for `rights` to ask. No message holds a password or a driver's own words.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused

from ..mapping import Mapping
from ..source_errors import RegisterError

DRIVERS = {
    "postgresql": ("postgresql+psycopg", ""),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "mysql"),
    "mssql": ("mssql+pymssql", "mssql"),
    "oracle": ("oracle+oracledb", "oracle"),
}
"""Backend → the driver that is tested, and the extra that brings it."""

_SNAPSHOT = {"isolation_level": "REPEATABLE READ"}
_OPTIONS = {
    "postgresql": _SNAPSHOT | {"postgresql_readonly": True},
    "mysql": _SNAPSHOT,
    "mariadb": _SNAPSHOT,
}
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "oracle": {"arraysize": 1_000},
    "mssql": {"connect_args": {"use_datetime2": True}},
}
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
"""Seconds of PostgreSQL's client, which by itself waits two minutes for a host that is
away, and two hours where the network was cut in the midst of a reading."""
_MYSQL_SESSION = (
    "SET SESSION TRANSACTION READ ONLY",
    # A reader that encodes what it reads is slower than the server sends.
    "SET SESSION net_write_timeout = 3600",
)
SNAPSHOT_ALLOWED = (
    "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"
)
_ON = 1  # and not on its way on or off
ORACLE_READ_ONLY = "SET TRANSACTION READ ONLY"


def address(mapping: Mapping, base: Path) -> URL:
    """The source's URL, with the password of `password_file` if that is set."""
    try:
        url = make_url(mapping.source)
    except (ArgumentError, ValueError):
        raise RegisterError(
            f"{mapping.path}: source is no database URL; write "
            "dialect+driver://account@host/database"
        ) from None
    if mapping.password_file is None:
        return url
    try:
        secret = keyfile.read_passphrase(base / mapping.password_file).decode()
    except (ConfigurationRefused, UnicodeDecodeError) as error:
        told = error.detail if isinstance(error, ConfigurationRefused) else "no UTF-8"
        raise RegisterError(f"{mapping.path}: password_file: {told}") from None
    return url.set(password=secret)


def shown(url: URL) -> str:
    """The URL as messages may show it: no password, nothing after the database."""
    return url.set(query={}).render_as_string(hide_password=True)


def connectable(mapping: Mapping, url: URL, base: Path) -> Engine:
    """An engine whose sessions only read; raises `RegisterError` without a driver."""
    name = url.get_backend_name()
    if name == "sqlite":
        path = base / (url.database or "")
        return create_engine(
            "sqlite://", creator=lambda: _sqlite(path), poolclass=NullPool
        )
    if name == "postgresql":
        url = url.set(query={**_PATIENCE, **url.query})
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            execution_options=_OPTIONS.get(name, {}),
            **_ARGUMENTS.get(name, {}),
        )
    except (SQLAlchemyError, ImportError) as error:
        raise RegisterError(_undriven(mapping, url, error)) from None
    hold(name, engine)
    return engine


def _undriven(mapping: Mapping, url: URL, error: Exception) -> str:
    driver, extra = DRIVERS.get(url.get_backend_name(), ("", ""))
    if not driver:
        fault, remedy = type(error).__name__, f"use one of {', '.join(DRIVERS)}"
    elif url.drivername != driver:
        fault, remedy = type(error).__name__, f"write {driver}://"
    else:
        fault = "not installed"
        remedy = f"it comes with the extra `{extra}`: pip install 'childgrid[{extra}]'"
    return f"{mapping.path}: no driver for {url.drivername} ({fault}); {remedy}"


def hold(name: str, engine: Engine) -> None:
    """Make every session of the engine a read-only one, where SQL can say so.

    One of PostgreSQL also gives times that Python does not hold (`odd_times`).
    """
    if engine.dialect.driver == "psycopg":
        from .odd_times import as_written

        event.listen(engine, "connect", as_written)
    if name in ("mysql", "mariadb"):
        event.listen(engine, "connect", mysql_session)
    elif name == "oracle":
        event.listen(engine, "begin", _oracle_transaction)


def mysql_session(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
    """Let a new session of MySQL or MariaDB read only."""
    cursor = connection.cursor()
    for statement in _MYSQL_SESSION:
        cursor.execute(statement)
    cursor.close()


def _oracle_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(ORACLE_READ_ONLY)


def at_snapshot(engine: Engine, connection: Connection) -> Engine:
    """SQL Server: read one snapshot, where the database was told to keep them."""
    if connection.exec_driver_sql(SNAPSHOT_ALLOWED).scalar() != _ON:
        return engine
    return engine.execution_options(isolation_level="SNAPSHOT")


def _sqlite(path: Path) -> sqlite3.Connection:
    location = f"file:{quote(str(path.resolve()))}?mode=ro"
    return sqlite3.connect(location, uri=True, check_same_thread=False)
