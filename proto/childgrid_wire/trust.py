"""Who is who, and which rules are in force: one selection of signed documents.

A `View` holds the versions under which a statement is judged: the newest ones at a
release, the ones that a disclosure names when an auditor looks back. Views come out
of a `Book`, which verified every document in them.

Nothing here verifies a document or does I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from childgrid_wire import canonical
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.keys import EnrolledKey
from childgrid_wire.statement import Statement

_ROOT = b"childgrid/v1 root\x00"
_CONNECTS_AS = {
    "agency": ("node", "desk"),
    "coordinator": ("coordinator",),
    "auditor": ("auditor",),
}
"""The roles that certificates of each kind of member may claim."""


def fingerprint(directory: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the grid and the founders of a first directory.

    This is what people compare and pin; everything else follows from it.
    """
    pinned = {"founders": directory["founders"], "grid": directory["grid"]}
    return hashlib.sha256(_ROOT + canonical.dumps(pinned)).hexdigest()


@dataclass(frozen=True)
class Officer:
    """What a staff list says of one person; the name stays at the agency."""

    member: str
    id: str
    role: str
    unit: str
    rank: int
    key: EnrolledKey
    valid_from: int
    valid_until: int


@dataclass
class Revoked:
    """What has been revoked: it only grows.

    `officers` holds `member/officer`, `certificates` holds `member/serial`: serial
    numbers are each issuer's own, so nobody can revoke another's by its number.
    """

    members: set[str] = field(default_factory=set)
    officers: set[str] = field(default_factory=set)
    certificates: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)

    def add(self, body: Statement) -> None:
        """Take in one verified revocation."""
        target, member, subject = body["target"], body["member"], body["subject"]
        if target == "member":
            self.members.add(member)
        elif target in ("officer", "key"):
            self.officers.add(f"{member}/{subject}")
        elif target == "certificate":
            self.certificates.add(f"{member}/{body['serial']}")
        else:
            self.tokens.add(body["serial"])


@dataclass(frozen=True)
class View:
    """A selection of documents under which statements are judged."""

    now: int
    directory: Statement
    floor: Statement | None
    staff: Mapping[str, Statement]
    policies: Mapping[str, Statement]
    revoked: Revoked

    @property
    def training(self) -> bool:
        """Whether this grid was founded for training."""
        return bool(self.directory["grid"]["kind"] == "training")

    def rules(self) -> Statement:
        """The founders' floor policy; raises `Untrusted` where none is in force."""
        if self.floor is None:
            raise Untrusted(Reason.OLD_VERSION, "floor")
        return self.floor

    def member(self, name: str) -> dict[str, Any]:
        """The directory's entry for a member.

        Raises:
            Untrusted: unknown or revoked.
        """
        if name in self.revoked.members:
            raise Untrusted(Reason.REVOKED, "member")
        for entry in self.directory["members"]:
            if entry["id"] == name:
                return dict(entry)
        raise Untrusted(Reason.UNKNOWN_PEER, "member")

    def admit(self, peer: Peer) -> None:
        """Whether whoever holds this certificate may connect in this role.

        An agency's issuer can put any role beside the agency's own name, so the
        directory decides who is an auditor or a coordinator. Joiners are not in
        the directory yet, founders never are.

        Raises:
            Untrusted, Refused: unknown, revoked, or in a role that isn't theirs.
        """
        if f"{peer.member}/{peer.serial}" in self.revoked.certificates:
            raise Untrusted(Reason.REVOKED, "certificate")
        if peer.role in ("founder", "joiner"):
            return
        if peer.role not in _CONNECTS_AS[self.member(peer.member)["kind"]]:
            raise Refused(Reason.WRONG_ROLE, "certificate")

    def members(self, kind: str = "") -> list[dict[str, Any]]:
        """All members that stand, of one kind or of every kind."""
        return [
            dict(entry)
            for entry in self.directory["members"]
            if entry["id"] not in self.revoked.members and kind in ("", entry["kind"])
        ]

    def witnesses(self, log: str) -> list[dict[str, Any]]:
        """Members that may witness the log of member `log`: not itself, no relay."""
        named = self.directory["witnesses"]["members"]
        return [
            entry
            for entry in self.members()
            if entry["id"] in named
            and entry["id"] != log
            and entry["kind"] != "coordinator"
        ]

    def officer(self, member: str, name: str) -> Officer:
        """An officer who is in the staff list, valid and not revoked.

        Raises:
            Untrusted: otherwise.
        """
        self.member(member)
        if f"{member}/{name}" in self.revoked.officers:
            raise Untrusted(Reason.REVOKED, "officer")
        staff = self.staff.get(member)
        if staff and staff.expires <= self.now:
            raise Untrusted(Reason.EXPIRED, "staff")
        for entry in staff["officers"] if staff else ():
            if entry["id"] == name:
                return self._officer(member, entry)
        raise Untrusted(Reason.UNKNOWN_KEY, "officer")

    def _officer(self, member: str, entry: Mapping[str, Any]) -> Officer:
        if entry["training"] and not self.training:
            raise Untrusted(Reason.TRAINING, "officer")
        if not entry["valid_from"] <= self.now < entry["valid_until"]:
            raise Untrusted(Reason.EXPIRED, "officer")
        key = EnrolledKey(
            f"{member}/{entry['id']}",
            entry["algorithm"],
            canonical.from_b64(entry["key"]),
            entry["rp_id"],
            tuple(entry["origins"]),
        )
        return Officer(
            member,
            entry["id"],
            entry["role"],
            entry["unit"],
            entry["rank"],
            key,
            entry["valid_from"],
            entry["valid_until"],
        )

    def find_key(self, keyid: str) -> EnrolledKey:
        """Look up a founder's, a member's or an officer's key.

        Raises:
            Untrusted: unknown, expired or revoked.
        """
        if keyid.startswith("founder:"):
            return founder_key(self.directory.body, keyid)
        member, _, officer = keyid.partition("/")
        if officer:
            return self.officer(member, officer).key
        raw = canonical.from_b64(self.member(member)["key"])
        return EnrolledKey(keyid, "ed25519", raw)

    def policy(self, member: str) -> Statement:
        """A holder's policy; raises `Untrusted` where it has none that is in force."""
        self.member(member)
        if member not in self.policies:
            raise Untrusted(Reason.OLD_VERSION, "policy")
        if self.policies[member].expires <= self.now:
            raise Untrusted(Reason.EXPIRED, "policy")
        return self.policies[member]


def founder_key(directory: Mapping[str, Any], keyid: str) -> EnrolledKey:
    """A founder's key in a directory's body; raises `Untrusted` where unknown."""
    for entry in directory["founders"]["keys"]:
        if keyid == f"founder:{entry['id']}":
            algorithm = entry.get("algorithm", "ed25519")
            return EnrolledKey(keyid, algorithm, canonical.from_b64(entry["key"]))
    raise Untrusted(Reason.UNKNOWN_KEY, "founder")
