"""A log from a backup says nothing before a quorum of its witnesses has seen it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cast import POLICE, identity
from audit.ledger import World
from audit.test_gather import backup, case_of, gatherer, reason
from childgrid_log import names, restored
from childgrid_log.entry import Draft
from childgrid_log.errors import LogBehind, LogUnavailable
from childgrid_log.log import Log
from childgrid_wire.errors import Reason
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of the keys, which remembers that a backup came back."""
    folder = tmp_path / "keys"
    folder.mkdir()
    restored.mark(folder)
    return folder


@pytest.fixture
def log(world: World, tmp_path: Path, keys: Path) -> Iterator[Log]:
    """The police's log of two cosigned leaves, come back from a backup."""
    case_of(world)
    case_of(world, "another")
    world.gather(POLICE)
    copy = tmp_path / "restored.db"
    backup(world.parties[POLICE].log, copy)
    with Log.open(copy, names.origin(POLICE), identity(POLICE).log_key) as opened:
        restored.hold(opened, keys)
        yield opened


def grows(log: Log) -> bool:
    """Whether a leaf is taken in; else the log is as it was."""
    before = log.size(), log.root()
    try:
        log.append([Draft("case", 1, b"one more")])
    except (LogBehind, LogUnavailable):
        assert (log.size(), log.root()) == before
        return False
    return True


@pytest.mark.threat("T10")
def test_a_level_log_goes_on(world: World, log: Log, keys: Path) -> None:
    """Nothing before the witnesses have cosigned, everything afterwards, for good."""
    assert not grows(log)
    restored.confirm(log, gatherer(world, log=log), keys)
    assert grows(log)
    log.free()
    restored.hold(log, keys)
    assert log.held is None


@pytest.mark.threat("T10")
def test_an_older_log_stays_as_it_is(world: World, log: Log, keys: Path) -> None:
    """Read, but never grown again: it would be a second history; nor after a restart.

    No witness gets to keep evidence against an honest party.
    """
    case_of(world, "a third")
    world.gather(POLICE)
    ask = gatherer(world, log=log)
    for _ in range(2):
        assert reason(lambda: restored.confirm(log, ask, keys)) is Reason.LOG_BEHIND
        assert log.held is LogBehind
        assert not grows(log)
    assert log.verify() == 2
    log.free()
    restored.hold(log, keys)
    assert not grows(log)


@pytest.mark.threat("T10")
def test_witnesses_that_are_away_are_waited_for(
    world: World, log: Log, keys: Path
) -> None:
    """Too few of them confirm nothing, and there is no way round them."""

    def few(request: WitnessRequest) -> WitnessResponse:
        response = world.relay(request)
        for name in sorted(response.replies)[1:]:
            del response.replies[name]
        return response

    alone = gatherer(world, few, log)
    assert reason(lambda: restored.confirm(log, alone, keys)) is Reason.NO_QUORUM
    assert log.held is LogUnavailable
    assert not grows(log)
    restored.confirm(log, gatherer(world, log=log), keys)
    assert grows(log)


def test_what_must_be_done_before_is_done_before(
    world: World, log: Log, keys: Path
) -> None:
    """Where it fails the log stays held, after a restart too, and it is tried again."""

    def fails() -> None:
        raise OSError("no room")

    ask = gatherer(world, log=log)
    with pytest.raises(OSError, match="no room"):
        restored.confirm(log, ask, keys, fails)
    assert not grows(log)
    log.free()
    restored.hold(log, keys)
    assert not grows(log)
    grew: list[bool] = []
    restored.confirm(log, ask, keys, lambda: grew.append(grows(log)))
    assert grew == [False]
    assert grows(log)
