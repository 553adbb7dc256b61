"""A durable SQLite file with one writer, one reader and a watch on the file itself.

It serves the log and the witness; it knows the tables of neither.
The rules: opening never makes a file and making never overwrites one; a transaction
is acknowledged only after fsync and while the file still stands at its path; after a
failed write to the disk nothing more is written until the file is opened anew.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from childgrid_log.errors import (
    LogAbsent,
    LogExists,
    LogLost,
    LogUnavailable,
    StoreError,
)

BUSY_SECONDS = 5.0

_DISK = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_NOTADB",
    "SQLITE_READONLY",
)

_CLOSED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")
"""Of these nothing is said about what the file holds."""

_META = """
CREATE TABLE log_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TRIGGER log_meta_update BEFORE UPDATE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END;
CREATE TRIGGER log_meta_delete BEFORE DELETE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END;
"""


def create_database(path: Path, schema: str, meta: Mapping[str, str]) -> None:
    """Make the file at `path`, mode 600, with `schema` and `meta`, whole or not at all.

    Raises LogExists if the file, or a WAL that an earlier file left, is there.
    """
    leftovers = [path, *_companions(path)]
    if any(os.path.lexists(name) for name in leftovers):
        raise LogExists(f"{path} or its -wal file exists: open it, or move both away")
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    os.close(descriptor)
    draft = Path(name).absolute()
    with closing(_connect(draft)) as db:
        db.executescript(f"BEGIN; {_META} {schema} COMMIT;")
        db.executemany("INSERT INTO log_meta VALUES (?, ?)", meta.items())
    _publish(draft, path)


class Database:
    """An open file. Share one object between threads; close it when done.

    Raises LogAbsent if there is none, StoreError unless it was made with `meta`. Its
    own marks may be added to that later: those of `marks`, and no others.
    """

    def __init__(
        self,
        path: Path,
        meta: Mapping[str, str],
        marks: Mapping[str, str] | None = None,
    ) -> None:
        if not path.is_file():
            raise LogAbsent(f"{path} does not exist: create it, or restore it first")
        self.path = path.absolute()
        self._writing = threading.RLock()
        self._reading = threading.Lock()
        self._failed = False
        # Watched before it is opened, so that no file slips in between unseen.
        self._watches = [_Watch(self.path)]
        try:
            self._writer, self._reader = _connect(self.path), _connect(self.path)
        except sqlite3.Error as fault:
            self._watches.pop().close()
            raise _unopened(self.path, fault) from fault
        try:
            self._prepare(meta, marks or {})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, then the watches. A second call does nothing."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()
            while self._watches:
                self._watches.pop().close()

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a read on committed data; it cannot write."""
        with self._reading:
            return self._reader.execute(sql, params).fetchall()

    @property
    def exclusive(self) -> threading.RLock:
        """The lock that every transaction takes; hold it to queue for one."""
        return self._writing

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the writer inside a transaction: all is kept, durably, or nothing.

        Raises LogLost if the file is gone, before anything is written or before the
        commit is acknowledged, and LogUnavailable if the disk or a lock refuses.
        """
        with self._writing:
            self._begin()
            try:
                yield self._writer
            except sqlite3.DatabaseError as fault:
                self._undo()
                if _is_disk(fault):
                    raise self._refusal(fault) from fault
                raise
            except BaseException:
                self._undo()
                raise
            self._commit()
            self.watch()

    def watch(self) -> None:
        """Raise LogLost unless the open file is the one at its path."""
        if not self._watches:
            raise StoreError(f"{self.path} is closed: open it again")
        for watch in self._watches:
            watch.check()

    def check(self) -> None:
        """Raise what the next write would: LogLost, or LogUnavailable after a failure.

        It writes nothing, so a full disk is not seen from here.
        """
        self.watch()
        if self._failed:
            raise LogUnavailable(f"a write to {self.path} failed: open the log again")

    def truncate_wal(self) -> None:
        """Move every page into the file and empty the WAL: no old page stays."""
        with self._writing:
            row = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if row[0]:
            raise LogUnavailable("a reader holds old pages of the log: try again")

    def compact(self) -> None:
        """Give pages that are free back to the disk; needs as much room meanwhile.

        What SQLite puts aside for it lies in the file's own folder, unnamed. Raises
        LogUnavailable if the disk or a reader refuses; the file is then as it was.
        """
        folder = str(self.path.parent).replace("'", "''")
        with self._writing:
            self.check()
            try:
                self._writer.execute(f"PRAGMA temp_store_directory = '{folder}'")
                self._writer.execute("VACUUM")
            except sqlite3.Error as fault:
                raise self._refusal(fault) from fault
        self.truncate_wal()

    def _prepare(self, meta: Mapping[str, str], marks: Mapping[str, str]) -> None:
        try:
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._reader.execute("PRAGMA query_only=ON")
            found = dict(self.query("SELECT key, value FROM log_meta"))
        except sqlite3.DatabaseError as fault:
            if _error_name(fault).startswith(_CLOSED):
                raise _unopened(self.path, fault) from fault
            raise StoreError(f"{self.path} is not a log: {fault}") from fault
        if not meta.items() <= found.items() <= {**marks, **meta}.items():
            raise StoreError(f"{self.path} belongs to another name or signing key")
        self._watches.append(_Watch(_companions(self.path)[0]))

    def _begin(self) -> None:
        self.check()
        if self._writer.in_transaction:
            raise StoreError("a transaction is open in this thread: use that one")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as fault:
            raise self._refusal(fault) from fault

    def _commit(self) -> None:
        if not self._writer.in_transaction:
            raise LogUnavailable("the disk ended the transaction: nothing was kept")
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as fault:
            self._undo()
            raise self._refusal(fault) from fault

    def _undo(self) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._failed = True

    def _refusal(self, fault: sqlite3.Error) -> LogUnavailable:
        # After a failed fsync the kernel may drop the pages and report success next
        # time, so only a fresh look at the file can be trusted.
        name = _error_name(fault)
        self._failed = self._failed or name.startswith("SQLITE_IOERR")
        return LogUnavailable(f"{self.path}: {name}, so nothing was kept")


class _Watch:
    """Remembers which file was opened; a path alone could come to mean another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Closing an ordinary descriptor would drop SQLite's own locks on the file.
        self._fd = os.open(path, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)

    def check(self) -> None:
        held = os.fstat(self._fd)
        try:
            named = self._path.stat()
        except OSError:
            named = None
        if named is None or held.st_nlink == 0 or not os.path.samestat(held, named):
            raise LogLost(
                f"{self._path} was deleted or replaced while in use: stop, keep this "
                "machine as it is, and restore the log from a witness's size"
            )

    def close(self) -> None:
        os.close(self._fd)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    # Without recursive triggers, REPLACE deletes rows and no DELETE trigger fires.
    for pragma in ("foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _unopened(path: Path, fault: sqlite3.Error) -> StoreError:
    return StoreError(
        f"{path} can't be opened ({_error_name(fault)}): let this account, and no"
        " other, own it, its -wal and -shm files and its folder; a command that ran"
        " as root leaves root's files"
    )


def _error_name(fault: sqlite3.Error) -> str:
    return str(getattr(fault, "sqlite_errorname", ""))


def _is_disk(fault: sqlite3.Error) -> bool:
    return _error_name(fault).startswith(_DISK)


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _publish(draft: Path, path: Path) -> None:
    """Give the finished file its name, and make the name durable."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise LogExists(f"{path} exists: open it") from None
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
