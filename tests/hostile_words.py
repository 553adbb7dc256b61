"""What the attack stories say and assert: statements by whoever signs them."""

from __future__ import annotations

from typing import Any

import hostile_strikes as strikes
from childgrid_node.courier import Parcel
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.schema import LAST_TIME
from childgrid_wire.statement import Statement
from grid import (
    HUB,
    identity,
    officer_signer,
    seed,
)
from hostile import FIELDS
from hostile_enemy import body_of
from hostile_stage import Stage, books, tables

HOUR = 3_600


def unchanged(stage: Stage, *but: str) -> None:
    """Assert that no agency has said, heard, spent or believed anything new."""
    now, before = tables(stage.grid), stage.before.tables
    assert {n: t for n, t in now.items() if n not in but} == {
        n: t for n, t in before.items() if n not in but
    }
    assert books(stage.grid) == stage.before.books


def nothing_released(stage: Stage) -> None:
    """Assert that no holder has handed over a record since the story began."""
    gone = ("released", "receipted")
    before = {r for r, (state, _) in stage.before.spent.items() if state in gone}
    assert {r for r, (state, _) in stage.spent() if state in gone} == before


def says(
    keyid: str,
    kind: Kind,
    stage: Stage,
    *,
    at: int = 0,
    hours: int = 24,
    **body: Any,
) -> bytes:
    """A well-formed statement signed with the named key, whoever may say it."""
    member, _, officer = keyid.partition("/")
    own = SeedSigner(keyid, identity(member).key)
    signer = officer_signer(member, officer) if officer else own
    return statement.make(
        kind,
        signer,
        issuer=member,
        officer=officer,
        now=at or stage.grid.now,
        seconds=hours * HOUR,
        **body,
    )


def approval(
    keyid: str,
    of: Statement,
    stage: Stage,
    slot: str = "supervisor",
    **body: Any,
) -> bytes:
    """An approval of a statement, with everything right but for its signer."""
    kind = of.kind.value
    side = "holder" if slot == "custodian" else "requester"
    policy = ""
    if side == "holder":
        holder = of["holder"]
        policy = stage.grid.agency(holder).office.view.policy(holder).hash
    fields = FIELDS if kind == "request" else []
    given = {"subject": kind, "side": side, "slot": slot, "fields": fields}
    given |= {"policy": policy, "answers": of.hash}
    return says(keyid, Kind.APPROVAL, stage, **(given | body))


def letter(data: bytes, content: bytes = b"") -> Parcel:
    """A parcel without a proof."""
    return Parcel(0, data, content, None)


def call_of(stage: Stage, name: str, target: str) -> dict[str, Any]:
    """A genuine query as it is carried to one target."""
    call = stage.grid.call(stage.queries[name], target)
    return {**call, "approvals": list(call["approvals"])}


def mail_of(stage: Stage, kind: Kind, request: str) -> tuple[str, Parcel]:
    """The genuine parcel of a kind that belongs to a request, with its reader."""
    name = stage.requests[request].hash
    for reader, parcel in stage.spy.delivered + stage.held_back:
        said = envelope.read(parcel.statement)
        about = (said.hash, body_of(parcel.statement)["answers"])
        if said.kind is kind and name in about:
            return reader, parcel
    raise LookupError(kind)


def resigned(
    data: bytes,
    keyid: str,
    **changes: Any,
) -> bytes:
    """A statement's body with changes, signed by the coordinator as if by `keyid`."""
    kind = envelope.read(data).kind
    payload = canonical.dumps(body_of(data) | changes)
    signed = identity(HUB).signer.sign(envelope.pae(kind.payload_type, payload))
    return envelope.assemble(kind, payload, [envelope.Signature(keyid, signed)])


def officer(name: str, role: str, member: str = "prisons") -> dict[str, Any]:
    """An entry of a staff list."""
    return {
        "id": name, "role": role, "unit": "unit-1", "rank": 9, "algorithm": "ed25519",
        "key": canonical.to_b64(officer_signer(member, name).public), "rp_id": "",
        "origins": [], "training": False, "valid_from": 0, "valid_until": LAST_TIME,
    }  # fmt: skip


def request_of(
    stage: Stage,
    keyid: str,
    asked: Statement,
    answered: Statement,
    **changes: Any,
) -> bytes:
    """A request made by hand, outside any node, for the first candidate."""
    view = stage.grid.agency(answered.issuer).office.view
    body = {
        "answers": answered.hash, "query": asked.hash, "answer": answered.hash,
        "handle": answered["candidates"][0]["handle"] if answered["candidates"] else "",
        "holder": answered.issuer, "purpose": asked["purpose"],
        "sections": asked["sections"], "case": asked["case"], "fields": FIELDS,
        "policy": view.policy(answered.issuer).hash, "directory": 1,
        "recipient_key": canonical.to_b64(seal.public_of(seed("enemy"))),
        "justification": seal.digest(b"because"),
    }  # fmt: skip
    return says(keyid, Kind.REQUEST, stage, **(body | changes))


def plain(data: bytes) -> dict[str, Any]:
    """What a statement says, without its header but for what it answers."""
    header = set(strikes.HEADER) - {"answers"}
    return {key: value for key, value in body_of(data).items() if key not in header}


def voided(stage: Stage, request: Statement) -> None:
    """Assert that a sealed record is void, wiped, and never left."""
    assert stage.state_of(request.hash) == "void"
    rows = stage.grid.agency("customs").office.journal.rows(
        "SELECT ciphertext FROM spent WHERE request = ?", (request.hash,)
    )
    assert rows == [(b"",)]
    nothing_released(stage)
