"""Nobody can fill the board, and nobody's documents keep another's from hanging."""

from __future__ import annotations

import pytest

from childgrid_coordinator import quota
from childgrid_coordinator.app import Coordinator
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from coordinator.cast import ASKER, DAY, HOLDERS
from coordinator.world import World

HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


def spent(hub: Coordinator, data: bytes, detail: str) -> None:
    """It is refused as beyond its signer's day, and nothing is kept or logged."""
    before = hub.board.fetch(0), hub.log.size()

    with pytest.raises(Refused) as caught:
        hub.board.publish(data)

    assert caught.value.reason is Reason.BUDGET
    assert caught.value.detail == f"{detail} of one signer in a day"
    assert (hub.board.fetch(0), hub.log.size()) == before


@pytest.mark.threat("T14")
def test_a_member_hangs_up_so_many_documents_a_day(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs may be hung again; others are free, and so is the next day."""
    monkeypatch.setitem(quota._LIMITS, "documents", 2)
    first, second = (world.policy(HOLDERS[0], version=v) for v in (2, 3))
    hub.board.publish(first)
    hub.board.publish(first)
    hub.board.publish(second)

    third = world.policy(HOLDERS[0], version=4)
    spent(hub, third, "documents")

    hub.board.publish(second)
    hub.board.publish(world.policy(HOLDERS[1], version=2))
    world.clock.advance(DAY)
    hub.board.publish(third)
    assert hub.board.view().policy(HOLDERS[0])["version"] == 4


@pytest.mark.threat("T14")
def test_large_documents_are_bounded_by_their_size(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few lists of megabytes are as bad as many small ones."""
    first, second = (world.policy(HOLDERS[0], version=v) for v in (2, 3))
    monkeypatch.setitem(quota._LIMITS, "bytes", len(first) + len(second) - 1)
    hub.board.publish(first)

    spent(hub, second, "bytes")


@pytest.mark.threat("T14")
def test_revocations_have_a_limit_of_their_own(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists don't use it up, nor does a founder use up an agency's."""
    monkeypatch.setitem(quota._LIMITS, "documents", 1)
    monkeypatch.setitem(quota._LIMITS, "revocations", 1)
    hub.board.publish(world.policy(ASKER, version=2))
    hub.board.publish(world.revocation("officer", member=ASKER, subject="io"))

    more = world.revocation("officer", member=ASKER, subject="sho", number=2)

    spent(hub, more, "revocations")
    own = {"target": "officer", "member": ASKER, "serial": "", "cause": "lost"}
    hub.board.publish(
        world.said(Kind.REVOCATION, ASKER, number=1, subject="sho", **own)
    )
    assert hub.board.revoked().officers == {f"{ASKER}/io", f"{ASKER}/sho"}


@pytest.mark.threat("T14")
def test_what_does_not_verify_uses_up_nothing(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger can't spend a member's day in its name."""
    monkeypatch.setitem(quota._LIMITS, "documents", 1)
    old = world.policy(HOLDERS[0], version=1)
    with pytest.raises(Untrusted):
        hub.board.publish(old)

    hub.board.publish(world.policy(HOLDERS[0], version=2))


def test_what_founders_sign_together_has_no_limit(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing holds up a directory."""
    for name in quota._LIMITS:
        monkeypatch.setitem(quota._LIMITS, name, 0)
    floor = {**hub.board.view().rules().body}
    body = {name: floor[name] for name in floor if name not in HEADER}

    hub.board.publish(world.founded(Kind.FLOOR, **{**body, "version": 2}))

    assert hub.board.end == len(world.papers) + 1
