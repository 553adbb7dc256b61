"""The log after a closed one: taken up once the directory names it, never before.

The closed log is moved aside as it is, as evidence, and a new one is begun in its
place, with the journal's lasting part: what was said (for reading), budgets, outcomes,
what was shredded, and how far board and mailbox were read. What is void is dropped:
drafts, sittings, what waited to be carried or released, the keys of open requests.

It does not decide what is void elsewhere (`childgrid_wire.closing`). The rules: a step
that was cut off is finished by the next start; and the new log takes in no leaf before
a quorum of its witnesses has cosigned it empty, so that nobody begins one twice.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing as closed
from pathlib import Path

from childgrid_log import lineage, names, restored
from childgrid_log.archive import SUFFIX
from childgrid_log.errors import LogError, LogUnavailable
from childgrid_log.lineage import Generation
from childgrid_log.log import Log
from childgrid_log.own import own
from childgrid_node import acts
from childgrid_node.journal import Journal
from childgrid_node.office import Office
from childgrid_node.vault import Vault
from childgrid_wire import canonical, closing, keyfile
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity

TOPIC = "succession"
_COMPANIONS = ("", "-wal", "-shm")
_LASTING = (
    *("attested", "content", "secret", "handle", "spent", "used", "asked"),
    *("cleared", "erased", "outbox", "cursor"),
)
"""Tables of the journal that are taken over as they are, before what is void goes."""

_VOID = (
    "DELETE FROM attested",
    "DELETE FROM secret WHERE name LIKE 'request:%'",
    "DELETE FROM content WHERE hash IN (SELECT payload_hash FROM old.draft)",
    "UPDATE spent SET state = 'closed', ciphertext = x''"
    " WHERE state IN ('sealed', 'released')",
    "DELETE FROM outbox WHERE state = 'waiting' AND kind IN ('case', 'query', 'answer',"
    " 'request', 'approval', 'refusal', 'disclosure', 'void', 'opened')",
)
_SAID = (
    "INSERT INTO said SELECT hash, kind, issuer, officer, answers,"
    " leaf - (SELECT coalesce(max(leaf), -1) + 1 FROM old.said), heard, envelope"
    " FROM old.said"
)
"""What was said keeps its order, below the first leaf of the new log."""


def path_of(state_dir: Path) -> Path:
    """Where the log in force lies."""
    return state_dir / "log" / "log.db"


def closed_path(state_dir: Path, number: int) -> Path:
    """Where a closed log lies."""
    return state_dir / "log" / f"closed-{number}.db"


def is_due(state_dir: Path, book: Book, identity: Identity) -> bool:
    """Whether the directory names a log that was never begun here."""
    named = _present(book, identity.member)
    if named is None or not named.number:
        return False
    path = path_of(state_dir)
    if path.exists():
        return _origin(path) != named.origin
    return not _begun(state_dir, named).exists()


def is_closed(office: Office) -> bool:
    """Whether the founders have closed the log that is open."""
    named = _present(office.shelf.book, office.member)
    return named is not None and named.origin != office.journal.log.origin


def has_key(book: Book, identity: Identity) -> bool:
    """Whether the key of the log that the directory names is among these."""
    named = _present(book, identity.member)
    return named is not None and seed_of(identity, named) is not None


def seed_of(identity: Identity, log: Generation) -> bytes | None:
    """The secret half of a log's key, if it is here."""
    return identity.log_seed(canonical.to_b64(log.key.public))


def _present(book: Book, member: str) -> Generation | None:
    """The log that the directory names, if it names us."""
    entry = book.entries.get(member)
    return lineage.present(entry) if entry else None


def _begun(state_dir: Path, log: Generation) -> Path:
    return state_dir / "keys" / f"log-{log.number}.begun"


def take_up(
    state_dir: Path, identity: Identity, book: Book, passphrase: bytes
) -> Identity:
    """Begin the successor where one is due; returns the identity that signs for it.

    Raises:
        ConfigurationRefused: its key isn't here, the closed log is damaged or is not
            the one that the founders closed, or the disk refuses. Nothing was lost.
    """
    named = _present(book, identity.member)
    if named is None or not named.number:
        return identity
    try:
        if is_due(state_dir, book, identity):
            _exchange(state_dir, identity, book)
        mark = _begun(state_dir, named)
        if path_of(state_dir).exists() and not mark.exists():
            keyfile.write_private(mark, b"1\n")
    except (LogError, OSError, sqlite3.Error) as error:
        raise ConfigurationRefused(
            f"the successor of the closed log can't be begun: {error}. Look after the"
            " disk and start again. Where log.db itself is damaged, move it away, keep"
            " it for the auditors, and start again: the next journal is empty then"
        ) from error
    if seed_of(identity, named) != identity.next_log_key:
        return identity
    key = canonical.to_b64(named.key.public)
    return Identity.follow_log(state_dir / "keys", passphrase, key)


def _exchange(state_dir: Path, identity: Identity, book: Book) -> None:
    """Put the next log in the place of the closed one; each step may be the last."""
    path, ready = path_of(state_dir), state_dir / "log" / "next.db"
    if not ready.exists():
        _build(state_dir, identity, book)
    restored.mark(state_dir / "keys")
    if path.exists():
        _put_aside(path, closed_path(state_dir, names.generation(_origin(path))))
    _rename(ready, path)


def begin(office: Office) -> None:
    """Let a successor grow, by its first leaf before any other.

    The leaf is a `notice` that names the closed log's origin, size and root by hash.
    """
    log = office.journal.log
    entry = office.shelf.book.entries.get(office.member, {})
    if log.size() or not closing.closed(entry):
        return
    before = lineage.generations(entry)[-2]
    with log.exclusive:
        log.free()
        try:
            with office.journal.writing() as writing:
                acts.note(writing, office, TOPIC, before.follows())
        except BaseException:
            log.hold(LogUnavailable, "the first leaf of this log could not be written")
            raise


def _build(state_dir: Path, identity: Identity, book: Book) -> None:
    """Make the next log beside the old one, whole before it has its name."""
    path, draft = path_of(state_dir), state_dir / "log" / ".next.db"
    draft.parent.mkdir(exist_ok=True, mode=0o700)
    for companion in _COMPANIONS:
        Path(f"{draft}{companion}").unlink(missing_ok=True)
    if path.exists():
        _check_old(path, identity, book)
    with Log.create(draft, *own(book, identity)) as made:
        Journal(made, Vault(identity.key), lambda: 0.0)
    if path.exists():
        _carry_over(path, draft)
    _settle(draft)
    _rename(draft, state_dir / "log" / "next.db")


def _check_old(path: Path, identity: Identity, book: Book) -> None:
    """Open the closed log once more: it is whole, and the one that was closed."""
    one = lineage.find(book.entries[identity.member], _origin(path))
    seed = seed_of(identity, one) if one else None
    if one is None or one.end is None or seed is None:
        raise ConfigurationRefused(
            f"{path} is no closed log of {identity.member}: move it away, keep it, and"
            " bring back the one that the founders have closed, if it can be read; then"
            " start again"
        )
    with Log.open(path, one.origin, seed) as old:
        Journal(old, Vault(identity.key), lambda: 0.0)
        end = one.end
        if old.size() >= end.size and old.root(end.size) != end.root:
            raise ConfigurationRefused(
                f"the founders have closed another log than {path}: tell them and"
                " every auditor, and keep the file as evidence"
            )


def _carry_over(old: Path, new: Path) -> None:
    with closed(sqlite3.connect(new, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        db.execute("ATTACH DATABASE ? AS old", (str(old),))
        db.execute("BEGIN IMMEDIATE")
        db.execute(_SAID)
        for table in _LASTING:
            db.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
        for sql in _VOID:
            db.execute(sql)
        db.execute("COMMIT")


def _put_aside(path: Path, aside: Path) -> None:
    """Move a closed log with its archived tiles; nothing of it is written again."""
    if aside.exists():
        raise ConfigurationRefused(f"{aside} is there already: move it away, keep it")
    _settle(path)
    tiles = path.with_suffix(SUFFIX)
    if tiles.exists():
        _rename(tiles, aside.with_suffix(SUFFIX))
    _rename(path, aside)
    for companion in _COMPANIONS[1:]:
        Path(f"{path}{companion}").unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Have all of a database in its one file, which alone is moved.

    SQLite does so by itself when it closes a file, and says nothing where it can't.
    """
    with closed(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    wal = Path(f"{path}-wal")
    if wal.exists() and wal.stat().st_size:
        raise ConfigurationRefused(
            f"{path} can't be moved whole: end what else reads it, look after the disk,"
            " and start again"
        )


def _rename(old: Path, new: Path) -> None:
    """Give a file its name, durably."""
    old.rename(new)
    opened = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _origin(path: Path) -> str:
    """Whose log a file says that it is; empty where it says nothing."""
    try:
        with closed(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
            rows = db.execute("SELECT value FROM log_meta WHERE key = 'origin'")
            return str(rows.fetchone()[0])
    except (sqlite3.Error, TypeError):
        return ""
