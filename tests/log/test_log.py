"""The store: what is kept, what is refused, and what is noticed before signing."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.entry import Draft, opens, parse_entry, seal_entry
from childgrid_log.errors import (
    EntryError,
    LogAbsent,
    LogAltered,
    LogBehind,
    LogExists,
    LogLost,
    LogUnavailable,
    NoteError,
    ProofError,
    StoreError,
)
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.log import Log
from childgrid_log.merkle import (
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from childgrid_log.note import cosign
from childgrid_log.schema import SCHEMA

ORIGIN = "node.example/log"
SEED = bytes(range(32))
SPENT = "CREATE TABLE IF NOT EXISTS spent (request TEXT PRIMARY KEY) STRICT;"


def drafts(count: int, start: int = 0) -> list[Draft]:
    """Return drafts with distinct envelopes."""
    return [
        Draft("query", 1_700_000_000, b"envelope %d" % (start + i))
        for i in range(count)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of a test stands."""
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    """An empty log."""
    with Log.create(path, ORIGIN, SEED) as made:
        yield made


def tamper(path: Path, *statements: str) -> None:
    """Write to the file as an enemy with root would: triggers first."""
    with closing(sqlite3.connect(path)) as db, db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for sql in statements:
            db.execute(sql)


def test_leaves_are_kept_numbered_and_opened(log: Log, path: Path) -> None:
    """Indices are gapless, and entries commit to the envelopes beside them."""
    assert log.append(drafts(3)) == [0, 1, 2]
    assert log.append(drafts(2, 3)) == [3, 4]
    assert log.append([]) == []
    log.close()
    with Log.open(path, ORIGIN, SEED) as again:
        assert again.size() == 5
        entries = again.entries(0, 5)
        assert [parse_entry(entry).sequence for entry in entries] == [0, 1, 2, 3, 4]
        for index, entry in enumerate(entries):
            opening = again.opening(index)
            assert opening is not None
            assert opening[1] == b"envelope %d" % index
            assert opens(entry, *opening)
        assert again.root() == root_of(leaf_hash(entry) for entry in entries)
        assert again.verify() == 5


def test_a_log_is_never_made_or_overwritten_by_accident(path: Path) -> None:
    """Opening needs a log, creating needs an empty place, and neither leaves litter."""
    with pytest.raises(LogAbsent):
        Log.open(path, ORIGIN, SEED)
    assert list(path.parent.iterdir()) == []
    with Log.create(path, ORIGIN, SEED) as log:
        log.append(drafts(1))
        with pytest.raises(LogExists):
            Log.create(path, ORIGIN, SEED)
        assert log.size() == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["log.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_wal_left_by_a_deleted_log_is_not_adopted(path: Path) -> None:
    """A new log does not begin with the pages of an old one."""
    path.with_name("log.db-wal").write_bytes(b"old pages")
    with pytest.raises(LogExists):
        Log.create(path, ORIGIN, SEED)
    assert not path.exists()


def test_a_log_opens_for_its_own_name_and_key_only(log: Log, path: Path) -> None:
    """Another origin or seed is refused, and so is a file that is no log."""
    log.append(drafts(1))
    log.close()
    for origin, seed in (("other.example/log", SEED), (ORIGIN, bytes(32))):
        with pytest.raises(StoreError):
            Log.open(path, origin, seed)
    junk = path.with_name("junk.db")
    junk.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError):
        Log.open(junk, ORIGIN, SEED)
    with Log.open(path, ORIGIN, SEED) as again:
        assert again.size() == 1


def test_a_closed_log_says_so(log: Log) -> None:
    """Use after close is refused, closing twice is harmless."""
    log.close()
    log.close()
    with pytest.raises(StoreError):
        log.append(drafts(1))


def test_every_commit_waits_for_the_disk(log: Log) -> None:
    """The file is in WAL mode and each commit is synchronous."""
    with log.transaction() as tx:
        assert tx._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert tx._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_leaf_and_a_callers_rows_are_kept_together(log: Log) -> None:
    """A spent mark and the leaf that tells of it appear in one transaction."""
    log.execute_schema(SPENT)
    with log.transaction() as tx:
        assert tx.next_index == 0
        entry, salt = seal_entry(drafts(1)[0], tx.next_index)
        assert tx.append(entry, salt, b"envelope 0") == 0
        tx.execute("INSERT INTO spent VALUES (?)", ("request-1",))
        assert log.size() == 0
        assert log.query("SELECT * FROM spent") == []
    assert log.entries(0, 1) == [entry]
    assert log.query("SELECT * FROM spent") == [("request-1",)]


def test_a_failure_keeps_neither_leaf_nor_rows(log: Log) -> None:
    """When the caller's row is refused, the leaf is gone too, and the next one fits."""
    log.execute_schema(SPENT)
    log.append(drafts(3))
    before = (log.size(), log.root(), log.query("SELECT count(*) FROM log_node"))
    with log.transaction() as tx:
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    with pytest.raises(sqlite3.IntegrityError), log.transaction() as tx:
        tx.seal(drafts(1)[0])
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    with pytest.raises(ZeroDivisionError), log.transaction() as tx:
        tx.execute("INSERT INTO spent VALUES ('request-2')")
        tx.seal(drafts(1)[0])
        raise ZeroDivisionError
    after = (log.size(), log.root(), log.query("SELECT count(*) FROM log_node"))
    assert after == before
    assert log.query("SELECT * FROM spent") == [("request-1",)]
    assert log.append(drafts(1)) == [3]
    assert log.verify() == 4


def test_a_crash_keeps_what_was_acknowledged_and_no_more(log: Log, path: Path) -> None:
    """Files copied in mid-transaction hold exactly the acknowledged leaves."""
    log.append(drafts(5))
    root = log.root()
    crashed = path.parent / "crashed"
    crashed.mkdir()
    with log.transaction() as tx:
        for draft in drafts(300, 5):
            tx.seal(draft)
        for name in ("log.db", "log.db-wal"):
            shutil.copy(path.with_name(name), crashed / name)
    with Log.open(crashed / "log.db", ORIGIN, SEED) as found:
        assert (found.size(), found.root(), found.verify()) == (5, root, 5)
        assert found.append(drafts(1)) == [5]


def test_a_transaction_is_of_no_use_afterwards(log: Log) -> None:
    """A handle that outlives its transaction cannot write on its own."""
    log.execute_schema(SPENT)
    with log.transaction() as tx:
        tx.seal(drafts(1)[0])
    with pytest.raises(StoreError):
        tx.seal(drafts(1)[0])
    with pytest.raises(StoreError):
        tx.execute("INSERT INTO spent VALUES ('late')")
    assert log.size() == 1
    assert log.query("SELECT * FROM spent") == []


def test_a_part_that_fails_is_undone_alone(log: Log) -> None:
    """Leaves and rows of the other parts are kept, and the numbers have no gap."""
    log.execute_schema(SPENT)
    one, two, three = drafts(3)
    with log.transaction() as tx:
        with tx.part():
            tx.seal(one)
            tx.execute("INSERT INTO spent VALUES ('one')")
        with pytest.raises(KeyError), tx.part():
            tx.seal(two)
            tx.execute("INSERT INTO spent VALUES ('two')")
            raise KeyError
        with tx.part():
            tx.seal(three)
            tx.execute("INSERT INTO spent VALUES ('three')")
    assert log.verify() == 2
    assert [parse_entry(one).sequence for one in log.entries(0, 2)] == [0, 1]
    assert log.query("SELECT * FROM spent ORDER BY 1") == [("one",), ("three",)]


def test_no_part_outlives_its_transaction(log: Log) -> None:
    """Parts that went well are gone with a transaction that failed."""
    with pytest.raises(KeyError), log.transaction() as tx:
        with tx.part():
            tx.seal(drafts(1)[0])
        raise KeyError
    assert log.size() == 0
    with pytest.raises(StoreError), tx.part():
        pass


def test_a_transaction_inside_another_is_refused(log: Log) -> None:
    """Appending beside an open transaction in one thread says so; it does not hang."""
    with log.transaction() as tx:
        tx.seal(drafts(1)[0])
        for attempt in (lambda: log.append(drafts(1)), log.checkpoint, log.verify):
            with pytest.raises(StoreError):
                attempt()
    assert log.size() == 1


def test_a_leaf_that_is_not_the_next_one_is_refused(log: Log) -> None:
    """Wrong number, wrong envelope, wrong spelling: nothing of it is kept."""
    draft = drafts(1)[0]
    entry, salt = seal_entry(draft, 1)
    first, salt_0 = seal_entry(draft, 0)
    bad = [
        (entry, salt, draft.envelope),
        (first, salt_0, b"other"),
        (first, salt, draft.envelope),
        (first + b" ", salt_0, draft.envelope),
        (b"x" * 65_536, salt_0, draft.envelope),
    ]
    for candidate in bad:
        with pytest.raises(EntryError), log.transaction() as tx:
            tx.append(*candidate)
    assert log.size() == 0
    with log.transaction() as tx:
        tx.append(first, salt_0, draft.envelope)
    assert log.size() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE log_leaf SET entry = x'00'",
        "DELETE FROM log_leaf",
        "DELETE FROM log_leaf WHERE idx = 4",
        "INSERT OR REPLACE INTO log_leaf VALUES (2, x'00')",
        "INSERT INTO log_leaf VALUES (9, x'00')",
        "INSERT INTO log_leaf VALUES (-1, x'00')",
        "INSERT INTO log_leaf VALUES (5, zeroblob(65536))",
        "INSERT INTO log_leaf VALUES (5, '')",
        "UPDATE log_node SET hash = zeroblob(32)",
        "DELETE FROM log_node",
        "INSERT OR REPLACE INTO log_node VALUES (0, 1, zeroblob(32))",
        "INSERT INTO log_node VALUES (0, 9, zeroblob(31))",
        "UPDATE log_opening SET envelope = x'00'",
        "DELETE FROM log_opening WHERE idx = 1",
        "INSERT OR REPLACE INTO log_opening VALUES (1, zeroblob(32), x'00')",
        "UPDATE log_signed SET note = x'00'",
        "DELETE FROM log_signed",
        "UPDATE log_cosigned SET note = x'00'",
        "DELETE FROM log_cosigned",
        "UPDATE log_shredded SET told_by = 4",
        "DELETE FROM log_shredded",
        "INSERT INTO log_shredded VALUES (3, 3)",
        "UPDATE log_meta SET value = 'x'",
        "DELETE FROM log_meta",
    ],
)
def test_the_tables_refuse_to_forget(log: Log, path: Path, sql: str) -> None:
    """Even past this package, plain SQL on the file cannot change what is kept."""
    log.append(drafts(5))
    log.keep_cosigned(log.checkpoint())
    with log.transaction() as tx:
        tx.shred(0, 4)
    dump = [log.query(f"SELECT * FROM {table}") for table in TABLES]
    with log.transaction() as tx, pytest.raises(sqlite3.IntegrityError):
        tx._db.execute(sql)
    assert [log.query(f"SELECT * FROM {table}") for table in TABLES] == dump
    assert log.verify() == 5


TABLES = [
    "log_meta",
    *(line.split()[2] for line in SCHEMA.splitlines() if "CREATE TABLE" in line),
]


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "ATTACH ':memory:' AS other",
        "PRAGMA synchronous=OFF",
        "PRAGMA writable_schema=ON",
        "INSERT INTO log_leaf VALUES (1, x'00')",
        "DELETE FROM log_opening",
        "DROP TRIGGER log_leaf_delete",
        "DROP TABLE log_cosigned",
        "ALTER TABLE log_leaf ADD COLUMN name TEXT",
        "CREATE TRIGGER t AFTER INSERT ON log_leaf BEGIN DELETE FROM spent; END",
        "CREATE TABLE log_other (a)",
    ],
)
def test_a_callers_sql_leaves_the_log_alone(log: Log, sql: str) -> None:
    """A caller can neither end the transaction nor reach the log's tables."""
    log.execute_schema(SPENT)
    schema = log.query("SELECT sql FROM sqlite_master")
    with log.transaction() as tx:
        tx.seal(drafts(1)[0])
        with pytest.raises(StoreError):
            tx.execute(sql)
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    with pytest.raises(StoreError):
        log.execute_schema(f"CREATE TABLE extra (a); {sql};")
    assert log.query("SELECT sql FROM sqlite_master") == schema
    assert log.query("SELECT count(*) FROM spent") == [(1,)]
    assert log.verify() == 1


def test_a_callers_trigger_cannot_reach_the_log_either(log: Log) -> None:
    """What a statement sets off is judged like the statement."""
    log.execute_schema(
        SPENT + "CREATE TRIGGER sly AFTER INSERT ON spent BEGIN "
        "INSERT INTO log_leaf VALUES (0, x'00'); END;"
    )
    with log.transaction() as tx, pytest.raises(StoreError):
        tx.execute("INSERT INTO spent VALUES ('request-1')")
    assert log.size() == 0


@pytest.mark.parametrize("way", ["schema", "statement"])
def test_a_text_that_did_no_harm_is_judged_anew_after_a_trigger(
    log: Log, way: str
) -> None:
    """What passed once passes without a look, until the tables are others."""
    insert = "INSERT INTO spent VALUES (?)"
    sly = (
        "CREATE TRIGGER sly AFTER INSERT ON spent BEGIN "
        "INSERT INTO log_leaf VALUES (0, x'00'); END"
    )
    log.execute_schema(SPENT)
    with log.transaction() as tx:
        for number in range(2):
            tx.execute(insert, (f"request-{number}",))
    if way == "schema":
        log.execute_schema(sly + ";")
    with log.transaction() as tx:
        if way == "statement":
            tx.execute(sly)
        with pytest.raises(StoreError):
            tx.execute(insert, ("request-2",))
    assert log.size() == 0


def test_an_unfinished_schema_is_refused_whole(log: Log) -> None:
    """Half a schema is no schema."""
    with pytest.raises(StoreError):
        log.execute_schema("CREATE TABLE a (b); CREATE TABLE c (")
    assert log.query("SELECT name FROM sqlite_master WHERE name = 'a'") == []


def test_reading_cannot_write(log: Log) -> None:
    """The query method is for reading only."""
    log.execute_schema(SPENT)
    with pytest.raises(sqlite3.OperationalError):
        log.query("INSERT INTO spent VALUES ('x')")
    assert log.query("SELECT * FROM spent") == []


@pytest.mark.parametrize("name", ["log.db", "log.db-wal"])
@pytest.mark.threat("T15")
def test_a_deleted_file_is_noticed(log: Log, path: Path, name: str) -> None:
    """After rm, nothing is acknowledged or signed, although SQLite would go on."""
    log.append(drafts(2))
    path.with_name(name).unlink()
    for attempt in (lambda: log.append(drafts(1)), log.checkpoint, log.verify):
        with pytest.raises(LogLost):
            attempt()
    assert log.size() == 2


@pytest.mark.threat("T10")
def test_a_replaced_file_is_noticed(log: Log, path: Path) -> None:
    """A copy under the same name is another file, whatever it holds."""
    log.append(drafts(2))
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)
    with pytest.raises(LogLost):
        log.append(drafts(1))
    with pytest.raises(LogLost):
        log.checkpoint()


def test_a_file_lost_during_a_transaction_is_not_acknowledged(
    log: Log, path: Path
) -> None:
    """The file is looked at again after the commit, before anyone is told."""
    with pytest.raises(LogLost), log.transaction() as tx:
        tx.seal(drafts(1)[0])
        path.unlink()


def test_an_altered_leaf_is_noticed_before_signing(log: Log, path: Path) -> None:
    """A leaf changed on disk since the last checkpoint is never signed."""
    log.append(drafts(3))
    log.checkpoint()
    log.append(drafts(3, 3))
    tamper(path, "UPDATE log_leaf SET entry = x'00' WHERE idx = 4")
    with pytest.raises(LogAltered, match="leaf 4"):
        log.checkpoint()
    assert log.query("SELECT size FROM log_signed") == [(3,)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE log_node SET hash = zeroblob(32) WHERE level = 1 AND idx = 2",
        "DELETE FROM log_node WHERE level = 0 AND idx = 5",
        "DELETE FROM log_leaf WHERE idx = 5",
        "DELETE FROM log_leaf WHERE idx >= 2",
        "UPDATE log_node SET hash = zeroblob(32) WHERE level = 1 AND idx = 0",
        "UPDATE log_leaf SET entry = x'00' WHERE idx = 0",
    ],
)
def test_any_altered_row_is_noticed(log: Log, path: Path, sql: str) -> None:
    """The full check finds what a checkpoint, looking only at what is new, may not."""
    log.append(drafts(3))
    log.checkpoint()
    log.append(drafts(3, 3))
    tamper(path, sql)
    with pytest.raises(LogAltered):
        log.verify()


def test_a_log_shortened_below_its_signature_does_not_open(
    log: Log, path: Path
) -> None:
    """A restored old copy that lost signed leaves is refused at the door."""
    log.append(drafts(6))
    log.checkpoint()
    log.close()
    tamper(
        path,
        "DELETE FROM log_leaf WHERE idx >= 4",
        "DELETE FROM log_node WHERE (idx + 1) << level > 4",
    )
    with pytest.raises(LogAltered, match="lacks the 6 leaves"):
        Log.open(path, ORIGIN, SEED)


def test_a_log_that_shrinks_while_open_is_noticed(log: Log, path: Path) -> None:
    """Leaves that were acknowledged but not yet signed are missed as well."""
    log.append(drafts(6))
    tamper(
        path,
        "DELETE FROM log_leaf WHERE idx >= 4",
        "DELETE FROM log_node WHERE (idx + 1) << level > 4",
    )
    with pytest.raises(LogAltered, match="shrank from 6 leaves to 4"):
        log.append(drafts(1))
    with pytest.raises(LogAltered):
        log.checkpoint()


def test_a_checkpoint_is_signed_once_per_size(log: Log) -> None:
    """The note verifies, states size and root, and is the same when asked again."""
    empty = open_checkpoint(log.checkpoint(), log.vkey, strict=True).checkpoint
    assert (empty.size, empty.root) == (0, root_of([]))
    log.append(drafts(7))
    note = log.checkpoint()
    seen = open_checkpoint(note, log.vkey, strict=True).checkpoint
    assert seen == Checkpoint(ORIGIN, 7, log.root())
    assert log.checkpoint() == note
    assert log.query("SELECT size FROM log_signed ORDER BY size") == [(0,), (7,)]


def test_proofs_hold_between_all_sizes(log: Log) -> None:
    """What the store proves, the verifier accepts."""
    log.append(drafts(40))
    leaves = [leaf_hash(entry) for entry in log.entries(0, 40)]
    for new in range(1, 41):
        root = log.root(new)
        for old in range(1, new + 1):
            verify_consistency(old, new, log.consistency(old, new), log.root(old), root)
            path = log.inclusion(old - 1, new)
            verify_inclusion(leaves[old - 1], old - 1, new, path, root)


def test_questions_beyond_the_log_are_refused(log: Log) -> None:
    """There is no root, proof or entry of leaves that are not kept."""
    log.append(drafts(5))
    attempts = [
        lambda: log.root(6),
        lambda: log.root(-1),
        lambda: log.inclusion(5, 5),
        lambda: log.inclusion(0, 6),
        lambda: log.consistency(3, 6),
        lambda: log.consistency(5, 3),
        lambda: log.entries(2, 6),
        lambda: log.entries(3, 2),
        lambda: log.entries(-1, 2),
        lambda: log.opening(5),
    ]
    for attempt in attempts:
        with pytest.raises(ProofError):
            attempt()


def test_concurrent_callers_get_gapless_indices(log: Log) -> None:
    """Eight threads append at once; every index is given to one of them, once."""
    given: list[list[int]] = []
    barrier = threading.Barrier(8)

    def work(worker: int) -> None:
        barrier.wait()
        mine = []
        for turn in range(25):
            mine += log.append(drafts(2, worker * 1000 + turn * 2))
        given.append(mine)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(index for mine in given for index in mine) == list(range(400))
    assert all(mine == sorted(mine) for mine in given)
    assert log.verify() == log.size() == 400


def test_callers_that_wait_share_one_transaction(log: Log) -> None:
    """Whoever arrives while a transaction is open is kept by the next one, together."""
    commits: list[str] = []
    results: list[list[int]] = []
    arrived = threading.Semaphore(0)

    class Queue(list[object]):
        def append(self, job: object) -> None:
            super().append(job)
            arrived.release()

    log._waiting = Queue()  # type: ignore[assignment]
    threads = [
        threading.Thread(target=lambda i=i: results.append(log.append(drafts(1, i))))
        for i in range(6)
    ]
    with log.transaction() as tx:
        tx.seal(drafts(1, 99)[0])
        for thread in threads:
            thread.start()
        for _ in threads:
            arrived.acquire()
        tx._db.set_trace_callback(commits.append)
    for thread in threads:
        thread.join()
    assert sorted(results) == [[i] for i in range(1, 7)]
    assert commits.count("BEGIN IMMEDIATE") == 1


def test_callers_that_share_a_failure_are_all_told(log: Log, path: Path) -> None:
    """When the shared transaction fails, no caller is given an index."""
    faults: list[Exception] = []

    def work() -> None:
        with pytest.raises(LogLost) as caught:
            log.append(drafts(1))
        faults.append(caught.value)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with pytest.raises(LogLost), log.transaction():
        for thread in threads:
            thread.start()
        path.unlink()
    for thread in threads:
        thread.join()
    assert len(faults) == 4
    assert log.size() == 0


def test_two_processes_worth_of_handles_do_not_collide(log: Log, path: Path) -> None:
    """A second handle on the same file continues where the first one stopped."""
    log.append(drafts(2))
    with Log.open(path, ORIGIN, SEED) as other:
        assert other.append(drafts(2, 2)) == [2, 3]
        assert log.append(drafts(1, 4)) == [4]
        assert other.checkpoint() == log.checkpoint()
    assert log.append(drafts(1, 5)) == [5]
    assert log.verify() == 6


def test_a_full_disk_acknowledges_nothing(log: Log) -> None:
    """When the file cannot grow, the caller hears so, and the log is as before."""
    log.append(drafts(2))
    pages = log.query("PRAGMA page_count")[0][0]
    log._database._writer.execute(f"PRAGMA max_page_count={pages}")
    big = [Draft("query", 0, bytes(100_000))]
    with pytest.raises(LogUnavailable):
        log.append(big)
    assert (log.size(), log.verify()) == (2, 2)
    log._database._writer.execute(f"PRAGMA max_page_count={pages + 1000}")
    assert log.append(big) == [2]


@pytest.mark.threat("T15")
def test_after_a_failed_fsync_nothing_more_is_written(log: Log) -> None:
    """A disk that failed once is not believed again until the log is reopened."""
    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    with pytest.raises(LogUnavailable), log.transaction() as tx:
        tx.seal(drafts(1)[0])
        raise fault
    with pytest.raises(LogUnavailable, match="open the log again"):
        log.append(drafts(1))
    assert log.size() == 0


def test_cosigned_checkpoints_are_kept_and_the_latest_found(log: Log) -> None:
    """The newest note of the largest size is what the log presents."""
    assert log.latest_cosigned() is None
    witness = Signer("w", COSIGNATURE, bytes(32))
    log.append(drafts(2))
    small = log.checkpoint()
    log.append(drafts(2, 2))
    large = log.checkpoint()
    line = cosign(large.partition(b"\n\n")[0] + b"\n", witness, 5).encode()
    for note in (large, large + line, small):
        log.keep_cosigned(note)
    latest = log.latest_cosigned()
    assert latest == large + line
    assert open_checkpoint(latest, log.vkey, [witness.vkey], 1, strict=True)


def test_a_foreign_checkpoint_is_not_kept(log: Log) -> None:
    """Another log's note, a larger log's and another root's are told apart."""
    log.append(drafts(3))
    signer = Signer(ORIGIN, ED25519, SEED)
    stranger = Signer(ORIGIN, ED25519, bytes(32))
    root = log.root()
    with pytest.raises(NoteError):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 3, root), stranger))
    with pytest.raises(LogBehind, match="size 4"):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 4, root), signer))
    with pytest.raises(LogAltered):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 2, root), signer))
    with pytest.raises(NoteError):
        log.check_against(Checkpoint("other", 3, root))
    assert log.latest_cosigned() is None


@pytest.mark.threat("T23")
def test_a_shredded_envelope_is_gone_and_every_proof_stands(
    log: Log, path: Path
) -> None:
    """Shredding erases salt and envelope from the files and leaves the tree whole."""
    secret = b"canary envelope that must vanish"
    log.append([Draft("query", 0, secret), *drafts(3)])
    root, proof = log.root(), log.inclusion(0, 4)
    opening = log.opening(0)
    assert opening is not None
    files = [path, path.with_name("log.db-wal")]
    assert any(secret in file.read_bytes() for file in files)
    with log.transaction() as tx:
        told_by = tx.seal(Draft("shred", 0, b"leaf 0 is shredded"))
        tx.shred(0, told_by)
    assert log.opening(0) is None
    for file in files:
        data = file.read_bytes()
        assert secret not in data
        assert opening[0] not in data
    assert log.root(4) == root
    verify_inclusion(leaf_hash(log.entries(0, 1)[0]), 0, 4, proof, root)
    assert log.verify() == 5


def test_shredding_needs_a_later_leaf(log: Log) -> None:
    """Nothing is erased silently: a leaf of this log must tell of it, afterwards."""
    log.append(drafts(3))
    for index, told_by in ((1, 1), (2, 1), (0, 3), (-1, 2)):
        with pytest.raises(StoreError), log.transaction() as tx:
            tx.shred(index, told_by)
    assert all(log.opening(index) is not None for index in range(3))


def test_closing_frees_every_descriptor(path: Path) -> None:
    """Opening and closing many times leaves no file open."""
    Log.create(path, ORIGIN, SEED).close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        Log.open(path, ORIGIN, SEED).close()
        with pytest.raises(StoreError):
            Log.open(path, "other", SEED)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
