"""A person's own key, wherever it lives: in a locked file, or on a PKCS#11 token.

Whoever signs at a command line names one file. Either it holds the key itself, an
Ed25519 seed under a passphrase, or it says on which token the key lies and what its
public half was when it was enrolled. `secret_name` tells what to ask the person for.
The rule: a token's signature is verified against the enrolled key before it is given
out, so that a key exchanged on the token speaks for nobody.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from childgrid_wire import canonical, keyfile, keys, token_keys
from childgrid_wire.errors import ConfigurationRefused, TokenRefused, WireError
from childgrid_wire.keys import EnrolledKey, SeedSigner
from childgrid_wire.token_keys import Spot

PIN = "PIN of the token"
"""What a token's holder is asked for."""

_FORMAT = "childgrid-token-1"
_TRIAL = b"childgrid/v1 proof of possession "


@dataclass(frozen=True)
class TokenSigner:
    """A key on a token; the PIN is sent with each signature."""

    enrolled: EnrolledKey
    spot: Spot
    pin: bytes = field(repr=False)

    @property
    def keyid(self) -> str:
        """The id under which the public key is enrolled."""
        return self.enrolled.keyid

    @property
    def public(self) -> bytes:
        """The public half (SubjectPublicKeyInfo, DER)."""
        return self.enrolled.key

    def sign(self, message: bytes) -> bytes:
        """The token's signature over `message`, verified.

        Raises:
            TokenRefused: no such token or key, another PIN, or another key there.
        """
        made = token_keys.sign(self.spot, self.enrolled.algorithm, self.pin, message)
        try:
            keys.verify(self.enrolled, message, made)
        except WireError as error:
            raise TokenRefused(
                "on the token lies another key than the one enrolled: "
                "enrol this one, or bring the token that holds it"
            ) from error
        return made


def make(path: Path, keyid: str, passphrase: bytes) -> bytes:
    """Make a key in a locked file; returns its public half (32 bytes).

    Raises:
        ConfigurationRefused: there is a file already, or the passphrase is short.
    """
    _prepare(path)
    signer = SeedSigner(keyid, secrets.token_bytes(32))
    keyfile.lock({"keyid": keyid, "seed": signer.seed.hex()}, passphrase, path)
    return signer.public


def enrol(
    path: Path, keyid: str, library: Path, token: str, key: str, pin: bytes
) -> EnrolledKey:
    """Write down where on a token a key lies, once it has signed; returns the key.

    Args:
        path: the file to be written, which from then on is named instead of a key file.
        keyid: the id under which the key is enrolled, `member/person`.
        library: see `token_keys.find`, as are `token`, `key` and `pin`.

    Raises:
        ConfigurationRefused: there is a file already.
        TokenRefused: the token, the key or the PIN; nothing was written.
    """
    _prepare(path)
    found = token_keys.find(library, token, key, pin)
    enrolled = EnrolledKey(keyid, found.algorithm, found.key)
    trial = _TRIAL + keyid.encode() + secrets.token_bytes(32)
    TokenSigner(enrolled, found.spot, pin).sign(trial)
    table = {
        "format": _FORMAT,
        "keyid": keyid,
        "library": str(found.spot.library),
        "serial": found.spot.serial,
        "id": found.spot.id,
        "algorithm": found.algorithm,
        "key": canonical.to_b64(found.key),
    }
    keyfile.write_private(path, canonical.dumps(table))
    return enrolled


def lines(key: EnrolledKey) -> list[str]:
    """What goes into a list of people (TOML): the key's algorithm and public half."""
    public = canonical.to_b64(key.key)
    return [f'algorithm = "{key.algorithm}"', f'key = "{public}"']


def check_no_token(token: str, key: str) -> None:
    """Insist that no token is named; raises `TokenRefused` where its library lacks."""
    if token or key:
        raise TokenRefused("name the PKCS#11 library of the token's maker as well")


def secret_name(path: Path) -> str:
    """What opens the key of this file, in the words in which it is asked for."""
    return PIN if on_token(path) else "passphrase"


def on_token(path: Path) -> bool:
    """Whether a file says where on a token a key lies."""
    return bool(_table(path))


def open_key(path: Path, secret: bytes) -> SeedSigner | TokenSigner:
    """A person's key, ready to sign: unlocked by its passphrase, or by the token's PIN.

    Raises:
        ConfigurationRefused: no such file, or a wrong passphrase.
        TokenRefused: the token is not there, or has another PIN or key.
    """
    table = _table(path)
    if not table:
        return open_seed(path, secret)
    keyfile.check_private(path)
    try:
        spot = Spot(Path(table["library"]), table["serial"], table["id"])
        raw = canonical.from_b64(table["key"])
        enrolled = EnrolledKey(table["keyid"], table["algorithm"], raw)
    except (KeyError, TypeError, WireError) as error:
        raise ConfigurationRefused(f"{path.name} is no person's key") from error
    token_keys.touch(spot, secret)
    return TokenSigner(enrolled, spot, secret)


def open_seed(path: Path, passphrase: bytes) -> SeedSigner:
    """Unlock a key that lies in a file; raises `ConfigurationRefused` otherwise."""
    content = keyfile.unlock(path, passphrase)
    try:
        return SeedSigner(content["keyid"], bytes.fromhex(content["seed"]))
    except (KeyError, ValueError) as error:
        raise ConfigurationRefused(f"{path.name} is no person's key") from error


def check_file(path: Path) -> None:
    """Insist that the key lies in the file itself, where a passphrase can be changed.

    Raises:
        TokenRefused: it lies on a token.
    """
    if on_token(path):
        raise TokenRefused("a token's PIN is changed by its maker's tool")


def _prepare(path: Path) -> None:
    if path.exists():
        raise ConfigurationRefused(f"{path.name} exists; keys are never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def _table(path: Path) -> dict[str, str]:
    """What a token's file says; empty where it is none."""
    try:
        table = canonical.loads(path.read_bytes())
    except (OSError, WireError):
        return {}
    return table if table.get("format") == _FORMAT else {}
