"""Who plays in the audit tests: keys, founders, members, and the documents they sign.

Every key comes from a fixed seed, so that a failing trial can be run again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from childgrid_wire import canonical, envelope, statement
from childgrid_wire.certificates import Pair
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind

START = 1_800_000_000
HOUR = 3_600
DAY = 86_400
POLICE, CHILD, PRISON = "police-a", "child-b", "prison-c"
HUB = "ncrb-hub"
NORTH, SOUTH = "audit-north", "audit-south"
AGENCIES = (POLICE, CHILD, PRISON)
AUDITORS = (NORTH, SOUTH)
MEMBERS = (*AGENCIES, HUB, *AUDITORS)
CATEGORY = {POLICE: "police-record", CHILD: "identity", PRISON: "custody"}
SECTIONS = ["BNS:143"]
FIELDS = ["birth", "name", "photo"]
SUPERVISOR = {
    "slot": "supervisor",
    "side": "requester",
    "role": "supervising-officer",
    "min_rank": 2,
    "persons": 1,
}
CUSTODIAN = {
    "slot": "custodian",
    "side": "holder",
    "role": "custodian",
    "min_rank": 0,
    "persons": 1,
}
OFFICERS = {
    POLICE: {"si-rao": ("investigator", 1), "sp-nair": ("supervising-officer", 5)},
    CHILD: {"cu-das": ("custodian", 4)},
    PRISON: {"cu-singh": ("custodian", 4)},
}


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A temporary folder in memory where there is one: many small durable writes."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder inside is made
    base = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        yield Path(folder)


def seed(name: str) -> bytes:
    """A fixed 32-byte seed, so that a failing trial can be run again."""
    return hashlib.sha256(f"audit tests {name}".encode()).digest()


def identity(member: str) -> Identity:
    """A member's keys, without files or certificates."""
    return Identity(
        member=member,
        key=seed(f"{member} key"),
        log_key=seed(f"{member} log"),
        witness_key=seed(f"{member} witness"),
        wrap_key=seed(f"{member} wrap"),
        issuer=Pair(b"", b""),
        root=b"",
    )


TOKENS: dict[str, Any] = {}
"""Whoever signs with a token: keyid to a signer that has `algorithm` and `public`."""


def person(member: str, officer: str) -> SeedSigner:
    """An officer's signing key."""
    keyid = f"{member}/{officer}"
    return TOKENS.get(keyid) or SeedSigner(keyid, seed(keyid))


FOUNDERS = [SeedSigner(f"founder:f{n}", seed(f"founder {n}")) for n in (1, 2, 3)]


def founded(kind: Kind, now: int, **body: object) -> bytes:
    """A document that two of three founders sign."""
    payload = statement.draft(
        kind, issuer="founders", now=now, seconds=90 * DAY, **body
    )
    return envelope.sign(kind, payload, FOUNDERS[:2])


def founding(
    now: int, more: Sequence[dict[str, Any]] = (), root: str = "00" * 32
) -> list[bytes]:
    """Directory, floor and scheme; `more` are entries beside the usual members."""
    scheme = founded(Kind.SCHEME, now, version=1, document="5c" * 32, profile="tests")
    floor = founded(Kind.FLOOR, now, **_floor())
    members = [*(_entry(member) for member in MEMBERS), *more]
    directory = founded(
        Kind.DIRECTORY,
        now,
        version=1,
        grid={"name": "audit tests", "kind": "training", "id": "ab" * 16},
        founders={
            "threshold": 2,
            "keys": [_founder(one) for one in FOUNDERS],
        },
        members=members,
        witnesses={"members": [*AGENCIES, *AUDITORS], "quorum": 3, "faults": 0},
        floor=envelope.read(floor).hash,
        scheme=envelope.read(scheme).hash,
        epochs={"current": 1, "accepted": [1]},
        key_checks={},
        root=root,
        previous="",
        previous_founders="",
    )
    return [directory, floor, scheme]


def _founder(one: SeedSigner) -> dict[str, str]:
    name, key = one.keyid.removeprefix("founder:"), canonical.to_b64(one.public)
    more = {"algorithm": one.algorithm} if hasattr(one, "algorithm") else {}
    return {"id": name, "key": key, **more}


def _floor() -> dict[str, Any]:
    return {
        "version": 1,
        "query_slots": [SUPERVISOR],
        "release_slots": [SUPERVISOR, CUSTODIAN],
        "purposes": [
            {
                "purpose": "investigation",
                "categories": sorted(CATEGORY.values()),
                "needs": "fir",
                "min_rank": 0,
            }
        ],
        "sections": SECTIONS,
        "query_seconds": 7 * DAY,
        "request_seconds": 72 * HOUR,
        "receipt_seconds": DAY,
        "officer_queries_day": 50,
        "case_queries_day": 50,
        "agency_queries_day": 500,
    }


def _entry(member: str) -> dict[str, Any]:
    kind = "agency" if member in AGENCIES else "auditor"
    return identity(member).entry(
        title=f"The {member} of the audit tests",
        kind="coordinator" if member == HUB else kind,
        uses=["provider", "user"] if member in AGENCIES else [],
        categories=[CATEGORY[member]] if member in AGENCIES else [],
        address="127.0.0.1:1",
    )


def staff(member: str, now: int, version: int = 1) -> bytes:
    """An agency's staff list."""
    officers = [
        {
            "id": name,
            "role": role,
            "unit": "unit-1",
            "rank": rank,
            "algorithm": getattr(person(member, name), "algorithm", "ed25519"),
            "key": canonical.to_b64(person(member, name).public),
            "rp_id": "",
            "origins": [],
            "training": True,
            "valid_from": START - DAY,
            "valid_until": START + 60 * DAY,
        }
        for name, (role, rank) in OFFICERS[member].items()
    ]
    return said_by(member, Kind.STAFF, now, version=version, officers=officers)


def policy(member: str, now: int, version: int = 1) -> bytes:
    """A holder's policy."""
    rule = {
        "category": CATEGORY[member],
        "silent": False,
        "purposes": ["investigation"],
        "fields": FIELDS,
        "slots": [],
    }
    return said_by(
        member,
        Kind.POLICY,
        now,
        version=version,
        rules=[rule],
        query_slots=[],
        break_glass=[],
    )


def said_by(
    member: str,
    kind: Kind,
    now: int,
    officer: str = "",
    **body: Any,
) -> bytes:
    """A statement of a member, or of one of its officers."""
    signer = person(member, officer) if officer else identity(member).signer
    hours = body.pop("hours", 24 * 30)
    return statement.make(
        kind,
        signer,
        issuer=member,
        officer=officer,
        now=now,
        seconds=hours * HOUR,
        **body,
    )
