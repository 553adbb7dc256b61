"""An officer's signing key: an Ed25519 seed in a locked file."""

from __future__ import annotations

import secrets
from pathlib import Path

from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.keys import SeedSigner


def make(path: Path, member: str, officer: str, passphrase: bytes) -> str:
    """Make a key; returns the public half as it stands in a staff list (base64).

    Raises:
        ConfigurationRefused: there is a file already, or the passphrase is short.
    """
    if path.exists():
        raise ConfigurationRefused(f"{path.name} exists; keys are never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keyid = f"{member}/{officer}"
    signer = SeedSigner(keyid, secrets.token_bytes(32))
    keyfile.lock({"keyid": keyid, "seed": signer.seed.hex()}, passphrase, path)
    return canonical.to_b64(signer.public)


def public(path: Path, passphrase: bytes) -> str:
    """The public half, base64."""
    return canonical.to_b64(open_key(path, passphrase).public)


def open_key(path: Path, passphrase: bytes) -> SeedSigner:
    """Unlock a signing key; raises `ConfigurationRefused` otherwise."""
    content = keyfile.unlock(path, passphrase)
    try:
        return SeedSigner(content["keyid"], bytes.fromhex(content["seed"]))
    except KeyError as error:
        raise ConfigurationRefused(f"{path.name} is no officer's key") from error
