"""One database to be migrated, opened so that nobody else is in it.

SQLite is opened in exclusive mode: where another process has the file open in WAL mode,
or is writing, it is refused. PostgreSQL's owner says by `alone` how its programs keep
each other out. Nothing is made here: a database that isn't there is passed over.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from childgrid_migrate.chain import Chain
from childgrid_wire.errors import ConfigurationRefused

_BUSY_SECONDS = 2.0


def _nobody(_: Connection) -> None:
    """Keep nobody out."""


def _nothing(_: sqlite3.Connection) -> object:
    return None


@dataclass(frozen=True)
class Base:
    """A database: what people call it, its chains, and where it is.

    `path` is a SQLite file; `url` a PostgreSQL database, where there is no file.
    `alone` raises where another process works in that; `sound` gives what must be the
    same before and after, and raises where a file is not as it should be.
    """

    name: str
    chains: tuple[Chain, ...]
    path: Path | None = None
    url: URL | None = None
    alone: Callable[[Connection], None] = _nobody
    sound: Callable[[sqlite3.Connection], object] = _nothing

    @property
    def there(self) -> bool:
        """Whether there is anything to be migrated."""
        return self.path is None or self.path.is_file()

    @contextmanager
    def opened(self, writing: bool) -> Iterator[Connection]:
        """Give the one connection; the caller begins and ends transactions.

        Raises:
            ConfigurationRefused: it can't be opened, or another process is in it.
        """
        engine = self._engine(writing)
        try:
            with engine.connect() as db:
                yield db
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise ConfigurationRefused(
                f"{self.name} can't be migrated ({_kind(error)}): stop the program that"
                " uses it, and look after the disk; it is as it was"
            ) from error
        finally:
            engine.dispose()

    def _engine(self, writing: bool) -> Engine:
        if self.path is None:
            return create_engine(self.url or "", poolclass=NullPool)
        path = self.path
        engine = create_engine(
            "sqlite://", creator=lambda: _connect(path, writing), poolclass=NullPool
        )
        begin = "BEGIN EXCLUSIVE" if writing else "BEGIN"

        def begun(db: Connection) -> None:
            db.exec_driver_sql(begin)

        event.listen(engine, "begin", begun)
        return engine

    def copy(self, db: Connection, goal: str) -> Path | None:
        """Copy a SQLite file as it is; returns where. A leading dot keeps it out of
        backups."""
        if self.path is None:
            return None
        self.tidy()
        out = self.path.with_name(f"{self._copied}{goal}")
        os.close(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with closing(sqlite3.connect(out)) as copied:
                raw(db).backup(copied)
        except BaseException:
            out.unlink()
            raise
        return out

    @property
    def _copied(self) -> str:
        return f".{self.path.name}.before-" if self.path else ""

    def tidy(self) -> None:
        """Remove copies that earlier runs left, killed ones too.

        They hold what the file may have lost on purpose since.
        """
        for one in self.path.parent.iterdir() if self.path else ():
            if one.name.startswith(self._copied):
                one.unlink()


def raw(db: Connection) -> sqlite3.Connection:
    """The driver's own connection to a SQLite file."""
    found = db.connection.driver_connection
    if not isinstance(found, sqlite3.Connection):
        raise TypeError("not a SQLite database")
    return found


def _connect(path: Path, writing: bool) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
    )
    # A deleted row leaves nothing in the file. Foreign keys are checked at the end: a
    # table that is built anew would drag along the rows that refer to it.
    own = ("locking_mode=EXCLUSIVE", "secure_delete=ON", "synchronous=FULL")
    try:
        for pragma in own if writing else ("query_only=ON",):
            db.execute(f"PRAGMA {pragma}")
    except BaseException:
        # What is raised keeps the connection alive, and that would keep its lock.
        db.close()
        raise
    return db


def _kind(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", "")) or type(error).__name__
