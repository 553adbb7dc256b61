"""Asking for a successor: only where the log is behind, gone or damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from childgrid_log import names
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.lineage import Generation, present
from childgrid_log.log import Log
from childgrid_log.merkle import EMPTY_ROOT
from childgrid_node.succeed import insist_behind
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf
from grid import identity
from laid import PASSPHRASE
from node.test_succession import HOLDER, Desk, _light, desk

__all__ = ["_light", "desk"]


def now(desk: Desk) -> tuple[Identity, Generation, Checkpoint]:
    """Who asks, for which log, and what there is of it here."""
    own = Identity.open(desk.keys, PASSPHRASE)
    book = Shelf.open(desk.config.state_dir / "documents").book
    seed = identity(HOLDER).log_key
    with Log.open(desk.path, names.origin(HOLDER), seed) as log:
        seen = Checkpoint(log.origin, log.size(), log.root())
    return own, present(book.entries[HOLDER]), seen


def damaged(desk: Desk) -> None:
    """The disk has lost the tree over what was signed."""
    with closing(sqlite3.connect(desk.path)) as db, db:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in db.execute(sql).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM log_node")


@pytest.mark.threat("T10")
def test_a_log_that_is_whole_is_not_asked_to_be_closed(desk: Desk) -> None:
    """It would go on, and who saw that would not help its successor."""
    own, log, seen = now(desk)
    for asked in (seen, Checkpoint(seen.origin, 0, EMPTY_ROOT)):
        with pytest.raises(ConfigurationRefused, match="nothing to close"):
            insist_behind(desk.config.state_dir, own, log, asked)
    assert now(desk) == (own, log, seen)


def test_one_that_is_behind_or_other_or_gone_is(desk: Desk) -> None:
    """More was seen, or another root; or the file is damaged, or away."""
    own, log, seen = now(desk)
    more = Checkpoint(seen.origin, seen.size + 1, seen.root)
    other = Checkpoint(seen.origin, seen.size, bytes(32))
    for one in (more, other):
        insist_behind(desk.config.state_dir, own, log, one)
    damaged(desk)
    insist_behind(desk.config.state_dir, own, log, seen)
    for one in desk.path.parent.glob("log.db*"):
        one.unlink()
    insist_behind(desk.config.state_dir, own, log, seen)


@pytest.mark.parametrize("harm", [damaged, lambda desk: desk.path.write_bytes(b"?")])
def test_a_damaged_log_is_told_to_be_moved_away(
    desk: Desk, harm: Callable[[Desk], object]
) -> None:
    """It stays as it is; once its operator has moved it, the next log begins."""
    harm(desk)
    with pytest.raises(ConfigurationRefused, match="move it away"):
        desk.take_up(desk.learn())
    assert "closed-0.db" not in desk.files()
    for one in desk.path.parent.glob("log.db*"):
        one.rename(desk.path.parent / f"kept-{one.name}")

    office = desk.begun()

    assert office.journal.log.origin == names.origin(HOLDER, 1)
    office.journal.log.close()
