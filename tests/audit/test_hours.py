"""When something was said and logged: nobody gains, or is framed, by another date."""

from __future__ import annotations

from typing import cast as cast_

import pytest

from audit.cast import (
    CHILD,
    DAY,
    HOUR,
    HUB,
    NORTH,
    POLICE,
    SECTIONS,
)
from audit.late import (
    of_approver,
    released,
    settled,
    whats,
)
from audit.ledger import World
from audit.wrongs import begin
from childgrid_audit import hours
from childgrid_log.leaves import draft_of
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


@pytest.mark.threat("T9")
def test_a_release_dated_back_is_named(world: World) -> None:
    """Before the approver's revocation by its date, hours later by its leaf."""
    world.now += DAY
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    when = world.now
    world.now += HOUR
    world.post(of_approver(world, POLICE))
    world.gather()
    world.now += 2 * HOUR
    later, world.now = world.now, when
    approvals = sorted([own.hash, granted.hash])
    given = world.disclose("r", approvals=approvals)
    world.now = later
    world.log(given, CHILD, HUB, POLICE)
    world.end("r", Kind.RECEIPT)

    verdict, _ = settled(world)

    what = "is dated long before it was logged, by whoever says it"
    assert what in whats(verdict, CHILD)
    assert not whats(verdict, POLICE)


@pytest.mark.threat("T9")
def test_an_hour_put_back_is_named(world: World) -> None:
    """Witnesses had cosigned the log without those leaves ten days later."""
    begin(world)
    world.gather()
    world.mirror()
    when = world.now
    world.now += 10 * DAY
    world.gather()
    world.mirror()
    later, world.now = world.now, when
    world.release("r")
    world.now = later
    world.end("r", Kind.RECEIPT)

    verdict, _ = settled(world)

    assert "is logged in an hour gone by" in whats(verdict, CHILD)


def shred(
    world: World, member: str, *entries: int, names: tuple[str, ...] = ()
) -> None:
    """A party shreds entries of its log, whatever they are and however young."""
    party = world.parties[member]
    body = {"party": member, "entries": list(entries), "head": party.log.root().hex()}
    body |= {"statements": sorted(names)} if names else {}
    said = world.say(f"{member} shred", member, Kind.SHRED, **body)
    with party.log.transaction() as tx:
        told = tx.seal(draft_of(said, world.now))
        for entry in entries:
            tx.shred(entry, told)


@pytest.mark.threat("T23")
def test_what_is_shredded_before_its_time_is_named_and_kept(world: World) -> None:
    """The station keeps the copy that it has; documents are never shredded."""
    begin(world)
    released(world)
    world.gather()
    world.mirror()
    last = world.parties[CHILD].log.size() - 1
    shred(world, CHILD, last)
    shred(world, HUB, 0)

    verdict, _ = settled(world)

    assert f"shreds event {last}, which must stay, or stay longer" in whats(
        verdict, CHILD
    )
    assert "shreds event 0, which must stay, or stay longer" in whats(verdict, HUB)
    kept = list(world.stations[NORTH].store.lines(CHILD, last, last + 1))
    assert not kept[0].shredded


@pytest.mark.threat("T10")
def test_one_erasure_excuses_no_other_absence(world: World) -> None:
    """An old entry went rightly; a query without any case is named all the same."""
    target = {CHILD: {"ciphertext": "c1" * 32, "sealing_key": "d2" * 32}}
    query = {"officer": "si-rao", "purpose": "investigation", "sections": SECTIONS}
    query |= {"case": "ab" * 32, "attestation": "ab" * 32, "targets": target}
    query |= {"scheme": "5c" * 32, "epoch": 1, "rehearsal": False, "hours": 48}
    said = world.say("q", POLICE, Kind.QUERY, POLICE, HUB, CHILD, **query)
    answer = {"outcome": "none", "reason": "", "candidates": [], "as_of": world.now}
    world.say("a", CHILD, Kind.ANSWER, CHILD, HUB, POLICE, answers=said.hash, **answer)
    look = {"officer": "cu-das", "object": "inbox", "subject": ""}
    world.say("look", CHILD, Kind.VIEW, CHILD, **look)
    at = world.parties[CHILD].log.size() - 1
    world.gather()
    world.mirror()
    world.now += 200 * DAY
    shred(world, CHILD, at, names=(world.named["look"].hash,))
    world.gather()

    verdict, _ = settled(world)

    assert any("rests on abababababab" in one for one in whats(verdict, CHILD))


def test_what_was_received_is_not_void(world: World) -> None:
    """The holder can't take back what the other side has acknowledged."""
    begin(world)
    released(world)
    world.end("r", Kind.VOID)

    verdict, _ = settled(world)

    what = "tells that a disclosure is void which was received"
    assert what in whats(verdict, CHILD)


@pytest.mark.parametrize(
    "kind", [Kind.CASE, Kind.ANSWER, Kind.VOID, Kind.RECEIPT, Kind.SHRED]
)
def test_each_word_of_a_member_s_own_lies_in_its_hour(kind: Kind) -> None:
    """Not so what an officer drafted, nor what a closed log may have lost."""

    class Said:
        issued = 7_000

        def __init__(self, kind: Kind) -> None:
            self.kind = kind

    def late(kind: Kind, bucket: int, since: int = 0) -> bool:
        return hours.is_late(cast_(Statement, Said(kind)), bucket, since)

    assert late(kind, 2 * HOUR + 101)
    assert not late(kind, 2 * HOUR)
    assert not late(kind, 9 * HOUR, since=7_000)
    assert not late(Kind.QUERY, 9 * HOUR)
