"""The founders' secrets: one locked file each, and the transport root's own.

Every founder's Ed25519 seed lies under that founder's passphrase; the root key under
one of its own, known to whoever issues certificates. No file opens another, and no
secret is ever written unlocked.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from childgrid_authority.errors import FolderRefused
from childgrid_wire import canonical, certificates, keyfile, schema
from childgrid_wire.certificates import Pair
from childgrid_wire.keys import SeedSigner

ROOT = "root"
"""The name under which the root's passphrase is given; no founder may bear it."""

Passphrases = Mapping[str, bytes]
"""Founder id (or `ROOT`) to passphrase."""

_ID = re.compile(rf"(?:{schema.MEMBER})\Z", re.ASCII)


def create_founder(folder: Path, founder: str, passphrase: bytes) -> bytes:
    """Make a founder's key; returns the public key (32 bytes) to be enrolled.

    Raises:
        FolderRefused: the id is not usable, or has a key here already.
    """
    if not _ID.match(founder) or founder == ROOT:
        raise FolderRefused("a founder id is lower-case letters, digits and hyphens")
    path = _founder_file(folder, founder)
    if path.exists():
        raise FolderRefused(f"founder {founder} has a key here already")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = SeedSigner(f"founder:{founder}", secrets.token_bytes(32))
    keyfile.lock({"seed": signer.seed.hex()}, passphrase, path)
    return signer.public


def open_founder(folder: Path, founder: str, passphrase: bytes) -> SeedSigner:
    """Unlock a founder's key.

    Raises:
        ConfigurationRefused: no such file here, or a wrong passphrase.
    """
    content = keyfile.unlock(_founder_file(folder, founder), passphrase)
    return SeedSigner(f"founder:{founder}", bytes.fromhex(content["seed"]))


def signers(folder: Path, passphrases: Passphrases) -> list[SeedSigner]:
    """Unlock every founder whose passphrase is given, in order of their ids."""
    founders = sorted(passphrases.keys() - {ROOT})
    return [open_founder(folder, one, passphrases[one]) for one in founders]


def create_root(folder: Path, grid: str, passphrase: bytes, now: int) -> bytes:
    """Make the transport root; returns its certificate (PEM)."""
    root = certificates.new_root(grid, now)
    keyfile.lock({"key": root.key.decode()}, passphrase, folder / "root.locked")
    keyfile.write_private(folder / "root.pem", root.chain)
    return root.chain


def open_root(folder: Path, passphrases: Passphrases) -> Pair:
    """Unlock the transport root.

    Raises:
        FolderRefused: its passphrase is not among `passphrases`.
        ConfigurationRefused: no such file here, or a wrong passphrase.
    """
    if ROOT not in passphrases:
        raise FolderRefused(f"give the passphrase of the {ROOT} key as well")
    content = keyfile.unlock(folder / "root.locked", passphrases[ROOT])
    return Pair(content["key"].encode(), root_certificate(folder))


def root_certificate(folder: Path) -> bytes:
    """The transport root's certificate (PEM); raises `FolderRefused` without one."""
    try:
        return (folder / "root.pem").read_bytes()
    except OSError as error:
        raise FolderRefused("no grid was founded in this folder") from error


def public_text(public: bytes) -> str:
    """A public key as it is read out and typed in."""
    return canonical.to_b64(public)


def _founder_file(folder: Path, founder: str) -> Path:
    return folder / "founders" / f"{founder}.locked"
