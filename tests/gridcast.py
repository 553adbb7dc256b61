"""Who plays in the tests' grid: people, rows, keys and the founding documents.

Everything is invented and fixed, so that a failing example can be run again.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from childgrid_node import cases
from childgrid_node.encode import key_check
from childgrid_node.mapping import Mapping as SourceMapping
from childgrid_node.register import Register
from childgrid_node.scheme import Scheme
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.certificates import Pair
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import FOUNDERS
from childgrid_wire.trust import fingerprint

START = 1_780_000_000
DAY = 86_400
EPOCH = 1
CASE = "FIR 112/2026 PS Kotwali"
SECTIONS = ["BNS:143", "POCSO:11"]
HUB = "ncrb-hub"

KABIR = {
    "name": ["Kabir Vankhede @ Kallu"],
    "relative": ["Madhav Vankhede"],
    "birth_date": ["17-03-1984"],
    "phone": ["9812345670"],
    "sex": ["M"],
}
STRANGER = {"name": ["Zubin Contractor"], "phone": ["9000000009"]}
MINOR = {"name": ["Tara Vankhede"], "relative": ["Madhav Vankhede"]}
VICTIM = {"name": ["Meher Lokhande"], "phone": ["9833300011"]}

_ROWS = {
    "police": [
        {
            "id": "PO-1",
            "name": "Meher Lokhande",
            "father": "Ashok",
            "dob": "1990-02-02",
            "phone": "9833300011",
            "fir_date": "2026-01-05",
            "role": "VICTIM",
            "note": "s. 4",
        },
        {
            "id": "PO-2",
            "name": "Ganesh Pawar",
            "father": "Vitthal",
            "dob": "1979-11-23",
            "phone": "9844400022",
            "fir_date": "2026-01-05",
            "role": "ACCUSED",
            "note": "s. 5",
        },
    ],
    "customs": [
        {
            "id": "CU-1",
            "name": "VANKHEDE KABIR",
            "father": "MADHAV VANKHEDE",
            "dob": "17.03.1984",
            "phone": "+91 98123 45670",
            "fir_date": "2025-12-24",
            "role": "ACCUSED",
            "note": "AI-302 to Dubai",
        },
        {
            "id": "CU-2",
            "name": "VANKHEDE SAMEER",
            "father": "MADHAV VANKHEDE",
            "dob": "02.09.1988",
            "phone": "",
            "fir_date": "2025-11-11",
            "role": "ACCUSED",
            "note": "6E-91",
        },
        {
            "id": "CU-3",
            "name": "DSOUZA PRIYA",
            "father": "ALOYSIUS",
            "dob": "05.05.1991",
            "phone": "9877700033",
            "fir_date": "2025-10-01",
            "role": "ACCUSED",
            "note": "EK-501",
        },
    ],
    "prisons": [
        {
            "id": "PR-1",
            "name": "कबीर वानखेडे",
            "father": "माधव वानखेडे",
            "dob": "17-03-1984",
            "phone": "9812345670",
            "fir_date": "2019-07-01",
            "role": "ACCUSED",
            "note": "ward 4",
        },
        {
            "id": "PR-2",
            "name": "Harish Tiwari",
            "father": "Ramnath",
            "dob": "01-01-1970",
            "phone": "",
            "fir_date": "2018-03-09",
            "role": "ACCUSED",
            "note": "ward 2",
        },
    ],
    "childcare": [
        {
            "id": "CC-1",
            "name": "Kabeer Wankhede",
            "father": "Madhav",
            "dob": "17/03/1984",
            "phone": "98123-45670",
            "fir_date": "2026-02-14",
            "role": "ACCUSED",
            "note": "seen at the home",
        },
        {
            "id": "CC-2",
            "name": "Tara Vankhede",
            "father": "Madhav Vankhede",
            "dob": "09/06/2012",
            "phone": "",
            "fir_date": "2026-02-14",
            "role": "ACCUSED",
            "note": "child",
        },
    ],
    "railways": [
        {
            "id": "RW-1",
            "name": "Kabir Vankhede",
            "father": "Madhav Vankhede",
            "dob": "17-03-1984",
            "phone": "9812345670",
            "fir_date": "2026-03-02",
            "role": "ACCUSED",
            "note": "coach S4",
        },
    ],
}
_CATEGORIES = {
    "police": "police-record",
    "customs": "movement",
    "prisons": "custody",
    "childcare": "child-protection",
    "railways": "movement",
}
AGENCIES = ("police", "customs", "prisons", "childcare")
FIVE = (*AGENCIES, "railways")
"""For a story that needs one more holder."""

AUDITORS = ("audit-north", "audit-south")
_MAPPING = """
agency = "{name}"
category = "{category}"
source = "rows.csv"
key = "id"
event = "fir_date"
role = {{ column = "role", victim = ["VICTIM"], suspect = ["ACCUSED"] }}

[fields]
name = "name"
relative = "father"
birth_date = "dob"
phone = ["phone"]

[disclose]
name = {{ column = "name", category = "identity" }}
birth = {{ column = "dob", category = "identity" }}
phone = {{ column = "phone", category = "communication" }}
note = {{ column = "note", category = "{category}" }}
"""
_CUSTODIAN_SLOT = {
    "slot": "custodian",
    "side": "holder",
    "role": "custodian",
    "min_rank": 0,
    "persons": 1,
}
_SUPERVISOR_SLOT = {
    "slot": "supervisor",
    "side": "requester",
    "role": "supervising-officer",
    "min_rank": 2,
    "persons": 1,
}
OFFICERS = {
    "police": {
        "si-rao": ("investigator", 1),
        "si-joshi": ("investigator", 1),
        "sp-nair": ("supervising-officer", 5),
        "sp-khan": ("supervising-officer", 5),
        "cu-police": ("custodian", 5),
    },
    "customs": {"cu-mehta": ("custodian", 4), "cu-dias": ("custodian", 4)},
    "prisons": {"pr-singh": ("custodian", 4)},
    "childcare": {"cc-das": ("custodian", 4)},
    "railways": {"rw-pillai": ("custodian", 4)},
}


@cache
def scheme() -> Scheme:
    """The scheme under which the tests' grids encode."""
    return Scheme.load("childgrid-2")


def seed(name: str) -> bytes:
    """A fixed seed, so that a failing example can be run again."""
    return hashlib.sha256(f"tests {name}".encode()).digest()


def identity(member: str) -> Identity:
    """Keys of a member, cheap and without files or certificates."""
    return Identity(
        member=member,
        key=seed(f"{member} key"),
        log_key=seed(f"{member} log"),
        witness_key=seed(f"{member} witness"),
        wrap_key=seed(f"{member} wrap"),
        issuer=Pair(b"", b""),
        root=b"",
    )


def officer_signer(member: str, officer: str) -> SeedSigner:
    """The signing key of an officer."""
    return SeedSigner(f"{member}/{officer}", seed(f"{member}/{officer}"))


@dataclass
class Founders:
    """Two of three founders sign everything that the grid rests on."""

    signers: list[SeedSigner] = field(
        default_factory=lambda: [
            SeedSigner(f"founder:f{n}", seed(f"founder {n}")) for n in (1, 2, 3)
        ]
    )

    def sign(self, kind: Kind, now: int, days: int = 90, **body: Any) -> bytes:
        """Sign a document by the first two founders."""
        payload = statement.draft(
            kind, issuer=FOUNDERS, now=now, seconds=days * DAY, **body
        )
        return envelope.sign(kind, payload, self.signers[:2])

    def section(self) -> dict[str, Any]:
        """The directory's section about the founders."""
        return {
            "threshold": 2,
            "keys": [
                {
                    "id": one.keyid.removeprefix("founder:"),
                    "key": canonical.to_b64(one.public),
                }
                for one in self.signers
            ],
        }


def floor_body() -> dict[str, Any]:
    """A floor that the tests' cases pass."""
    every = sorted({*_CATEGORIES.values(), "identity", "communication", "vehicle"})
    return {
        "version": 1,
        "query_slots": [_SUPERVISOR_SLOT],
        "release_slots": [_SUPERVISOR_SLOT, _CUSTODIAN_SLOT],
        "purposes": [
            {
                "purpose": "investigation",
                "categories": every,
                "needs": "fir",
                "min_rank": 0,
            },
            {
                "purpose": "prevention",
                "categories": every,
                "needs": "order",
                "min_rank": 6,
            },
        ],
        "sections": [*SECTIONS, "BNS:144"],
        "query_seconds": 7 * DAY,
        "request_seconds": 72 * 3600,
        "receipt_seconds": DAY,
        "officer_queries_day": 50,
        "case_queries_day": 50,
        "agency_queries_day": 500,
    }


def documents(
    now: int, agencies: Sequence[str] = AGENCIES
) -> tuple[str, list[bytes], Founders]:
    """Founding documents; returns the root fingerprint and what hangs on the board."""
    founders = Founders()
    scheme_doc = founders.sign(
        Kind.SCHEME,
        now,
        version=1,
        document=scheme().digest.hex(),
        profile=scheme().profile,
    )
    floor = founders.sign(Kind.FLOOR, now, **floor_body())
    directory = founders.sign(
        Kind.DIRECTORY,
        now,
        version=1,
        grid={"name": "test grid", "kind": "training", "id": "ab" * 16},
        founders=founders.section(),
        members=[_entry(one) for one in (*agencies, *AUDITORS, HUB)],
        witnesses={"members": [*agencies, *AUDITORS], "quorum": 4, "faults": 1},
        floor=envelope.read(floor).hash,
        scheme=envelope.read(scheme_doc).hash,
        epochs={"current": EPOCH, "accepted": [EPOCH]},
        key_checks={
            f"e{EPOCH}": key_check(seed("linkage"), EPOCH, scheme().digest).hex()
        },
        root="00" * 32,
        previous="",
        previous_founders="",
    )
    body = canonical.loads(envelope.read(directory).payload)
    return fingerprint(body), [directory, floor, scheme_doc], founders


def _entry(member: str) -> dict[str, Any]:
    kind = "agency" if member in _CATEGORIES else "auditor"
    return identity(member).entry(
        title=f"The {member} of the test grid",
        kind="coordinator" if member == HUB else kind,
        uses=["provider", "user"] if member in _CATEGORIES else [],
        categories=[_CATEGORIES[member]] if member in _CATEGORIES else [],
        address="127.0.0.1:1",
    )


def open_rows(folder: Path, member: str) -> Register:
    """Write an agency's rows and mapping into `folder` and open them."""
    rows = _ROWS[member]
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    text = _MAPPING.format(name=member, category=_CATEGORIES[member])
    (folder / "rows.toml").write_text(text, "utf-8")
    return Register.open(SourceMapping.read(folder / "rows.toml"))


def write_files(folder: Path, member: str) -> None:
    """Write an agency's staff, policy and cases."""
    staff = "".join(
        f'[[officer]]\nid = "{name}"\nrole = "{role}"\nunit = "unit-1"\nrank = {rank}\n'
        f'key = "{canonical.to_b64(officer_signer(member, name).public)}"\n'
        for name, (role, rank) in OFFICERS[member].items()
    )
    (folder / "staff.toml").write_text(staff)
    category = _CATEGORIES[member]
    (folder / "policy.toml").write_text(
        f"[category.{category}]\n"
        f"silent = {str(member == 'childcare').lower()}\n"
        'purposes = ["investigation"]\nfields = ["name", "birth", "phone", "note"]\n'
    )
    lines = [
        f"{CASE},fir,{name},investigating-officer,{' '.join(SECTIONS)}"
        for name, (role, _) in OFFICERS[member].items()
        if role == "investigator"
    ]
    (folder / "cases.csv").write_text(
        "\n".join([",".join(cases.COLUMNS), *lines]) + "\n"
    )
