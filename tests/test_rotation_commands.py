"""What agencies type while the linkage key is rotated, beside their running nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from childgrid_authority import epochs
from childgrid_node import doctor, joining
from childgrid_node.ceremony import unlock
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import Refused, Unreachable
from founders import PASSPHRASE, files, light_locks
from rotating import THREE, Rotating, accepted, standing


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locked files that open fast."""
    light_locks(monkeypatch)
    yield


@pytest.fixture
def grid(tmp_path: Path) -> Rotating:
    """A grid in epoch 1."""
    return Rotating(tmp_path)


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
    keys = keys_fingerprint(grid.book.latest(grid.now).member("childcare"))
    with pytest.raises(doctor.Fault, match=f"epoch 2 is not here.*{keys}"):
        examined(grid, "childcare")

    grid.wrap("customs", "childcare", 2)
    grid.turn(["childcare"])

    assert standing(grid, 2).providers == ()
    held = [unlock(grid.keys(one), 2, PASSPHRASE) for one in ("childcare", "police")]
    assert held[0] == held[1]


def test_a_ceremony_leaves_the_documents_of_running_nodes_to_them(
    grid: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its command keeps the board in memory, and the key on the disk, nothing else."""
    monkeypatch.setattr(joining, "posted", grid.posted)
    folders = [grid.agency(name).folder / "documents" for name in THREE]
    before = [files(folder) for folder in folders]
    for name in 4 * THREE:
        with suppress(Unreachable):
            joining.hold_ceremony(
                grid.configs[name], 2, THREE, 0, grid.clock, lambda _: None
            )

    assert len({unlock(grid.keys(name), 2, PASSPHRASE) for name in THREE}) == 1
    assert [files(folder) for folder in folders] == before


def examined(grid: Rotating, name: str) -> str:
    """What `childgrid-node doctor` says of an agency's epochs."""
    grid.restart(name)
    patient = doctor._Patient(grid.configs[name], grid.clock)
    patient._opened, patient._stocked = grid.agency(name).office, grid.stocks[name]
    return patient.epochs()


def test_the_doctor_says_how_far_a_node_is(grid: Rotating) -> None:
    """Encoded or not; that a node is about it by itself is no fault."""
    assert examined(grid, "prisons") == "keys of epoch 1 here, sources encoded"
    accepted(grid)
    with pytest.raises(doctor.Doubt, match="encodes under it"):
        examined(grid, "prisons")
    grid.turn()
    assert examined(grid, "prisons") == "keys of epoch 1, 2 here, sources encoded"


def test_one_command_wraps_the_key_of_every_accepted_epoch(
    grid: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an agency that was in none of the ceremonies; nothing without fingerprint."""
    grid.ceremony(2)
    grid.enact(epochs.accept(grid.book, 2, THREE, grid.now))
    monkeypatch.setattr(joining, "posted", grid.posted)
    right = keys_fingerprint(grid.agency("police").office.view.member("childcare"))
    config = grid.configs["customs"]
    before = len(grid.book.rotations(1) + grid.book.rotations(2))
    with pytest.raises(Refused, match="fingerprint"):
        joining.wrap_for(config, "childcare", right[:-1], grid.clock)
    assert len(grid.book.rotations(1) + grid.book.rotations(2)) == before

    assert joining.wrap_for(config, "childcare", right, grid.clock) == [1, 2]

    said = [*grid.book.rotations(1), *grid.book.rotations(2)]
    wraps = [(one.issuer, one["epoch"]) for one in said if one["step"] == "wrap"]
    assert wraps == [("customs", 1), ("customs", 2)]
