"""A migration that is killed, or fails, leaves the old database or the new one."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import NullPool

from childgrid_log.database import Database
from childgrid_migrate import base as base_module
from childgrid_migrate import moving
from childgrid_migrate.base import Base
from childgrid_migrate.command import run
from childgrid_migrate.moving import look, move
from childgrid_wire.errors import ConfigurationRefused
from migrate import stores
from migrate.stores import FIRST, POSTGRES, Kept, old, rows

_READS = ("SELECT", "PRAGMA")
MOVED = ("a node's log and journal", "the coordinator's store in SQLite", POSTGRES)
"""Of the others there is one revision only."""


def copies(kept: Kept) -> list[Path]:
    """Copies that stand beside a database."""
    path = kept.base.path
    return sorted(path.parent.glob(f".{path.name}.before-*")) if path else []


def killed_at(base: Base, to: str, number: int) -> bool:
    """Migrate in a process that is killed before its nth writing statement or commit;
    returns whether it was."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = [number]

    def count(db: Connection, *rest: object) -> None:
        # What is drawn in memory, to be compared with, and what only reads don't count.
        words = str(rest[1]).split() if rest else ["COMMIT"]
        if words[0] in _READS or not isinstance(db.engine.pool, NullPool):
            return
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        move(base, to)
    finally:
        os._exit(0)


@pytest.mark.parametrize("to", ["", FIRST])
@pytest.mark.parametrize("kept", MOVED, indirect=True)
def test_killed_anywhere_it_is_old_or_new(kept: Kept, to: str) -> None:
    """Forward and back, at each step in turn; the last run goes through. What
    stands in between is whole, and the next `migrate` finishes it."""
    # A log without a stamp is adopted on the way, the others have theirs.
    old(kept, stamped=kept.base.name != "log.db")
    if to:
        move(kept.base)
    steps = look(kept.base, to)
    start, before = rows(kept.base), [one.found for one in steps]
    goal, number = [one.goal for one in steps], 1
    while killed_at(kept.base, to, number):
        found = [one.found for one in look(kept.base, to)]
        assert found in (before, goal)
        if found == goal:
            break
        assert rows(kept.base) == start
        number += 1
    assert number > 3
    move(kept.base, to)
    assert [one.found for one in look(kept.base, to)] == goal
    assert copies(kept) == [] or kept.base.path is None


def test_a_file_that_would_not_be_sound_stays_as_it_was(tmp_path: Path) -> None:
    """Its copy stands beside it, and both hold what was there before."""
    kept = stores.node_log(tmp_path)
    old(kept)
    before, count = rows(kept.base), iter(range(9))
    unsound = Base(
        "log.db", kept.base.chains, path=kept.base.path, sound=lambda _: next(count)
    )
    with pytest.raises(ConfigurationRefused, match="would not be sound"):
        move(unsound)
    assert rows(kept.base) == before
    (copy,) = copies(kept)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(Base("copy", kept.base.chains, path=copy)) == before

    move(kept.base)
    assert copies(kept) == []


def test_a_copy_that_a_kill_left_behind_goes_with_the_next_run(tmp_path: Path) -> None:
    """Killed once the new file stands, it leaves a copy, with keys that the node has
    destroyed since; looking alone removes nothing."""
    kept = stores.node_log(tmp_path)
    old(kept)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        # After it has looked whether the file is sound, before and after.
        calls = iter((moving.raw, moving.raw, _killed))
        patch.setattr(moving, "raw", lambda db: next(calls)(db))
        move(kept.base)
    assert [one.due for one in look(kept.base)] == [False, False]
    assert copies(kept)

    assert run([kept.base], "", True, lambda _: None)
    assert copies(kept)
    assert run([kept.base], "", False, lambda _: None)
    assert copies(kept) == []


def _killed(_: Connection) -> sqlite3.Connection:
    raise KeyboardInterrupt


def test_a_disk_that_has_no_room_for_the_copy_is_as_full_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a copy would keep others from their room; the file is as it was."""
    kept = stores.node_log(tmp_path)
    old(kept)
    before, connect = rows(kept.base), sqlite3.connect

    def full(path: Any, *rest: Any, **more: Any) -> sqlite3.Connection:
        db = connect(path, *rest, **more)
        if ".before-" in str(path):
            db.execute("PRAGMA max_page_count = 2")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(base_module.sqlite3, "connect", full)
        with pytest.raises(ConfigurationRefused, match="it is as it was"):
            move(kept.base)
    assert copies(kept) == []
    assert rows(kept.base) == before


def test_a_leaf_that_was_altered_is_not_carried_over(tmp_path: Path) -> None:
    """The tree is hashed anew: an altered log isn't made to look new."""
    kept = stores.node_log(tmp_path)
    old(kept)
    with kept.base.opened(writing=True) as db, db.begin():
        db.exec_driver_sql("DROP TRIGGER log_node_update")
        db.exec_driver_sql("UPDATE log_node SET hash = zeroblob(32) WHERE level = 1")
    before = rows(kept.base)
    with pytest.raises(Exception, match="not what was written"):
        move(kept.base)
    assert rows(kept.base) == before


def test_nothing_is_migrated_under_a_running_program(tmp_path: Path) -> None:
    """Whoever has the file open is told to stop first; nothing is changed.

    The refusal, as long as somebody holds it, holds nothing of the file.
    """
    kept = stores.node_log(tmp_path)
    old(kept)
    before = rows(kept.base)
    assert kept.base.path is not None
    with Database(kept.base.path, kept.marks):
        with pytest.raises(ConfigurationRefused, match="stop the program") as refusal:
            move(kept.base)
        look(kept.base)
    assert rows(kept.base) == before
    move(kept.base)
    assert refusal.value.__cause__


def test_no_postgres_is_migrated_under_a_running_coordinator(
    postgres_url: str, tmp_path: Path
) -> None:
    """It holds a lock as long as it runs; nothing is changed."""
    from childgrid_coordinator.store.engine import Store

    kept = stores.state(tmp_path, postgres_url)
    running = Store.open(postgres_url, "owner")
    before = rows(kept.base)
    with pytest.raises(ConfigurationRefused, match="a coordinator uses"):
        move(kept.base, FIRST)
    assert rows(kept.base) == before
    running.close()
    move(kept.base, FIRST)
