"""A member's own keys: made at home, locked at rest, never sent anywhere.

One locked file holds the key that signs the member's statements, the one that signs
its log, the one with which it witnesses others' logs, the one to which the linkage
key is wrapped, and its certificate issuer's. Leaf certificates are made in memory
and renewed before they run out; their keys never touch the disk.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from childgrid_wire import canonical, certificates, keyfile, seal
from childgrid_wire.certificates import Pair
from childgrid_wire.channel import Credentials
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.keys import SeedSigner

RENEW_SECONDS = 8 * 3_600
_FILE = "identity.locked"
_SECRETS = ("key", "log_key", "witness_key", "wrap_key")
_NEXT, _PAST = "next_log_key", "closed_log_keys"


@dataclass(frozen=True)
class Identity:
    """A member's secrets (32 bytes each), its issuer pair and the grid's root."""

    member: str
    key: bytes = field(repr=False)
    log_key: bytes = field(repr=False)
    witness_key: bytes = field(repr=False)
    wrap_key: bytes = field(repr=False)
    issuer: Pair
    root: bytes
    next_log_key: bytes = field(default=b"", repr=False)
    """What the founders are asked to name for the log after this one, if they are."""

    closed_log_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def create(cls, folder: Path, member: str, passphrase: bytes) -> Identity:
        """Make fresh keys in `folder`; opens the ones that are there already.

        Raises:
            ConfigurationRefused: another member's keys are there.
        """
        if (folder / _FILE).exists():
            known = cls.open(folder, passphrase)
            if known.member != member:
                raise ConfigurationRefused("another member's keys are in this folder")
            return known
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {name: secrets.token_hex(32) for name in _SECRETS}
        content |= {"member": member, "issuer": certificates.new_key().decode()}
        keyfile.lock(content, passphrase, folder / _FILE)
        return cls.open(folder, passphrase)

    @classmethod
    def open(cls, folder: Path, passphrase: bytes) -> Identity:
        """Unlock a member's keys; certificates may still be missing.

        Raises:
            ConfigurationRefused: no keys there, or another passphrase.
        """
        if not (folder / _FILE).exists():
            raise ConfigurationRefused(
                f"no keys in {folder.parent.name}/{folder.name}: `join` makes them"
            )
        content = keyfile.unlock(folder / _FILE, passphrase)
        chain, root = (_read(folder / name) for name in ("issuer.pem", "root.pem"))
        return cls(
            member=content["member"],
            key=bytes.fromhex(content["key"]),
            log_key=bytes.fromhex(content["log_key"]),
            witness_key=bytes.fromhex(content["witness_key"]),
            wrap_key=bytes.fromhex(content["wrap_key"]),
            issuer=Pair(content["issuer"].encode(), chain),
            root=root,
            next_log_key=bytes.fromhex(content.get(_NEXT, "")),
            closed_log_keys=tuple(map(bytes.fromhex, content.get(_PAST, "").split())),
        )

    @classmethod
    def prepare_log(cls, folder: Path, passphrase: bytes) -> Identity:
        """Make the key of the log that is to follow the present one, once.

        Raises:
            ConfigurationRefused: no keys there, or another passphrase.
        """
        content = keyfile.unlock(folder / _FILE, passphrase)
        if not content.get(_NEXT):
            content[_NEXT] = secrets.token_hex(32)
            keyfile.lock(content, passphrase, folder / _FILE)
        return cls.open(folder, passphrase)

    @classmethod
    def follow_log(cls, folder: Path, passphrase: bytes, named: str) -> Identity:
        """Let the prepared key take the place of the present one, once it is `named`.

        `named` is base64, as the directory has it; nothing changes where it is another.
        """
        own = cls.open(folder, passphrase)
        if own.next_log_key and public_of(own.next_log_key) == named:
            content = keyfile.unlock(folder / _FILE, passphrase)
            past = [*content.get(_PAST, "").split(), content["log_key"]]
            content |= {_PAST: " ".join(past), "log_key": content[_NEXT], _NEXT: ""}
            keyfile.lock(content, passphrase, folder / _FILE)
        return cls.open(folder, passphrase)

    def log_seed(self, named: str) -> bytes | None:
        """The secret half of a log key, base64 as the directory names it, if here."""
        seeds = (self.log_key, self.next_log_key, *self.closed_log_keys)
        return next((one for one in seeds if one and public_of(one) == named), None)

    @property
    def signer(self) -> SeedSigner:
        """Signs what the member itself says."""
        return SeedSigner(self.member, self.key)

    @property
    def joined(self) -> bool:
        """Whether the founders' certificates have been installed."""
        return bool(self.issuer.chain and self.root)

    def request(self) -> bytes:
        """The PEM request for the issuer certificate."""
        return certificates.signing_request(self.issuer.key, self.member)

    def entry(
        self,
        *,
        title: str,
        kind: str,
        uses: list[str],
        categories: list[str],
        address: str,
        issuer: str = "0" * 64,
    ) -> dict[str, Any]:
        """This member's entry for the directory; `issuer` is the founders' to set."""
        public = {
            name: public_of(secret)
            for name, secret in (
                ("key", self.key),
                ("log_key", self.log_key),
                ("witness_key", self.witness_key),
            )
        }
        return {
            "id": self.member,
            "title": title,
            "kind": kind,
            "uses": uses,
            "categories": categories,
            "address": address,
            "wrap_key": canonical.to_b64(seal.public_of(self.wrap_key)),
            "issuer": issuer,
            **public,
        }

    def credentials(
        self, role: str, clock: Callable[[], float] = time.time
    ) -> Credentials:
        """Leaf certificates for `role`, renewed 8 hours before they run out."""
        if not self.joined:
            raise ConfigurationRefused(f"{self.member} has not joined the grid yet")
        return _Leaf(self, role, clock)


class _Leaf:
    """Hands out the leaf in force; makes another one in time."""

    def __init__(
        self, identity: Identity, role: str, clock: Callable[[], float]
    ) -> None:
        self._identity, self._role, self._clock = identity, role, clock
        self._lock = threading.Lock()
        self._pair: Pair | None = None
        self._until = 0

    def __call__(self) -> tuple[Pair, bytes]:
        with self._lock:
            now = int(self._clock())
            if self._pair is None or self._until - now < RENEW_SECONDS:
                self._pair = certificates.issue_leaf(
                    self._identity.issuer, self._identity.member, self._role, now
                )
                self._until = certificates.expires_at(self._pair.certificate)
            return self._pair, self._identity.root


def public_of(seed: bytes) -> str:
    """The public half of an Ed25519 seed, base64 as a directory has it."""
    return canonical.to_b64(bytes(SigningKey(seed).verify_key))


def install(folder: Path, member: str, issuer: bytes, root: bytes) -> None:
    """Keep the founders' certificates beside the keys, once they are checked.

    Raises:
        Untrusted: `issuer` isn't the root's word for this member.
    """
    certificates.check_issuer(root, issuer, member)
    keyfile.write_private(folder / "issuer.pem", issuer)
    keyfile.write_private(folder / "root.pem", root)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
