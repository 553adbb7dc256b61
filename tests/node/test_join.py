"""How an agency comes in, and what cannot be slipped under its door."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from childgrid_authority import directory, epochs
from childgrid_authority.founding import found
from childgrid_log.claim import Claim
from childgrid_node import ceremony, join
from childgrid_node.join import State
from childgrid_wire import certificates
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Refused,
    Unreachable,
    Untrusted,
)
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Joiner
from founders import ALL, NOW, PASSPHRASE, TWO, amended, charter, files, make_token
from tests.node.join_world import THREE, World, agreed, key_in_force, made, wrap


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    return made(tmp_path, monkeypatch)


def test_an_agency_comes_in_step_by_step(world: World) -> None:
    """submitted, pending, keyless, joined: one command, repeated."""
    key, parties = key_in_force(world)
    first = world.join()
    assert first.state is State.SUBMITTED
    assert first.root == world.authority.fingerprint
    assert world.join().state is State.PENDING
    assert not world.installed

    world.admit()
    keyless = world.join()
    assert keyless.state is State.KEYLESS
    assert "0 of 2" in keyless.detail
    entry = world.authority.book.latest(NOW).member("delta")
    assert keyless.keys == first.keys == keys_fingerprint(entry)

    wrap(world, parties["alpha"], key, keyless.keys)
    assert world.join().state is State.KEYLESS
    wrap(world, parties["bravo"], key, keyless.keys)
    assert world.join().state is State.JOINED
    assert ceremony.unlock(world.home / "keys", 1, PASSPHRASE) == key
    own = Identity.open(world.home / "keys", PASSPHRASE)
    leaf, root = own.credentials("node", lambda: NOW)()
    assert certificates.peer_of(leaf.chain).member == "delta"
    assert root == world.token.root


def test_who_joins_while_the_key_is_rotated_takes_both(world: World) -> None:
    """Joined once the current one is here; what is awaited of the next is said."""
    first, parties = key_in_force(world)
    second = agreed(world, parties, 2)
    world.authority.enact(epochs.accept(world.authority.book, 2, THREE, NOW), TWO)
    world.join()
    world.admit()
    world.join()
    said = keys_fingerprint(world.authority.book.latest(NOW).member("delta"))
    for name in ("alpha", "bravo"):
        wrap(world, parties[name], first, said)
    state = world.join()
    assert (state.state, state.detail.split(";")[0]) == (
        State.JOINED,
        "epoch 2: 0 of 2 wrapped the grid's key",
    )

    for name in ("alpha", "bravo"):
        wrap(world, parties[name], second, said, 2)

    assert world.join().detail == ""
    kept = [ceremony.unlock(world.home / "keys", one, PASSPHRASE) for one in (1, 2)]
    assert kept == [first, second]


def test_a_running_node_s_documents_are_left_to_it(world: World) -> None:
    """The command looks at the board beside it and writes none: two would collide."""
    key, parties = key_in_force(world)
    world.join()
    world.admit()
    said = world.join().keys
    for name in ("alpha", "bravo"):
        wrap(world, parties[name], key, said)
    claim = Claim(world.home)
    before = files(world.home / "documents")

    assert world.join().state is State.JOINED
    assert files(world.home / "documents") == before

    claim.release()
    world.join()
    assert len(files(world.home / "documents")) == len(before) + 2


def test_repeating_changes_nothing(world: World) -> None:
    """Same keys, same enrolment bytes, same answer, however often."""
    world.join()
    (sent,) = world.hub.enrolments.values()
    before = files(world.home)
    for _ in range(3):
        assert world.join().state is State.PENDING
    assert files(world.home) == before
    assert list(world.hub.enrolments.values()) == [sent]
    world.admit()
    reached = world.join()
    before = files(world.home)
    assert world.join() == reached
    assert files(world.home) == before


def test_an_unreachable_coordinator_loses_nothing(world: World) -> None:
    """The enrolment is kept and handed in next time as if for the first."""

    @contextmanager
    def silence(*_: object) -> Iterator[tuple[Any, Any]]:
        raise Unreachable("unavailable")
        yield

    with pytest.raises(Unreachable):
        world.join(dial=silence)
    assert join.status(world.home, PASSPHRASE, lambda: NOW).state is State.PENDING
    assert world.join().state is State.SUBMITTED


def test_a_welcome_before_its_directory_installs_nothing(world: World) -> None:
    """Certificates count only when the founders' directory names them."""
    world.join()
    world.publish()
    (admitted,) = world.authority.admit(list(world.hub.enrolments.values()), TWO, NOW)
    world.hub.answers[admitted.enrolment] = (
        admitted.issuer.decode(),
        admitted.root.decode(),
    )
    assert world.join().state is State.PENDING
    assert not world.installed
    world.publish()
    assert world.join().state is State.KEYLESS


def _other_root(world: World, issuer: bytes) -> tuple[bytes, bytes]:
    return issuer, certificates.new_root("other", NOW).chain


def _own_issuer(world: World, issuer: bytes) -> tuple[bytes, bytes]:
    """The right root's word, but for a key that the coordinator holds."""
    from childgrid_authority import keys

    root = keys.open_root(world.authority.folder, ALL)
    csr = certificates.signing_request(certificates.new_key(), "delta")
    return certificates.issue_issuer(root, csr, "delta", NOW), root.chain


def _for_another(world: World, issuer: bytes) -> tuple[bytes, bytes]:
    from childgrid_authority import keys

    root = keys.open_root(world.authority.folder, ALL)
    csr = Identity.open(world.home / "keys", PASSPHRASE).request()
    return certificates.issue_issuer(root, csr, "bravo", NOW), root.chain


def _nonsense(world: World, issuer: bytes) -> tuple[bytes, bytes]:
    return b"not a certificate", world.token.root


@pytest.mark.parametrize("lie", [_other_root, _own_issuer, _for_another, _nonsense])
@pytest.mark.threat("T22")
def test_a_false_welcome_is_refused(world: World, lie: Any) -> None:
    """Another root or issuer than the directory names is never installed."""
    world.join()
    world.admit()
    ((name, (issuer, _)),) = world.hub.answers.items()
    false_issuer, false_root = lie(world, issuer.encode())
    world.hub.answers[name] = (false_issuer.decode(), false_root.decode())
    with pytest.raises(Untrusted):
        world.join()
    assert not world.installed
    assert join.status(world.home, PASSPHRASE, lambda: NOW).state is State.PENDING


def test_a_directory_of_other_founders_is_refused(world: World) -> None:
    """The pinned fingerprint decides; a coordinator can't bring a grid of its own."""
    world.join()
    world.admit()
    evil = found(world.folder / "evil", charter(), ALL, NOW)
    world.hub.book = evil.book
    with pytest.raises(Untrusted, match="root fingerprint"):
        world.join()
    assert not world.installed
    assert Joiner.resume(world.home, PASSPHRASE).shelf.documents() == []


def test_an_entry_other_than_enrolled_is_refused(world: World) -> None:
    """Whoever finds other keys or another address under its name does not go on."""
    world.join()
    world.admit()
    moved = amended(world.authority.book, "delta", NOW, address="evil.test:1")
    world.authority.enact(moved, TWO)
    world.publish()
    with pytest.raises(Untrusted, match="not as enrolled"):
        world.join()
    assert not world.installed


def test_a_root_that_the_directory_does_not_name_is_refused(world: World) -> None:
    """The token's root is believed only while the founders' directory names it."""
    world.join()
    world.admit()
    other = directory.successor(world.authority.book, NOW, root="ab" * 32)
    world.authority.enact([other], TWO)
    world.publish()
    with pytest.raises(Untrusted, match=r"directory\.root"):
        world.join()
    assert not world.installed


def test_a_board_that_runs_in_circles_is_refused(world: World) -> None:
    """A cursor that does not move would keep a joiner busy for ever."""
    world.join()
    world.admit()
    page = world.hub.Fetch

    def circle(request: Any, **_: object) -> Any:
        answer = page(request)
        answer.cursor = 0
        return answer

    world.hub.Fetch = circle  # type: ignore[method-assign]
    with pytest.raises(Malformed, match="cursor"):
        world.join()
    assert not world.installed


def test_a_token_that_has_run_out_is_not_handed_in(world: World) -> None:
    """Neither as a first enrolment nor later; the coordinator is not even called."""
    world.time = world.token.expires
    with pytest.raises(Refused, match="token"):
        world.join()
    world.time = NOW
    world.join()
    calls = list(world.hub.dialled)
    world.time = world.token.expires
    with pytest.raises(Refused, match="token"):
        world.join()
    assert world.hub.dialled == calls
    assert not world.installed


def test_a_token_that_names_no_coordinator_is_refused(world: World) -> None:
    """Nobody is dialled: there is nobody whom the founders have named."""
    make_token(world.authority, "delta", coordinator=("", "")).write(world.path)
    with pytest.raises(ConfigurationRefused, match="names no coordinator"):
        world.join()
    assert not world.hub.dialled
    assert not world.installed


def test_status_needs_a_beginning(tmp_path: Path) -> None:
    """Without keys there is nothing to report."""
    with pytest.raises(ConfigurationRefused):
        join.status(tmp_path, PASSPHRASE, lambda: NOW)
