"""A member's keys: locked at home, opened by their owner, leaves renewed in time."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from childgrid_wire import certificates, identity, schema
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import ConfigurationRefused, Untrusted
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import SCHEMAS

PASSPHRASE = b"correct horse battery"
START = 1_800_000_000
HOUR = 3_600


@dataclass
class Clock:
    """A clock that tests turn."""

    now: float = START

    def __call__(self) -> float:
        """Unix seconds."""
        return self.now


@pytest.fixture(scope="module")
def root() -> Pair:
    """The founders' root."""
    return certificates.new_root("test", START)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the police's fresh keys."""
    folder = tmp_path_factory.mktemp("home") / "keys"
    Identity.create(folder, "police", PASSPHRASE)
    return folder


@pytest.fixture(scope="module")
def joined(home: Path, root: Pair) -> Identity:
    """The same keys with the founders' certificates."""
    fresh = Identity.open(home, PASSPHRASE)
    assert not fresh.joined
    with pytest.raises(ConfigurationRefused):
        fresh.credentials("node")
    issuer = certificates.issue_issuer(root, fresh.request(), "police", START)
    identity.install(home, "police", issuer, root.chain)
    return Identity.open(home, PASSPHRASE)


def test_fresh_keys_are_made_once(home: Path, joined: Identity) -> None:
    """Making them again opens the same ones; another member's name is refused."""
    again = Identity.create(home, "police", PASSPHRASE)
    assert again == joined
    assert again.joined
    assert len({again.key, again.log_key, again.witness_key, again.wrap_key}) == 4
    before = sorted((p.name, p.read_bytes()) for p in home.iterdir())
    with pytest.raises(ConfigurationRefused):
        Identity.create(home, "transport", PASSPHRASE)
    with pytest.raises(ConfigurationRefused):
        Identity.create(home, "police", PASSPHRASE + b".")
    assert sorted((p.name, p.read_bytes()) for p in home.iterdir()) == before


def test_no_secret_shows_or_lies_open(home: Path, joined: Identity) -> None:
    """Neither printing an identity nor reading its folder gives a key away."""
    shown = repr(joined) + repr(joined.signer) + repr(joined.issuer)
    open_files = b"".join(path.read_bytes() for path in home.iterdir())
    for secret in (
        joined.key,
        joined.log_key,
        joined.witness_key,
        joined.wrap_key,
    ):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
        assert secret not in open_files
        assert secret.hex().encode() not in open_files
    assert b"PRIVATE KEY" not in open_files
    assert "PRIVATE KEY" not in shown


def test_the_entry_is_one_that_a_directory_takes(joined: Identity) -> None:
    """It has the directory's form and holds public keys only."""
    entry = joined.entry(
        title="Police",
        kind="agency",
        uses=["provider", "user"],
        categories=["vehicle"],
        address="police.example:7443",
    )
    SCHEMAS[Kind.ENROLMENT].fields["member"](entry, "member")
    for name in ("key", "log_key", "witness_key", "wrap_key"):
        assert entry[name] != schema.canonical.to_b64(getattr(joined, name))


def test_certificates_that_are_not_the_roots_word_are_not_kept(
    tmp_path: Path, joined: Identity, root: Pair
) -> None:
    """Another root's, another member's, or a leaf: refused, and nothing is written."""
    other = certificates.new_root("other", START)
    foreign = certificates.issue_issuer(root, joined.request(), "transport", START)
    forged = certificates.issue_issuer(other, joined.request(), "police", START)
    leaf = certificates.issue_leaf(joined.issuer, "police", "node", START).chain
    for issuer in (foreign, forged, leaf, root.chain, b"", b"x"):
        with pytest.raises(Untrusted):
            identity.install(tmp_path, "police", issuer, root.chain)
    with pytest.raises(Untrusted):
        identity.install(tmp_path, "police", joined.issuer.chain, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_leaf_is_renewed_eight_hours_before_its_end(joined: Identity) -> None:
    """For sixteen hours the same leaf, then another, whose key is another too."""
    clock = Clock()
    credentials = joined.credentials("node", clock)
    first, roots = credentials()
    assert roots == joined.root
    assert certificates.expires_at(first.certificate) == START + 24 * HOUR
    clock.now = START + 16 * HOUR
    assert credentials()[0] is first
    clock.now += 1
    second, _ = credentials()
    assert second.key != first.key
    assert certificates.expires_at(second.certificate) == clock.now + 24 * HOUR
    assert certificates.expires_at(first.certificate) - clock.now < 8 * HOUR
    assert credentials()[0] is second


def test_each_leaf_says_who_and_in_which_role(joined: Identity) -> None:
    """The chain goes up to the root, and the peer is read from the leaf."""
    pair, roots = joined.credentials("desk", Clock())()
    peer = certificates.peer_of(pair.chain)
    assert (peer.member, peer.role) == ("police", "desk")
    certificates.check_issuer(roots, joined.issuer.chain, "police")
    bare = replace(joined, root=b"")
    with pytest.raises(ConfigurationRefused):
        bare.credentials("node")
