"""What this node has said and heard: statements, and rows that hang on them.

Every statement is one leaf of the node's own log, written in the transaction that
also writes what follows from it, so that after a crash both are there or neither is.
A statement that is known already is not written twice.
Several such transactions of one thread can share one sync of the disk: `batch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from childgrid_log.errors import LogBehind
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.transaction import Transaction
from childgrid_node.vault import Vault
from childgrid_wire import stamp, statement
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

TABLES = """
CREATE TABLE IF NOT EXISTS said (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, issuer TEXT NOT NULL,
    officer TEXT NOT NULL, answers TEXT NOT NULL, leaf INTEGER NOT NULL,
    heard INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS said_answers ON said (answers, kind);
CREATE INDEX IF NOT EXISTS said_kind ON said (kind, heard);
CREATE TABLE IF NOT EXISTS attested (
    commitment TEXT NOT NULL, asker TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (commitment, asker)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attested_hash ON attested (hash);
CREATE TABLE IF NOT EXISTS draft (
    payload_hash TEXT PRIMARY KEY, officer TEXT NOT NULL, made INTEGER NOT NULL,
    payload BLOB NOT NULL, secret BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS content (
    hash TEXT NOT NULL, member TEXT NOT NULL, ciphertext BLOB NOT NULL,
    PRIMARY KEY (hash, member)) STRICT;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS handle (
    query TEXT NOT NULL, handle TEXT NOT NULL, place INTEGER NOT NULL,
    shown INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (query, handle)) STRICT;
CREATE TABLE IF NOT EXISTS spent (
    request TEXT PRIMARY KEY, disclosure TEXT NOT NULL, ciphertext BLOB NOT NULL,
    state TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS spent_released ON spent (request) WHERE state = 'released';
CREATE TABLE IF NOT EXISTS used (
    day INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL,
    queries INTEGER NOT NULL, PRIMARY KEY (day, scope, subject)) STRICT;
CREATE TABLE IF NOT EXISTS asked (
    query TEXT PRIMARY KEY, person TEXT NOT NULL, heard INTEGER NOT NULL,
    sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sitting (
    token TEXT PRIMARY KEY, opened TEXT NOT NULL, until INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cleared (
    disclosure TEXT PRIMARY KEY, source TEXT NOT NULL, out INTEGER NOT NULL,
    sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS erased (hash TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL, envelope BLOB NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (place) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS cursor (
    name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""

VERSION = stamp.Version("alembic_version", ("0001", "0002"))
"""The schemas in `migrations`: whoever changes `TABLES` adds one there."""

_CURRENT = "(leaf >= 0 OR kind NOT IN ('query', 'request'))"
"""What still moves: leaves below 0 are those of logs that the founders closed."""

_LONGEST_LIFE = 8 * 86_400
"""Seconds; the floor's limit for a query is a week, and clocks may differ."""


class Writing:
    """One transaction of the journal."""

    def __init__(self, tx: Transaction, now: int) -> None:
        """Made by `Journal.writing`."""
        self.tx = tx
        self._now = now

    def say(self, said: Statement) -> bool:
        """Log a statement; returns whether it was new.

        What was shredded was known once and is not logged again.
        """
        if self.rows("SELECT 1 FROM said WHERE hash = ?", (said.hash,)):
            return False
        if self.rows("SELECT 1 FROM erased WHERE hash = ?", (said.hash,)):
            return False
        leaf = self.tx.seal(draft_of(said, self._now))
        self.tx.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                said.hash,
                said.kind.value,
                said.issuer,
                said.officer,
                said.answers,
                leaf,
                self._now,
                said.data,
            ),
        )
        return True

    def send(self, said: Statement) -> None:
        """Note that the coordinator must get this statement or document."""
        self.run(
            "INSERT OR IGNORE INTO outbox (hash, kind, envelope, state)"
            " VALUES (?, ?, ?, 'waiting')",
            (said.hash, said.kind.value, said.data),
        )

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run one statement on the node's own tables."""
        self.tx.execute(sql, params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read within the transaction."""
        return list(self.tx.execute(sql, params))


class Journal:
    """The node's memory; see the module."""

    def __init__(self, log: Log, vault: Vault, clock: Callable[[], float]) -> None:
        """Make the node's tables in a log's file that has none yet.

        Raises:
            WrongVersion: they are there, and of another release's schema.
        """
        if stamp.is_new(log.query, VERSION, "said", "log.db"):
            log.execute_schema(VERSION.ddl + TABLES)
        self.log = log
        self.vault = vault
        self._clock = clock
        self._thread = threading.local()

    @property
    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A transaction: all of it is durable when the block ends, or nothing.

        Within `batch` it is a part of the batch, kept or undone on its own.
        """
        shared: Writing | None = getattr(self._thread, "batch", None)
        if shared is not None:
            with shared.tx.part():
                yield shared
            return
        self.insist_free()
        with self.log.transaction() as tx:
            yield Writing(tx, self.now)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction for every `writing` of this thread inside the block.

        Nothing of it is durable, nor seen by other threads, before the block ends; so
        nothing may be acknowledged inside. This thread reads what it wrote.
        """
        self.insist_free()
        with self.log.transaction() as tx:
            self._thread.batch = Writing(tx, self.now)
            try:
                yield
            finally:
                self._thread.batch = None

    def insist_free(self) -> None:
        """A log that came back from a backup refuses by name; see `restored`.

        Raises:
            Refused: `log-behind` for good, or `storage`.
        """
        if self.log.held is not None:
            behind = issubclass(self.log.held, LogBehind)
            raise Refused(Reason.LOG_BEHIND if behind else Reason.STORAGE, "log")

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read committed rows; within `batch` also those of the batch."""
        shared: Writing | None = getattr(self._thread, "batch", None)
        return shared.rows(sql, params) if shared else self.log.query(sql, params)

    def find(self, name: str) -> Statement | None:
        """A statement by its hash; it was verified when it came in."""
        rows = self.rows("SELECT envelope FROM said WHERE hash = ?", (name,))
        return _parsed(rows[0][0]) if rows else None

    def get(self, name: str, kind: Kind) -> Statement:
        """A statement of a kind; raises `Refused` (`unknown`) where there is none."""
        found = self.find(name)
        if found is None or found.kind is not kind:
            raise Refused(Reason.UNKNOWN, kind.value)
        return found

    def answers(self, name: str, kind: Kind) -> list[Statement]:
        """Statements of a kind that answer `name`, in the order of arrival."""
        rows = self.rows(
            "SELECT envelope FROM said WHERE answers = ? AND kind = ? ORDER BY leaf",
            (name, kind.value),
        )
        return [_parsed(row[0]) for row in rows]

    def since(self, name: str, kind: Kind, moment: int) -> list[Statement]:
        """As `answers`, of those heard at `moment` (Unix seconds) or later."""
        rows = self.rows(
            "SELECT envelope FROM said WHERE answers = ? AND kind = ? AND heard >= ?"
            " ORDER BY leaf",
            (name, kind.value, moment),
        )
        return [_parsed(row[0]) for row in rows]

    def answered_by(self, name: str, kind: Kind) -> set[str]:
        """The members who have answered `name` with a statement of a kind."""
        sql = "SELECT DISTINCT issuer FROM said WHERE answers = ? AND kind = ?"
        return {str(issuer) for (issuer,) in self.rows(sql, (name, kind.value))}

    def is_past(self, name: str) -> bool:
        """Whether a statement was logged in a log that the founders have closed."""
        return bool(
            self.rows("SELECT 1 FROM said WHERE hash = ? AND leaf < 0", (name,))
        )

    def all(self, kind: Kind) -> list[Statement]:
        """Every statement of a kind, in the order of arrival."""
        rows = self.rows(
            "SELECT envelope FROM said WHERE kind = ? ORDER BY leaf", (kind.value,)
        )
        return [_parsed(row[0]) for row in rows]

    def beside(self, prefix: str, kind: Kind) -> list[Statement]:
        """As `all`, of those beside which a secret `prefix` + hash is kept."""
        rows = self.rows(
            "SELECT said.envelope FROM secret JOIN said ON said.hash = substr(name, ?)"
            " WHERE name >= ? AND name < ? AND said.kind = ? ORDER BY leaf",
            (len(prefix) + 1, prefix, f"{prefix}~", kind.value),
        )
        return [_parsed(row[0]) for row in rows]

    def answering(self, kind: Kind) -> list[Statement]:
        """As `all`, of those that answer another statement; the rest isn't parsed."""
        rows = self.rows(
            "SELECT envelope FROM said WHERE kind = ? AND answers <> '' ORDER BY leaf",
            (kind.value,),
        )
        return [_parsed(row[0]) for row in rows]

    def unanswered(self, kind: Kind, by: Kind, besides: str = "") -> list[Statement]:
        """Statements of a kind that no statement of the kind `by` answers, in order.

        What the member `besides` says is left out.
        """
        rows = self.rows(
            "SELECT envelope FROM said WHERE kind = ? AND issuer <> ? AND NOT EXISTS"
            " (SELECT 1 FROM said AS word"
            " WHERE word.answers = said.hash AND word.kind = ?) ORDER BY leaf",
            (kind.value, besides, by.value),
        )
        return [_parsed(row[0]) for row in rows]

    def lasting(self, kind: Kind) -> list[Statement]:
        """Queries or requests whose time is not over, in the order of arrival.

        None lives longer than a week, so older ones are not even read.
        """
        return self.lasting_where(kind, "TRUE")

    def lasting_where(
        self, kind: Kind, sql: str, params: Sequence[Any] = ()
    ) -> list[Statement]:
        """As `lasting`, of those rows of `said` for which a condition in SQL holds.

        `params` stand in it as `?3` and so on.
        """
        rows = self.rows(
            "SELECT envelope FROM said WHERE kind = ?1 AND heard > ?2"  # noqa: S608
            f" AND {_CURRENT} AND ({sql}) ORDER BY leaf",
            (kind.value, self.now - _LONGEST_LIFE, *params),
        )
        found = (_parsed(row[0]) for row in rows)
        return [one for one in found if one.expires > self.now]

    def keep_secret(self, writing: Writing, name: str, content: bytes) -> None:
        """Keep a small secret under a name, sealed; replaces an older one."""
        writing.run(
            "INSERT OR REPLACE INTO secret VALUES (?, ?)",
            (name, self.vault.close(content)),
        )

    def secret(self, name: str) -> bytes | None:
        """A secret by its name."""
        rows = self.rows("SELECT sealed FROM secret WHERE name = ?", (name,))
        return self.vault.open(rows[0][0]) if rows else None

    def cursor(self, name: str) -> int:
        """A reader's place; 0 at first."""
        rows = self.rows("SELECT value FROM cursor WHERE name = ?", (name,))
        return int(rows[0][0]) if rows else 0


def move_cursor(writing: Writing, name: str, value: int) -> None:
    """Remember a reader's place together with what it read."""
    writing.run("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, value))


def verified(view: View, said: Statement) -> Statement:
    """Verify a kept statement again, under the documents now in force."""
    return statement.verify_kept(said.data, view.find_key, said.kind)


def standing(view: View, said: Iterable[Statement]) -> list[Statement]:
    """Those whose signer still stands: a revoked or lapsed key's word doesn't count.

    Nor does it stand in the way of others': a lost key costs one approval more.
    """
    found = []
    for one in said:
        with suppress(Untrusted):
            found.append(verified(view, one))
    return found


def _parsed(data: bytes) -> Statement:
    return statement.kept(data)
