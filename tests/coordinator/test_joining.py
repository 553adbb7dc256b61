"""Joining: a token takes one key, and only the grid's own root is handed out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_wire import canonical, certificates, enrolment, envelope
from childgrid_wire.certificates import Pair
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import Malformed, Refused, Untrusted, WireError
from childgrid_wire.identity import Identity
from coordinator.cast import ASKER, DAY, ZERO, seed
from coordinator.world import World

NEW = "newcomer"


def newcomer(world: World, mark: str = "") -> Identity:
    """Somebody's fresh keys."""
    own = world.identities[ASKER]
    return replace(
        own,
        member=NEW,
        key=seed(f"{NEW}{mark}"),
        issuer=Pair(certificates.new_key(), b""),
    )


def token(world: World, mark: str = "") -> Token:
    """A founders' token for the newcomer."""
    leaf = certificates.issue_leaf(world.root, NEW, "joiner", world.now)
    return Token(
        member=NEW,
        kind="agency",
        expires=world.now + DAY,
        secret=seed(f"token{mark}"),
        fingerprint=ZERO,
        coordinator="hub",
        address="127.0.0.1:1",
        root=world.root.chain,
        joiner=leaf,
    )


def asked(world: World, own: Identity, given: Token) -> bytes:
    """The enrolment that answers a token."""
    entry = own.entry(
        title="New", kind="agency", uses=["user"], categories=[], address="h:1"
    )
    return enrolment.make(own, given, entry, world.now)


def answer(world: World, own: Identity, root: Pair | None = None) -> tuple[str, str]:
    """The founders' certificates for a newcomer."""
    top = root or world.root
    issued = certificates.issue_issuer(top, own.request(), own.member, world.now)
    return issued.decode(), top.chain.decode()


def test_a_newcomer_waits_and_is_welcomed(world: World, hub: Coordinator) -> None:
    """Pending until the founders answer; then their certificates come back."""
    joining, own = hub.verbs.joining, newcomer(world)
    data = asked(world, own, token(world))
    leaves = hub.log.size()
    assert joining.enrol(NEW, data).state == "pending"
    assert joining.pending() == [data]
    assert hub.log.size() == leaves + 1
    issuer, root = answer(world, own)
    joining.welcome(envelope.read(data).hash, issuer, root)
    joining.welcome(envelope.read(data).hash, issuer, root)
    known = joining.enrol(NEW, data)
    assert (known.state, known.issuer, known.root) == ("welcome", issuer, root)
    assert joining.pending() == []
    assert hub.log.size() == leaves + 1


def test_repeating_with_the_same_key_is_harmless(
    world: World, hub: Coordinator
) -> None:
    """A second enrolment by the same key changes nothing and tells the state."""
    joining, own = hub.verbs.joining, newcomer(world)
    first = asked(world, own, token(world))
    joining.enrol(NEW, first)
    assert joining.enrol(NEW, asked(world, own, token(world))).state == "pending"
    assert joining.pending() == [first]


def test_another_key_with_the_same_token_is_refused(
    world: World, hub: Coordinator
) -> None:
    """Whoever steals a used token gets nothing with it."""
    joining = hub.verbs.joining
    first = asked(world, newcomer(world), token(world))
    joining.enrol(NEW, first)
    leaves = hub.log.size()
    stolen = asked(world, newcomer(world, "thief"), token(world))
    with pytest.raises(Refused, match="replayed"):
        joining.enrol(NEW, stolen)
    assert (joining.pending(), hub.log.size()) == ([first], leaves)


def test_an_enrolment_proves_its_own_key(world: World, hub: Coordinator) -> None:
    """Altered, of another caller, or under a revoked token it leaves no trace."""
    joining, own = hub.verbs.joining, newcomer(world)
    data = asked(world, own, token(world))
    other = canonical.loads(asked(world, newcomer(world, "x"), token(world)))
    forged = canonical.loads(data) | {"payload": other["payload"]}
    leaves = hub.log.size()
    with pytest.raises(Untrusted):
        joining.enrol(NEW, canonical.dumps(forged))
    with pytest.raises(Refused, match="wrong-role"):
        joining.enrol("somebody", data)
    with pytest.raises(WireError):
        joining.enrol(NEW, world.answer(ASKER, ZERO))
    assert (joining.pending(), hub.log.size()) == ([], leaves)
    serial = token(world).name[:40]
    hub.board.publish(world.revocation("token", serial=serial))
    with pytest.raises(Untrusted, match="revoked"):
        joining.enrol(NEW, data)
    assert joining.pending() == []


def test_only_this_grids_word_for_this_newcomer_is_handed_out(
    world: World, hub: Coordinator
) -> None:
    """Another root, another name, another answer or no enrolment is refused."""
    joining, own = hub.verbs.joining, newcomer(world)
    data = asked(world, own, token(world))
    joining.enrol(NEW, data)
    name = envelope.read(data).hash
    strange = certificates.new_root("strange", world.now)
    named = certificates.issue_issuer(world.root, own.request(), ASKER, world.now)
    root = world.root.chain.decode()
    with pytest.raises(Untrusted):
        joining.welcome(name, *answer(world, own, strange))
    with pytest.raises(Untrusted):
        joining.welcome(name, named.decode(), root)
    with pytest.raises(Malformed):
        joining.welcome(name, "x" * 20_000, root)
    with pytest.raises(Refused, match="unknown"):
        joining.welcome(ZERO, *answer(world, own))
    assert joining.enrol(NEW, data).state == "pending"
    joining.welcome(name, *answer(world, own))
    with pytest.raises(Refused, match="decided"):
        joining.welcome(name, *answer(world, own))
