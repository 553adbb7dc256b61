"""The oracle of the hostile tests: what may have happened, by its own reading.

It judges without the product's rules, envelopes or proofs. It has its own table of who
is who, verifies raw Ed25519 signatures over plain JSON, and knows which genuine
statements exist. From those follow which query a supervisor approved, which fields of
which record may be released, and whether a quorum of witnesses stands behind a proof.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from childgrid_node.bundle import Proof
from childgrid_node.courier import Parcel
from grid import AGENCIES, AUDITORS, HUB, OFFICERS, identity, seed

HOLDERS = ("customs", "prisons", "childcare")
QUORUM = 4


class Broken(AssertionError):
    """The oracle saw something that must never happen."""


def demand(holds: object, what: str) -> None:
    """Raise `Broken` unless `holds`."""
    if not holds:
        raise Broken(what)


def raw(
    data: bytes, keys: Mapping[str, bytes]
) -> tuple[str, dict[str, Any], str] | None:
    """Read an envelope with plain json: hash, body, key id; nothing if it is wrong."""
    try:
        outer = json.loads(data)
        payload = base64.b64decode(outer["payload"])
        (one,) = outer["signatures"]
        name = outer["payloadType"].encode()
        message = b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)
        body = json.loads(payload)
        if f"application/vnd.childgrid.{body['kind']}.v1+json" != outer["payloadType"]:
            return None
        VerifyKey(keys[one["keyid"]]).verify(message, base64.b64decode(one["sig"]))
    except (ValueError, KeyError, TypeError, AttributeError, BadSignatureError):
        return None
    return hashlib.sha256(message).hexdigest(), body, one["keyid"]


def _public(key: bytes) -> bytes:
    return bytes(SigningKey(key).verify_key)


_KEYS = {
    **{name: _public(identity(name).key) for name in (*AGENCIES, *AUDITORS, HUB)},
    **{
        f"{agency}/{one}": _public(seed(f"{agency}/{one}"))
        for agency in AGENCIES
        for one in OFFICERS[agency]
    },
}
_ROLES = {
    f"{agency}/{one}": role
    for agency in AGENCIES
    for one, (role, _) in OFFICERS[agency].items()
}
_WITNESSES = {
    name: _public(identity(name).witness_key) for name in (*AGENCIES, *AUDITORS)
}


@dataclass
class Oracle:
    """Which genuine statements exist; what follows from them, by its own reading.

    `keys` holds every speaker's public key by key id, `roles` every officer's role,
    `slot` is what the founders' floor calls the supervisor's.
    """

    keys: Mapping[str, bytes] = field(default_factory=lambda: _KEYS)
    roles: Mapping[str, str] = field(default_factory=lambda: _ROLES)
    slot: str = "supervisor"
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    def learn(self, data: bytes) -> dict[str, Any] | None:
        """Take in an envelope that exists; returns its body if its speaker signed."""
        found = raw(data, self.keys)
        if found is None:
            return None
        hash_, body, keyid = found
        if keyid != self.person(body).removesuffix("/"):
            return None
        self.facts.setdefault(hash_, body)
        return body

    @staticmethod
    def person(body: Mapping[str, Any]) -> str:
        """`member/officer`."""
        return f"{body['issuer']}/{body['officer']}"

    def role(self, body: Mapping[str, Any]) -> str:
        """The speaker's role; empty once revoked."""
        person = self.person(body)
        return "" if person in self.revoked else self.roles.get(person, "")

    def _alive(self, body: Mapping[str, Any], now: int) -> bool:
        return bool(body["issued"] <= now + 120 and now < body["expires"])

    def _approvals(self, subject: str, kind: str, now: int) -> list[dict[str, Any]]:
        return [
            one
            for one in self.facts.values()
            if one["kind"] == "approval"
            and one["answers"] == subject
            and one["subject"] == kind
            and self._alive(one, now)
        ]

    def query_stands(self, hash_: str, now: int) -> bool:
        """Whether an investigator asked this and a supervisor, not the same, agreed."""
        asked = self.facts.get(hash_)
        if asked is None or asked["kind"] != "query" or not self._alive(asked, now):
            return False
        case = self.facts.get(asked["attestation"], {"kind": ""})
        return (
            self.role(asked) == "investigator"
            and case["kind"] == "case"
            and case["issuer"] == asked["issuer"]
            and case["asker"] == asked["officer"]
            and case["case"] == asked["case"]
            and any(
                self.supervises(one, asked, asked)
                for one in self._approvals(hash_, "query", now)
            )
        )

    def supervises(
        self, one: Mapping[str, Any], asked: Mapping[str, Any], by: Mapping[str, Any]
    ) -> bool:
        """Whether an approval is a supervisor's of the asking agency, no asker's."""
        return (
            one["side"] == "requester"
            and one["slot"] == self.slot
            and one["issuer"] == by["issuer"]
            and self.role(one) == "supervising-officer"
            and self.person(one) not in (self.person(asked), self.person(by))
        )

    def keeps(self, one: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
        """Whether an approval is a custodian's of the holder."""
        return (
            one["side"] == "holder"
            and one["slot"] == "custodian"
            and one["issuer"] == request["holder"]
            and self.role(one) == "custodian"
        )

    def grant(self, hash_: str, now: int, heeded: bool = True) -> set[str]:
        """The fields that may be released for a request; empty where none may.

        A refusal is `heeded` unless one asks what was granted before it.
        """
        request = self.facts.get(hash_)
        if request is None or request["kind"] != "request":
            return set()
        asked = self.facts.get(request["query"])
        if (
            asked is None
            or not self._alive(request, now)
            or self.role(request) != "investigator"
            or request["issuer"] != asked["issuer"]
            or (heeded and self._refused(hash_, request["holder"]))
        ):
            return set()
        given = self._approvals(hash_, "request", now)
        ours = [one for one in given if self.supervises(one, asked, request)]
        theirs = [one for one in given if self.keeps(one, request)]
        fields = set(request["fields"])
        wide = [
            set().union(*(one["fields"] for one in side)) for side in (ours, theirs)
        ]
        return fields & wide[0] & wide[1]

    def _refused(self, request: str, holder: str) -> bool:
        return any(
            one["kind"] == "refusal" and one["answers"] == request
            for one in self.facts.values()
            if one["issuer"] == holder
        )

    def may_be_kept(self, data: bytes, at: str) -> bool:
        """Whether a statement that nobody had delivered yet may enter a node's log."""
        body = self.learn(data)
        if body is None:
            return False
        kind = body["kind"]
        if kind in ("disclosure", "void"):
            return body["issuer"] in HOLDERS
        if kind == "request":
            return body["holder"] == at and self.role(body) == "investigator"
        request = self.facts.get(body["answers"], {"kind": ""})
        if request["kind"] != "request":
            return False
        return self._decides(body, request) and self._concerns(body, request, at)

    def _decides(self, body: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
        asked = self.facts[request["query"]]
        if body["kind"] == "approval":
            if body["subject"] != "request":
                return False
            return self.supervises(body, asked, request) or self.keeps(body, request)
        if body["kind"] == "refusal" and body["subject"] == "request":
            role = self.role(body)
            if body["issuer"] == request["holder"]:
                return role == "custodian" or not body["officer"]
            return role == "supervising-officer" and body["issuer"] == request["issuer"]
        return False

    @staticmethod
    def _concerns(body: Mapping[str, Any], request: Mapping[str, Any], at: str) -> bool:
        sides = {request["issuer"], request["holder"]}
        return at in sides and body["issuer"] in sides - {at}


def proven(note: bytes, holder: str) -> set[str]:
    """The witnesses that cosigned a note of a holder's log, counted by raw keys."""
    text, _, lines = note.decode().rpartition("\n\n")
    body = (text + "\n").encode()
    demand(
        text.split("\n")[0] == f"{holder}.childgrid.internal/log",
        "the note is another log's",
    )
    seen = set()
    for line in lines.strip().split("\n"):
        blob = base64.b64decode(line.rpartition(" ")[2])[4:]
        time, sig = blob[:8], blob[8:]
        message = b"cosignature/v1\ntime %d\n" % int.from_bytes(time, "big") + body
        for name, key in _WITNESSES.items():
            try:
                VerifyKey(key).verify(message, sig)
            except (BadSignatureError, ValueError):
                continue
            seen.add(name)
    return seen - {holder}


def rooted(proof: Proof) -> bool:
    """RFC 6962: whether the leaf stands in the tree of the note; own arithmetic."""
    lines = proof.checkpoint.split(b"\n")
    index, last = proof.index, int(lines[1]) - 1
    node = hashlib.sha256(b"\0" + proof.leaf).digest()
    for one in proof.hashes:
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + one + node).digest()
            while index and index % 2 == 0:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + one).digest()
        index, last = index // 2, last // 2
    return last == 0 and base64.b64encode(node) == lines[2]


def check_proof(parcel: Parcel, holder: str) -> None:
    """Whether a quorum of witnesses cosigned a tree that holds this disclosure."""
    proof = parcel.proof
    demand(proof is not None, "no proof")
    if proof is None:
        return
    demand(len(proven(proof.checkpoint, holder)) >= QUORUM, "too few witnesses")
    demand(rooted(proof), "the leaf is not in the tree")
    commitment = hashlib.sha256(proof.salt + parcel.statement).hexdigest()
    demand(json.loads(proof.leaf)["commitment"] == commitment, "another leaf")
