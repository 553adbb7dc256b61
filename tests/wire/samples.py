"""One valid body for every kind, with no list, table or optional field left empty."""

from __future__ import annotations

from typing import Any

from childgrid_wire.kinds import Kind
from wire import world

H = "ab" * 32
N = "cd" * 16
B32 = world.b64_key("anyone")
CANDIDATE = {
    "handle": N,
    "probability": 9_731,
    "band": "strong",
    "others": 3,
    "calibrated": True,
    "category": "vehicle",
    "as_of": 1,
}
SLOTS = [world.SUPERVISOR]
REQUEST = {
    "query": H,
    "answer": H,
    "handle": N,
    "holder": "transport",
    "purpose": "investigation",
    "sections": ["BNS:143(4)"],
    "case": H,
    "fields": ["owner"],
    "policy": H,
    "directory": 1,
    "recipient_key": B32,
    "justification": H,
}
RULE = world.policy_body()["rules"][0] | {"slots": SLOTS}

BODIES: dict[Kind, dict[str, Any]] = {
    Kind.DIRECTORY: world.directory_body(
        members=[world.member("police", uses=("user",))],
        previous=H,
        previous_founders=H,
    ),
    Kind.STAFF: {
        "version": 1,
        "officers": [
            world.officer(
                "police/7",
                "investigator",
                10,
                algorithm="webauthn",
                rp_id="desk.police.in",
                origins=["https://desk.police.in"],
            )
        ],
    },
    Kind.POLICY: world.policy_body(
        rules=[RULE], query_slots=SLOTS, break_glass=["vehicle"]
    ),
    Kind.FLOOR: world.floor_body(break_glass=["owner"], opening_bodies=2),
    Kind.SCHEME: {"version": 1, "document": H, "profile": "test"},
    Kind.SEALING_KEY: {"key": B32, "valid_from": 1, "valid_until": 2},
    Kind.ROTATION: {
        "epoch": 1,
        "step": "wrap",
        "member": "police",
        "commitment": H,
        "transcript": H,
        "key_check": H,
        "shares": {"police": "QUJD"},
    },
    Kind.ENROLMENT: {
        "member": world.member("police", uses=("user",)),
        "csr": "QUJD",
        "token": H,
        "proof": H,
        "fingerprint": H,
    },
    Kind.REVOCATION: {
        "number": 1,
        "target": "officer",
        "member": "police",
        "subject": "7",
        "serial": "ab" * 20,
        "cause": "left",
    },
    Kind.CASE: {
        "case": H,
        "basis": "fir",
        "asker": "7",
        "capacity": "ahtu",
        "sections": ["BNS:143(4)"],
    },
    Kind.QUERY: {
        "purpose": "investigation",
        "sections": ["BNS:143(4)"],
        "case": H,
        "attestation": H,
        "targets": {"transport": {"ciphertext": H, "sealing_key": H}},
        "scheme": H,
        "epoch": 1,
        "rehearsal": False,
    },
    Kind.ANSWER: {
        "outcome": "hit",
        "reason": "epoch",
        "candidates": [CANDIDATE],
        "as_of": 1,
    },
    Kind.REQUEST: REQUEST | {"break_glass": True},
    Kind.APPROVAL: {
        "subject": "opening",
        "side": "holder",
        "slot": "custodian",
        "fields": ["owner"],
        "policy": H,
        "recipient_key": B32,
    },
    Kind.REFUSAL: {"subject": "request", "reason": "victim-safety"},
    Kind.DISCLOSURE: {
        "request": H,
        "ciphertext": H,
        "directory": H,
        "floor": H,
        "staff": {"police": H},
        "policy": H,
        "approvals": [H],
        "fields": ["owner"],
        "recipient_key": B32,
        "requester": "police",
        "category": "vehicle",
        "row_as_of": 1,
        "content": H,
    },
    Kind.VOID: {"disclosure": H, "reason": "expired"},
    Kind.RECEIPT: {"disclosure": H, "ciphertext": H, "opened": True},
    Kind.REVIEW: {
        "subject": "outcome",
        "pairs": 1,
        "agreed": 1,
        "result": H,
        "disposal": "acquitted",
        "cnr": H,
    },
    Kind.BUDGET: {"scope": "officer", "subject": "7", "queries": 1, "until": 2},
    Kind.DELEGATION: {
        "delegate": "7",
        "role": "custodian",
        "valid_from": 1,
        "valid_until": 2,
        "at_once": True,
    },
    Kind.NOTICE: {"topic": "key", "subject": H},
    Kind.WATCH: {"query": H, "until": 2},
    Kind.ALERT: {"watch": H, "answer": H},
    Kind.FINDING: {
        "topic": "missing",
        "party": "police",
        "subject": H,
        "reply_by": 2,
    },
    Kind.OPENING: {
        "party": "police",
        "subject": H,
        "ground": "complaint",
        "recipient_key": B32,
    },
    Kind.OPENED: {
        "opening": H,
        "agreement": H,
        "subject": H,
        "ciphertext": H,
        "directory": H,
        "staff": {"audit-north": H},
    },
    Kind.VIEW: {"object": "profile", "subject": H, "reader": "7"},
    Kind.SHRED: {"party": "police", "entries": [1], "head": H, "statements": [H]},
    Kind.FRESHNESS: {
        "nonce": N,
        "time": 1,
        "directory": 1,
        "floor": 1,
        "staff": {"police": 1},
        "revocations": {"police": 1},
        "notices": [H],
    },
    Kind.MANIFEST: {"files": {"log/0": {"sha256": H, "size": 1}}, "directory": H},
}

HEADER = {
    "id": N,
    "issuer": "police",
    "officer": "7",
    "issued": 1,
    "expires": 2,
    "answers": H,
}


def body(kind: Kind) -> dict[str, Any]:
    """A whole valid payload of `kind`."""
    return {"kind": kind.value, **HEADER, **BODIES[kind]}
