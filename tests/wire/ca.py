"""Certificates for tests: a root, issuers, leaves, and leaves that should not be."""

from __future__ import annotations

import datetime as dt
import time
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from childgrid_wire import certificates
from childgrid_wire.certificates import Pair

NOW = int(time.time())
BOTH = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


@cache
def _root(name: str) -> Pair:
    return certificates.new_root(name, NOW)


@cache
def _issuer(member: str, of: str) -> Pair:
    key = certificates.new_key()
    request = certificates.signing_request(key, member)
    return Pair(key, certificates.issue_issuer(root(of), request, member, NOW))


def root(name: str = "test") -> Pair:
    """A grid's root; the same one each time."""
    return _root(name)


def issuer(member: str, of: str = "test") -> Pair:
    """A member's own issuer; the same one each time."""
    return _issuer(member, of)


def leaf(member: str, role: str, *, by: str = "", of: str = "test") -> Pair:
    """A leaf of `member` by its own issuer, or by another member's; the same too."""
    return _leaf(member, role, by or member, of)


@cache
def _leaf(member: str, role: str, by: str, of: str) -> Pair:
    if member == "founders":
        return certificates.issue_leaf(root(of), member, role, NOW)
    return certificates.issue_leaf(issuer(by, of), member, role, NOW)


def forged(
    parent: Pair,
    names: list[x509.GeneralName],
    *,
    common: str = "x",
    uses: tuple[x509.ObjectIdentifier, ...] = BOTH,
    start: int = -300,
    seconds: int = 3_600,
    authority: bool = False,
    serial: int | None = None,
) -> Pair:
    """A certificate with whatever an attacker in control of `parent` would write."""
    key = certificates.new_key()
    begin = dt.datetime.fromtimestamp(NOW + start, dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]))
        .issuer_name(parent.certificate.subject)
        .public_key(load_pem_private_key(key, None).public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(seconds=seconds))
        .add_extension(x509.BasicConstraints(authority, None), True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), False)
    signed = builder.sign(load_pem_private_key(parent.key, None), hashes.SHA256())
    return Pair(key, signed.public_bytes(Encoding.PEM) + parent.chain)


def names_of(member: str, role: str) -> list[x509.GeneralName]:
    """The two names that a leaf should have."""
    return [dns(certificates.hostname(member, role)), uri(member, role)]


def dns(name: str) -> x509.DNSName:
    """A DNS name."""
    return x509.DNSName(name)


def uri(member: str, role: str) -> x509.UniformResourceIdentifier:
    """A SPIFFE id."""
    return x509.UniformResourceIdentifier(certificates.spiffe(member, role))
