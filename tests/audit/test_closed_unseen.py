"""A log that nobody ever saw can be closed too, and no other is taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.cast import CHILD, FOUNDERS, NORTH, POLICE, PRISON, SOUTH, identity
from audit.ledger import World
from audit.test_closed import book, close, entry, seen
from childgrid_authority.errors import ChangeRefused
from childgrid_log import lineage, names, plea
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.errors import PleaRefused
from childgrid_log.keys import ED25519, Signer
from childgrid_log.merkle import EMPTY_ROOT
from childgrid_log.note import Note, sign
from childgrid_log.witness import Witness
from childgrid_wire.identity import Identity
from closings import asked, closing, words


def other() -> Identity:
    """The police, from a backup of before: the key that was named is not there."""
    return replace(identity(POLICE), log_key=b"o" * 32)


def request_of(world: World, *away: str) -> bytes:
    """The request to close a log by what all but some witnesses say."""
    said = words(world.relay, POLICE)
    kept = [one for who, one in said.items() if who not in away]
    return asked(book(world), other(), kept, world.now)


def test_a_successor_whose_key_was_lost_before_it_began_is_closed(world: World) -> None:
    """At nothing, where every witness says so; what was closed before stays so."""
    seen(world, 2)
    close(world)
    (first, _) = lineage.generations(entry(world))
    world.now += 1

    world.post(closing(book(world), request_of(world), FOUNDERS, world.now))

    again, second, third = lineage.generations(entry(world))
    assert again == first
    assert second.end is not None
    assert (second.end.size, third.number) == (0, 2)


@pytest.mark.threat("T10")
def test_one_witness_that_says_nothing_keeps_it_open(world: World) -> None:
    """It may be the one that saw something; whoever asks can't leave it out."""
    seen(world, 2)
    close(world)
    before = entry(world)
    for left_out in (CHILD, PRISON, NORTH, SOUTH):
        with pytest.raises(ChangeRefused, match="3 of 4 witnesses"):
            closing(book(world), request_of(world, left_out), FOUNDERS, world.now + 1)
    assert entry(world) == before


@pytest.mark.threat("T10")
def test_witnesses_that_forgot_don_t_hide_what_others_saw(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of them are new here: their words that they saw nothing don't count."""
    seen(world, 2)
    before = entry(world)
    real, own = Witness.latest, world.parties[SOUTH].witness

    def forgot(witness: Witness, origin: str) -> bytes | None:
        return real(witness, origin) if witness is own else None

    monkeypatch.setattr(Witness, "latest", forgot)
    with pytest.raises(ChangeRefused, match="1 of 3 witnesses"):
        closing(book(world), request_of(world), FOUNDERS, world.now + 1)
    with pytest.raises(ChangeRefused, match="3 of 4 witnesses"):
        closing(book(world), request_of(world, SOUTH), FOUNDERS, world.now + 1)
    assert entry(world) == before


@pytest.mark.threat("T10")
def test_a_log_can_t_sign_beside_a_witness_that_saw_nothing(world: World) -> None:
    """So nobody makes a word about an empty log out of one about none."""
    signer = Signer(names.origin(POLICE), ED25519, identity(POLICE).log_key)
    empty = Checkpoint(signer.verifier.name, 0, EMPTY_ROOT).text
    said = [Note.parse(one) for one in words(world.relay, POLICE).values()]
    both = [Note(one.text, (sign(one.text, signer), *one.signatures)) for one in said]
    moved = [Note(empty, (sign(empty, signer), *one.signatures)) for one in said]
    for made in (both[:3], moved):
        notes = [one.encode() for one in made]
        request = asked(book(world), identity(POLICE), notes, world.now)
        with pytest.raises(PleaRefused):
            plea.read(request, book(world).latest(world.now))
