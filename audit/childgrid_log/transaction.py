"""One transaction of the log: leaves and a caller's own rows, kept together or not.

It neither begins nor commits; `log` does. The rule: a leaf is taken only if it is
canonical, numbered with its own index and opened by what is stored beside it, and a
caller's SQL touches neither the log's tables nor the transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from childgrid_log.entry import Draft, opens, parse_entry, seal_entry
from childgrid_log.errors import EntryError, LogUnavailable, StoreError
from childgrid_log.merkle import Frontier
from childgrid_log.schema import insert_leaf, leaf_count, nodes_of

_OWN = "log_"
_READS = {
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_NEVER = {
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_PRAGMA,
}

_PLAIN = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
_MOST_PASSED = 500


class Transaction:
    """What `Log.transaction()` gives; it is of no use afterwards."""

    def __init__(
        self,
        db: sqlite3.Connection,
        passed: set[str],
        frontier: Frontier | None = None,
    ) -> None:
        """`passed` is the SQL that has passed the guard, `frontier` the last one's."""
        self._db = db
        self._passed = passed
        size = leaf_count(db)
        fits = frontier is not None and frontier.size == size
        self._frontier = (
            frontier.copy() if frontier and fits else Frontier.at(nodes_of(db), size)
        )
        self._spoilt = False
        self.ended = False
        self.shredded = False

    @property
    def frontier(self) -> Frontier:
        """The tree with what was appended so far."""
        return self._frontier

    @property
    def next_index(self) -> int:
        """The index, and sequence number, that the next leaf will have."""
        return self._frontier.size

    def append(self, entry: bytes, salt: bytes, envelope: bytes) -> int:
        """Add a sealed leaf; return its index.

        Raises EntryError unless the entry's sequence is `next_index` and salt and
        envelope open it.
        """
        if parse_entry(entry).sequence != self.next_index:
            raise EntryError(f"the next leaf has the sequence number {self.next_index}")
        if not opens(entry, salt, envelope):
            raise EntryError("salt and envelope are not those the leaf commits to")
        return self._insert(entry, salt, envelope)

    def seal(self, draft: Draft) -> int:
        """Seal a draft under the next index and add it; return the index."""
        entry, salt = seal_entry(draft, self.next_index)
        return self._insert(entry, salt, draft.envelope)

    def _insert(self, entry: bytes, salt: bytes, envelope: bytes) -> int:
        self._check_open()
        try:
            return insert_leaf(self._db, self._frontier, entry, salt, envelope)
        except sqlite3.Error:
            self._spoilt = True
            raise

    def execute(self, sql: str, params: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement on the caller's own tables.

        What a statement may touch follows from its text and the tables there are, so
        the same text is judged once; SQLite prepares everything anew after judging.
        Raises StoreError if it would write to the log's tables (`log_…`), change a
        setting or end the transaction; sqlite3's own errors otherwise.
        """
        self._check_open()
        if sql in self._passed:
            return self._db.execute(sql, params)
        with guarded(self._db):
            done = self._db.execute(sql, params)
        if sql.startswith(_PLAIN) and len(self._passed) < _MOST_PASSED:
            self._passed.add(sql)
        elif not sql.startswith(_PLAIN):
            # A new trigger may let an old text touch something else.
            self._passed.clear()
        return done

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of this transaction: an exception undoes the part alone, and passes.

        What was kept in it is durable when the whole transaction is.
        """
        self._check_open()
        frontier = self._frontier.copy()
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO part")
                self._db.execute("RELEASE part")
            self._frontier = frontier
            raise
        self._check_open()
        self._db.execute("RELEASE part")

    def shred(self, index: int, told_by: int) -> None:
        """Erase salt and envelope of leaf `index`, as the later leaf `told_by` says."""
        self._check_open()
        if not 0 <= index < told_by < self.next_index:
            raise StoreError("a leaf is shredded by a later leaf of this log")
        self._db.execute("INSERT INTO log_shredded VALUES (?, ?)", (index, told_by))
        self._db.execute("DELETE FROM log_opening WHERE idx = ?", (index,))
        self.shredded = True

    def check_whole(self) -> None:
        """Raise StoreError if a leaf was written in part."""
        if self._spoilt:
            raise StoreError("a leaf could not be written: the transaction is void")

    def _check_open(self) -> None:
        if self.ended or self._spoilt:
            raise StoreError("this transaction has ended: start another")
        if not self._db.in_transaction:
            raise LogUnavailable("the disk ended the transaction: nothing was kept")


@contextmanager
def guarded(db: sqlite3.Connection) -> Iterator[None]:
    """Let statements prepared inside see, but not write, the log's own tables."""
    db.set_authorizer(_authorize)
    try:
        yield
    except sqlite3.DatabaseError as fault:
        if getattr(fault, "sqlite_errorname", "") != "SQLITE_AUTH":
            raise
        raise StoreError(
            "SQL of a caller leaves log_ tables, settings and transactions alone"
        ) from fault
    finally:
        db.set_authorizer(None)


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _READS:
        return sqlite3.SQLITE_OK
    own = any(name is not None and name.startswith(_OWN) for name in (first, second))
    return sqlite3.SQLITE_DENY if own or action in _NEVER else sqlite3.SQLITE_OK
