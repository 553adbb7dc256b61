"""Attacks around a closed log: by its holder, by who asks, by what comes late.

Customs' log is closed by the founders after it has answered, and been asked for a
record. Each story ends by asserting that nothing changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log import names
from childgrid_log.gather import Gatherer
from childgrid_node import mailroom
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from closings import close
from grid import KABIR, Grid, identity

HOLDER = "customs"
ASKER = "police"


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid in which nothing happened yet."""
    return Grid(tmp_path)


def asked(grid: Grid) -> tuple[Statement, Statement]:
    """A query that customs has answered, and a request that waits at its custodian."""
    query = grid.ask(KABIR, targets=[HOLDER])
    request = grid.request(query, HOLDER, ["name"])
    grid.settle()
    gathered(grid)
    return query, request


def gathered(grid: Grid, member: str = HOLDER) -> None:
    """Let a member's log be cosigned as it stands."""
    office = grid.agency(member).office
    relay = grid.relay.witness
    book = office.shelf.book
    Gatherer(office.journal.log, member, book, relay, grid.clock).cosigned()


def closed(grid: Grid, member: str = HOLDER) -> None:
    """The founders close a member's log; everybody learns of it."""
    grid.now += 60
    book = grid.agency(member).office.shelf.book
    relay, signers = grid.relay.witness, grid.founders.signers
    document = close(book, identity(member), relay, signers, grid.now)
    grid.now += 60
    grid.post([document])


def refused(grid: Grid, query: Statement) -> Reason:
    """Why the asker's own desk takes no request on a query."""
    with pytest.raises(Refused) as refusal:
        grid.request(query, HOLDER, ["name"])
    return refusal.value.reason


@pytest.mark.threat("T10")
def test_an_old_handle_is_void(grid: Grid) -> None:
    """The asker is told so at the own desk; a query asked since goes on as ever."""
    query, _ = asked(grid)
    closed(grid)
    before = grid.state(ASKER)
    assert refused(grid, query) is Reason.CLOSED
    assert grid.state(ASKER) == before


@pytest.mark.threat("T10")
def test_an_old_query_is_not_answered_again(grid: Grid) -> None:
    """Nor is the answer shown that was given before: its handles are void."""
    query, _ = asked(grid)
    closed(grid)
    before = grid.state(HOLDER)
    with pytest.raises(Refused) as refusal:
        grid.relay.match(grid.agency(HOLDER), grid.call(query, HOLDER))
    assert refusal.value.reason is Reason.CLOSED
    assert grid.state(HOLDER) == before


@pytest.mark.threat("T10")
def test_an_old_request_that_comes_late_moves_nothing(grid: Grid) -> None:
    """It was signed before; whoever held it back gains nothing by it."""
    query = grid.ask(KABIR, targets=[HOLDER])
    request = grid.request(query, HOLDER, ["name"])
    late = [parcel for _, parcel in grid.outbox(ASKER)]
    gathered(grid)
    closed(grid)
    before = grid.state(HOLDER)
    for parcel in late:
        assert mailroom.open_parcel(grid.agency(HOLDER).office, parcel) == ""
    assert grid.state(HOLDER) == before
    assert grid.agency(HOLDER).office.journal.find(request.hash) is None


@pytest.mark.threat("T10")
def test_nobody_decides_an_old_request(grid: Grid) -> None:
    """Neither the holder's custodian nor a further officer of the asker."""
    _, request = asked(grid)
    closed(grid)
    for member, officer in ((HOLDER, "cu-mehta"), (ASKER, "sp-nair")):
        before = grid.state(member)
        with pytest.raises(Refused) as refusal:
            grid.decide(member, officer, request.hash)
        assert refusal.value.reason is Reason.CLOSED
        assert grid.state(member) == before


@pytest.mark.threat("T10", "T15")
def test_a_holder_that_writes_on_releases_nothing(grid: Grid) -> None:
    """It decided in time and goes on with the closed log: no witness helps it."""
    query, request = asked(grid)
    grid.decide(HOLDER, "cu-mehta", request.hash)
    releaser = grid.agency(HOLDER).releaser(grid.relay.witness)
    for name in ("prisons", "childcare"):
        grid.members[name].online = False
    with pytest.raises(WireError):
        releaser.advance(request.hash)
    for member in grid.members.values():
        member.online = True
    closed(grid)
    before = grid.released(HOLDER)
    states = set()
    try:
        states = set(grid.release(HOLDER))
    except WireError:
        pass
    assert states <= {"void", "refused"}
    assert grid.released(HOLDER) == before == 0
    (source,) = grid.profile(query)["sources"]
    assert [one["record"] for one in source["requests"]] == [{}]
    for name, member in grid.members.items():
        if name != HOLDER:
            assert member.witness.size(names.origin(HOLDER, 1)) == 0


@pytest.mark.threat("T10")
def test_what_was_released_before_is_still_proven(grid: Grid) -> None:
    """A record that was on its way when its holder's log was closed is taken in."""
    query, request = asked(grid)
    grid.decide(HOLDER, "cu-mehta", request.hash)
    grid.release(HOLDER)
    mail = [parcel for said, parcel in grid.outbox(HOLDER)]
    gathered(grid)
    closed(grid)
    for parcel in mail:
        mailroom.open_parcel(grid.agency(ASKER).office, parcel)
    (source,) = grid.profile(query)["sources"]
    (one,) = source["requests"]
    assert one["state"] == "disclosed"


@pytest.mark.threat("T10")
def test_who_lost_its_own_log_takes_nothing_old_in(grid: Grid) -> None:
    """The asker's log is closed: a record for an old request opens nothing there."""
    query, request = asked(grid)
    gathered(grid, ASKER)
    grid.decide(HOLDER, "cu-mehta", request.hash)
    grid.release(HOLDER)
    mail = [parcel for said, parcel in grid.outbox(HOLDER)]
    closed(grid, ASKER)
    before = grid.state(ASKER)
    for parcel in mail:
        mailroom.open_parcel(grid.agency(ASKER).office, parcel)
    assert grid.state(ASKER) == before
    (source,) = grid.profile(query)["sources"]
    assert [one["record"] for one in source["requests"]] == [{}]
    assert grid.agency(ASKER).office.journal.all(Kind.RECEIPT) == []
