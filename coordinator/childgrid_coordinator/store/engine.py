"""Opening the database, and transactions that are durable before they return.

SQLite runs in WAL mode with `synchronous=FULL` and wipes what is deleted; PostgreSQL
commits synchronously. One writer at a time, so that cursors are handed out in the
order in which they can be read. The database is pinned to one coordinator's log, and
PostgreSQL is locked against a second process: by the session that writes, so that
whoever lost the lock, as when the server was restarted, can't write before it has it
again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from childgrid_coordinator.store.tables import SCHEMA, VERSION, meta, metadata
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused

_BUSY_MS = 5_000
LOCK = 0x6368_6772_6964
"""What a coordinator holds in PostgreSQL as long as it runs."""


class Away(ConfigurationRefused):
    """PostgreSQL can't be reached now: the program ends with status 75."""


class Store:
    """An open database. Threads may share it; close it when done."""

    def __init__(self, engine: Engine, guard: Connection | None) -> None:
        """Use `Store.open`."""
        self._engine = engine
        self._guard = guard
        self._writing = threading.Lock()

    @classmethod
    def open(cls, url: str, owner: str) -> Store:
        """Open the database at `url`, making its tables when it is empty.

        `owner` is the log's public key, to which the database is pinned.

        Raises:
            ConfigurationRefused: in use, of another version, or another coordinator's;
                the URL, which may hold a password, isn't repeated.
            Away: unreachable.
        """
        try:
            engine = _engine(driver(url))
            guard = _alone(engine)
        except SQLAlchemyError as error:
            raise _unopened(error) from None
        store = cls(engine, guard)
        try:
            _prepare(engine, owner)
        except SQLAlchemyError as error:
            store.close()
            raise _unopened(error) from None
        except ConfigurationRefused:
            # Its lock would keep `migrate` out for as long as this process lasts.
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close every connection."""
        with self._writing:
            if self._guard is not None:
                self._guard.close()
                self._guard = None
            self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one committed state."""
        with self._engine.begin() as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the one writing transaction; all of it is durable afterwards or none.

        Raises:
            Refused: `storage`, another coordinator has taken the database meanwhile.
        """
        with self._writing, self._writer() as plain:
            db = plain.execution_options(childgrid_write=True)
            with db.begin():
                yield db

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        """A connection to write on: with PostgreSQL the one that holds the lock."""
        if self._guard is None:
            with self._engine.connect() as plain:
                yield plain
            return
        if not _holds(self._guard):
            self._guard.close()
            self._guard = _again(self._engine)
        yield self._guard


def _unopened(error: SQLAlchemyError) -> ConfigurationRefused:
    away = (
        isinstance(error, OperationalError) and "psycopg" in type(error.orig).__module__
    )
    told = f"database cannot be opened ({type(error).__name__})"
    return Away(told) if away else ConfigurationRefused(told)


def driver(url: str) -> URL:
    """A database's URL with our driver; raises `ConfigurationRefused` for others."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationRefused("database must be SQLite or PostgreSQL")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begun)
        return engine
    return create_engine(
        url,
        isolation_level="REPEATABLE READ",
        pool_pre_ping=True,
        pool_size=16,
        max_overflow=48,
        connect_args={"options": "-c synchronous_commit=on", "connect_timeout": 10},
    )


def _sqlite_connected(raw: Any, _: object) -> None:  # noqa: ANN401 - a DB-API object
    raw.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        f"busy_timeout={_BUSY_MS}",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _sqlite_begun(db: Connection) -> None:
    # Taking the write lock at once avoids an upgrade that SQLite would refuse.
    writing = db.get_execution_options().get("childgrid_write")
    db.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _alone(engine: Engine) -> Connection | None:
    """Hold PostgreSQL's session lock for as long as this process runs."""
    if engine.dialect.name == "sqlite":
        return None
    guard = _locked(engine)
    if guard is None:
        engine.dispose()
        raise ConfigurationRefused("another coordinator uses this database")
    return guard


def _locked(engine: Engine) -> Connection | None:
    """A session that has taken the lock; nothing where another has it."""
    guard = engine.connect()
    taken = guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK})
    guard.commit()
    if not taken:
        guard.close()
        return None
    return guard


def _again(engine: Engine) -> Connection:
    """Take the lock after its session was lost."""
    guard = _locked(engine)
    if guard is None:
        raise Refused(Reason.STORAGE, "another coordinator uses this database")
    return guard


def _holds(guard: Connection) -> bool:
    """Whether the session that took the lock lives; asks the server."""
    if guard.closed or guard.invalidated:
        return False
    session = guard.connection.dbapi_connection
    try:
        return session is not None and guard.dialect.do_ping(session)
    except guard.dialect.loaded_dbapi.Error:
        guard.invalidate()
        return False


def _prepare(engine: Engine, owner: str) -> None:
    """Make the tables in an empty database; insist on ours, and on this owner."""
    wanted = {"version": VERSION, "owner": owner}
    with engine.connect() as plain:
        db = plain.execution_options(childgrid_write=True)
        with db.begin():
            if not inspect(db).has_table(meta.name):
                _make(db, wanted)
            SCHEMA.insist(_stamp(db), "the coordinator's database")
            found = {row.key: row.value for row in db.execute(select(meta))}
    if found != wanted:
        raise ConfigurationRefused("database is another coordinator's or version's")


def _make(db: Connection, wanted: Mapping[str, str]) -> None:
    metadata.create_all(db)
    for sql in SCHEMA.ddl.strip().split("\n"):
        db.exec_driver_sql(sql)
    rows = [{"key": key, "value": value} for key, value in wanted.items()]
    db.execute(insert(meta), rows)


def _stamp(db: Connection) -> str:
    if not inspect(db).has_table(SCHEMA.table):
        return ""
    return str(db.scalar(text(f"SELECT version_num FROM {SCHEMA.table}")) or "")  # noqa: S608
