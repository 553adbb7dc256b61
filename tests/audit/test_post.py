"""Findings leave the station by way of its log: in order, until they are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cast import NORTH, identity, person
from childgrid_audit.post import Post
from childgrid_log import names
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_wire import envelope, statement
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.kinds import Kind

NOW = 1_800_000_000


class Far:
    """The coordinator's end: what it has taken, and what it says instead."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.fault: Exception | None = None

    def __call__(self, data: bytes) -> None:
        if self.fault:
            raise self.fault
        self.taken.append(envelope.read(data).hash)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A station's own log."""
    key = identity(NORTH).log_key
    return Log.create(tmp_path / "log.db", names.origin(NORTH), key)


def write(log: Log, kind: Kind) -> str:
    """Log a finding, or what no coordinator is told; returns its hash."""
    who = ("au-iyer", person(NORTH, "au-iyer"))
    body: dict[str, object] = {
        "topic": "hasty",
        "party": "child-b",
        "subject": "ab" * 32,
        "reply_by": NOW + 86_400,
    }
    if kind is Kind.MANIFEST:
        who, body = ("", identity(NORTH).signer), {"files": {}, "directory": "ab" * 32}
    made = statement.make(
        kind, who[1], issuer=NORTH, officer=who[0], now=NOW, seconds=86_400, **body
    )
    said = statement.parse(envelope.read(made))
    log.append([draft_of(said, NOW)])
    return said.hash


def test_each_finding_is_sent_once_and_nothing_else(log: Log) -> None:
    """Exports stay at home; what another process logged meanwhile goes next time."""
    far = Far()
    post = Post(log, far)
    first = write(log, Kind.FINDING)
    write(log, Kind.MANIFEST)
    assert (post.deliver(), post.deliver()) == (1, 0)
    second = write(log, Kind.FINDING)
    assert post.deliver() == 1
    assert far.taken == [first, second]


def test_a_restart_sends_again(log: Log) -> None:
    """The log is the outbox; nothing else must survive."""
    far = Far()
    name = write(log, Kind.FINDING)
    Post(log, far).deliver()
    Post(log, far).deliver()
    assert far.taken == [name, name]


def test_a_coordinator_that_is_away_gets_all_of_it_later(log: Log) -> None:
    """In the order of the log."""
    far = Far()
    post = Post(log, far)
    sent = [write(log, Kind.FINDING) for _ in range(2)]
    far.fault = Unreachable("unavailable")
    with pytest.raises(Unreachable):
        post.deliver()
    far.fault = None
    assert post.deliver() == 2
    assert far.taken == sent


def test_one_that_is_refused_holds_up_nobody(log: Log) -> None:
    """It is tried again: the list that names its auditor may come later."""
    far = Far()
    post = Post(log, far)
    name = write(log, Kind.FINDING)
    far.fault = Refused(Reason.UNKNOWN_KEY)
    assert post.deliver() == 0
    far.fault = None
    other = write(log, Kind.FINDING)
    assert post.deliver() == 2
    assert far.taken == [name, other]
