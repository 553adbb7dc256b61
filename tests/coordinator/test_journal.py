"""One leaf per statement: together, repeated, and after a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from childgrid_coordinator.journal import Journal, open_log
from childgrid_log.errors import LogError
from childgrid_log.log import Log
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.statement import Statement
from coordinator.cast import HOLDERS, HUB
from coordinator.world import World


@pytest.fixture
def log(world: World, tmp_path: Path) -> Iterator[Log]:
    """A fresh log of the coordinator."""
    with open_log(
        tmp_path / "fresh" / "log.db", world.identities[HUB], tmp_path
    ) as opened:
        yield opened


def said(world: World, number: int) -> Statement:
    """Some statement."""
    return world.read(world.answer(HOLDERS[0], f"{number:064x}"))


def test_a_statement_is_logged_once(world: World, log: Log) -> None:
    """Again, beside others, or twice in one call: it has one leaf."""
    journal = Journal(log)
    first, second = said(world, 1), said(world, 2)
    journal.write([first], world.now)
    journal.write([second, first, second], world.now)
    assert log.size() == 2
    opening = log.opening(0)
    assert opening is not None
    assert opening[1] == first.data
    assert journal.holds(first.hash)
    assert not journal.holds("0" * 64)


def test_many_writers_share_transactions_and_lose_nothing(
    world: World, log: Log
) -> None:
    """Every statement has exactly one leaf, whoever wrote it together with whom."""
    journal = Journal(log)
    statements = [said(world, number) for number in range(24)]
    writers = [
        threading.Thread(target=journal.write, args=([one, statements[0]], world.now))
        for one in statements
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    envelopes = [log.opening(index) for index in range(log.size())]
    assert sorted(one[1] for one in envelopes if one) == sorted(
        one.data for one in statements
    )


def test_what_was_logged_is_known_after_a_restart(world: World, tmp_path: Path) -> None:
    """The memory of what has a leaf lies in the log's own file."""
    path, own = tmp_path / "kept" / "log.db", world.identities[HUB]
    first = said(world, 1)
    with open_log(path, own, tmp_path) as opened:
        Journal(opened).write([first], world.now)
    with open_log(path, own, tmp_path) as opened:
        Journal(opened).write([first], world.now)
        assert opened.size() == 1


def test_a_failed_transaction_keeps_none_of_it(world: World, log: Log) -> None:
    """A log whose file was taken away acknowledges nothing."""
    journal = Journal(log)
    journal.write([said(world, 1)], world.now)
    path = log._database.path
    path.rename(path.with_suffix(".away"))
    with pytest.raises(LogError):
        journal.write([said(world, 2)], world.now)
    path.with_suffix(".away").rename(path)
    assert log.size() == 1
    journal.write([said(world, 2)], world.now)
    assert log.size() == 2


def test_another_members_log_is_refused(world: World, tmp_path: Path) -> None:
    """A log opens with the key that made it and no other."""
    path = tmp_path / "kept" / "log.db"
    open_log(path, world.identities[HUB], tmp_path).close()
    with pytest.raises(ConfigurationRefused, match="log"):
        open_log(path, world.identities[HOLDERS[0]], tmp_path)
