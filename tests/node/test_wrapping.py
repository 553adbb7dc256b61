"""How a key reaches a member that was not there, and who can keep it back (nobody)."""

from pathlib import Path

import pytest

from childgrid_node import ceremony
from childgrid_wire import canonical
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import ConfigurationRefused, Refused
from founders import NOW, PASSPHRASE, files
from tests.node.ceremony_world import DIGEST, World, made, wrapped


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    return made(tmp_path, monkeypatch)


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
