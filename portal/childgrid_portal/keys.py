"""An officer's signing key, wherever it lives: see `childgrid_wire.personal`."""

from __future__ import annotations

from pathlib import Path

from childgrid_wire import canonical, personal
from childgrid_wire.keys import Signer


def make(path: Path, member: str, officer: str, passphrase: bytes) -> str:
    """Make a key; returns the public half as it stands in a staff list (base64).

    Raises:
        ConfigurationRefused: there is a file already, or the passphrase is short.
    """
    return canonical.to_b64(personal.make(path, f"{member}/{officer}", passphrase))


def open_key(path: Path, secret: bytes) -> Signer:
    """The key, opened by its passphrase or PIN; raises `ConfigurationRefused`."""
    return personal.open_key(path, secret)
