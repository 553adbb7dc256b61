"""Who may sign in: officers' names, login passkeys, invitations and lock-outs.

One SQLite file of mode 600, read at each question, so that what the command line
changes holds at once. Public keys and hashes only: whoever copies the file can sign
nobody in. A signing passkey's key is not here, only its id, by which the browser finds
it; the key stands in the staff list, and the node alone judges by it. The rule: an
invitation opens once, within the hour, and repeated failures lock an officer out for a
while, whoever makes them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from childgrid_wire import keyfile, stamp
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.schema import OFFICER

INVITATION_SECONDS = 3_600
FAILURES = 5
LOCKED_SECONDS = 900
LONGEST_NAME = 80
_MOST_STRANGERS = 10_000
_OFFICER = re.compile(OFFICER)

_TABLES = """
CREATE TABLE officer (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, handle BLOB NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, locked REAL NOT NULL DEFAULT 0);
CREATE TABLE invitation (
    officer TEXT PRIMARY KEY REFERENCES officer ON DELETE CASCADE,
    code TEXT NOT NULL, until REAL NOT NULL);
CREATE TABLE login (
    id BLOB PRIMARY KEY, officer TEXT NOT NULL REFERENCES officer ON DELETE CASCADE,
    key BLOB NOT NULL, counter INTEGER NOT NULL);
CREATE TABLE signing (
    id BLOB PRIMARY KEY, officer TEXT NOT NULL REFERENCES officer ON DELETE CASCADE);
"""


VERSION = stamp.Version("alembic_version", ("0001",))
"""The schemas in `migrations`: whoever changes a table adds one there."""


def _kept_secret(path: Path) -> bytes:
    """32 random bytes that a file of mode 600 keeps; made where they are not there."""
    if not path.exists():
        keyfile.write_private(path, secrets.token_bytes(32))
    if len(found := path.read_bytes()) != 32:
        raise ConfigurationRefused(f"state_dir: {path.name} is damaged; delete it")
    return found


@dataclass(frozen=True)
class Officer:
    """One officer as this portal knows them; `handle` is random and says nothing."""

    id: str
    name: str
    handle: bytes


@dataclass(frozen=True)
class Login:
    """A login passkey: id, COSE public key, and how often it was used at least."""

    id: bytes
    key: bytes
    counter: int = 0


class Accounts:
    """The accounts below one folder; threads may share it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, made at the first start.

        Raises:
            ConfigurationRefused: it cannot be read or written, or has the schema of
                another release.
        """
        path = folder / "accounts.db"
        self._clock = clock
        self._turn = threading.RLock()
        self._strangers: dict[str, tuple[int, float]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.chmod(0o600)
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute("PRAGMA foreign_keys = ON")
            with self._writing() as writing:
                self._make(writing, path.name)
                self._decoys = _kept_secret(folder / "decoys.key")
        except stamp.WrongVersion:
            self._database.close()
            raise
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationRefused(f"state_dir: cannot use {path.name}") from error

    def _make(self, writing: sqlite3.Connection, name: str) -> None:
        """Make the tables in a new file; raises `WrongVersion` for another schema."""
        if stamp.is_new(self._rows, VERSION, "officer", name):
            for sql in (VERSION.ddl + _TABLES).strip().split(";\n"):
                writing.execute(sql)

    def decoy(self, claimed: str) -> bytes:
        """The id of a passkey that nobody has, for a name that has none.

        So the page tells no stranger who has one; it is the same after a restart, or
        two looks would tell.
        """
        return hashlib.blake2b(
            claimed.encode(), key=self._decoys, digest_size=32
        ).digest()

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._turn:
            return self._database.execute(sql, values).fetchall()

    def officers(self) -> list[tuple[Officer, bool]]:
        """Everybody who was invited, and whether they have enrolled."""
        with self._turn:
            enrolled = {str(one) for (one,) in self._rows("SELECT officer FROM login")}
            rows = self._rows("SELECT id, name, handle FROM officer")
        found = [Officer(*row) for row in sorted(rows)]  # type: ignore[arg-type]
        return [(one, one.id in enrolled) for one in found]

    def officer(self, id_: str) -> Officer | None:
        """One officer."""
        rows = self._rows("SELECT id, name, handle FROM officer WHERE id = ?", id_)
        return Officer(*rows[0]) if rows else None  # type: ignore[arg-type]

    def invite(self, id_: str, name: str) -> str:
        """Invite an officer; returns a code that enrols them once, within an hour.

        What was enrolled before stays until the code is used.

        Raises:
            ConfigurationRefused: not an officer's id, or no name.
        """
        if not _OFFICER.fullmatch(id_):
            raise ConfigurationRefused(
                "officer: the id as staff.toml of the node has it, such as si-rao:"
                " small letters, digits and hyphens, at most 31"
            )
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise ConfigurationRefused(f"--name: 1 to {LONGEST_NAME} signs")
        code = "-".join(secrets.token_hex(2) for _ in range(8))
        with self._writing() as writing:
            writing.execute(
                "INSERT INTO officer (id, name, handle) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (id_, name.strip(), secrets.token_bytes(16)),
            )
            writing.execute(
                "INSERT OR REPLACE INTO invitation VALUES (?, ?, ?)",
                (id_, _hash(code), self._clock() + INVITATION_SECONDS),
            )
        return code

    def enter(self, id_: str, code: str) -> bool:
        """Use an invitation up; a wrong code counts as a failure of that officer."""
        if self.locked(id_):
            return False
        with self._writing() as writing:
            used = writing.execute(
                "DELETE FROM invitation WHERE officer = ? AND code = ? AND until > ?",
                (id_, _hash(code.strip().lower()), self._clock()),
            ).rowcount
        if not used:
            self.failed(id_)
        return bool(used)

    def enrol(self, id_: str, login: Login, signing: bytes) -> None:
        """Put an officer's two passkeys in force; those before are forgotten."""
        with self._writing() as writing:
            for table in ("login", "signing"):
                writing.execute(f"DELETE FROM {table} WHERE officer = ?", (id_,))  # noqa: S608
            writing.execute(
                "INSERT INTO login VALUES (?, ?, ?, ?)",
                (login.id, id_, login.key, login.counter),
            )
            writing.execute("INSERT INTO signing VALUES (?, ?)", (signing, id_))
            writing.execute(
                "UPDATE officer SET failures = 0, locked = 0 WHERE id = ?", (id_,)
            )

    def logins(self, id_: str) -> list[Login]:
        """An officer's login passkeys; none while locked out."""
        if self.locked(id_):
            return []
        rows = self._rows("SELECT id, key, counter FROM login WHERE officer = ?", id_)
        return [Login(*row) for row in rows]  # type: ignore[arg-type]

    def signing(self, id_: str) -> list[bytes]:
        """The ids of an officer's signing passkeys."""
        rows = self._rows("SELECT id FROM signing WHERE officer = ?", id_)
        return [one for (one,) in rows if isinstance(one, bytes)]

    def is_known(self, credential: bytes) -> bool:
        """Whether a passkey of this id is anybody's already."""
        sql = (
            "SELECT 1 FROM login WHERE id = ? UNION SELECT 1 FROM signing WHERE id = ?"
        )
        return bool(self._rows(sql, credential, credential))

    def entered(self, id_: str, credential: bytes, counter: int) -> None:
        """A login succeeded: remember the counter, forget the failures."""
        with self._writing() as writing:
            writing.execute(
                "UPDATE login SET counter = ? WHERE id = ?", (counter, credential)
            )
            writing.execute("UPDATE officer SET failures = 0 WHERE id = ?", (id_,))

    def failed(self, id_: str) -> None:
        """Count a failure; the fifth locks the officer out for a quarter of an hour.

        An id that nobody has is locked likewise, in memory: who tries ids must not
        learn by the lock which of them are officers.
        """
        with self._writing() as writing:
            known = writing.execute(
                "UPDATE officer SET failures = failures + 1 WHERE id = ?", (id_,)
            ).rowcount
            if not known:
                self._failed_stranger(id_)
                return
            writing.execute(
                "UPDATE officer SET failures = 0, locked = ?"
                " WHERE id = ? AND failures >= ?",
                (self._clock() + LOCKED_SECONDS, id_, FAILURES),
            )

    def _failed_stranger(self, id_: str) -> None:
        failures, locked = self._strangers.pop(id_, (0, 0.0))
        failures += 1
        if failures >= FAILURES:
            failures, locked = 0, self._clock() + LOCKED_SECONDS
        self._strangers[id_] = failures, locked
        for oldest in list(self._strangers)[:-_MOST_STRANGERS]:
            del self._strangers[oldest]

    def locked(self, id_: str) -> bool:
        """Whether an officer, or an id that nobody has, is locked out just now."""
        rows = self._rows("SELECT locked FROM officer WHERE id = ?", id_)
        with self._turn:
            stranger = self._strangers.get(id_, (0, 0.0))[1]
        until = rows[0][0] if rows else stranger
        return float(str(until)) > self._clock()

    def forget(self, id_: str) -> bool:
        """Forget an officer and their passkeys; whether there was one."""
        with self._writing() as writing:
            return bool(
                writing.execute("DELETE FROM officer WHERE id = ?", (id_,)).rowcount
            )


def _hash(code: str) -> str:
    return hashlib.sha256(b"childgrid/v1 invitation\0" + code.encode()).hexdigest()
