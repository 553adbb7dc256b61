"""Who lives through the synthetic year: agencies, units, officers, and their papers.

Everything follows from a seed, keys included. The documents are real: signed by
founders and agencies, so that the year can be verified like any other. Nobody here
has a name; officers are ids, as in every statement.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

from childgrid_wire import canonical, envelope, statement
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import fingerprint

DAY = 86_400
START = 1_798_741_800
"""1 January 2027, midnight in India, Unix seconds."""
DAYS = 365
SWAP = START + 181 * DAY
"""When the second staff lists come: 1 July."""
NOW = START + (DAYS + 30) * DAY
"""When the logs are read."""

HUB = "hub"
AUDITORS = ("audit-east", "audit-west")
ASKERS = ("police-east", "police-north", "police-south", "police-west")
HOLDERS = {
    "police-east": "police-record",
    "police-north": "police-record",
    "police-south": "police-record",
    "police-west": "police-record",
    "prisons": "custody",
    "residents": "identity",
}
MEMBERS = (*HOLDERS, HUB, *AUDITORS)
FIELDS = ["address", "birth_year", "name", "photo"]
SECTIONS = ["BNS:137", "BNS:143", "BNS:96", "POCSO:4"]
PURPOSES = ("investigation", "prosecution")
UNIT_OFFICERS, UNIT_APPROVERS, CUSTODIANS = 6, 3, 3


def secret(*parts: object) -> bytes:
    """A 32-byte seed that follows from its name."""
    return hashlib.sha256(f"synthetic year {parts}".encode()).digest()


def identity(member: str) -> Identity:
    """A member's keys."""
    keys = (secret(member, use) for use in ("key", "log", "witness", "wrap"))
    return Identity(member, *keys, issuer=Pair(b"", b""), root=b"")


def signer(person: str) -> SeedSigner:
    """The key of a member, or of an officer (`member/id`)."""
    if "/" in person:
        return SeedSigner(person, secret(person))
    return identity(person).signer


@dataclass
class Officer:
    """Somebody who searches; rates are probabilities, `pace` multiplies searches."""

    person: str
    unit: str
    approvers: tuple[str, ...]
    hit: float
    idle: float
    report: float
    night: float = 0.06
    pace: float = 1.0
    favour: str = ""
    favoured: float = 0.0
    ignored: float = 0.03
    cases: list[str] = field(default_factory=list)


@dataclass
class Reader:
    """Somebody who decides: median seconds of reading, and how often at a glance."""

    person: str
    median: float
    glance: float = 0.0


@dataclass
class Cast:
    """Everybody, and the documents that they go by."""

    officers: list[Officer]
    readers: dict[str, Reader]
    custodians: dict[str, tuple[str, ...]]
    swapped: tuple[str, str]
    documents: list[bytes] = field(default_factory=list)
    root: str = ""

    def forget(self, now: int) -> None:
        """Leave out what is signed after `now`: the second staff lists."""
        if now < SWAP:
            self.documents = self.documents[: -len(HOLDERS)]

    def book(self) -> Book:
        """The documents, verified."""
        book = Book(self.root)
        for data in self.documents:
            book.add(data)
        return book


def muster(count: int, rng: random.Random) -> Cast:
    """At least `count` officers in units of six, three approvers to a unit.

    The first officer of every agency has the night desk, every tenth approver reads
    quickly, every fifteenth officer is sent where hits are likely: honest people who
    differ from their colleagues.
    """
    officers: list[Officer] = []
    readers: dict[str, Reader] = {}
    units = -(-count // UNIT_OFFICERS)
    for number in range(units):
        member = ASKERS[number % len(ASKERS)]
        place = number // len(ASKERS)
        unit = f"unit-{place + 1:02d}"
        approvers = tuple(f"{member}/sp-{place:02d}{n}" for n in range(UNIT_APPROVERS))
        for person in approvers:
            quick = len(readers) % 10 == 9
            readers[person] = Reader(person, 18 if quick else rng.uniform(45, 150))
        for n in range(UNIT_OFFICERS):
            person = f"{member}/si-{place:02d}{n}"
            officers.append(_officer(person, unit, approvers, len(officers), rng))
            if not place and not n:
                officers[-1].night = 0.5
    custodians = {}
    for member in HOLDERS:
        custodians[member] = tuple(f"{member}/cu-{n}" for n in range(CUSTODIANS))
        for person in custodians[member]:
            readers[person] = Reader(person, rng.uniform(60, 240))
    last = officers[-1]
    readers[last.person] = Reader(last.person, 90)
    cast = Cast(officers, readers, custodians, (last.person, last.approvers[0]))
    _found(cast)
    return cast


def _officer(
    person: str,
    unit: str,
    approvers: tuple[str, ...],
    number: int,
    rng: random.Random,
) -> Officer:
    likely = number % 15 == 14
    return Officer(
        person,
        unit,
        approvers,
        hit=0.55 if likely else rng.betavariate(21, 39),
        idle=rng.betavariate(10, 40),
        report=rng.betavariate(40, 10),
    )


def _found(cast: Cast) -> None:
    """Directory, floor, scheme, staff lists (twice) and policies."""
    scheme = _founded(Kind.SCHEME, version=1, document="5c" * 32, profile="tests")
    floor = _founded(Kind.FLOOR, **_floor())
    directory = _founded(Kind.DIRECTORY, **_directory(scheme, floor))
    cast.root = fingerprint(canonical.loads(envelope.read(directory).payload))
    swapped = dict(zip(cast.swapped, reversed(cast.swapped), strict=True))
    cast.documents = [
        directory,
        floor,
        scheme,
        *(_staff(cast, member, START - DAY, 1, {}) for member in HOLDERS),
        *(_policy(member) for member in HOLDERS),
        *(_staff(cast, member, SWAP, 2, swapped) for member in HOLDERS),
    ]


_FOUNDERS = [SeedSigner(f"founder:f{n}", secret("founder", n)) for n in (1, 2, 3)]


def _founded(kind: Kind, **body: object) -> bytes:
    payload = statement.draft(
        kind,
        issuer="founders",
        now=START - 2 * DAY,
        seconds=500 * DAY,
        id=secret("document", kind)[:16].hex(),
        **body,
    )
    return envelope.sign(kind, payload, _FOUNDERS[:2])


def _directory(scheme: bytes, floor: bytes) -> dict[str, object]:
    keys = [
        {"id": f"f{n}", "key": canonical.to_b64(one.public)}
        for n, one in enumerate(_FOUNDERS, 1)
    ]
    return {
        "version": 1,
        "grid": {"name": "synthetic year", "kind": "training", "id": "1f" * 16},
        "founders": {"threshold": 2, "keys": keys},
        "members": [_entry(member) for member in MEMBERS],
        "witnesses": {"members": [*HOLDERS, *AUDITORS], "quorum": 5, "faults": 1},
        "floor": envelope.read(floor).hash,
        "scheme": envelope.read(scheme).hash,
        "epochs": {"current": 1, "accepted": [1]},
        "key_checks": {},
        "root": "00" * 32,
        "previous": "",
        "previous_founders": "",
    }


def _entry(member: str) -> dict[str, object]:
    kinds = {HUB: "coordinator", **dict.fromkeys(AUDITORS, "auditor")}
    uses = ["provider"] * (member in HOLDERS) + ["user"] * (member in ASKERS)
    return identity(member).entry(
        title=f"The {member} of the synthetic year",
        kind=kinds.get(member, "agency"),
        uses=uses,
        categories=[HOLDERS[member]] if member in HOLDERS else [],
        address="127.0.0.1:1",
    )


def _floor() -> dict[str, object]:
    purposes = [
        {
            "purpose": purpose,
            "categories": sorted(set(HOLDERS.values())),
            "needs": "fir",
            "min_rank": 0,
        }
        for purpose in PURPOSES
    ]
    supervisor = _slot("supervisor", "requester", "supervising-officer")
    return {
        "version": 1,
        "query_slots": [supervisor],
        "release_slots": [supervisor, _slot("custodian", "holder", "custodian")],
        "purposes": purposes,
        "sections": SECTIONS,
        "query_seconds": 7 * DAY,
        "request_seconds": 3 * DAY,
        "receipt_seconds": DAY,
        "officer_queries_day": 50,
        "case_queries_day": 50,
        "agency_queries_day": 5_000,
    }


def _slot(name: str, side: str, role: str) -> dict[str, object]:
    return {"slot": name, "side": side, "role": role, "min_rank": 2, "persons": 1}


def _policy(member: str) -> bytes:
    rule = {
        "category": HOLDERS[member],
        "silent": False,
        "purposes": list(PURPOSES),
        "fields": FIELDS,
        "slots": [],
    }
    return _said(
        Kind.POLICY,
        member,
        START - DAY,
        version=1,
        rules=[rule],
        query_slots=[],
        break_glass=["custody"],
    )


def _staff(
    cast: Cast, member: str, now: int, version: int, swapped: dict[str, str]
) -> bytes:
    """A staff list; `swapped` people have each other's office in it."""
    units = {one.person: one.unit for one in cast.officers}
    for officer in cast.officers:
        units.update(dict.fromkeys(officer.approvers, officer.unit))
    units.update(dict.fromkeys(cast.custodians[member], "records"))
    own = sorted(one for one in units if one.startswith(f"{member}/"))
    officers = [_listed(one, swapped.get(one, one), units[one]) for one in own]
    return _said(Kind.STAFF, member, now, version=version, officers=officers)


_ROLES = {
    "si": ("investigator", 1),
    "sp": ("supervising-officer", 5),
    "cu": ("custodian", 4),
}


def _listed(person: str, office: str, unit: str) -> dict[str, object]:
    role, rank = _ROLES[office.partition("/")[2][:2]]
    return {
        "id": person.partition("/")[2],
        "role": role,
        "unit": unit,
        "rank": rank,
        "algorithm": "ed25519",
        "key": canonical.to_b64(signer(person).public),
        "rp_id": "",
        "origins": [],
        "training": True,
        "valid_from": START - DAY,
        "valid_until": NOW + DAY,
    }


def _said(kind: Kind, member: str, now: int, **body: object) -> bytes:
    return statement.make(
        kind,
        signer(member),
        issuer=member,
        now=now,
        seconds=500 * DAY,
        id=secret("document", kind, member, now)[:16].hex(),
        **body,
    )
