"""How a party asks to be let in: its token, its enrolment, its last check.

The founders hand over a token, once, in person. The party makes its keys at home and
answers with an `enrolment` that it signs itself and that proves the token's secret
without showing it. What comes back is believed only once the founders' own directory
says the same. The name always comes from the token.

A relay may carry all of this and learn neither the secret nor a key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from childgrid_wire import (
    canonical,
    certificates,
    envelope,
    identity,
    keyfile,
    probation,
)
from childgrid_wire import schema as s
from childgrid_wire import statement as statements
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Reason,
    Refused,
    Untrusted,
)
from childgrid_wire.identity import Identity
from childgrid_wire.keys import EnrolledKey, SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

NO_ISSUER = "0" * 64
_FORMAT = "childgrid-token-1"
_pem = s.base64(1, 16_384)
_SHAPE = s.record(
    format=s.enum(_FORMAT),
    member=s.member,
    kind=s.enum("agency", "coordinator", "auditor"),
    expires=s.time,
    secret=s.hexes(32),
    fingerprint=s.digest,
    coordinator=s.optional(s.member),
    address=s.optional(s.address),
    root=_pem,
    key=_pem,
    chain=_pem,
)


@dataclass(frozen=True)
class Token:
    """What the founders hand to one future member; `secret` is 32 bytes.

    `fingerprint` pins the grid, `root` is its transport root (PEM), `joiner` opens
    the founders' inbox at `coordinator` (empty where enrolments go by files).
    """

    member: str
    kind: str
    expires: int
    secret: bytes = field(repr=False)
    fingerprint: str
    coordinator: str
    address: str
    root: bytes
    joiner: Pair

    @property
    def name(self) -> str:
        """How an enrolment names the token; 64 hex digits, no secret."""
        return token_name(self.secret)

    def write(self, path: Path) -> None:
        """Write the token, readable by its owner only."""
        table = {
            "format": _FORMAT,
            "member": self.member,
            "kind": self.kind,
            "expires": self.expires,
            "secret": self.secret.hex(),
            "fingerprint": self.fingerprint,
            "coordinator": self.coordinator,
            "address": self.address,
            "root": canonical.to_b64(self.root),
            "key": canonical.to_b64(self.joiner.key),
            "chain": canonical.to_b64(self.joiner.chain),
        }
        keyfile.write_private(path, canonical.dumps(table))

    @classmethod
    def read(cls, path: Path) -> Token:
        """Read a token.

        Raises:
            ConfigurationRefused: missing, readable by others, or no token.
        """
        table = _read(path)
        return cls(
            member=table["member"],
            kind=table["kind"],
            expires=table["expires"],
            secret=canonical.from_hex(table["secret"]),
            fingerprint=table["fingerprint"],
            coordinator=table["coordinator"],
            address=table["address"],
            root=canonical.from_b64(table["root"]),
            joiner=Pair(
                canonical.from_b64(table["key"]), canonical.from_b64(table["chain"])
            ),
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        status, data = path.stat(), path.read_bytes()
    except OSError as error:
        raise ConfigurationRefused(f"cannot read the token {path.name}") from error
    if keyfile.loose(status):
        raise ConfigurationRefused(f"{path.name} must be readable by its owner only")
    try:
        table = canonical.loads(data)
        _SHAPE(table, "token")
    except Malformed as error:
        raise ConfigurationRefused(f"{path.name} is not a join token") from error
    return table


def token_name(secret: bytes) -> str:
    """Hex SHA-256; its first 40 digits name the token where it is revoked."""
    return hashlib.sha256(b"childgrid/v1 token\x00" + secret).hexdigest()


def proof_key(secret: bytes) -> bytes:
    """The 32 bytes under which proofs are made; all that the founders keep."""
    return hashlib.sha256(secret).digest()


def proof(key: bytes, member: dict[str, Any], csr: bytes) -> str:
    """Bind a token to exactly this entry and certificate request (HMAC-SHA256)."""
    message = b"childgrid/v1 enrolment\x00" + canonical.dumps(member) + b"\x00" + csr
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def keys_fingerprint(member: dict[str, Any]) -> str:
    """What people compare aloud: 40 hex digits in groups of four, over all keys.

    Args:
        member: a directory's or an enrolment's entry.
    """
    names = ("id", "key", "log_key", "witness_key", "wrap_key")
    keys = canonical.dumps({name: member[name] for name in names})
    digits = hashlib.sha256(b"childgrid/v1 keys\x00" + keys).hexdigest()[:40]
    return " ".join(digits[at : at + 4] for at in range(0, 40, 4))


def make(own: Identity, token: Token, entry: dict[str, Any], now: int) -> bytes:
    """Write and sign the enrolment that answers `token`.

    Raises:
        Refused: the token has run out, or is another member's.
    """
    if token.expires <= now:
        raise Refused(Reason.EXPIRED, "token")
    if (token.member, token.kind) != (entry["id"], entry["kind"]):
        raise Refused(Reason.TARGET, "the token is another member's")
    csr = own.request()
    return statements.make(
        Kind.ENROLMENT,
        SeedSigner(f"joiner:{own.member}", own.key),
        issuer=own.member,
        now=now,
        seconds=token.expires - now,
        member=entry,
        csr=canonical.to_b64(csr),
        token=token.name,
        proof=proof(proof_key(token.secret), entry, csr),
        fingerprint=token.fingerprint,
    )


def verify(data: bytes) -> Statement:
    """Verify that an enrolment was signed with the key that it asks to enrol.

    Says nothing of the token: only the founders can check that.

    Raises:
        Malformed, Untrusted: form, signature, or an entry of another member.
    """
    outer = envelope.read(data)
    if outer.kind is not Kind.ENROLMENT:
        raise Malformed(outer.kind.value, Reason.UNKNOWN_KIND)
    body = canonical.loads(outer.payload)
    check_body(Kind.ENROLMENT, body)
    key = canonical.from_b64(body["member"]["key"])
    verified = statements.verify(data, lambda keyid: EnrolledKey(keyid, "ed25519", key))
    if verified["member"]["id"] != verified.issuer:
        raise Untrusted(Reason.UNKNOWN_PEER, "enrolment.member.id")
    if verified["member"]["issuer"] != NO_ISSUER:
        raise Malformed("enrolment.member.issuer is the founders' to set")
    return verified


def install(
    folder: Path,
    own: Identity,
    enrolment: Statement,
    view: View,
    issuer: bytes,
    root: bytes,
) -> None:
    """Keep the founders' certificates (PEM), once their directory says the same.

    Args:
        folder: where the keys of `own` lie.
        view: the newest documents, verified from the pinned fingerprint on.

    Raises:
        Untrusted: the directory does not hold us as we enrolled, or names another
            issuer or root. Nothing was installed.
    """
    certificates.check_issuer(root, issuer, own.member)
    below = x509.load_pem_x509_certificate(issuer)
    top = x509.load_pem_x509_certificate(root)
    if view.directory["root"] != certificates.fingerprint(top):
        raise Untrusted(Reason.UNKNOWN_KEY, "directory.root")
    expected = {**enrolment["member"], "issuer": certificates.fingerprint(below)}
    if probation.as_enrolled(view.member(own.member)) != expected:
        raise Untrusted(Reason.UNKNOWN_PEER, "the directory's entry is not as enrolled")
    if load_pem_private_key(own.issuer.key, None).public_key() != below.public_key():
        raise Untrusted(Reason.UNKNOWN_KEY, "issuer certificate")
    identity.install(folder, own.member, issuer, root)
