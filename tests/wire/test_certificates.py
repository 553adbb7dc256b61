"""Certificates: one name, one role, one day, and an issuer that stays at home."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from childgrid_wire import certificates
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.errors import Reason, Untrusted
from wire import ca
from wire.ca import NOW, dns, forged, issuer, leaf, root, uri


def extension(pair: Pair, kind: type) -> x509.Extension:
    """One extension of a pair's first certificate."""
    return pair.certificate.extensions.get_extension_for_class(kind)


def test_a_leaf_names_one_role_of_one_member_for_a_day() -> None:
    """One DNS name, one SPIFFE id, both usages, no authority, 24 hours."""
    pair = leaf("police", "node")
    names = extension(pair, x509.SubjectAlternativeName).value
    assert list(names) == ca.names_of("police", "node")
    uses = extension(pair, x509.ExtendedKeyUsage).value
    assert set(uses) == {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SERVER_AUTH,
    }
    constraints = extension(pair, x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    assert certificates.expires_at(pair.certificate) == NOW + 24 * 3_600
    assert certificates.peer_of(pair.chain) == Peer(
        "police", "node", certificates.serial_of(pair.certificate)
    )


@pytest.mark.threat("T4")
def test_an_issuer_is_bound_to_its_members_names() -> None:
    """Critical constraints on both name forms, and no authority below it."""
    pair = issuer("police")
    named = extension(pair, x509.NameConstraints)
    assert named.critical
    assert named.value.permitted_subtrees == [
        x509.DNSName("police.childgrid.internal"),
        x509.UniformResourceIdentifier("police.childgrid"),
    ]
    constraints = extension(pair, x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    certificates.check_issuer(root().chain, pair.chain, "police")


def test_the_name_comes_from_the_founders_not_from_the_request() -> None:
    """A request that claims another member's name gets the one it was meant for."""
    key = certificates.new_key()
    request = certificates.signing_request(key, "transport")
    pem = certificates.issue_issuer(root(), request, "police", NOW)
    certificates.check_issuer(root().chain, pem, "police")
    with pytest.raises(Untrusted):
        certificates.check_issuer(root().chain, pem, "transport")


def test_a_request_must_prove_its_own_key() -> None:
    """A request whose signature was spoilt, or with another kind of key, is refused."""
    request = x509.load_pem_x509_csr(
        certificates.signing_request(certificates.new_key(), "police")
    )
    der = bytearray(request.public_bytes(Encoding.DER))
    der[-1] ^= 1
    spoilt = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    foreign = rsa.generate_private_key(65537, 2048)
    other = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(foreign, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    for bad in (spoilt, other):
        with pytest.raises(Untrusted):
            certificates.issue_issuer(root(), bad, "police", NOW)


@pytest.mark.parametrize("made", ["other root", "other member", "leaf", "junk"])
def test_only_the_roots_word_makes_an_issuer(made: str) -> None:
    """Another root's issuer, another member's or no issuer at all is refused."""
    pem = {
        "other root": issuer("police", "other").chain,
        "other member": issuer("transport").chain,
        "leaf": leaf("police", "node").chain,
        "junk": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }[made]
    with pytest.raises(Untrusted):
        certificates.check_issuer(root().chain, pem, "police")
    with pytest.raises(Untrusted):
        certificates.check_issuer(pem, issuer("police").chain, "police")


@pytest.mark.parametrize(
    "names",
    [
        [],
        [dns("node.police.childgrid.internal")],
        [uri("police", "node"), uri("police", "desk")],
        [uri("police", "node"), uri("police", "node")],
        [uri("police", "king")],
        [uri("police", "")],
        [uri("police", "node/extra")],
        [x509.UniformResourceIdentifier("spiffe://police/node")],
        [x509.UniformResourceIdentifier("spiffe://police.childgrid.evil/node")],
        [x509.UniformResourceIdentifier("https://police.childgrid/node")],
        [x509.UniformResourceIdentifier("police.childgrid/node")],
        [x509.UniformResourceIdentifier("spiffe://police.childgrid/node?x")],
        [x509.UniformResourceIdentifier("spiffe://police.childgrid/node/")],
        [x509.UniformResourceIdentifier("SPIFFE://police.childgrid/node")],
    ],
    ids=str,
)
def test_a_leaf_that_is_not_exactly_one_peer_is_nobody(
    names: list[x509.GeneralName],
) -> None:
    """No id, two ids, unknown roles and other spellings: refused."""
    with pytest.raises(Untrusted) as refusal:
        certificates.peer_of(forged(issuer("police"), names).chain)
    assert refusal.value.reason is Reason.UNKNOWN_PEER


def test_no_agency_makes_itself_a_founder() -> None:
    """Only the founders' own name goes with that role, and it goes with no other."""
    peer = certificates.peer_of(leaf("founders", "founder").chain)
    assert (peer.member, peer.role) == ("founders", "founder")
    for pair in (
        leaf("police", "founder"),
        leaf("hub", "founder"),
        leaf("founders", "coordinator"),
        leaf("founders", "node"),
    ):
        with pytest.raises(Untrusted):
            certificates.peer_of(pair.chain)


@pytest.mark.parametrize("bad", [b"", b"x", b"-----BEGIN CERTIFICATE-----\n", b"\xff"])
def test_bytes_that_are_no_certificate_are_nobody(bad: bytes) -> None:
    """Junk is refused like any stranger."""
    with pytest.raises(Untrusted):
        certificates.peer_of(bad)


def test_serials_have_the_form_that_a_revocation_takes() -> None:
    """Twenty bytes of hex, small numbers filled up."""
    small = forged(issuer("police"), ca.names_of("police", "node"), serial=7)
    assert certificates.peer_of(small.chain).serial == "0" * 39 + "7"
    assert len(certificates.serial_of(leaf("police", "node").certificate)) == 40


def test_keys_stay_out_of_sight_and_of_one_kind() -> None:
    """Printing a pair shows no key; another kind of key issues nothing."""
    pair = leaf("police", "node")
    assert "PRIVATE" not in repr(pair)
    assert load_pem_private_key(pair.key, None).curve.name == "secp256r1"
    foreign = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(Untrusted):
        certificates.issue_leaf(
            Pair(foreign, issuer("police").chain), "police", "node", NOW
        )
