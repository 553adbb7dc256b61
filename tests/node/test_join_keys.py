"""What becomes of an agency's keys as it comes in, and when they are renewed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from childgrid_authority.founding import found
from childgrid_log.claim import Claim
from childgrid_node import ceremony, join
from childgrid_node.join import State
from childgrid_wire import certificates, enrolment, keyfile
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import ConfigurationRefused, Unreachable
from founders import ALL, NOW, PASSPHRASE, charter, details, files, make_token
from tests.node.join_world import World, key_in_force, made, wrap


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    return made(tmp_path, monkeypatch)


def test_other_details_after_handing_in_need_a_new_token(world: World) -> None:
    """Before, a slip can be put right; afterwards the founders have it."""

    @contextmanager
    def silence(*_: object) -> Iterator[tuple[Any, Any]]:
        raise Unreachable("unavailable")
        yield

    slip = replace(details("delta"), address="wrong.example:1")
    with pytest.raises(Unreachable):
        world.join(slip, dial=silence)
    world.join()
    (sent,) = world.hub.enrolments.values()
    address = enrolment.verify(sent)["member"]["address"]
    assert address == details("delta").address
    before = files(world.home)
    with pytest.raises(ConfigurationRefused, match="new token"):
        world.join(slip)
    assert files(world.home) == before


def test_a_folder_serves_one_member_of_one_grid(world: World, tmp_path: Path) -> None:
    """Another member's token, or another grid's, is refused in the same folder."""
    world.join()
    before = files(world.home)
    make_token(world.authority, "echo").write(world.path)
    with pytest.raises(ConfigurationRefused, match="another member"):
        world.join()
    other = found(tmp_path / "other", charter(), ALL, NOW)
    make_token(other, "delta").write(world.path)
    with pytest.raises(ConfigurationRefused, match="another grid"):
        world.join()
    assert files(world.home) == before


def test_a_wrong_passphrase_makes_no_second_set_of_keys(world: World) -> None:
    """The keys that are there stay the member's keys."""
    world.join()
    before = files(world.home)
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        join.join(
            world.home,
            world.path,
            b"another passphrase",
            details("delta"),
            lambda: NOW,
            world.hub.dial,
        )
    assert files(world.home) == before


def test_no_key_leaves_home(world: World) -> None:
    """What is sent holds public keys only; the disk holds locked files only."""
    world.join()
    content = keyfile.unlock(world.home / "keys" / "identity.locked", PASSPHRASE)
    sent = b"".join(world.hub.enrolments.values())
    body = enrolment.verify(sent).body
    held = b"".join(files(world.home).values())
    for name, secret in content.items():
        if name != "member":
            assert secret not in str(body)
            assert secret.encode() not in held
    assert world.token.secret.hex() not in str(body)


def test_lying_wrappers_leave_a_member_keyless(world: World) -> None:
    """Keys that do not match the directory's check are not kept; the liar is named."""
    key, parties = key_in_force(world)
    world.join()
    world.admit()
    said = world.join()
    wrap(world, parties["alpha"], key, said.keys)
    lie = {"delta": ceremony._box(bytes(32), _wrap_key(world))}
    world.authority.shelf.add(
        ceremony._say(parties["bravo"], 1, "wrap", NOW, member="delta", shares=lie)
    )
    world.publish()
    reached = world.join()
    assert reached.state is State.KEYLESS
    assert "another key: bravo" in reached.detail
    assert not ceremony.linkage_file(world.home / "keys", 1).exists()


def _wrap_key(world: World) -> str:
    return str(world.authority.book.latest(NOW).member("delta")["wrap_key"])


def test_a_kept_key_that_is_not_the_grids_is_not_believed(world: World) -> None:
    """A key of another grid or epoch in the folder: keyless, and it says why."""
    key_in_force(world)
    world.join()
    world.admit()
    world.join()
    ceremony.keep(world.home / "keys", 1, bytes(32), PASSPHRASE)
    reached = world.join()
    assert reached.state is State.KEYLESS
    assert "not the grid's" in reached.detail


def test_keys_are_renewed_by_a_replacing_token(world: World) -> None:
    """A member whose issuer runs out enrols again with the keys it has."""
    world.join()
    world.admit()
    world.join()
    old = world.installed_issuer
    make_token(world.authority, "delta", replaces=True).write(world.path)
    assert world.join().state is State.SUBMITTED
    world.hub.enrolments = dict(list(world.hub.enrolments.items())[-1:])
    world.admit()
    assert world.join().state is State.KEYLESS
    new = world.installed_issuer
    assert new != old
    entry = world.authority.book.latest(NOW).member("delta")
    assert entry["issuer"] == certificates.fingerprint(Pair(b"", new).certificate)


def test_keys_are_renewed_beside_a_node_at_work(world: World) -> None:
    """It alone writes documents meanwhile: two would write over each other's."""
    world.join()
    world.admit()
    world.join()
    claim, old = Claim(world.home), world.installed_issuer
    kept = files(world.home / "documents")
    make_token(world.authority, "delta", replaces=True).write(world.path)
    world.join()
    world.hub.enrolments = dict(list(world.hub.enrolments.items())[-1:])
    world.admit()

    assert world.join().state is State.KEYLESS

    assert world.installed_issuer != old
    assert files(world.home / "documents") == kept
    claim.release()
    world.join()
    assert files(world.home / "documents") != kept
