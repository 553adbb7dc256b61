"""How agencies come to share a linkage key, and who can spoil it (nobody)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox

from childgrid_authority import directory
from childgrid_authority.authority import Authority
from childgrid_authority.errors import ChangeRefused
from childgrid_node import ceremony
from childgrid_node.ceremony import Progress
from childgrid_node.encode import key_check
from childgrid_wire import canonical, keyfile, statement
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import ConfigurationRefused, Refused, Untrusted
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import ceremony as gather
from founders import DAY, NOW, PASSPHRASE, SCHEME, TWO, admit, files, grid, light_locks

DIGEST = bytes.fromhex(SCHEME)
THREE = ["alpha", "bravo", "charlie"]


@dataclass
class World:
    """A grid whose founders' shelf serves as the board."""

    authority: Authority
    members: dict[str, Identity]
    home: Path

    @property
    def view(self) -> Any:
        """The newest documents."""
        return self.authority.book.latest(NOW)

    def say(self, *documents: bytes) -> None:
        """Hang documents up."""
        for data in documents:
            self.authority.shelf.add(data)

    def record(self, epoch: int = 1) -> Any:
        """The ceremony's record so far."""
        return gather(self.authority.book, self.view, epoch, THREE)

    def keys(self, name: str) -> Path:
        """A member's keys folder."""
        return self.home / name / "keys"

    def advance(self, name: str, epoch: int = 1, **changes: Any) -> Progress:
        """One member's next step; what it says is hung up."""
        given: dict[str, Any] = {
            "epoch": epoch,
            "members": THREE,
            "scheme_digest": DIGEST,
            "now": NOW,
            **changes,
        }
        done = ceremony.advance(
            self.keys(name),
            PASSPHRASE,
            self.members[name],
            self.authority.book,
            self.view,
            **given,
        )
        self.say(*done.publish)
        return done

    def round(self, epoch: int = 1) -> list[str]:
        """Every member's next step; returns the steps."""
        return [self.advance(name, epoch).step for name in THREE]

    def agree(self, epoch: int = 1) -> bytes:
        """A whole ceremony and its epoch; returns the key."""
        while set(self.round(epoch)) != {"key"}:
            pass
        book = self.authority.book
        change = directory.set_epoch(book, epoch, THREE, NOW, at_once=True)
        self.authority.enact(change, TWO)
        return ceremony.unlock(self.keys("alpha"), epoch, PASSPHRASE)

    def rotation(self, name: str, step: str, epoch: int = 1, **body: Any) -> bytes:
        """A step of a member that does not follow the rules."""
        given: dict[str, Any] = {
            "member": "",
            "commitment": "",
            "transcript": "",
            "key_check": "",
            "shares": {},
            **body,
        }
        own = self.members[name]
        return statement.make(
            Kind.ROTATION,
            own.signer,
            issuer=name,
            now=NOW,
            seconds=DAY,
            epoch=epoch,
            step=step,
            **given,
        )

    def sealed(self, content: bytes, names: list[str]) -> dict[str, str]:
        """`content` sealed to members' wrap keys."""
        return {
            name: canonical.to_b64(
                bytes(
                    SealedBox(
                        PublicKey(
                            canonical.from_b64(self.view.member(name)["wrap_key"])
                        )
                    ).encrypt(content)
                )
            )
            for name in names
        }


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Four agencies, an auditor and a coordinator; no key yet."""
    light_locks(monkeypatch)
    authority = grid(tmp_path / "authority")
    kinds = dict.fromkeys([*THREE, "delta"], "agency")
    kinds |= {"aud-one": "auditor", "hub": "coordinator"}
    return World(authority, admit(authority, tmp_path, kinds), tmp_path)


def wrapped(world: World, name: str, key: bytes, member: str = "delta") -> bytes:
    """An honest wrap of `key` for a member whose fingerprint was compared."""
    fingerprint = keys_fingerprint(world.view.member(member))
    own = world.members[name]
    return ceremony.wrap(own, key, 1, world.view, member, fingerprint, DIGEST, NOW)


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


def test_a_lost_share_is_not_made_up(world: World) -> None:
    """Who lost its share says so instead of revealing another."""
    world.round()
    (world.keys("alpha") / "share-e1.locked").unlink()
    before = files(world.home)
    with pytest.raises(Refused, match="our share is lost"):
        world.advance("alpha")
    assert files(world.home) == before


def test_a_later_member_gets_the_key_from_two(world: World) -> None:
    """Two agencies wrap it after comparing fingerprints; it opens and checks both."""
    key = world.agree()
    delta = world.members["delta"]
    book = world.authority.book
    with pytest.raises(Refused, match="0 of 2"):
        ceremony.open_wraps(book, world.view, delta, 1, DIGEST)
    world.say(wrapped(world, "alpha", key))
    with pytest.raises(Refused, match="1 of 2"):
        ceremony.open_wraps(book, world.view, delta, 1, DIGEST)
    world.say(wrapped(world, "bravo", key))
    assert ceremony.open_wraps(book, world.view, delta, 1, DIGEST) == key


def test_a_wrapper_counts_once(world: World) -> None:
    """The same member twice, or a copy of its box by another, is one consent."""
    key = world.agree()
    delta = world.members["delta"]
    world.say(wrapped(world, "alpha", key), wrapped(world, "alpha", key))
    boxes = list(world.authority.book.by_hash.values())[-1]["shares"]
    assert set(boxes) == {"delta"}
    world.say(world.rotation("bravo", "wrap", member="delta", shares=boxes))
    with pytest.raises(Refused, match="1 of 2"):
        ceremony.open_wraps(world.authority.book, world.view, delta, 1, DIGEST)


@pytest.mark.threat("T24")
def test_a_lying_wrapper_is_named_and_cannot_block(world: World) -> None:
    """Another key does not count; a third, honest member puts it right."""
    key = world.agree()
    delta, book = world.members["delta"], world.authority.book
    lie = world.sealed(bytes(32), ["delta"])
    world.say(
        world.rotation("bravo", "wrap", member="delta", shares=lie),
        wrapped(world, "alpha", key),
    )
    before = files(world.home)
    with pytest.raises(Refused, match="another key: bravo"):
        ceremony.open_wraps(book, world.view, delta, 1, DIGEST)
    assert files(world.home) == before
    world.say(wrapped(world, "charlie", key))
    assert ceremony.open_wraps(book, world.view, delta, 1, DIGEST) == key


def test_two_liars_do_not_convince(world: World) -> None:
    """Two equal keys that are not the grid's are refused all the same."""
    world.agree()
    delta = world.members["delta"]
    for name in ("bravo", "charlie"):
        lie = world.sealed(bytes(32), ["delta"])
        world.say(world.rotation(name, "wrap", member="delta", shares=lie))
    with pytest.raises(Refused, match=r"0 of 2 .*another key: bravo, charlie"):
        ceremony.open_wraps(world.authority.book, world.view, delta, 1, DIGEST)


def test_only_agencies_wrap_and_never_for_themselves(world: World) -> None:
    """What an auditor, a coordinator or the member itself wraps counts for nothing."""
    key = world.agree()
    delta = world.members["delta"]
    for name in ("aud-one", "hub", "delta"):
        box = world.sealed(key, ["delta"])
        world.say(world.rotation(name, "wrap", member="delta", shares=box))
    with pytest.raises(Refused, match="0 of 2"):
        ceremony.open_wraps(world.authority.book, world.view, delta, 1, DIGEST)


@pytest.mark.threat("T24")
def test_nothing_is_wrapped_without_the_right_fingerprint(world: World) -> None:
    """The human compares; another fingerprint, member or key is refused."""
    key = world.agree()
    alpha, view = world.members["alpha"], world.view
    right = keys_fingerprint(view.member("delta"))
    other = keys_fingerprint(view.member("bravo"))
    documents = world.authority.shelf.documents()

    def wrap(member: str, fingerprint: str, key: bytes = key) -> bytes:
        return ceremony.wrap(alpha, key, 1, view, member, fingerprint, DIGEST, NOW)

    for fingerprint in (other, "", right[:-1]):
        with pytest.raises(Refused, match="fingerprint"):
            wrap("delta", fingerprint)
    for member in ("hub", "aud-one", "alpha"):
        with pytest.raises(Refused, match="another agency"):
            wrap(member, keys_fingerprint(view.member(member)))
    with pytest.raises(Refused, match="agreed"):
        wrap("delta", right, bytes(32))
    assert world.authority.shelf.documents() == documents
    assert wrap("delta", right.upper().replace(" ", ""))


def test_a_fingerprint_covers_every_key(world: World) -> None:
    """Whoever changes one key of an entry changes what is read aloud."""
    entry = world.view.member("delta")
    said = {keys_fingerprint(entry)}
    for name in ("key", "log_key", "witness_key", "wrap_key"):
        said.add(keys_fingerprint({**entry, name: canonical.to_b64(bytes(32))}))
    said.add(keys_fingerprint({**entry, "id": "other"}))
    assert len(said) == 6
    assert all(len(one.replace(" ", "")) == 40 for one in said)


def test_the_kept_key_opens_by_its_passphrase_only(world: World) -> None:
    """Another passphrase, or none kept: refused, never an empty key."""
    world.agree()
    path = ceremony.linkage_file(world.keys("alpha"), 1)
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        ceremony.unlock(world.keys("alpha"), 1, b"another passphrase")
    with pytest.raises(ConfigurationRefused, match="does not exist"):
        ceremony.unlock(world.keys("delta"), 1, PASSPHRASE)


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
