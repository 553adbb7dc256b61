"""X.509 for the transport: one root, a name-constrained issuer per agency, leaves.

A certificate says which agency's which role is at the other end of a connection and
nothing more; it authorises no statement. Every leaf names exactly one
`spiffe://<agency>.childgrid/<role>` and `<role>.<agency>.childgrid.internal`, lives
24 hours and comes from the agency's own issuer, which can't issue for another.
Keys are P-256 (RFC 5280 profiles, SPIFFE X.509-SVID naming).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from childgrid_wire.errors import Reason, Untrusted

LEAF_HOURS = 24
ISSUER_DAYS = 366
ROOT_DAYS = 3_660
_BACKDATE = dt.timedelta(minutes=5)
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography says of bytes that are no certificate, or a strange one."""

ROLES = ("node", "desk", "coordinator", "auditor", "founder", "joiner")


@dataclass(frozen=True)
class Peer:
    """Who is at the other end: a member and the role it plays on this connection."""

    member: str
    role: str
    serial: str = ""


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate chain, both PEM; leaf first."""

    key: bytes
    chain: bytes

    def __repr__(self) -> str:
        """Show the certificate's size only, never the key."""
        return f"Pair(chain of {len(self.chain)} bytes)"

    @property
    def certificate(self) -> x509.Certificate:
        """The first certificate of the chain."""
        return x509.load_pem_x509_certificates(self.chain)[0]


def spiffe(member: str, role: str) -> str:
    """The SPIFFE id of a role of a member."""
    return f"spiffe://{member}.childgrid/{role}"


def hostname(member: str, role: str) -> str:
    """The DNS name by which clients insist on a role of a member."""
    return f"{role}.{member}.childgrid.internal"


def fingerprint(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of the DER bytes."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def new_key() -> bytes:
    """Make a P-256 key; returns unencrypted PKCS#8 PEM for the caller to lock away."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = load_pem_private_key(key, None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise Untrusted(Reason.UNKNOWN_KEY, "transport key")
    return loaded


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: str,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    )


def _authority(
    builder: x509.CertificateBuilder, path_length: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), True
    ).add_extension(usage, True)


def new_root(grid: str, now: int) -> Pair:
    """Make the grid's transport root; its key stays with the founders."""
    key = new_key()
    private = _load(key)
    builder = _builder(
        f"childgrid root {grid}",
        _name(f"childgrid root {grid}"),
        private.public_key(),
        _when(now),
        dt.timedelta(days=ROOT_DAYS),
    )
    certificate = _authority(builder, 1).sign(private, hashes.SHA256())
    return Pair(key, certificate.public_bytes(Encoding.PEM))


def signing_request(key: bytes, member: str) -> bytes:
    """A PEM CSR by which an agency asks for its issuer certificate (RFC 2986)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(member))
    return builder.sign(_load(key), hashes.SHA256()).public_bytes(Encoding.PEM)


def issue_issuer(root: Pair, request: bytes, member: str, now: int) -> bytes:
    """Sign an agency's issuer, constrained to that agency's names; returns PEM.

    The member's name comes from the caller, never from the request.

    Raises:
        Untrusted: the request does not prove its own key.
    """
    csr = x509.load_pem_x509_csr(request)
    public = csr.public_key()
    if not csr.is_signature_valid or not isinstance(public, ec.EllipticCurvePublicKey):
        raise Untrusted(Reason.BAD_SIGNATURE, "certificate request")
    parent = root.certificate
    builder = _builder(
        f"childgrid issuer {member}",
        parent.subject,
        public,
        _when(now),
        dt.timedelta(days=ISSUER_DAYS),
    )
    permitted = [
        x509.DNSName(f"{member}.childgrid.internal"),
        x509.UniformResourceIdentifier(f"{member}.childgrid"),
    ]
    builder = _authority(builder, 0).add_extension(
        x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), True
    )
    signed = _under(builder, parent).sign(_load(root.key), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


def issue_leaf(
    issuer: Pair, member: str, role: str, now: int, hours: int = LEAF_HOURS
) -> Pair:
    """Make a leaf for one role of a member; the chain includes the issuer's."""
    key = new_key()
    parent = issuer.certificate
    builder = _builder(
        hostname(member, role),
        parent.subject,
        _load(key).public_key(),
        _when(now),
        dt.timedelta(hours=hours),
    )
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName(hostname(member, role)),
            x509.UniformResourceIdentifier(spiffe(member, role)),
        ]
    )
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    builder = (
        builder.add_extension(names, False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage(uses), False)
    )
    leaf = _under(builder, parent).sign(_load(issuer.key), hashes.SHA256())
    return Pair(key, leaf.public_bytes(Encoding.PEM) + issuer.chain)


def _under(
    builder: x509.CertificateBuilder, parent: x509.Certificate
) -> x509.CertificateBuilder:
    ski = parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski.value),
        False,
    )


def check_issuer(root: bytes, issuer: bytes, member: str) -> None:
    """Whether `issuer` (PEM) is `root`'s word for `member`; raises `Untrusted`."""
    try:
        top = x509.load_pem_x509_certificate(root)
        below = x509.load_pem_x509_certificate(issuer)
        below.verify_directly_issued_by(top)
    except (*_UNREADABLE, InvalidSignature) as error:
        raise Untrusted(Reason.BAD_SIGNATURE, "issuer certificate") from error
    if below.subject != _name(f"childgrid issuer {member}"):
        raise Untrusted(Reason.UNKNOWN_PEER, "issuer certificate")


@lru_cache(maxsize=1024)
def peer_of(certificate: bytes) -> Peer:
    """Read who a PEM leaf certificate is for; the same bytes are read once.

    Raises:
        Untrusted: it doesn't name exactly one role of one member, or claims to be a
            founder without the founders' own name.
    """
    try:
        leaf = x509.load_pem_x509_certificate(certificate)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        serial = serial_of(leaf)
    except (*_UNREADABLE, OverflowError, x509.ExtensionNotFound) as error:
        raise Untrusted(Reason.UNKNOWN_PEER, "certificate") from error
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    host, _, role = (
        uris[0].removeprefix("spiffe://").partition("/") if uris else ("",) * 3
    )
    member = host.removesuffix(".childgrid")
    if len(uris) != 1 or role not in ROLES or uris[0] != spiffe(member, role):
        raise Untrusted(Reason.UNKNOWN_PEER, "certificate")
    if (role == "founder") != (member == "founders"):
        raise Untrusted(Reason.WRONG_ROLE, "certificate")
    return Peer(member, role, serial)


def serial_of(certificate: x509.Certificate) -> str:
    """Hex of the serial number, 20 bytes, as a revocation names it."""
    return certificate.serial_number.to_bytes(20, "big").hex()


def expires_at(certificate: x509.Certificate) -> int:
    """Unix seconds of the end of a certificate's life."""
    return int(certificate.not_valid_after_utc.timestamp())


def _when(now: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(now, dt.UTC)
