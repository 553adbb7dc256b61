"""A witness cosigns checkpoints only while the log grows (C2SP tlog-witness).

It keeps every checkpoint it has cosigned, so that a second root for any of those
sizes becomes evidence. It does not fetch checkpoints, nor decide whose logs it watches:
the caller passes the key that the signed directory names.
The rules: compare, store and sign under one lock; what is cosigned was durable before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from childgrid_log import names, version
from childgrid_log.checkpoint import Checkpoint, Verified, open_checkpoint
from childgrid_log.database import Database, create_database
from childgrid_log.errors import (
    Conflict,
    NoteError,
    ProofError,
    Rollback,
    SplitView,
)
from childgrid_log.evidence import Evidence
from childgrid_log.keys import COSIGNATURE, Signer
from childgrid_log.merkle import EMPTY_ROOT, verify_consistency
from childgrid_log.note import Note, cosign
from childgrid_wire import stamp

_SCHEMA = """
CREATE TABLE log_seen (
  origin TEXT NOT NULL,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (origin, size)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_seen_grows BEFORE INSERT ON log_seen
WHEN EXISTS (SELECT 1 FROM log_seen WHERE origin = NEW.origin AND size >= NEW.size)
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER log_seen_update BEFORE UPDATE ON log_seen
BEGIN SELECT RAISE(ABORT, 'log_seen only grows'); END;
CREATE TRIGGER log_seen_delete BEFORE DELETE ON log_seen
BEGIN SELECT RAISE(ABORT, 'log_seen only grows'); END;
"""


class Witness:
    """A witness with its memory open. Threads may share it; close it when done."""

    def __init__(self, state_path: Path, name: str, seed: bytes) -> None:
        """Open the memory at `state_path`; LogAbsent if there is none.

        A witness without its memory would cosign a shortened log, so only `create`
        makes one. StoreError if it belongs to another name or key,
        WrongVersion if it has another release's schema.
        """
        self._signer = Signer(name, COSIGNATURE, seed)
        self._database = Database(state_path, {"witness": self.vkey})
        try:
            found = stamp.read(self._database.query, version.WITNESS)
            version.WITNESS.insist(found, state_path.name)
        except BaseException:
            self._database.close()
            raise

    @classmethod
    def create(cls, state_path: Path, name: str, seed: bytes) -> Witness:
        """Make an empty memory and open it; LogExists if something is there."""
        vkey = Signer(name, COSIGNATURE, seed).vkey
        schema = version.WITNESS.ddl + _SCHEMA
        create_database(state_path, schema, {"witness": vkey})
        return cls(state_path, name, seed)

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the memory."""
        self._database.close()

    @property
    def vkey(self) -> str:
        """The witness's public key as text (type 0x04)."""
        return self._signer.vkey

    def size(self, origin: str) -> int:
        """Return the size cosigned last for `origin`, 0 if none."""
        rows = self._database.query(
            "SELECT coalesce(max(size), 0) FROM log_seen WHERE origin = ?", (origin,)
        )
        return int(rows[0][0])

    def latest(self, origin: str) -> bytes | None:
        """Return the log's own note that was cosigned last for `origin`."""
        rows = self._database.query(
            "SELECT note FROM log_seen WHERE origin = ? ORDER BY size DESC LIMIT 1",
            (origin,),
        )
        return rows[0][0] if rows else None

    def vouch(self, origin: str, now: int) -> bytes:
        """The note cosigned last for `origin` with a line of ours dated `now`.

        Whoever reads it knows that this witness had seen nothing larger by then. Where
        it has seen nothing at all, it says so under a name that is no log's, so that no
        log can put its own line beside that and be taken for one that was seen empty.
        """
        with self._database.exclusive:
            note = self.latest(origin)
            empty = Note(Checkpoint(names.unseen(origin), 0, EMPTY_ROOT).text, ())
            kept = Note.parse(note) if note else empty
            line = cosign(kept.text, self._signer, now)
            return Note(kept.text, (*kept.signatures, line)).encode()

    def contradicts(self, end: Checkpoint) -> bool:
        """Whether a log that is said to end there was cosigned beyond, or otherwise."""
        rows = self._database.query(
            "SELECT 1 FROM log_seen WHERE origin = ?"
            " AND (size > ? OR (size = ? AND root <> ?)) LIMIT 1",
            (end.origin, end.size, end.size, end.root),
        )
        return bool(rows)

    def cosign(
        self,
        origin: str,
        old_size: int,
        checkpoint_note: bytes,
        proof: Sequence[bytes],
        log_vkey: str,
        now: int,
    ) -> bytes:
        """Return a cosignature/v1 line, with its newline, dated `now` (unix seconds).

        `proof` is the consistency proof from `old_size`, empty from 0. Repeating the
        last size and root is harmless. Raises NoteError (the note or its signature),
        SplitView, Conflict, Rollback, ProofError, LogLost or LogUnavailable; nothing
        is stored or signed then.
        """
        opened = open_checkpoint(checkpoint_note, log_vkey)
        if opened.checkpoint.origin != origin:
            raise NoteError("the checkpoint names another origin than the request")
        with self._database.exclusive:
            with self._database.transaction() as db:
                _admit(db, opened, old_size, proof)
            return cosign(opened.checkpoint.text, self._signer, now).encode()


def _admit(
    db: sqlite3.Connection, opened: Verified, old_size: int, proof: Sequence[bytes]
) -> None:
    """Check a checkpoint against the memory and remember it."""
    new = opened.checkpoint
    same = _seen(db, new.origin, new.size)
    if same and same[0] != new.root:
        raise SplitView(Evidence(same[1], opened.log_note))
    last_size, last_root = _last(db, new.origin)
    if old_size != last_size:
        raise Conflict(last_size)
    if new.size < last_size:
        raise Rollback(
            f"{new.origin} was cosigned at size {last_size} and now says {new.size}: "
            "the log has lost leaves"
        )
    _check_growth(last_size, last_root, new, proof)
    if not same:
        db.execute(
            "INSERT INTO log_seen VALUES (?, ?, ?, ?)",
            (new.origin, new.size, new.root, opened.log_note),
        )


def _check_growth(
    last_size: int, last_root: bytes, new: Checkpoint, proof: Sequence[bytes]
) -> None:
    if last_size:
        verify_consistency(last_size, new.size, proof, last_root, new.root)
    elif proof:
        raise ProofError("a proof from size 0 is empty")


def _seen(db: sqlite3.Connection, origin: str, size: int) -> tuple[bytes, bytes] | None:
    row = db.execute(
        "SELECT root, note FROM log_seen WHERE origin = ? AND size = ?", (origin, size)
    ).fetchone()
    return (row[0], row[1]) if row else None


def _last(db: sqlite3.Connection, origin: str) -> tuple[int, bytes]:
    row = db.execute(
        "SELECT size, root FROM log_seen WHERE origin = ? ORDER BY size DESC LIMIT 1",
        (origin,),
    ).fetchone()
    return (row[0], row[1]) if row else (0, b"")
