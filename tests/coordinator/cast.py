"""Who takes part in the coordinator's tests, and their fixed keys."""

from __future__ import annotations

import hashlib
from typing import Any

from childgrid_wire import canonical
from childgrid_wire.keys import SeedSigner

Json = Any
"""A parsed JSON value."""

HUB = "hub"
ASKER = "police"
HOLDERS = ("prisons", "transport", "wards")
AUDITOR = "eye"
AGENCIES = (ASKER, *HOLDERS)
FOUNDERS = ("asha", "bina", "chetan")
OFFICERS = {
    "io": ("investigator", 10),
    "sho": ("supervising-officer", 50),
    "sho2": ("supervising-officer", 50),
    "nodal": ("custodian", 40),
    "clerk": ("agency-it", 0),
}
DAY = 86_400
PASSPHRASE = b"a passphrase for tests"
ZERO = "0" * 64
FIELDS = ["address", "owner", "registration"]


def seed(name: str) -> bytes:
    """A fixed secret for `name`."""
    return hashlib.sha256(b"coordinator world " + name.encode()).digest()


def signer(keyid: str) -> SeedSigner:
    """Whoever is enrolled under `keyid`."""
    return SeedSigner(keyid, seed(keyid))


def b64(keyid: str) -> str:
    """The public key of `signer(keyid)`."""
    return canonical.to_b64(signer(keyid).public)


def slot(name: str, side: str, role: str) -> dict[str, Any]:
    """One slot for one person."""
    return {"slot": name, "side": side, "role": role, "min_rank": 30, "persons": 1}


SUPERVISOR = slot("supervisor", "requester", "supervising-officer")
CUSTODIAN = slot("custodian", "holder", "custodian")
