"""The founders' secrets: one locked file each, and the transport root's own.

Every founder's Ed25519 seed lies under that founder's passphrase, unless the key is on
the founder's token; the root key under a passphrase of its own, known to whoever issues
certificates. No file opens another, and no secret is ever written unlocked.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from childgrid_authority.errors import FolderRefused
from childgrid_wire import canonical, certificates, keyfile, personal, schema
from childgrid_wire.certificates import Pair
from childgrid_wire.keys import SeedSigner, algorithm_of
from childgrid_wire.personal import TokenSigner

ROOT = "root"
"""The name under which the root's passphrase is given; no founder may bear it."""

Passphrases = Mapping[str, bytes]
"""Founder id (or `ROOT`) to passphrase, or to the PIN of the founder's token."""

_ID = re.compile(rf"(?:{schema.MEMBER})\Z", re.ASCII)


def create_founder(folder: Path, founder: str, passphrase: bytes) -> bytes:
    """Make a founder's key; returns the public key (32 bytes) to be enrolled.

    Raises:
        FolderRefused: the id is not usable, or has a key here already.
    """
    _check_new(folder, founder)
    path = _founder_file(folder, founder)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = SeedSigner(f"founder:{founder}", secrets.token_bytes(32))
    keyfile.lock({"seed": signer.seed.hex()}, passphrase, path)
    return signer.public


def take_founder(
    folder: Path, founder: str, library: Path, token: str, key: str, pin: bytes
) -> bytes:
    """Take a key on a token as a founder's; returns its public half (DER).

    Args:
        library: see `personal.enrol`, as are `token`, `key` and `pin`.

    Raises:
        FolderRefused: as `create_founder`.
        TokenRefused: the token, the key or the PIN.
    """
    _check_new(folder, founder)
    path, name = _token_file(folder, founder), f"founder:{founder}"
    return personal.enrol(path, name, library, token, key, pin).key


def has_key(folder: Path, founder: str) -> bool:
    """Whether a founder's key lies here, or is known here by its token."""
    files = _founder_file(folder, founder), _token_file(folder, founder)
    return any(one.exists() for one in files)


def open_founder(folder: Path, founder: str, secret: bytes) -> SeedSigner | TokenSigner:
    """A founder's key, unlocked by its passphrase or by the PIN of its token.

    Raises:
        ConfigurationRefused: no such file here, or a wrong passphrase.
        TokenRefused: the token is not there, or has another PIN or key.
    """
    if (path := _token_file(folder, founder)).exists():
        return _founders_own(personal.open_key(path, secret), founder)
    content = keyfile.unlock(_founder_file(folder, founder), secret)
    return SeedSigner(f"founder:{founder}", bytes.fromhex(content["seed"]))


def _founders_own(
    signer: SeedSigner | TokenSigner, founder: str
) -> SeedSigner | TokenSigner:
    if signer.keyid != f"founder:{founder}":
        raise FolderRefused(f"the key of {founder} here is another one's")
    return signer


def signers(folder: Path, passphrases: Passphrases) -> list[SeedSigner | TokenSigner]:
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


def founder_entry(founder: str, key: bytes) -> dict[str, str]:
    """A founder as the directory has it; the algorithm is named unless it is Ed25519.

    Raises:
        Untrusted: the key is none that a founder may have.
    """
    algorithm = algorithm_of(key)
    more = {} if algorithm == "ed25519" else {"algorithm": algorithm}
    return {"id": founder, "key": canonical.to_b64(key), **more}


def _check_new(folder: Path, founder: str) -> None:
    if not _ID.match(founder) or founder == ROOT:
        raise FolderRefused("a founder id is lower-case letters, digits and hyphens")
    if has_key(folder, founder):
        raise FolderRefused(f"founder {founder} has a key here already")


def _founder_file(folder: Path, founder: str) -> Path:
    return folder / "founders" / f"{founder}.locked"


def _token_file(folder: Path, founder: str) -> Path:
    return folder / "founders" / f"{founder}.token"
