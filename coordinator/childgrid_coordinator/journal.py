"""The coordinator's log, one leaf per statement and never two.

Which statements have a leaf stands in the log's own file and is written in the same
transaction, so a crash at any moment leaves a statement logged once or not at all.
Callers that arrive while another is writing share the next transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from childgrid_log import begun, names
from childgrid_log.entry import Draft
from childgrid_log.errors import LogUnavailable
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.transaction import Transaction
from childgrid_wire import stamp
from childgrid_wire.identity import Identity
from childgrid_wire.statement import Statement

_SCHEMA = """
CREATE TABLE journal (
  statement TEXT PRIMARY KEY,
  idx INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

VERSION = stamp.Version("alembic_version", ("0001",))


@dataclass(frozen=True)
class _Job:
    drafts: tuple[tuple[str, Draft], ...]
    done: Future[None]


class Journal:
    """A log that takes each statement once. Threads may share it."""

    def __init__(self, log: Log) -> None:
        """Prepare `log`, which stays the caller's to close.

        Raises:
            WrongVersion: its table has another release's schema.
        """
        self.log = log
        if stamp.is_new(log.query, VERSION, "journal", "log.db"):
            log.execute_schema(VERSION.ddl + _SCHEMA)
        self._queue = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Job] = []

    def write(self, statements: Sequence[Statement], now: int) -> None:
        """Log what isn't logged yet; returns once it is durable.

        Raises `LogError` where the disk refuses; then none of them is kept.
        """
        drafts = tuple((one.hash, draft_of(one, now)) for one in statements)
        job = _Job(drafts, Future())
        with self._queue:
            self._waiting.append(job)
        with self._turn:
            if not job.done.done():
                self._write_waiting()
        job.done.result()

    def shred(self, said: Statement, entries: Sequence[int], now: int) -> None:
        """Log a `shred` and erase the openings of `entries`, all or nothing."""
        with self.log.transaction() as tx:
            told = tx.seal(draft_of(said, now))
            tx.execute("INSERT INTO journal VALUES (?, ?)", (said.hash, told))
            for index in entries:
                tx.shred(index, told)

    def holds(self, statement: str) -> bool:
        """Whether a statement (by hash) has a leaf."""
        rows = self.log.query("SELECT 1 FROM journal WHERE statement = ?", (statement,))
        return bool(rows)

    def _write_waiting(self) -> None:
        with self._queue:
            jobs, self._waiting = self._waiting, []
        try:
            with self.log.transaction() as tx:
                for job in jobs:
                    for name, draft in job.drafts:
                        _seal_once(tx, name, draft)
        except Exception as fault:
            for job in jobs:
                job.done.set_exception(fault)
            return
        except BaseException:
            for job in jobs:
                job.done.set_exception(LogUnavailable("interrupted: nothing was kept"))
            raise
        for job in jobs:
            job.done.set_result(None)


def open_log(path: Path, identity: Identity, keys: Path) -> Log:
    """Open this member's log, making it the first time.

    `keys` is the folder that remembers that there was a log.

    Raises:
        ConfigurationRefused: the log is gone, damaged or belongs to another key.
    """
    with begun.once(path, keys) as fresh:
        opener = Log.create if fresh else Log.open
        return opener(path, names.origin(identity.member), identity.log_key)


def _seal_once(tx: Transaction, name: str, draft: Draft) -> None:
    known = tx.execute("SELECT 1 FROM journal WHERE statement = ?", (name,)).fetchone()
    if known is None:
        index = tx.seal(draft)
        tx.execute("INSERT INTO journal VALUES (?, ?)", (name, index))
