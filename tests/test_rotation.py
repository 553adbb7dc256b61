"""The linkage key's life: rotated beside running nodes, wrapped, lost, compromised."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_authority import epochs
from childgrid_authority.errors import ChangeRefused
from childgrid_node import match
from childgrid_node.ceremony import unlock
from childgrid_wire import rotation
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from founders import PASSPHRASE, light_locks
from grid import AGENCIES, KABIR, Grid
from refusals import refused
from rotating import THREE, Rotating

FOUND = ["CU-1"]


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotating:
    """A grid in epoch 1."""
    light_locks(monkeypatch)
    return Rotating(tmp_path)


def approved(grid: Grid) -> Statement:
    """A query for Kabir that waits to be carried."""
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", asked.hash)
    return asked


def carry(grid: Grid, asked: Statement, target: str = "customs") -> Statement:
    """Carry it to one target; returns the answer."""
    grid.relay.match(grid.agency(target), grid.call(asked, target))
    said = match.stored(grid.agency(target).office, asked.hash)
    assert said is not None
    return said


def rows(grid: Grid, asked: Statement, target: str = "customs") -> list[str]:
    """Which records an agency found, the best band only."""
    held = match.handles(grid.agency(target).office, asked.hash)
    return [one.hit.key for one in held if one.hit.band == "strong"]


def accepted(grid: Rotating, epoch: int = 2) -> None:
    """A ceremony is over, the founders accept its epoch, childcare has the key."""
    grid.ceremony(epoch)
    grid.enact(epochs.accept(grid.book, epoch, THREE, grid.now))
    for wrapper in ("police", "customs"):
        grid.wrap(wrapper, "childcare", epoch)


def rotated(grid: Rotating, epoch: int = 2) -> None:
    """Everybody has encoded anew and asks under the new epoch."""
    accepted(grid, epoch)
    grid.turn()
    grid.enact(epochs.advance(grid.book, epoch, grid.now))
    grid.turn()


def retire(grid: Rotating, epoch: int) -> None:
    """The founders retire an epoch at once."""
    grid.enact(epochs.retire(grid.book, epoch, grid.now, at_once=True))


def standing(grid: Rotating, epoch: int) -> epochs.Standing:
    """What the founders see of an epoch."""
    return next(
        one for one in epochs.standing(grid.book, grid.now) if one.epoch == epoch
    )


def test_nodes_encode_under_a_new_epoch_beside_the_one_they_serve(
    grid: Rotating,
) -> None:
    """Accepted is not current: all ask under 1, whoever has encoded answers 2 too."""
    accepted(grid)
    grid.turn(["customs"])

    assert rows(grid, grid.ask(KABIR)) == FOUND
    assert grid.ask(KABIR)["epoch"] == 1
    customs = grid.stocks["customs"]
    assert (
        customs.held(2).indexes["rows"].living == customs.held(1).indexes["rows"].living
    )
    with refused(grid, Reason.EPOCH):
        grid.stocks["prisons"].held(2)


def test_the_founders_see_who_has_encoded(grid: Rotating) -> None:
    """By a word of each node on the board, said once; nobody waits for the first."""
    accepted(grid)
    assert standing(grid, 1).providers == ()
    assert standing(grid, 2).providers == tuple(sorted(AGENCIES))

    grid.turn(["customs", "police"])
    grid.turn(["customs"])

    assert standing(grid, 2).providers == ("childcare", "prisons")
    said = [one for one in grid.book.rotations(2) if one["step"] == rotation.READY]
    assert sorted(one.issuer for one in said) == ["customs", "police"]


def test_no_provider_is_left_behind_unasked(grid: Rotating) -> None:
    """The founders' command names who lags; told so explicitly it goes on."""
    accepted(grid)
    grid.turn(["customs", "police", "childcare"])
    before = grid.book.directories[-1]

    with pytest.raises(ChangeRefused, match="not ready: prisons;"):
        epochs.advance(grid.book, 2, grid.now)

    assert grid.book.directories[-1] == before
    assert epochs.advance(grid.book, 2, grid.now, despite_laggards=True)


def test_a_laggard_refuses_and_the_others_answer(grid: Rotating) -> None:
    """It answers `refused: epoch` instead of scoring noise, until it has encoded."""
    accepted(grid)
    grid.turn(["customs", "police", "childcare"])
    grid.enact(epochs.advance(grid.book, 2, grid.now, despite_laggards=True))
    grid.turn(["police"])
    asked = approved(grid)
    assert asked["epoch"] == 2
    carry(grid, asked)
    before = grid.state("prisons")

    with refused(grid, Reason.EPOCH):
        carry(grid, asked, "prisons")
    assert grid.state("prisons") == before

    grid.turn(["prisons"])
    carry(grid, asked, "prisons")
    assert rows(grid, asked) == FOUND
    assert rows(grid, asked, "prisons") == ["PR-1"]


def test_what_was_asked_before_is_answered_and_released_after(grid: Rotating) -> None:
    """A query and a handle of the old epoch serve on while it is accepted."""
    early, waiting = grid.ask(KABIR), approved(grid)
    rotated(grid)

    assert (waiting["epoch"], grid.ask(KABIR)["epoch"]) == (1, 2)
    assert carry(grid, waiting)["outcome"] == "hit"
    assert rows(grid, waiting) == FOUND
    assert released(grid, early) == "receipted"


def released(grid: Rotating, asked: Statement) -> str:
    """Ask for Kabir's flight, let everybody sign; returns how it ended at customs."""
    sealed(grid, asked)
    grid.settle()
    (state,) = grid.agency("customs").office.journal.rows("SELECT state FROM spent")
    return str(state[0])


def sealed(grid: Rotating, asked: Statement) -> Statement:
    """A request for Kabir's flight that both sides have approved."""
    request = grid.request(asked, "customs", ["name", "note"])
    grid.settle()
    grid.decide("customs", "cu-mehta", request.hash, fields=["name", "note"])
    return request


def test_the_same_people_are_found_under_either_epoch(grid: Rotating) -> None:
    """Nothing of an answer but its handles depends on the key."""
    old = grid.candidates(grid.ask(KABIR))
    rotated(grid)
    new = grid.candidates(grid.ask(KABIR))

    def told(found: dict[str, list[dict[str, object]]]) -> object:
        keys = ("probability", "band", "others", "category")
        return {
            name: [{key: one[key] for key in keys} for one in some]
            for name, some in found.items()
        }

    assert told(new) == told(old)


def test_a_retired_epoch_leaves_neither_key_nor_index(grid: Rotating) -> None:
    """At every node, also at one that was stopped when it was retired."""
    rotated(grid)
    assert grid.left_of("customs", 1) == [
        "linkage-e1.locked",
        "rows.index",
        "rows.progress",
    ]
    retire(grid, 1)
    grid.turn(["customs", "police", "childcare"])
    grid.restart("prisons")
    grid.turn(["prisons"])

    assert [grid.left_of(name, 1) for name in AGENCIES] == [[]] * 4
    assert all("rows.index" in grid.left_of(name, 2) for name in AGENCIES)
    assert rows(grid, grid.ask(KABIR)) == FOUND


def test_what_a_ceremony_left_before_the_founders_announce_it_stays(
    grid: Rotating,
) -> None:
    """A key that was never accepted is not a retired one."""
    grid.ceremony(2)
    grid.turn()

    assert grid.left_of("customs", 2) == ["linkage-e2.locked"]
    with pytest.raises(Refused) as caught:
        grid.stocks["customs"].held(2)
    assert caught.value.reason is Reason.EPOCH


def test_a_retired_query_is_void_everywhere(grid: Rotating) -> None:
    """Neither answered for the first time nor again, nor asked for a record of."""
    answered, waiting = grid.ask(KABIR), approved(grid)
    rotated(grid)
    retire(grid, 1)

    for asked in (waiting, answered):
        with refused(grid, Reason.EPOCH):
            carry(grid, asked)
    grid.turn()
    for asked in (waiting, answered):
        with refused(grid, Reason.EPOCH):
            carry(grid, asked)
    with refused(grid, Reason.EPOCH):
        grid.request(answered, "customs", ["name"])
    assert grid.released("customs") == 0


def test_a_retired_handle_releases_nothing(grid: Rotating) -> None:
    """A request that both sides have approved ends refused: epoch, to be told."""
    request = sealed(grid, grid.ask(KABIR))
    rotated(grid)
    retire(grid, 1)
    grid.turn()

    assert grid.release("customs") == ["refused"]
    grid.settle()

    (said,) = grid.agency("police").office.journal.answers(request.hash, Kind.REFUSAL)
    assert (said.issuer, said["reason"]) == ("customs", "epoch")
    assert grid.released("customs") == 0


def test_what_was_sealed_and_not_handed_over_is_void(grid: Rotating) -> None:
    """Witnesses were away; when they are back the epoch is retired."""
    sealed(grid, grid.ask(KABIR))
    away = [name for name in grid.members if name != "customs"]
    for name in away:
        grid.members[name].online = False
    with pytest.raises(Refused):
        grid.release("customs")
    for name in away:
        grid.members[name].online = True
    rotated(grid)
    retire(grid, 1)

    assert grid.release("customs") == ["void"]
    assert grid.released("customs") == 0


def test_a_silent_hit_of_a_retired_epoch_is_not_said(grid: Rotating) -> None:
    """Its custodian's decision is refused, and nothing of it is kept."""
    asked = grid.ask(KABIR)
    rotated(grid)
    retire(grid, 1)

    with refused(grid, Reason.EPOCH):
        grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")


def test_who_was_in_no_ceremony_needs_two_wrappers_for_each_epoch(
    grid: Rotating,
) -> None:
    """One is not enough; until then it goes on asking and answering under the old."""
    grid.ceremony(2)
    grid.enact(epochs.accept(grid.book, 2, THREE, grid.now))
    grid.wrap("police", "childcare", 2)
    grid.turn()
    assert grid.stocks["childcare"].holdings.epoch == 1
    assert standing(grid, 2).providers == ("childcare",)

    grid.wrap("customs", "childcare", 2)
    grid.turn(["childcare"])

    assert standing(grid, 2).providers == ()
    held = [unlock(grid.keys(one), 2, PASSPHRASE) for one in ("childcare", "police")]
    assert held[0] == held[1]


def test_a_source_that_can_not_be_read_keeps_the_old_epoch_in_service(
    grid: Rotating,
) -> None:
    """It is tried again; the node doesn't say that it is ready meanwhile."""
    path = grid.configs["customs"].sources / "rows.csv"
    kept = path.rename(path.with_suffix(".away"))
    accepted(grid)
    grid.turn()
    assert standing(grid, 2).providers == ("customs",)
    assert rows(grid, grid.ask(KABIR)) == FOUND

    kept.rename(path)
    grid.turn()

    assert standing(grid, 2).providers == ()


def test_a_source_that_nobody_had_indexed_is_not_encoded_unasked(
    grid: Rotating,
) -> None:
    """What a new mapping puts in is a person's act, which leaves a leaf."""
    sources = grid.configs["customs"].sources
    text = (sources / "rows.toml").read_text()
    (sources / "more.toml").write_text(text)
    grid.restart("customs")
    accepted(grid)
    grid.turn()

    assert grid.stocks["customs"].lacking() == {1: ("more",), 2: ("more",)}
    assert standing(grid, 2).providers == ("customs",)


def test_a_restart_takes_up_both_epochs(grid: Rotating) -> None:
    """Nothing is encoded again, and either is answered at once."""
    waiting = approved(grid)
    accepted(grid)
    grid.turn()
    grid.restart("customs")

    assert grid.stocks["customs"].lacking() == {}
    assert carry(grid, waiting)["outcome"] == "hit"
