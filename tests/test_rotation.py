"""The linkage key's life: rotated beside running nodes, wrapped, lost, compromised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from childgrid_authority import epochs
from childgrid_authority.errors import ChangeRefused
from childgrid_wire import rotation
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from founders import light_locks
from grid import AGENCIES, KABIR
from refusals import refused
from rotating import (
    Rotating,
    accepted,
    approved,
    carry,
    retire,
    rotated,
    rows,
    standing,
)

FOUND = ["CU-1"]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Locked files that open fast."""
    with pytest.MonkeyPatch.context() as patch:
        light_locks(patch)
        yield


@pytest.fixture
def grid(tmp_path: Path) -> Rotating:
    """A grid in epoch 1."""
    return Rotating(tmp_path)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Rotating:
    """Epoch 2 is accepted; all but prisons have encoded. Tests leave it as it is."""
    grid = Rotating(tmp_path_factory.mktemp("uneven"))
    accepted(grid)
    grid.turn(["customs", "police", "childcare"])
    grid.turn(["customs"])
    return grid


@dataclass
class Moved:
    """A grid in which epoch 2 is current, and what was asked before it was."""

    grid: Rotating
    early: Statement
    waiting: Statement


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """Both are accepted; one query of the old was answered, one is on its way."""
    grid = Rotating(tmp_path_factory.mktemp("moved"))
    early, waiting = grid.ask(KABIR), approved(grid)
    rotated(grid)
    return Moved(grid, early, waiting)


@dataclass
class Ended(Moved):
    """A grid in which epoch 1 is retired, and what was under way when it was."""

    request: Statement
    left: list[str]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Prisons' node was stopped when the epoch was retired, and has started again."""
    grid = Rotating(tmp_path_factory.mktemp("ended"))
    early, waiting = grid.ask(KABIR), approved(grid)
    request = sealed(grid, early)
    rotated(grid)
    left = grid.left_of("customs", 1)
    retire(grid, 1)
    grid.turn(["customs", "police", "childcare"])
    grid.restart("prisons")
    grid.turn(["prisons"])
    return Ended(grid, early, waiting, request, left)


def test_nodes_encode_under_a_new_epoch_beside_the_one_they_serve(
    uneven: Rotating,
) -> None:
    """Accepted is not current: all ask under 1, whoever has encoded answers 2 too."""
    asked = uneven.ask(KABIR)

    assert (asked["epoch"], rows(uneven, asked)) == (1, FOUND)
    assert rows(uneven, asked, "prisons") == ["PR-1"]
    customs = uneven.stocks["customs"]
    living = [customs.held(epoch).indexes["rows"].living for epoch in (1, 2)]
    assert living == [3, 3]
    with refused(uneven, Reason.EPOCH):
        uneven.stocks["prisons"].held(2)


def test_the_founders_see_who_has_encoded(uneven: Rotating) -> None:
    """By a word of each node on the board, said once; nobody waits for the first."""
    assert standing(uneven, 1).providers == ()
    assert standing(uneven, 2).providers == ("prisons",)
    said = [one for one in uneven.book.rotations(2) if one["step"] == rotation.READY]
    assert sorted(one.issuer for one in said) == ["childcare", "customs", "police"]
    assert all(one.issuer != "prisons" for one in said)


def test_no_provider_is_left_behind_unasked(uneven: Rotating) -> None:
    """The founders' command names who lags; told so explicitly it goes on."""
    before = uneven.book.directories[-1]

    with pytest.raises(ChangeRefused, match="not ready: prisons;"):
        epochs.advance(uneven.book, 2, uneven.now)

    assert uneven.book.directories[-1] == before
    assert epochs.advance(uneven.book, 2, uneven.now, despite_laggards=True)


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


def test_what_was_asked_before_is_answered_after(moved: Moved) -> None:
    """By whoever was away, while the old epoch is accepted; new ones ask under 2."""
    grid = moved.grid
    assert (moved.waiting["epoch"], grid.ask(KABIR)["epoch"]) == (1, 2)

    assert carry(grid, moved.waiting)["outcome"] == "hit"
    assert rows(grid, moved.waiting) == FOUND


def test_a_handle_of_the_old_epoch_releases_its_record(moved: Moved) -> None:
    """The row is encoded again under the key that the handle was given under."""
    grid = moved.grid
    sealed(grid, moved.early)
    grid.settle()

    assert grid.released("customs") == 1


def sealed(grid: Rotating, asked: Statement) -> Statement:
    """A request for Kabir's flight that both sides have approved."""
    request = grid.request(asked, "customs", ["name", "note"])
    grid.settle()
    grid.decide("customs", "cu-mehta", request.hash, fields=["name", "note"])
    return request


def test_the_same_people_are_found_under_either_epoch(moved: Moved) -> None:
    """Nothing of an answer but its handles depends on the key."""
    early = moved.grid.candidates(moved.early)
    late = moved.grid.candidates(moved.grid.ask(KABIR))

    def told(found: dict[str, list[dict[str, object]]]) -> object:
        keys = ("probability", "band", "others", "category")
        return {
            name: [{key: one[key] for key in keys} for one in some]
            for name, some in found.items()
        }

    assert told(late) == told(early)


def test_a_restart_takes_up_both_epochs(moved: Moved) -> None:
    """Nothing is encoded again, and either is answered at once."""
    moved.grid.restart("customs")

    assert moved.grid.stocks["customs"].lacking() == {}
    for epoch in (1, 2):
        assert moved.grid.stocks["customs"].held(epoch).indexes["rows"].living == 3


def test_a_retired_epoch_leaves_neither_key_nor_index(ended: Ended) -> None:
    """At every node, also at one that was stopped when it was retired."""
    grid = ended.grid
    assert ended.left == ["linkage-e1.locked", "rows.index"]
    assert [grid.left_of(name, 1) for name in AGENCIES] == [[]] * 4
    assert all("rows.index" in grid.left_of(name, 2) for name in AGENCIES)
    assert rows(grid, grid.ask(KABIR)) == FOUND


def test_a_retired_query_is_void_everywhere(ended: Ended) -> None:
    """Neither answered for the first time nor again, nor asked for a record of."""
    for asked in (ended.waiting, ended.early):
        with refused(ended.grid, Reason.EPOCH):
            carry(ended.grid, asked)
    with refused(ended.grid, Reason.EPOCH):
        ended.grid.request(ended.early, "customs", ["name"])
    assert ended.grid.released("customs") == 0


def test_a_retired_handle_releases_nothing(ended: Ended) -> None:
    """A request that both sides had approved ends refused: epoch, to be told."""
    grid = ended.grid
    grid.settle()

    told = grid.agency("police").office.journal.answers(
        ended.request.hash, Kind.REFUSAL
    )
    assert [(one.issuer, one["reason"]) for one in told] == [("customs", "epoch")]
    assert grid.released("customs") == 0


def test_a_silent_hit_of_a_retired_epoch_is_not_said(ended: Ended) -> None:
    """Its custodian's decision is refused, and nothing of it is kept."""
    with refused(ended.grid, Reason.EPOCH):
        ended.grid.decide("childcare", "cc-das", ended.early.hash, slot="silent-hit")


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


def test_a_source_that_can_not_be_read_keeps_the_old_epoch_in_service(
    grid: Rotating,
) -> None:
    """It is tried again later; the node doesn't say that it is ready meanwhile."""
    path = grid.configs["customs"].sources / "rows.csv"
    kept = path.rename(path.with_suffix(".away"))
    accepted(grid)
    grid.turn()
    assert standing(grid, 2).providers == ("customs",)
    assert rows(grid, grid.ask(KABIR)) == FOUND
    with refused(grid, Reason.EPOCH):
        grid.stocks["customs"].held(2)

    kept.rename(path)
    grid.turn()
    assert standing(grid, 2).providers == ("customs",)
    grid.now += grid.configs["customs"].refresh_seconds
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
