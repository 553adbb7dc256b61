"""The board: in order, verified, once, and the same after a restart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.board import NEWS, PAGE_BYTES
from childgrid_wire import statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS
from coordinator.cast import ASKER, DAY, HOLDERS
from coordinator.cast import signer as signer_of
from coordinator.world import World


def test_documents_come_in_the_order_in_which_they_were_hung(
    world: World, hub: Coordinator
) -> None:
    """Founders' papers first, then what was published; cursors count on."""
    newer = world.policy(HOLDERS[0], version=2)
    hub.board.publish(newer)
    page, cursor = hub.board.fetch(0)
    assert page == [*world.papers, newer]
    assert cursor == len(page)
    assert hub.board.fetch(cursor) == ([], cursor)
    assert hub.board.fetch(cursor - 1) == ([newer], cursor)
    assert hub.board.fetch(cursor + 5) == ([], cursor)


def test_a_document_is_logged_once_and_survives(world: World) -> None:
    """Publishing again, in this life or the next, adds nothing."""
    newer = world.policy(HOLDERS[0], version=2)
    with world.coordinator() as hub:
        hub.board.publish(newer)
        hub.board.publish(newer)
        size, shown = hub.log.size(), hub.board.fetch(0)
    assert size == len(world.papers) + 1
    with world.coordinator() as hub:
        hub.board.publish(newer)
        assert (hub.log.size(), hub.board.fetch(0)) == (size, shown)


def test_a_new_document_counts_at_once(world: World, hub: Coordinator) -> None:
    """The view that follows from the board is never an old one."""
    before = hub.board.view().policy(HOLDERS[0])["version"]
    hub.board.publish(world.policy(HOLDERS[0], version=2))
    assert (before, hub.board.view().policy(HOLDERS[0])["version"]) == (1, 2)
    hub.board.publish(world.revocation("officer", member=ASKER, subject="io"))
    with pytest.raises(Untrusted):
        hub.board.view().officer(ASKER, "io")


def test_news_of_the_board_wake_who_waits_for_mail(
    world: World, hub: Coordinator
) -> None:
    """A member that waits learns at once that a document hangs; by then it does."""
    relay, seen = hub.verbs.relay, hub.board.end
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(relay.receive, ASKER, 0, 60, seen)
        behind = pool.submit(relay.receive, ASKER, 0, 60, seen - 1)
        assert behind.result(30) == []
        hub.board.publish(world.policy(HOLDERS[0], version=2))
        assert waits.result(30) == []
    assert hub.board.end == seen + 1


def test_who_asks_for_mail_alone_is_not_woken(world: World, hub: Coordinator) -> None:
    """A member that doesn't say what it has read waits for mail, as it always did."""
    relay, listening = hub.verbs.relay, hub.bell._listening
    with ThreadPoolExecutor() as pool, hub.bell.listen(NEWS) as ear:
        told = pool.submit(relay.receive, HOLDERS[0], 0, 60, hub.board.end)
        waits = pool.submit(relay.receive, ASKER, 0, 60)
        while not {("mail", HOLDERS[0]), ("mail", ASKER)} <= listening.keys():
            pass
        hub.board.publish(world.policy(HOLDERS[0], version=2))
        assert told.result(30) == []
        assert ear.wait(0)
        assert not any(one.is_set() for one in listening["mail", ASKER])
        hub.bell.ring(("mail", ASKER))
        assert waits.result(30) == []


def test_a_document_that_hangs_already_is_no_news(
    world: World, hub: Coordinator
) -> None:
    """Nobody can wake all members by publishing what they have read."""
    with hub.bell.listen(NEWS) as ear:
        hub.board.publish(world.papers[0])
        assert not ear.wait(0)


def test_the_view_moves_with_the_clock(world: World, hub: Coordinator) -> None:
    """A cached view is judged at the present moment."""
    before = hub.board.view().now
    world.clock.advance(1_000)
    assert hub.board.view().now >= before + 1_000


@pytest.mark.parametrize(
    "forge",
    [
        lambda world: world.policy(HOLDERS[0], version=1),
        lambda world: world.policy(HOLDERS[0], version=2)[:-1],
        lambda world: world.policy(HOLDERS[0], version=2).replace(
            HOLDERS[0].encode(), HOLDERS[1].encode()
        ),
        lambda world: world.answer(HOLDERS[0], "a" * 64),
        lambda world: world.revocation("officer", number=2, member=ASKER, subject="io"),
        lambda _: b"x" * (3 * 2**20 + 1),
    ],
    ids=["old", "cut", "forged", "no-document", "gap", "huge"],
)
def test_what_does_not_verify_never_hangs(
    world: World, hub: Coordinator, forge: Callable[[World], bytes]
) -> None:
    """Old versions, forgeries, gaps and other kinds leave no trace."""
    before = hub.board.fetch(0), hub.log.size()
    with pytest.raises((Malformed, Untrusted, Refused)):
        hub.board.publish(forge(world))
    assert (hub.board.fetch(0), hub.log.size()) == before


def test_pages_are_bounded_and_lose_nothing(world: World, hub: Coordinator) -> None:
    """Many documents come in several pages, each below its limit, none twice."""
    for version in range(2, 230):
        hub.board._shelf.add(world.policy(HOLDERS[0], version=version))
    hub.board._catch_up()
    seen, cursor, pages = [], 0, 0
    while True:
        page, following = hub.board.fetch(cursor)
        if not page:
            break
        assert len(page) <= 200
        assert sum(map(len, page)) <= PAGE_BYTES
        seen, cursor, pages = seen + page, following, pages + 1
    assert pages == 2
    assert len(set(seen)) == len(seen) == len(world.papers) + 228


def test_an_empty_board_trusts_nobody_yet(tmp_path: Path, cheap_locks: None) -> None:
    """Without a directory there is no view, and founders can hang the first one."""
    world = World(tmp_path)
    world.install(documents=False)
    with world.coordinator() as hub:
        assert hub.board.fetch(0) == ([], 0)
        with pytest.raises(WireError):
            hub.board.view()
        for data in world.papers:
            hub.board.publish(data)
        assert hub.board.view().member(ASKER)["id"] == ASKER


@pytest.mark.threat("T27")
@pytest.mark.parametrize("by", ["founders", "member"])
def test_what_is_dated_ahead_never_hangs(
    world: World, hub: Coordinator, by: str
) -> None:
    """A date to come would later put honest parties in the wrong; no trace is left."""
    ahead = SKEW_SECONDS + 60
    said = _revoked(world, by, world.now + ahead)
    before = hub.board.fetch(0), hub.log.size(), hub.board.revoked().officers

    with pytest.raises(Refused) as caught:
        hub.board.publish(said)

    assert caught.value.reason is Reason.NOT_YET
    after = hub.board.fetch(0), hub.log.size(), hub.board.revoked().officers
    assert after == before
    world.clock.advance(ahead)
    hub.board.publish(said)
    assert hub.board.revoked().officers == {f"{ASKER}/io"}


def test_a_clock_a_little_ahead_is_no_reason_to_refuse(
    world: World, hub: Coordinator
) -> None:
    """As with every statement; and what hangs already may be published again."""
    said = _revoked(world, "member", world.now + SKEW_SECONDS - 30)
    hub.board.publish(said)
    size = hub.log.size()
    world.clock.advance(-3_600)
    hub.board.publish(said)
    assert hub.log.size() == size


def _revoked(world: World, by: str, issued: int) -> bytes:
    """The founders or an agency itself revoke an officer, under a date of choice."""
    issuer = statement.FOUNDERS if by == "founders" else ASKER
    signer = "founder:asha" if by == "founders" else ASKER
    return statement.make(
        Kind.REVOCATION, signer_of(signer), issuer=issuer, now=issued, seconds=DAY,
        number=1, target="officer", member=ASKER, subject="io", serial="", cause="lost",
    )  # fmt: skip
