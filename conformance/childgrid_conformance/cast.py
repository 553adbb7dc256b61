"""Who plays in the test grid: founders, members and officers, from one master secret.

Everything is invented. Keys are made for each grid and lie in its folder, mode 600:
they open a training grid in which nobody real stands.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from childgrid_wire import canonical, certificates, keyfile
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner

HUB, ASKER, SECOND, GUEST = "hub", "north", "south", "guest"
"""The coordinator; who asks; who wraps the key beside it; who is expelled."""

NOVICE = "novice"
"""Who is on probation."""

AUDITORS = ("audit-a", "audit-b", "audit-c")
AGENCIES = (ASKER, SECOND, GUEST, NOVICE)
MEMBERS = (HUB, *AGENCIES, *AUDITORS)
QUORUM = 3
OFFICERS = 400
"""How many investigators stand in the asker's list: a budget is spent by a few."""

SUPERVISOR, CLERK, CUSTODIAN = "sp-1", "sp-2", "cu-1"
"""Who approves, whose rank is too low to, and who decides at the node under test."""

REVOKED = "sp-3"
_FILE = "cast.json"


@dataclass(frozen=True)
class Cast:
    """All keys of one test grid; `member` is the id of the node under test."""

    member: str
    master: bytes = field(repr=False)
    root: Pair
    identities: dict[str, Identity]
    counter: Path = field(repr=False)

    def seed(self, name: str) -> bytes:
        """32 bytes that belong to `name` in this grid."""
        return _seed(self.master, name)

    @property
    def founders(self) -> list[SeedSigner]:
        """Three founders, of whom two must sign."""
        return [
            SeedSigner(f"founder:f{n}", self.seed(f"founder {n}")) for n in (1, 2, 3)
        ]

    def officer(self, member: str, officer: str) -> SeedSigner:
        """The signing key of an officer."""
        name = f"{member}/{officer}"
        return SeedSigner(name, self.seed(name))

    def next_officer(self) -> str:
        """An investigator of the asker who has asked nothing yet, in any run.

        Raises:
            ConfigurationRefused: this grid has been used up.
        """
        try:
            number = int(self.counter.read_text("ascii"))
        except FileNotFoundError:
            number = 0
        if number >= OFFICERS:
            raise ConfigurationRefused("every officer has asked; prepare a new grid")
        self.counter.write_text(str(number + 1), "ascii")
        return investigator(number)

    @property
    def token_secret(self) -> bytes:
        """The secret of the token with which the node under test joins."""
        return self.seed("token")


def investigator(number: int) -> str:
    """The id of an investigator."""
    return f"si-{number}"


def staff(cast: Cast, member: str, now: int) -> list[dict[str, Any]]:
    """The officers of a member, as a `staff` statement lists them."""
    people = {SUPERVISOR: ("supervising-officer", 5), CLERK: ("supervising-officer", 0)}
    people[REVOKED] = ("supervising-officer", 5)
    people[CUSTODIAN] = ("custodian", 5)
    count = OFFICERS if member == ASKER else 1
    people |= {investigator(n): ("investigator", 1) for n in range(count)}
    return [
        {
            "id": name,
            "role": role,
            "unit": "training",
            "rank": rank,
            "algorithm": "ed25519",
            "key": canonical.to_b64(cast.officer(member, name).public),
            "rp_id": "",
            "origins": [],
            "training": True,
            "valid_from": now - 86_400,
            "valid_until": now + 30 * 86_400,
        }
        for name, (role, rank) in people.items()
    ]


def create(folder: Path, member: str, now: int) -> Cast:
    """Make the keys of a new grid in `folder`."""
    master, root = secrets.token_bytes(32), certificates.new_root("conformance", now)
    issuers = {}
    for name in MEMBERS:
        key = certificates.new_key()
        request = certificates.signing_request(key, name)
        issuers[name] = Pair(key, certificates.issue_issuer(root, request, name, now))
    pairs = {"": root, **issuers}
    table = {
        "member": member,
        "master": master.hex(),
        "pairs": {
            name: [pair.key.decode(), pair.chain.decode()]
            for name, pair in pairs.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keyfile.write_private(folder / _FILE, canonical.dumps(table))
    return load(folder)


def load(folder: Path) -> Cast:
    """The keys of the grid in `folder`; raises `ConfigurationRefused`."""
    table = canonical.loads(keyfile.read_passphrase(folder / _FILE))
    pairs = {
        name: Pair(key.encode(), chain.encode())
        for name, (key, chain) in table["pairs"].items()
    }
    master, root = bytes.fromhex(table["master"]), pairs.pop("")
    identities = {
        name: _identity(master, name, pair, root.chain) for name, pair in pairs.items()
    }
    return Cast(table["member"], master, root, identities, folder / "officers")


def _identity(master: bytes, name: str, issuer: Pair, root: bytes) -> Identity:
    key, log, eye, wrap = (
        _seed(master, f"{name} {use}") for use in ("key", "log", "eye", "wrap")
    )
    return Identity(name, key, log, eye, wrap, issuer, root)


def _seed(master: bytes, name: str) -> bytes:
    return hashlib.sha256(master + name.encode()).digest()


def stranger(identity: Identity, now: int) -> Identity:
    """The same names under a root that the grid doesn't know."""
    root = certificates.new_root("elsewhere", now)
    key = certificates.new_key()
    request = certificates.signing_request(key, identity.member)
    issuer = certificates.issue_issuer(root, request, identity.member, now)
    return replace(identity, issuer=Pair(key, issuer))
