"""Who is expelled, and a key that is out: neither is of use to anybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from childgrid_authority import directory, epochs
from childgrid_authority.errors import ChangeRefused
from childgrid_node import ceremony, match, normalise
from childgrid_node.ceremony import unlock
from childgrid_wire import rotation, statement
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, Untrusted
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from founders import PASSPHRASE, light_locks
from grid import AGENCIES, DAY, KABIR, scheme, seed
from refusals import refused
from rotating import THREE, Rotating, approved, carry

OTHERS = ("customs", "prisons", "childcare")


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotating:
    """A grid in epoch 1."""
    light_locks(monkeypatch)
    return Rotating(tmp_path)


def ready(grid: Rotating, member: str, check: str, name: str = "") -> bytes:
    """A member's word that it is ready, whatever the truth."""
    return statement.make(
        Kind.ROTATION,
        SeedSigner(member, seed(f"{name or member} key")),
        issuer=member,
        now=grid.now,
        seconds=DAY,
        epoch=2,
        step=rotation.READY,
        member="",
        commitment="",
        transcript="",
        key_check=check,
        shares={},
    )


@pytest.mark.threat("T12", "T27")
def test_an_expelled_agency_is_refused_at_once_and_knows_no_later_key(
    grid: Rotating,
) -> None:
    """Its approved query reaches nobody; the next key is none that it can derive."""
    asked = approved(grid)
    grid.revoke("police")
    with refused(grid, Reason.REVOKED):
        carry(grid, asked)

    grid.ceremony(2, OTHERS)
    grid.enact(epochs.accept(grid.book, 2, OTHERS, grid.now))
    grid.turn(OTHERS)
    assert all(one.providers == () for one in epochs.standing(grid.book, grid.now))
    grid.enact(epochs.advance(grid.book, 2, grid.now))
    grid.turn(OTHERS)

    before = grid.everything()
    office = grid.agency("police").office
    with pytest.raises(Refused, match="0 of 2"):
        ceremony.open_wraps(
            office.shelf.book, office.view, office.identity, 2, scheme().digest
        )
    with pytest.raises(Untrusted):
        grid.wrap("customs", "police", 2)
    boxes = [set(one["shares"]) for one in grid.book.rotations(2)]
    assert all("police" not in shares for shares in boxes)
    assert unlock(grid.keys("customs"), 2, PASSPHRASE) != seed("linkage")
    with refused(grid, Reason.REVOKED):
        carry(grid, asked)
    assert grid.everything() == before


@pytest.mark.threat("T12")
def test_no_ceremony_is_held_with_an_expelled_agency(grid: Rotating) -> None:
    """Neither by the others nor by the founders; no epoch is accepted."""
    grid.ceremony(2)
    grid.revoke("prisons")
    before = grid.everything(), grid.book.directories[-1]

    with pytest.raises(Untrusted, match="revoked"):
        epochs.accept(grid.book, 2, THREE, grid.now)
    with pytest.raises(Untrusted, match="revoked"):
        grid.advance("customs", 3, THREE)
    assert (grid.everything(), grid.book.directories[-1]) == before


@pytest.mark.threat("T12")
def test_the_old_key_says_nothing_of_encodings_under_the_new(grid: Rotating) -> None:
    """A dictionary under it finds its rows in the old index, and none in the new."""
    grid.ceremony(2)
    grid.enact(epochs.accept(grid.book, 2, THREE, grid.now))
    grid.turn()
    tokens = normalise.tokens_of(normalise.from_fields(KABIR))
    held = {epoch: grid.stocks["customs"].held(epoch) for epoch in (1, 2)}
    guess = held[1].encode(tokens)

    found = {epoch: one.search(guess)[0] for epoch, one in held.items()}

    assert [one.key for one in found[1] if one.band == "strong"] == ["CU-1"]
    assert [one.key for one in found[2] if one.band == "strong"] == []
    assert not np.array_equal(guess, held[2].encode(tokens))


@pytest.mark.threat("T12")
def test_a_compromised_epoch_is_void_at_once(grid: Rotating) -> None:
    """Its queries are refused, its handles release nothing, nobody asks under it."""
    answered, waiting = grid.ask(KABIR), approved(grid)
    request = grid.request(answered, "customs", ["name"])
    grid.settle()
    grid.decide("customs", "cu-mehta", request.hash, fields=["name"])
    grid.enact(epochs.retire(grid.book, 1, grid.now, at_once=True))
    assert grid.book.directories[-1]["epochs"] == {"current": 0, "accepted": []}

    for asked in (answered, waiting):
        with refused(grid, Reason.EPOCH):
            carry(grid, asked)
    grid.turn()
    with refused(grid, Reason.EPOCH):
        grid.draft(KABIR)
    assert grid.release("customs") == ["refused"]
    assert grid.released("customs") == 0
    assert [grid.left_of(name, 1) for name in AGENCIES] == [[]] * 4


def test_nodes_start_without_a_key_and_go_on_under_the_next(grid: Rotating) -> None:
    """Their people can read and decide meanwhile; the sources are encoded unasked."""
    grid.enact(epochs.retire(grid.book, 1, grid.now, at_once=True))
    grid.turn()
    for name in AGENCIES:
        grid.restart(name)
        assert grid.stocks[name].holdings.indexes == {}
    with pytest.raises(ConfigurationRefused, match="no linkage key in force"):
        grid.stocks["customs"].index("rows")

    grid.ceremony(2)
    grid.enact(directory.set_epoch(grid.book, 2, THREE, grid.now))
    for wrapper in ("police", "customs"):
        grid.wrap(wrapper, "childcare", 2)
    grid.turn()

    asked = grid.ask(KABIR)
    assert asked["epoch"] == 2
    assert len(grid.candidates(asked)["customs"]) > 0
    assert match.handles(grid.agency("childcare").office, asked.hash)


@pytest.mark.threat("T12")
def test_a_retired_epoch_never_comes_back(grid: Rotating) -> None:
    """By no command of the founders, though its transcripts hang on the board.

    It was current: asking goes on under the one that stood beside it.
    """
    grid.ceremony(2)
    grid.enact(epochs.accept(grid.book, 2, THREE, grid.now))
    grid.enact(epochs.advance(grid.book, 2, grid.now, despite_laggards=True))
    grid.turn(["police"])
    asked = approved(grid)
    grid.enact(epochs.retire(grid.book, 2, grid.now, at_once=True))
    grid.turn(["police", "customs"])
    assert (asked["epoch"], grid.ask(KABIR)["epoch"]) == (2, 1)
    with refused(grid, Reason.EPOCH):
        carry(grid, asked)
    before = grid.book.directories[-1]

    with pytest.raises(ChangeRefused, match="never goes back"):
        epochs.accept(grid.book, 2, THREE, grid.now)
    with pytest.raises(ChangeRefused, match="never goes back"):
        directory.set_epoch(grid.book, 2, THREE, grid.now, at_once=True)
    with pytest.raises(ChangeRefused, match="only an accepted epoch"):
        epochs.advance(grid.book, 2, grid.now)
    assert grid.book.directories[-1] == before


@pytest.mark.threat("T24")
def test_a_false_word_of_being_ready_moves_nothing(grid: Rotating) -> None:
    """Of another key, of an auditor, of somebody under another's name: not counted."""
    grid.ceremony(2)
    grid.enact(epochs.accept(grid.book, 2, THREE, grid.now))
    grid.turn(["police", "customs"])
    check = grid.book.directories[-1]["key_checks"]["e2"]
    before = grid.everything()

    grid.post([ready(grid, "prisons", "ab" * 32), ready(grid, "audit-north", check)])
    with pytest.raises(Untrusted):
        grid.post([ready(grid, "prisons", check, "customs")])

    assert rotation.lagging(grid.book, grid.agency("police").office.view, 2) == [
        "childcare",
        "prisons",
    ]
    with pytest.raises(ChangeRefused, match="not ready: childcare, prisons"):
        epochs.advance(grid.book, 2, grid.now)
    assert grid.everything() == before
