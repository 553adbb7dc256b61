"""A party's own log: leaves that only grow, signed when asked.

Leaves, tree, salts and envelopes stand in one SQLite file, and a caller may keep rows
of its own there, so that a leaf and what it tells of are written together or not. Old
entries and hashes may be moved to archived tiles beside the file, where they are read.
It does not decide what is logged, nor whether a checkpoint has been cosigned enough.
The rules: an index is returned only after fsync and while the file is still there;
nothing is signed before the stored entries have been hashed anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from childgrid_log import archiving, version
from childgrid_log.archive import SUFFIX, Archive
from childgrid_log.archive_tables import MARK
from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.database import Database, create_database
from childgrid_log.entry import Draft
from childgrid_log.errors import (
    LogAltered,
    LogBehind,
    LogUnavailable,
    NoteError,
    ProofError,
    StoreError,
)
from childgrid_log.keys import ED25519, Signer
from childgrid_log.merkle import (
    HASH_BYTES,
    Frontier,
    consistency_proof,
    inclusion_proof,
    root_at,
)
from childgrid_log.schema import (
    SCHEMA,
    is_archived,
    leaf_count,
    rehash,
    statements,
    stored_hash,
)
from childgrid_log.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, pack_entries
from childgrid_log.transaction import Transaction, guarded
from childgrid_wire import stamp

_Job = tuple[tuple[Draft, ...], Future[list[int]]]


class Log:
    """An open log. Threads may share it; close it when done.

    `origin` names the log and its signing key; `vkey` is that key's public text.
    """

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer
        self._tiles = Archive(
            database.path.with_suffix(SUFFIX), lambda number: self._node(8, number)
        )
        self._largest = 0
        self._waiting: list[_Job] = []
        self._queue = threading.Lock()
        self._frontier: Frontier | None = None
        self._passed: set[str] = set()
        self._held: tuple[type[StoreError], str] | None = None

    @classmethod
    def create(cls, path: Path, origin: str, seed: bytes) -> Log:
        """Make an empty log (a 32-byte Ed25519 seed signs it) and open it.

        Raises LogExists if anything is at `path`.
        """
        signer = Signer(origin, ED25519, seed)
        schema = version.LOG.ddl + SCHEMA
        create_database(path, schema, {"origin": origin, "vkey": signer.vkey})
        return cls.open(path, origin, seed)

    @classmethod
    def open(cls, path: Path, origin: str, seed: bytes) -> Log:
        """Open a log; never makes one.

        Raises LogAbsent, StoreError if origin or key are not the log's own,
        LogAltered if it no longer holds what it signed last, and ArchiveDamaged if a
        file of its archive is gone.
        """
        signer = Signer(origin, ED25519, seed)
        made_with = {"origin": origin, "vkey": signer.vkey}
        database = Database(path, made_with, MARK)
        log = cls(database, signer)
        try:
            version.LOG.insist(stamp.read(database.query, version.LOG), path.name)
            with log.transaction():
                log._last_signed()
            log._tiles.insist_there(log.archived)
        except BaseException:
            log.close()
            raise
        return log

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._signer.verifier.name

    @property
    def vkey(self) -> str:
        """The log's public key as text."""
        return self._signer.vkey

    def size(self) -> int:
        """Return the number of leaves that are durably kept."""
        rows = self._database.query("SELECT coalesce(max(idx) + 1, 0) FROM log_leaf")
        return int(rows[0][0])

    def root(self, size: int | None = None) -> bytes:
        """Return the 32-byte root of the first `size` leaves, by default of all."""
        return root_at(self._node, self._within(self.size() if size is None else size))

    @property
    def held(self) -> type[StoreError] | None:
        """What every transaction raises, where something keeps the log from growing."""
        return self._held[0] if self._held else None

    def hold(self, kind: type[StoreError], why: str) -> None:
        """Let every transaction raise this from now on; until `free`.

        The log can be read, and signed as it is.
        """
        self._held = (kind, why)

    def check(self) -> None:
        """Raise what keeps the next leaf out, as far as it is known; else nothing."""
        if self._held is not None:
            kind, why = self._held
            raise kind(why)
        self._database.check()

    def free(self) -> None:
        """Let the log grow again."""
        self._held = None

    @property
    def exclusive(self) -> threading.RLock:
        """Hold it to keep every other thread from writing meanwhile."""
        return self._database.exclusive

    def append(self, drafts: Sequence[Draft]) -> list[int]:
        """Seal and keep `drafts` in order; return their indices.

        Callers that arrive while another is writing share the next transaction.
        Raises LogLost, LogUnavailable or StoreError; then none of them is kept.
        """
        done: Future[list[int]] = Future()
        with self._queue:
            self._waiting.append((tuple(drafts), done))
        with self._database.exclusive:
            if not done.done():
                self._append_waiting()
        return done.result()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Give a Transaction; its leaves and rows are kept together when it ends.

        Raises as `append`. An exception inside keeps nothing and passes on.
        """
        with self._database.exclusive:
            if self._held is not None:
                kind, why = self._held
                raise kind(why)
            with self._database.transaction() as db:
                tx = Transaction(db, self._passed, self._frontier)
                self._check_grown(tx.next_index)
                try:
                    yield tx
                finally:
                    tx.ended = True
                tx.check_whole()
            self._largest, self._frontier = tx.next_index, tx.frontier
            if tx.shredded:
                self._database.truncate_wal()

    def execute_schema(self, ddl: str) -> None:
        """Run DDL for a caller's own tables, all or nothing; none named `log_…`."""
        self._passed.clear()
        with self._database.transaction() as db, guarded(db):
            for statement in statements(ddl):
                db.execute(statement)

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read committed rows, of the log or the caller."""
        return self._database.query(sql, params)

    def checkpoint(self) -> bytes:
        """Sign the current size and return the note, the same for the same size.

        The entries since the last signed size are hashed anew first: LogAltered if
        they, their tree, or the size signed last are not as written.
        """
        with self._database.transaction() as db:
            self._check_grown(leaf_count(db))
            tree = rehash(db, self._last_signed())
            signed = Checkpoint(self.origin, tree.size, tree.root())
            note = sign_checkpoint(signed, self._signer)
            db.execute(
                "INSERT OR IGNORE INTO log_signed VALUES (?, ?)", (tree.size, note)
            )
        return note

    def verify(self) -> int:
        """Hash every entry and node anew; return the size. Raises LogAltered."""
        with self._database.transaction() as db:
            self._last_signed()
            old = self._tiles.entries(0, self.archived)
            return rehash(db, 0, old, self._tiles.node).size

    @property
    def archived(self) -> int:
        """How many leaves' entries lie in archived tiles; a multiple of 256."""
        return archiving.stop_of(self._database)

    def archivable(self, before: int) -> int:
        """How many of the first leaves `archive` would have moved in the end."""
        return archiving.due(self._database, before)

    def archive(self, before: int) -> int:
        """Move full tiles older than `before` (unix seconds); return how many.

        Only what a quorum has cosigned is moved. Salts and envelopes stay. Raises
        LogAltered if what is to be moved is not what was written, ArchiveDamaged if
        it can't be read back; then it is still in the database.
        """
        self.check()
        return archiving.move(self._database, self._tiles, before)

    def check_archive(self) -> int:
        """Read every archived file anew; return for how many leaves. ArchiveDamaged."""
        return archiving.check(self._database, self._tiles)

    def compact(self) -> None:
        """Give free pages back to the disk; see `Database.compact`."""
        self._database.compact()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the audit path of leaf `index` in the first `size` leaves."""
        return inclusion_proof(self._node, index, self._within(size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `old` leaves are a prefix of `new`."""
        return consistency_proof(self._node, old, self._within(new))

    def entries(self, start: int, stop: int) -> list[bytes]:
        """Return the entries of leaves start..stop-1."""
        if not 0 <= start <= self._within(stop):
            raise ProofError(f"there are no leaves {start} to {stop}")
        rows = self._database.query(
            "SELECT idx, entry FROM log_leaf WHERE idx >= ? AND idx < ? ORDER BY idx",
            (start, stop),
        )
        # Another process may have archived more since these rows were read.
        first = rows[0][0] if rows else stop
        archived = min(first, self.archived) if first > start else start
        return [*self._tiles.entries(start, archived), *(row[1] for row in rows)]

    def opening(self, index: int) -> tuple[bytes, bytes] | None:
        """Return (salt, envelope) of leaf `index`; None once it has been shredded."""
        self._within(index + 1)
        rows = self._database.query(
            "SELECT salt, envelope FROM log_opening WHERE idx = ?", (index,)
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return the 32·width bytes of a C2SP hash tile; ProofError if none yet."""
        tile = Tile(level, index, width)
        start = tile.index * TILE_WIDTH
        rows = self._database.query(
            "SELECT hash FROM log_node WHERE level = ? AND idx >= ? AND idx < ? "
            "ORDER BY idx",
            (level * TILE_HEIGHT, start, start + width),
        )
        if len(rows) != width and level == 0 and start < self.archived:
            return self._tiles.hashes(index)[: width * HASH_BYTES]
        if len(rows) != width:
            raise ProofError(f"the log has no {tile.path} yet")
        return b"".join(row[0] for row in rows)

    def bundle(self, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return an entry bundle (C2SP tlog-tiles); ProofError if there is none yet."""
        start = Tile(None, index, width).index * TILE_WIDTH
        return pack_entries(self.entries(start, start + width))

    def check_against(self, checkpoint: Checkpoint) -> None:
        """Compare with what somebody else saw of this log.

        Raises LogBehind if theirs is larger, LogAltered if theirs has another root.
        """
        if checkpoint.origin != self.origin:
            raise NoteError("the checkpoint is another log's")
        if checkpoint.size > self.size():
            raise LogBehind(
                f"size {checkpoint.size} of {self.origin} was seen, this file has "
                f"{self.size()}: release nothing and ask the founders to close the log"
            )
        if checkpoint.root != self.root(checkpoint.size):
            raise LogAltered(
                f"another root of {self.origin} at size {checkpoint.size} was signed: "
                "release nothing and keep both as evidence"
            )

    def keep_cosigned(self, note: bytes) -> None:
        """Store a cosigned checkpoint of this log, whose witnesses the caller verified.

        Raises NoteError, LogBehind or LogAltered if it is not this log's.
        """
        checkpoint = open_checkpoint(note, self.vkey).checkpoint
        self.check_against(checkpoint)
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO log_cosigned (size, note) VALUES (?, ?)",
                (checkpoint.size, note),
            )

    def latest_cosigned(self) -> bytes | None:
        """Return the stored cosigned note of the largest size, the newest of those."""
        rows = self._database.query(
            "SELECT note FROM log_cosigned ORDER BY size DESC, id DESC LIMIT 1"
        )
        return rows[0][0] if rows else None

    def _append_waiting(self) -> None:
        with self._queue:
            jobs, self._waiting = self._waiting, []
        try:
            with self.transaction() as tx:
                indices = [[tx.seal(draft) for draft in drafts] for drafts, _ in jobs]
        except Exception as fault:
            _fail(jobs, fault)
            return
        except BaseException:
            _fail(jobs, LogUnavailable("the writer was interrupted: nothing was kept"))
            raise
        for (_, done), mine in zip(jobs, indices, strict=True):
            done.set_result(mine)

    def _last_signed(self) -> int:
        """Return the size signed last, after comparing its root with the tree's."""
        rows = self.query("SELECT note FROM log_signed ORDER BY size DESC LIMIT 1")
        if not rows:
            return 0
        signed = open_checkpoint(rows[0][0], self.vkey).checkpoint
        try:
            same = self.root(signed.size) == signed.root
        except ProofError:
            same = False
        if not same:
            raise LogAltered(f"the log lacks the {signed.size} leaves it signed")
        return signed.size

    def _check_grown(self, size: int) -> None:
        if size < self._largest:
            raise LogAltered(f"the log shrank from {self._largest} leaves to {size}")

    def _within(self, size: int) -> int:
        if not 0 <= size <= self.size():
            raise ProofError(f"the log has {self.size()} leaves, not {size}")
        return size

    def _node(self, level: int, index: int) -> bytes:
        rows = self._database.query(
            "SELECT hash FROM log_node WHERE level = ? AND idx = ?", (level, index)
        )
        if not rows and is_archived(self.archived, level, index):
            return self._tiles.node(level, index)
        return stored_hash(rows[0] if rows else None, level, index)


def _fail(jobs: list[_Job], fault: Exception) -> None:
    for _, done in jobs:
        done.set_exception(fault)
