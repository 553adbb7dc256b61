"""Where things stand in the logs, or do not: who is in the wrong by it, and who not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cast import CHILD, HUB, POLICE, PRISON
from audit.late import of_member, settled, whats
from audit.ledger import World
from audit.tamper import Ground, dropped
from audit.test_lapses import Loss
from audit.wrongs import begin
from childgrid_wire.kinds import Kind


@pytest.fixture
def loss(world: World, tmp_path: Path) -> Iterator[Loss]:
    """A grid in which everything is still there."""
    made = Loss(world, tmp_path)
    yield made
    if made.old:
        made.old.close()


@pytest.mark.threat("T10")
def test_a_coordinator_had_what_it_passed_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked has an answer that only the coordinator can have brought."""
    query = world.ask("q", child="away")
    case, said = world.named["q case"], world.named["q query approval"]
    for one in (case, query, said):
        world.log(one, CHILD)
    world._answer("other", query, CHILD, "none")
    assert settled(world)[0].findings == ()

    world.ask("p", child="away")
    for name in ("p case", "p query", "p query approval"):
        world.log(world.named[name], CHILD)
    log = world.log
    monkeypatch.setattr(
        world, "log", lambda said, *to: log(said, *(one for one in to if one != HUB))
    )
    world._answer("kept back", world.named["p query"], CHILD, "none")

    (finding,) = settled(world)[0].findings
    assert (finding.party, finding.what.partition(";")[0]) == (HUB, "is missing")
    assert world.named["kept back"].hash[:12] in finding.event


def test_a_query_may_come_before_its_case(world: World) -> None:
    """They travel apart; the target answers once it has both."""
    query = world.ask("q", child="away")
    for name in ("q query", "q case", "q query approval"):
        world.log(world.named[name], CHILD)
    world._answer("answer", query, CHILD, "none")

    assert settled(world)[0].findings == ()


def test_a_holder_is_not_bound_by_a_refusal_that_it_had_not_heard(world: World) -> None:
    """Who asked took it back while the record was on its way."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    approvals = sorted([own.hash, granted.hash])
    given = world.disclose("r", CHILD, HUB, approvals=approvals)
    refusal = {"answers": request.hash, "subject": "request"}
    world.say(
        "no", POLICE, Kind.REFUSAL, POLICE, HUB, CHILD,
        officer="sp-nair", reason="not-necessary", **refusal,
    )  # fmt: skip
    world.log(given, POLICE)
    world.end("r", Kind.RECEIPT)

    assert settled(world)[0].findings == ()


@pytest.mark.threat("T4")
def test_an_approval_that_nobody_has_allows_nothing(world: World) -> None:
    """Beside as many good ones as are needed."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    approvals = sorted([own.hash, granted.hash, "ab" * 32])
    world.disclose("r", CHILD, HUB, POLICE, approvals=approvals)
    world.end("r", Kind.RECEIPT)

    verdict, _ = settled(world)

    what = "was not allowed: not-approved an approval is in no log"
    assert what in whats(verdict, CHILD)


@pytest.mark.threat("T10")
def test_who_tampered_with_its_log_has_no_time_left_for_a_receipt(
    ground: Ground,
) -> None:
    """It may be what was taken out; of an honest log it is open until it is due."""
    what = f"has no receipt of {POLICE} and no void"
    assert what in {one.what for one in ground.verdict.notes}
    trial = dropped(ground, POLICE, 0)

    verdict = ground.verifier.verify(trial.files)

    assert what in {one.what for one in verdict.findings}


@pytest.mark.threat("T9")
@pytest.mark.parametrize("followed", [False, True])
def test_a_coordinator_logs_the_board_in_its_order(
    world: World, followed: bool
) -> None:
    """What is left out is open, and a fault as soon as a later one is logged."""
    document = of_member(world, PRISON)
    for party in world.parties.values():
        party.shelf.add(document)
    for station in world.stations.values():
        station.store.board.add(document)
    if followed:
        world.post(of_member(world, CHILD))

    verdict, _ = settled(world)

    assert ("is on the board but not logged" in whats(verdict, HUB)) == followed
    notes = {one.what for one in verdict.notes}
    assert ("is on the board but not logged" in notes) != followed


@pytest.mark.threat("T10", "T15")
def test_what_a_statement_rests_on_may_be_lost_with_its_author_s_log(
    loss: Loss,
) -> None:
    """A custodian's word was in the holder's log alone: named as lost, and no fault."""
    world = loss.world
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    world.gather()
    world.mirror()
    granted = world.approve("g", request, CHILD, "cu-das", CHILD)
    approvals = sorted([own.hash, granted.hash])
    world.disclose("r", CHILD, HUB, POLICE, approvals=approvals)
    world.end("r", Kind.RECEIPT)
    loss.close()
    loss.begin()

    verdict, _ = loss.audit()

    what = f"rests on {granted.hash[:12]}, which is in no log"
    assert what not in {one.what for one in verdict.findings}
    assert f"{what} any more" in {one.what for one in verdict.lost}
