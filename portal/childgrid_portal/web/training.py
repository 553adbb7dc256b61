"""Software passkeys for training: officers without hardware sign in and sign.

The keys lie in a file of mode 600 beside the portal, so that whoever reaches its pages
can be any of these officers: that is for a training grid and nowhere else, and the node
refuses such keys on any other. What they make are real assertions (W3C WebAuthn level
3), checked by the same code as a hardware key's.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn.helpers import bytes_to_base64url

from childgrid_portal.web import passkeys
from childgrid_portal.web.accounts import Accounts, Login
from childgrid_wire import canonical, keyfile, schema
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.keys import webauthn_challenge

_PRESENT_AND_VERIFIED = 0x05
_SIGNS = ec.ECDSA(SHA256(), deterministic_signing=True)
_ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)


@dataclass(frozen=True)
class SoftKey:
    """One software passkey (ES256), for pages of one origin."""

    id: bytes
    secret: int
    rp_id: str
    origin: str

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())

    @property
    def cose(self) -> bytes:
        """The public key as authenticators write it (RFC 9053, EC2, ES256)."""
        numbers = self._key.public_key().public_numbers()
        x, y = (part.to_bytes(32, "big") for part in (numbers.x, numbers.y))
        return bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y

    @property
    def spki(self) -> bytes:
        """The public key as a staff list has it."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def touch(self, challenge: bytes) -> str:
        """Answer a challenge as a browser would: JSON, bytes in base64 for URLs."""
        client = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": bytes_to_base64url(challenge),
                "origin": self.origin,
                "crossOrigin": False,
            },
            separators=(",", ":"),
        ).encode()
        data = hashlib.sha256(self.rp_id.encode()).digest()
        data += bytes([_PRESENT_AND_VERIFIED]) + bytes(4)
        signed = data + hashlib.sha256(client).digest()
        parts = {
            "authenticatorData": data,
            "clientDataJSON": client,
            "signature": self._key.sign(signed, _SIGNS),
        }
        name = bytes_to_base64url(self.id)
        response = {key: bytes_to_base64url(value) for key, value in parts.items()}
        said = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(said)


@dataclass(frozen=True)
class Trainee:
    """An invented officer's two passkeys and what the page says of them."""

    officer: str
    name: str
    hint: str
    """What this officer does in the exercise."""

    login: SoftKey
    signing: SoftKey


@dataclass(frozen=True)
class SoftSigner:
    """A trainee's signing passkey as a signer of statements, without a browser."""

    keyid: str
    key: SoftKey

    def sign(self, message: bytes) -> bytes:
        """Sign as the page would have it signed."""
        return passkeys.touched(self.key.touch(webauthn_challenge(message))).signature


class Training:
    """The trainees of one portal, in one folder."""

    def __init__(self, folder: Path, rp_id: str, origin: str) -> None:
        """Open the folder.

        Raises:
            ConfigurationRefused: a file in it is readable by others, or no trainee's.
        """
        self._folder, self._rp_id, self._origin = folder, rp_id, origin
        paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
        self.trainees = {one.officer: one for one in map(self._read, paths)}

    def add(self, officer: str, name: str, hint: str) -> Trainee:
        """Make an officer's two passkeys.

        Raises:
            ConfigurationRefused: not an officer's id, or they have some.
        """
        schema.officer(officer, "officer")
        if officer in self.trainees:
            raise ConfigurationRefused(f"{officer} has training passkeys already")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{officer}.json"
        table = {"officer": officer, "name": name, "hint": hint}
        for use in ("login", "signing"):
            table[f"{use}-id"] = secrets.token_hex(16)
            table[f"{use}-secret"] = f"{1 + secrets.randbelow(_ORDER - 1):064x}"
        keyfile.write_private(path, json.dumps(table, ensure_ascii=False).encode())
        made = self.trainees[officer] = self._read(path)
        return made

    def enrol(self, accounts: Accounts) -> None:
        """Put all of them into the accounts, as if they had enrolled."""
        for one in self.trainees.values():
            if one.login.id in (known.id for known in accounts.logins(one.officer)):
                continue
            accounts.enter(one.officer, accounts.invite(one.officer, one.name))
            login = Login(one.login.id, one.login.cose)
            accounts.enrol(one.officer, login, one.signing.id)

    def signer(self, member: str, officer: str) -> SoftSigner:
        """A trainee's signer of statements."""
        return SoftSigner(f"{member}/{officer}", self.trainees[officer].signing)

    def _read(self, path: Path) -> Trainee:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationRefused(
                f"{path.name} must be readable by its owner only"
            )
        try:
            table = json.loads(path.read_text("utf-8"))
            login, signing = (self._key(table, use) for use in ("login", "signing"))
            return Trainee(
                table["officer"], table["name"], table["hint"], login, signing
            )
        except (ValueError, KeyError, TypeError, Malformed) as error:
            raise ConfigurationRefused(f"{path.name} is no training passkey") from error

    def _key(self, table: dict[str, str], use: str) -> SoftKey:
        secret = int.from_bytes(canonical.from_hex(table[f"{use}-secret"]), "big")
        id_ = canonical.from_hex(table[f"{use}-id"])
        return SoftKey(id_, secret, self._rp_id, self._origin)
