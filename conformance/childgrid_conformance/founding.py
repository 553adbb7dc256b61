"""The documents on which the test grid rests, signed by founders that the kit plays.

The linkage key is no secret here: it is printed in `vectors.json`, so that what was
encoded beforehand means the same at every node.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from nacl.public import PublicKey, SealedBox

from childgrid_conformance.cast import (
    AGENCIES,
    ASKER,
    AUDITORS,
    HUB,
    MEMBERS,
    NOVICE,
    QUORUM,
    SECOND,
    Cast,
    staff,
)
from childgrid_wire import canonical, certificates, envelope, statement
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import FOUNDERS, Statement
from childgrid_wire.trust import fingerprint

DAY = 86_400
EPOCH = 1
SECTIONS = ["BNS:143", "POCSO:11"]
OFFICER_QUERIES = 5
"""The floor's budget of one officer; the sixth query of a day must be refused."""

SPOKEN, SILENT = "police-record", "child-protection"
FIELDS = ["name", "birth", "phone", "note"]
_CATEGORIES = sorted([SPOKEN, SILENT, "identity", "communication"])
_HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


def vectors() -> dict[str, Any]:
    """The published encodings: scheme, linkage key, key check, content by person."""
    path = resources.files(__package__) / "vectors.json"
    return canonical.loads(path.read_bytes().strip())


def sign(cast: Cast, kind: Kind, now: int, **body: Any) -> bytes:  # noqa: ANN401 - shaped by the schema
    """A document of the founders."""
    payload = statement.draft(kind, issuer=FOUNDERS, now=now, seconds=90 * DAY, **body)
    return envelope.sign(kind, payload, cast.founders[:2])


def _slot(name: str, side: str, role: str, rank: int) -> dict[str, Any]:
    return {"slot": name, "side": side, "role": role, "min_rank": rank, "persons": 1}


def floor() -> dict[str, Any]:
    """The floor: one supervisor for a query, and a custodian for a release."""
    supervisor = _slot("supervisor", "requester", "supervising-officer", 2)
    custodian = _slot("custodian", "holder", "custodian", 0)
    purpose = {"categories": _CATEGORIES, "min_rank": 0}
    return {
        "version": 1,
        "query_slots": [supervisor],
        "release_slots": [supervisor, custodian],
        "purposes": [
            {"purpose": "investigation", "needs": "fir", **purpose},
            {"purpose": "prevention", "needs": "order", **purpose},
        ],
        "sections": [*SECTIONS, "BNS:144"],
        "query_seconds": 7 * DAY,
        "request_seconds": 72 * 3_600,
        "receipt_seconds": DAY,
        "officer_queries_day": OFFICER_QUERIES,
        "case_queries_day": 10_000,
        "agency_queries_day": 100_000,
    }


def found(cast: Cast, listen: str, now: int) -> tuple[str, list[bytes]]:
    """Found the grid; returns its fingerprint and what hangs on the board."""
    made = vectors()
    named = {"document": made["document"], "profile": made["profile"]}
    scheme = sign(cast, Kind.SCHEME, now, version=1, **named)
    floor_ = sign(cast, Kind.FLOOR, now, **floor())
    directory = sign(
        cast,
        Kind.DIRECTORY,
        now,
        version=1,
        grid={
            "name": "Conformance",
            "kind": "training",
            "id": cast.seed("id").hex()[:32],
        },
        founders={
            "threshold": 2,
            "keys": [
                {
                    "id": one.keyid.removeprefix("founder:"),
                    "key": canonical.to_b64(one.public),
                }
                for one in cast.founders
            ],
        },
        members=[_entry(cast, name, listen) for name in MEMBERS],
        witnesses={"members": [], "quorum": 0, "faults": 0},
        floor=envelope.read(floor_).hash,
        scheme=envelope.read(scheme).hash,
        epochs={"current": EPOCH, "accepted": [EPOCH]},
        key_checks={f"e{EPOCH}": made["key_check"]},
        root=certificates.fingerprint(cast.root.certificate),
        previous="",
        previous_founders="",
    )
    root = fingerprint(canonical.loads(envelope.read(directory).payload))
    lists = [_staff(cast, name, now) for name in AGENCIES]
    return root, [directory, floor_, scheme, *lists]


def _entry(cast: Cast, name: str, listen: str) -> dict[str, Any]:
    own = cast.identities[name]
    agency = name in AGENCIES
    kind = "agency" if agency else "auditor" if name in AUDITORS else "coordinator"
    entry = own.entry(
        title=f"{name} of the test grid",
        kind=kind,
        uses=["provider", "user"] if agency else [],
        categories=["movement"] if agency else [],
        address=listen if name == HUB else "127.0.0.1:1",
        issuer=certificates.fingerprint(own.issuer.certificate),
    )
    return {**entry, "probation": True} if name == NOVICE else entry


def _staff(cast: Cast, name: str, now: int) -> bytes:
    return statement.make(
        Kind.STAFF,
        cast.identities[name].signer,
        issuer=name,
        now=now,
        seconds=90 * DAY,
        version=1,
        officers=staff(cast, name, now),
    )


def admit(cast: Cast, book: Book, asked: Statement, now: int) -> tuple[bytes, bytes]:
    """Let the node under test in; returns its issuer (PEM) and the next directory.

    Raises:
        Untrusted: the certificate request does not prove its own key.
    """
    csr = canonical.from_b64(asked["csr"])
    issuer = certificates.issue_issuer(cast.root, csr, asked.issuer, now)
    print_ = certificates.fingerprint(Pair(b"", issuer).certificate)
    last = book.latest(now).directory
    body = {name: value for name, value in last.body.items() if name not in _HEADER}
    members = [one for one in body["members"] if one["id"] != asked.issuer]
    members.append({**asked["member"], "issuer": print_})
    body |= {
        "version": last["version"] + 1,
        "previous": last.hash,
        "members": sorted(members, key=lambda one: str(one["id"])),
        "witnesses": {
            "members": sorted([ASKER, *AUDITORS, asked.issuer]),
            "quorum": QUORUM,
            "faults": 0,
        },
    }
    return issuer, sign(cast, Kind.DIRECTORY, now, **body)


def wraps(cast: Cast, member: dict[str, Any], now: int) -> list[bytes]:
    """The linkage key, wrapped for a new member by two others."""
    key = bytes.fromhex(vectors()["linkage_key"])
    public = PublicKey(canonical.from_b64(member["wrap_key"]))
    return [
        statement.make(
            Kind.ROTATION,
            cast.identities[name].signer,
            issuer=name,
            now=now,
            seconds=30 * DAY,
            epoch=EPOCH,
            step="wrap",
            member=member["id"],
            commitment="",
            transcript="",
            key_check="",
            shares={
                member["id"]: canonical.to_b64(bytes(SealedBox(public).encrypt(key)))
            },
        )
        for name in (ASKER, SECOND)
    ]
