"""How agencies come to share a linkage key, and who can spoil it (nobody)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from childgrid_authority import directory
from childgrid_authority.errors import ChangeRefused
from childgrid_node import ceremony
from childgrid_node.encode import key_check
from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import Refused, Untrusted
from founders import NOW, PASSPHRASE, TWO, files
from tests.node.ceremony_world import DIGEST, THREE, World, made


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    return made(tmp_path, monkeypatch)


@pytest.mark.threat("T24")
def test_three_agencies_come_to_one_key(world: World) -> None:
    """Commit, reveal, transcript, key: in three machines the same 32 bytes."""
    assert world.round() == ["commit"] * 3
    assert world.round() == ["reveal"] * 3
    assert world.round() == ["transcript"] * 3
    assert world.round() == ["key"] * 3
    keys = {ceremony.unlock(world.keys(name), 1, PASSPHRASE) for name in THREE}
    assert len(keys) == 1
    (key,) = keys
    assert len(key) == 32
    assert world.record().agreed() == key_check(key, 1, DIGEST).hex()
    world.authority.enact(directory.set_epoch(world.authority.book, 1, THREE, NOW), TWO)
    assert world.view.directory["epochs"] == {"current": 1, "accepted": [1]}
    assert world.view.directory["key_checks"] == {"e1": key_check(key, 1, DIGEST).hex()}


@pytest.mark.threat("T24")
def test_no_document_and_no_file_shows_key_or_share(world: World) -> None:
    """The board holds sealed boxes and hashes; the disk holds locked files only."""
    while world.advance("alpha").step == "commit":
        world.advance("bravo")
        world.advance("charlie")
    notes = keyfile.unlock(world.keys("alpha") / "share-e1.locked", PASSPHRASE)
    share = canonical.from_b64(notes["share"])
    key = world.agree()
    seen = b"".join(
        [*files(world.home).values(), *world.authority.shelf.documents()]
    ) + b"".join(
        canonical.from_b64(canonical.loads(data)["payload"])
        for data in world.authority.shelf.documents()
    )
    for secret in (share, key):
        for spelling in (
            secret,
            secret.hex().encode(),
            canonical.to_b64(secret).encode(),
        ):
            assert spelling not in seen
    assert not (world.keys("alpha") / "share-e1.locked").exists()


def test_a_step_is_said_once_and_repeated_as_it_was(world: World) -> None:
    """A restart before publishing sends the same bytes, never a second commit."""
    first = ceremony.advance(
        world.keys("alpha"),
        PASSPHRASE,
        world.members["alpha"],
        world.authority.book,
        world.view,
        1,
        THREE,
        DIGEST,
        NOW,
    )
    second = world.advance("alpha", now=NOW + 60)
    assert first.publish == second.publish
    waiting = world.advance("alpha")
    assert (waiting.publish, waiting.waiting) == ((), ("bravo", "charlie"))


def test_nobody_reveals_before_all_have_committed(world: World) -> None:
    """Whoever waits to choose a share last sees no other share first."""
    world.advance("alpha")
    world.advance("bravo")
    assert world.advance("alpha").step == "commit"
    share = bytes(32)
    with pytest.raises(Refused, match="no commitment of charlie"):
        ceremony.reveal(world.members["alpha"], world.record(), share, world.view, NOW)
    assert world.record().reveals == {}


def test_a_missing_reveal_holds_everyone(world: World) -> None:
    """Without every share there is no key, and no epoch."""
    world.round()
    world.advance("alpha")
    world.advance("bravo")
    assert world.advance("alpha").waiting == ("charlie",)
    before = files(world.home)
    with pytest.raises(Refused, match="missing"):
        ceremony.derive(world.members["alpha"], world.record())
    with pytest.raises(Refused, match="ceremony"):
        directory.set_epoch(world.authority.book, 1, THREE, NOW)
    assert files(world.home) == before


def _other_share(world: World) -> bytes:
    return world.rotation("charlie", "reveal", shares=world.sealed(bytes(32), THREE))


def _short_share(world: World) -> bytes:
    return world.rotation("charlie", "reveal", shares=world.sealed(b"short", THREE))


def _unreadable(world: World) -> bytes:
    junk = dict.fromkeys(THREE, canonical.to_b64(bytes(80)))
    return world.rotation("charlie", "reveal", shares=junk)


def _copied(world: World) -> bytes:
    boxes = world.record().reveals["alpha"]["shares"]
    return world.rotation("charlie", "reveal", shares=boxes)


@pytest.mark.parametrize("lie", [_other_share, _short_share, _unreadable, _copied])
def test_a_share_that_was_not_committed_is_refused_by_name(
    world: World, lie: Callable[[World], bytes]
) -> None:
    """Another share, a broken box or someone else's box: the revealer is named."""
    world.round()
    world.advance("alpha")
    world.advance("bravo")
    world.say(lie(world))
    before = files(world.home)
    for name in ("alpha", "bravo"):
        with pytest.raises(Refused, match="charlie"):
            world.advance(name)
    assert files(world.home) == before
    assert not ceremony.linkage_file(world.keys("alpha"), 1).exists()


def test_one_who_commits_twice_is_refused_by_name(world: World) -> None:
    """Two commitments would let a member choose after seeing the others."""
    world.round()
    world.say(world.rotation("charlie", "commit", commitment="ab" * 32))
    before = files(world.home)
    with pytest.raises(Refused, match="charlie said two of: commit"):
        world.advance("alpha")
    assert files(world.home) == before


def test_a_reveal_to_others_than_named_is_refused(world: World) -> None:
    """A share sealed to an outsider too would give the key away."""
    world.round()
    names = [*THREE, "delta"]
    world.say(
        world.rotation("charlie", "reveal", shares=world.sealed(bytes(32), names))
    )
    before = files(world.home)
    with pytest.raises(Refused, match="charlie revealed to others"):
        world.advance("alpha")
    assert files(world.home) == before


def test_commitments_of_another_epoch_do_not_count(world: World) -> None:
    """A commitment is bound to its epoch: repeated in the next, it fits no share."""
    world.agree(1)
    old = world.record(1).commits["charlie"]
    notes = world.record(1).reveals["charlie"]
    assert world.record(2).commits == {}
    world.advance("alpha", 2)
    world.advance("bravo", 2)
    world.say(
        world.rotation("charlie", "commit", 2, commitment=old["commitment"]),
        world.rotation("charlie", "reveal", 2, shares=notes["shares"]),
    )
    world.advance("alpha", 2)
    world.advance("bravo", 2)
    before = files(world.home)
    with pytest.raises(Refused, match="charlie revealed another share"):
        world.advance("alpha", 2)
    assert files(world.home) == before


@pytest.mark.threat("T24")
def test_a_lie_about_the_key_check_stops_the_epoch(world: World) -> None:
    """One transcript with another key: members keep nothing, founders sign nothing."""
    world.round()
    world.round()
    world.advance("alpha")
    world.advance("bravo")
    said = world.record().transcript
    world.say(
        world.rotation("charlie", "transcript", transcript=said, key_check="ab" * 32)
    )
    before = files(world.home)
    with pytest.raises(Refused, match="different keys"):
        world.advance("alpha")
    with pytest.raises(Refused, match="different keys"):
        directory.set_epoch(world.authority.book, 1, THREE, NOW)
    assert files(world.home) == before


def test_a_transcript_of_other_steps_stops_the_epoch(world: World) -> None:
    """Whoever was shown another board is found out."""
    world.round()
    world.round()
    world.advance("alpha")
    world.advance("bravo")
    check = world.record().transcripts["alpha"]["key_check"]
    world.say(
        world.rotation("charlie", "transcript", transcript="ab" * 32, key_check=check)
    )
    before = files(world.home)
    with pytest.raises(Refused, match="charlie saw other steps"):
        world.advance("alpha")
    with pytest.raises(Refused, match="charlie saw other steps"):
        directory.set_epoch(world.authority.book, 1, THREE, NOW)
    assert files(world.home) == before


def test_members_that_agree_on_a_wrong_check_do_not_convince_us(world: World) -> None:
    """Our own key decides: nothing is kept that its check does not match."""
    world.round()
    world.round()
    said = world.record().transcript
    for name in THREE:
        world.say(
            world.rotation(name, "transcript", transcript=said, key_check="ab" * 32)
        )
    before = files(world.home)
    with pytest.raises(Refused, match="another key than ours"):
        world.advance("alpha")
    assert files(world.home) == before


@pytest.mark.parametrize(
    "members", [THREE[:2], [*THREE, "hub"], [*THREE, "aud-one"], ["alpha"] * 3]
)
def test_only_agencies_and_at_least_three_take_part(
    world: World, members: list[str]
) -> None:
    """Neither the coordinator nor an auditor ever gets the key; two are too few."""
    before = files(world.home)
    with pytest.raises(Refused, match="ceremony"):
        world.advance("alpha", members=members)
    with pytest.raises(Refused, match="did not name us"):
        world.advance("delta")
    assert files(world.home) == before


def test_a_revoked_member_takes_no_part(world: World) -> None:
    """Its key no longer speaks, and the ceremony is not held with it."""
    world.authority.revoke(
        "asha", PASSPHRASE, NOW, target="member", cause="expelled", member="charlie"
    )
    with pytest.raises(Untrusted, match="revoked"):
        world.advance("alpha")
    assert world.authority.book.rotations(1) == []


@pytest.mark.threat("T12")
def test_an_expelled_members_old_share_says_nothing_of_the_next_key(
    world: World,
) -> None:
    """A new epoch starts from fresh shares: another key, not derived from the old."""
    first = world.agree(1)
    second = world.agree(2)
    assert first != second
    assert world.view.directory["epochs"] == {"current": 2, "accepted": [2]}
    assert set(world.view.directory["key_checks"]) == {"e2"}


def test_an_older_epoch_may_stay_while_nodes_encode_anew(world: World) -> None:
    """Founders who put a new one in force at once keep it on purpose, or don't."""
    world.agree(1)
    while set(world.round(2)) != {"key"}:
        pass
    book = world.authority.book
    world.authority.enact(
        directory.set_epoch(book, 2, THREE, NOW, keep=[1], at_once=True), TWO
    )
    assert world.view.directory["epochs"] == {"current": 2, "accepted": [1, 2]}
    change = directory.set_epoch(book, 2, THREE, NOW, at_once=True)
    world.authority.enact(change, TWO)
    assert world.view.directory["epochs"]["accepted"] == [2]


def test_a_new_scheme_comes_with_an_epoch_of_its_own(world: World) -> None:
    """A key check belongs to a scheme; the old epoch can't stay beside a new one."""
    world.agree(1)
    book = world.authority.book
    old = world.view.directory["scheme"]
    change = directory.set_scheme(book, "ab" * 32, "grid", NOW)
    (said,) = world.authority.enact(change, TWO)
    assert world.view.directory["scheme"] == old
    done: set[str] = set()
    while done != {"key"}:
        done = {
            world.advance(name, 2, scheme_digest=bytes.fromhex("ab" * 32)).step
            for name in THREE
        }
    with pytest.raises(ChangeRefused, match="another scheme"):
        directory.set_epoch(book, 2, THREE, NOW, keep=[1], scheme=said.hash)
    change = directory.set_epoch(book, 2, THREE, NOW, scheme=said.hash)
    world.authority.enact(change, TWO)
    assert world.view.directory["scheme"] == said.hash
    assert world.view.directory["epochs"] == {"current": 2, "accepted": [2]}


def test_the_key_depends_on_every_share(world: World) -> None:
    """Law of the derivation: change any one share and the key is another."""
    world.round()
    world.round()
    own, record = world.members["alpha"], world.record()
    key = ceremony.derive(own, record)
    for name in THREE:
        share = bytes([7]) * 32
        commit = record.commits[name]
        commit_body = {
            **commit.body,
            "commitment": ceremony.commitment(1, name, share),
        }
        reveal = record.reveals[name]
        reveal_body = {**reveal.body, "shares": world.sealed(share, THREE)}
        other = replace(
            record,
            commits={**record.commits, name: replace(commit, body=commit_body)},
            reveals={**record.reveals, name: replace(reveal, body=reveal_body)},
        )
        assert ceremony.derive(own, other) != key
