"""What a log keeps, alone and for many callers at once."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from childgrid_log.entry import opens, parse_entry, seal_entry
from childgrid_log.errors import EntryError, LogAbsent, LogExists, LogLost, StoreError
from childgrid_log.log import Log
from childgrid_log.merkle import leaf_hash, root_of
from tests.log.fresh import ORIGIN, SEED, SPENT, drafts


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


def test_a_log_that_may_not_be_opened_is_no_damaged_one(log: Log, path: Path) -> None:
    """Nothing was read, so nothing is said of what it holds, but whose it must be."""
    log.append(drafts(1))
    log.close()
    path.with_name("log.db-wal").mkdir()
    with pytest.raises(StoreError, match=r"let this account.* own it"):
        Log.open(path, ORIGIN, SEED)
    path.with_name("log.db-wal").rmdir()
    far = path.parent.joinpath(*("x" * 250 for _ in range(3)))  # past SQLite's longest
    far.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"let this account.* own it"):
        Log.open(path.rename(far / path.name), ORIGIN, SEED)
    with Log.open((far / path.name).rename(path), ORIGIN, SEED) as again:
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


def test_closing_frees_every_descriptor(path: Path) -> None:
    """Opening and closing many times leaves no file open."""
    Log.create(path, ORIGIN, SEED).close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        Log.open(path, ORIGIN, SEED).close()
        with pytest.raises(StoreError):
            Log.open(path, "other", SEED)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
