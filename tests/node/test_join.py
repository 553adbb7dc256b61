"""How an agency comes in, and what cannot be slipped under its door."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from childgrid_authority import directory, epochs
from childgrid_authority.founding import found
from childgrid_log.claim import Claim
from childgrid_node import ceremony, join
from childgrid_node.join import JoinState, State
from childgrid_wire import certificates, enrolment, keyfile
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Refused,
    Unreachable,
    Untrusted,
    WireError,
)
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Details, Joiner
from founders import (
    ALL,
    NOW,
    PASSPHRASE,
    SCHEME,
    TWO,
    Hub,
    admit,
    charter,
    details,
    files,
    grid,
    light_locks,
    make_token,
)

DIGEST = bytes.fromhex(SCHEME)
THREE = ["alpha", "bravo", "charlie"]


class World:
    """A grid, its coordinator's board, and `delta`, which wants to join."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = grid(folder / "authority")
        self.hub = Hub(Book(self.authority.fingerprint))
        self.home = folder / "delta"
        self.path = folder / "delta.token"
        self.token = make_token(self.authority, "delta")
        self.token.write(self.path)
        self.time = float(NOW)

    def join(self, said: Details | None = None, **changes: Any) -> JoinState:
        """`delta` runs the command once more."""
        given: dict[str, Any] = {"dial": self.hub.dial, **changes}
        return join.join(
            self.home,
            self.path,
            PASSPHRASE,
            said or details("delta"),
            lambda: self.time,
            **given,
        )

    def admit(self) -> None:
        """The founders answer whoever waits, and publish."""
        waiting = list(self.hub.enrolments.values())
        for one in self.authority.admit(waiting, TWO, NOW):
            self.hub.answers[one.enrolment] = (
                one.issuer.decode(),
                one.root.decode(),
            )
        self.publish()

    def publish(self) -> None:
        """The board is level with the founders' shelf."""
        self.hub.hang(*self.authority.shelf.documents())

    @property
    def installed(self) -> bool:
        """Whether any certificate lies in the keys folder."""
        return (self.home / "keys" / "issuer.pem").exists()

    @property
    def installed_issuer(self) -> bytes:
        """The issuer's certificate in the keys folder, PEM."""
        return (self.home / "keys" / "issuer.pem").read_bytes()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    light_locks(monkeypatch)
    return World(tmp_path)


def key_in_force(world: World) -> tuple[bytes, dict[str, Identity]]:
    """Three agencies hold a key that the directory names; returns it and them."""
    parties = admit(world.authority, world.folder, dict.fromkeys(THREE, "agency"))
    key = agreed(world, parties, 1)
    change = directory.set_epoch(world.authority.book, 1, THREE, NOW)
    world.authority.enact(change, TWO)
    return key, parties


def agreed(world: World, parties: dict[str, Identity], epoch: int) -> bytes:
    """A whole ceremony; returns the key."""
    steps: set[str] = set()
    while steps != {"key"}:
        steps = set()
        for name, own in parties.items():
            done = ceremony.advance(
                world.folder / name / "keys",
                PASSPHRASE,
                own,
                world.authority.book,
                world.authority.book.latest(NOW),
                epoch,
                THREE,
                DIGEST,
                NOW,
            )
            steps.add(done.step)
            for data in done.publish:
                world.authority.shelf.add(data)
    return ceremony.unlock(world.folder / "alpha" / "keys", epoch, PASSPHRASE)


def wrap(
    world: World, own: Identity, key: bytes, fingerprint: str, epoch: int = 1
) -> None:
    """One member wraps the key for `delta` and publishes it."""
    view = world.authority.book.latest(NOW)
    said = ceremony.wrap(own, key, epoch, view, "delta", fingerprint, DIGEST, NOW)
    world.authority.shelf.add(said)
    world.publish()


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
    moved = directory.amend(world.authority.book, "delta", NOW, address="evil.test:1")
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


@pytest.mark.parametrize("kind", ["coordinator", "auditor"])
def test_a_coordinator_or_auditor_joins_by_files(world: World, kind: str) -> None:
    """Enrolment out, answer in; no linkage key is ever waited for."""
    home, path = world.folder / kind, world.folder / f"{kind}.token"
    make_token(world.authority, "other", kind, coordinator=("", "")).write(path)
    said = Details("Other", "other.example:7400")
    out = world.folder / "other.enrolment"
    waiting = join.write_enrolment(home, path, PASSPHRASE, said, lambda: NOW, out)
    assert waiting.state is State.PENDING
    with pytest.raises(ConfigurationRefused, match="by files"):
        join.join(home, path, PASSPHRASE, said, lambda: NOW, world.hub.dial)

    (admitted,) = world.authority.admit([out.read_bytes()], TWO, NOW)
    world.authority.pack(admitted, world.folder / "answer")
    reached = join.install_from(home, world.folder / "answer", PASSPHRASE, lambda: NOW)
    assert reached.state is State.JOINED
    assert join.status(home, PASSPHRASE, lambda: NOW).state is State.JOINED


def test_an_altered_answer_installs_nothing(world: World) -> None:
    """A missing file, a flipped document, or another member's answer: refused."""
    out = world.folder / "enrolment"
    join.write_enrolment(
        world.home, world.path, PASSPHRASE, details("delta"), lambda: NOW, out
    )
    (admitted,) = world.authority.admit([out.read_bytes()], TWO, NOW)
    answer = world.folder / "answer"
    world.authority.pack(admitted, answer)
    document = sorted((answer / "documents").iterdir())[-1]
    good = document.read_bytes()
    document.write_bytes(good.replace(b'"sig":"A', b'"sig":"B').replace(b"=", b"A", 1))
    with pytest.raises(WireError):
        join.install_from(world.home, answer, PASSPHRASE, lambda: NOW)
    document.write_bytes(good)
    (answer / "issuer.pem").rename(answer / "away.pem")
    with pytest.raises(ConfigurationRefused, match="lacks a file"):
        join.install_from(world.home, answer, PASSPHRASE, lambda: NOW)
    assert not world.installed
    with pytest.raises(ConfigurationRefused):
        join.install_from(world.folder / "nobody", answer, PASSPHRASE, lambda: NOW)


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


def test_status_needs_a_beginning(tmp_path: Path) -> None:
    """Without keys there is nothing to report."""
    with pytest.raises(ConfigurationRefused):
        join.status(tmp_path, PASSPHRASE, lambda: NOW)
