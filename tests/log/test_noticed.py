"""What a log notices before it signs or acknowledges anything more."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from childgrid_log.entry import Draft
from childgrid_log.errors import LogAltered, LogLost, LogUnavailable
from childgrid_log.log import Log
from tests.log.fresh import ORIGIN, SEED, drafts, tamper


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
