"""A small grid in memory: founders, two agencies, a hub, auditors, and their papers.

Everything is made as the real parties make it and goes through the real `Book`; keys
come from fixed seeds, so that a failing example can be repeated. `altered` changes a
verified statement behind its signature's back, to break one rule at a time.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from childgrid_wire import canonical, envelope, statement
from childgrid_wire.book import Book
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View, fingerprint

Json = Any
"""A parsed JSON value."""

NOW = 1_800_000_000
DAY = 86_400
FOUNDERS = ("asha", "bina", "chetan")
OFFICERS = {
    "police": {
        "io-7": ("investigator", 10),
        "sho-1": ("supervising-officer", 50),
        "sho-2": ("supervising-officer", 50),
        "it-1": ("agency-it", 0),
    },
    "transport": {
        "nodal-1": ("custodian", 40),
        "nodal-2": ("custodian", 40),
        "clerk-1": ("agency-it", 0),
    },
}
ZERO = "0" * 64


def seed(name: str) -> bytes:
    """A fixed secret for `name`."""
    return hashlib.sha256(b"world " + name.encode()).digest()


def signer(keyid: str) -> SeedSigner:
    """Whoever is enrolled under `keyid`."""
    return SeedSigner(keyid, seed(keyid))


def b64_key(keyid: str) -> str:
    """The public key of `signer(keyid)`."""
    return canonical.to_b64(signer(keyid).public)


def slot(name: str, side: str, role: str, rank: int = 0, persons: int = 1) -> dict:
    """One slot as a statement's body holds it."""
    return {
        "slot": name,
        "side": side,
        "role": role,
        "min_rank": rank,
        "persons": persons,
    }


SUPERVISOR = slot("supervisor", "requester", "supervising-officer", 40)
CUSTODIAN = slot("custodian", "holder", "custodian", 30)


def member(name: str, kind: str = "agency", uses: tuple[str, ...] = ()) -> dict:
    """A member's entry of the directory."""
    return {
        "id": name,
        "title": name.title(),
        "kind": kind,
        "uses": list(uses),
        "categories": ["vehicle"] if uses else [],
        "address": f"{name}.example:7443",
        "key": b64_key(name),
        "log_key": b64_key(f"{name}-log"),
        "witness_key": b64_key(f"{name}-witness"),
        "wrap_key": b64_key(f"{name}-wrap"),
        "issuer": ZERO,
    }


def officer(who: str, role: str, rank: int, **changes: Json) -> dict:
    """An officer's entry of a staff list; `who` is `member/officer`."""
    return {
        "id": who.split("/")[1],
        "role": role,
        "unit": "north",
        "rank": rank,
        "algorithm": "ed25519",
        "key": b64_key(who),
        "rp_id": "",
        "origins": [],
        "training": False,
        "valid_from": NOW - DAY,
        "valid_until": NOW + 30 * DAY,
        **changes,
    }


def staff_of(name: str) -> list[dict]:
    """The staff of one of the two agencies."""
    return [
        officer(f"{name}/{who}", role, rank)
        for who, (role, rank) in OFFICERS[name].items()
    ]


def founded(kind: Kind, by: tuple[str, ...] = ("asha", "bina"), **body: Json) -> bytes:
    """A document that the named founders sign."""
    options = {"now": NOW - DAY, "seconds": 90 * DAY} | {
        key: body.pop(key) for key in ("now", "seconds") if key in body
    }
    payload = statement.draft(kind, issuer=statement.FOUNDERS, **options, **body)
    return envelope.sign(kind, payload, [signer(f"founder:{one}") for one in by])


def said(kind: Kind, who: str, **body: Json) -> bytes:
    """A statement by `who`: a member, or `member/officer`."""
    issuer, _, person = who.partition("/")
    options = {"now": NOW - 60, "seconds": DAY, "officer": person, "issuer": issuer}
    for key in (*options, "answers", "id"):
        if key in body:
            options[key] = body.pop(key)
    return statement.make(kind, signer(who), **options, **body)


def floor_body(**changes: Json) -> dict:
    """The founders' floor."""
    return {
        "version": 1,
        "query_slots": [SUPERVISOR],
        "release_slots": [SUPERVISOR, CUSTODIAN],
        "purposes": [
            {
                "purpose": "investigation",
                "categories": ["vehicle"],
                "needs": "fir",
                "min_rank": 0,
            },
            {
                "purpose": "prevention",
                "categories": ["identity"],
                "needs": "order",
                "min_rank": 0,
            },
        ],
        "sections": ["BNS:143(4)", "POCSO:4"],
        "query_seconds": 7 * DAY,
        "request_seconds": 3 * DAY,
        "receipt_seconds": DAY,
        "officer_queries_day": 50,
        "case_queries_day": 50,
        "agency_queries_day": 500,
        **changes,
    }


def policy_body(**changes: Json) -> dict:
    """The holder's policy."""
    return {
        "version": 1,
        "rules": [
            {
                "category": "vehicle",
                "silent": False,
                "purposes": ["investigation"],
                "fields": ["address", "owner", "registration"],
                "slots": [],
            }
        ],
        "query_slots": [],
        "break_glass": [],
        **changes,
    }


FLOOR = founded(Kind.FLOOR, **floor_body())
SCHEME = founded(Kind.SCHEME, version=1, document=ZERO, profile="test")


def founder_keys(*names: str) -> list[dict]:
    """The founders' entries."""
    return [{"id": one, "key": b64_key(f"founder:{one}")} for one in names]


def directory_body(**changes: Json) -> dict:
    """The grid's first directory, with changes."""
    return {
        "version": 1,
        "grid": {"name": "Test grid", "kind": "production", "id": "07" * 16},
        "founders": {"threshold": 2, "keys": founder_keys(*FOUNDERS)},
        "members": [
            member("police", uses=("provider", "user")),
            member("transport", uses=("provider",)),
            member("hub", "coordinator"),
            member("eye", "auditor"),
        ],
        "witnesses": {"members": ["police", "transport", "eye"], "quorum": 2}
        | {"faults": 0},
        "floor": envelope.read(FLOOR).hash,
        "scheme": envelope.read(SCHEME).hash,
        "epochs": {"current": 1, "accepted": [1]},
        "key_checks": {"e1": ZERO},
        "root": ZERO,
        "previous": "",
        "previous_founders": "",
        **changes,
    }


DIRECTORY = founded(Kind.DIRECTORY, **directory_body())
ROOT = fingerprint(directory_body())


def successor(last: Statement, **changes: Json) -> dict:
    """The body of the directory after `last`."""
    kept = {key: last[key] for key in directory_body()}
    return kept | {"version": last["version"] + 1, "previous": last.hash} | changes


DOCUMENTS = (
    DIRECTORY,
    FLOOR,
    SCHEME,
    *(
        said(Kind.STAFF, name, version=1, officers=staff_of(name), seconds=60 * DAY)
        for name in OFFICERS
    ),
    said(Kind.POLICY, "transport", seconds=60 * DAY, **policy_body()),
)
"""Everything that a working grid has hung up, in order."""


def book(*more: bytes, root: str = ROOT) -> Book:
    """A book with `DOCUMENTS` and then `more`."""
    filled = Book(root)
    for data in (*DOCUMENTS, *more):
        filled.add(data)
    return filled


def view(*more: bytes) -> View:
    """What is in force at `NOW`."""
    return book(*more).latest(NOW)


def altered(one: Statement, **changes: Json) -> Statement:
    """The same statement saying something else, under a hash of its own."""
    body = {**one.body, **changes}
    payload = canonical.dumps(body)
    digest = hashlib.sha256(envelope.pae(one.kind.payload_type, payload)).hexdigest()
    return replace(one, body=body, hash=digest)
