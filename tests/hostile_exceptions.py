"""Strikes at the exceptions: lifted budgets, broken glass, and what may be shredded.

As in `hostile_strikes`, each returns what its case may leave behind.
"""

from __future__ import annotations

import json
from typing import Any

from childgrid_node import breakglass, lift
from childgrid_node.courier import Parcel
from childgrid_node.emergency import Right
from childgrid_wire.kinds import TOPICS, Kind
from hostile_enemy import Enemy, body_of
from hostile_oracle import demand

HOUR = 3_600
_SAID = (Kind.BUDGET, Kind.APPROVAL, Kind.REFUSAL, Kind.REVIEW, Kind.SHRED)


def exception_forged(enemy: Enemy) -> str:
    """Budgets, countersignatures, reviews, shreds: by everybody whom the enemy has."""
    stage, rng = enemy.stage, enemy.rng
    keyid, kind = rng.choice(sorted(enemy.signers)), rng.choice(_SAID)
    subject = rng.choice(sorted(stage.requests.values(), key=lambda one: one.hash))
    made = enemy.speaks(kind, keyid, **_body(enemy, kind, keyid, subject.hash))
    forged = rng.random() < 0.3
    if forged:
        victim = rng.choice(["police", "customs", "prisons"])
        made = enemy.signed(body_of(made) | {"issuer": victim}, kind, made)
    for target in ("customs", "police"):
        stage.mail(target, Parcel(0, made, b"", None))
    _nothing_lifted(enemy)
    return "all" if _entitled(enemy, made) else ""


def _body(enemy: Enemy, kind: Kind, keyid: str, subject: str) -> dict[str, Any]:
    rng, now = enemy.rng, enemy.stage.grid.now
    bodies: dict[Kind, dict[str, Any]] = {
        Kind.BUDGET: {
            "scope": rng.choice(["officer", "agency"]),
            "subject": rng.choice(["si-rao", "si-joshi", "sp-nair", "police"]),
            "queries": rng.choice([51, 400, 100_000]),
            "until": now + rng.choice([HOUR, 48 * HOUR]),
        },
        Kind.APPROVAL: {
            "subject": rng.choice(["budget", "request"]), "side": "holder",
            "slot": rng.choice(["budget", "break-glass"]), "fields": [], "policy": "",
            "answers": subject,
        },
        Kind.REFUSAL: {"subject": "budget", "reason": "legal-bar", "answers": subject},
        Kind.REVIEW: {
            "subject": "break-glass", "pairs": 1, "agreed": 1, "result": subject,
            "answers": subject,
        },
        Kind.SHRED: {
            "party": rng.choice(["customs", keyid.partition("/")[0]]), "entries": [0],
            "head": "00" * 32, "statements": [subject],
        },
    }  # fmt: skip
    return bodies[kind]


def _entitled(enemy: Enemy, made: bytes) -> bool:
    """What an honest party keeps though it comes from the enemy: it changes nothing.

    A supervisor's wish that others would have to countersign, and a party's word of
    what it shredded itself, which binds nobody before its time.
    """
    body, signatures = body_of(made), json.loads(made)["signatures"]
    keyid = signatures[0]["keyid"]
    speaker = body["issuer"] + (f"/{body['officer']}" if body["officer"] else "")
    if len(signatures) != 1 or keyid != speaker or keyid not in enemy.signers:
        return False
    own = body["kind"] == "shred" and body.get("party") == keyid
    return own or (body["kind"] == "budget" and body["officer"].startswith("sp-"))


def _nothing_lifted(enemy: Enemy) -> None:
    """No budget stands at customs, whose own custodians are honest."""
    office = enemy.stage.grid.agency("customs").office
    for asked in enemy.stage.queries.values():
        lifts = lift.standing(office, office.view, asked)
        lifted = [one for one in lifts if one.approvals]
        demand(not lifted, "a budget was lifted without the holder's custodian")


def notice_forged(enemy: Enemy) -> str:
    """Notices of broken glass by whoever broke none: nobody's right is touched."""
    stage, rng = enemy.stage, enemy.rng
    request = rng.choice(sorted(stage.requests.values(), key=lambda one: one.hash))
    keyid = rng.choice(sorted(enemy.members))
    topic = rng.choice([*TOPICS, "outage"])
    made = enemy.speaks(Kind.NOTICE, keyid, topic=topic, subject=request.hash)
    if rng.random() < 0.5:
        body = body_of(made) | {"issuer": rng.choice(["police", "customs"])}
        made = enemy.signed(body, Kind.NOTICE, made)
    believed = bool(stage.publish(made))
    demand(not believed or body_of(made)["issuer"] in enemy.members, "forged notice")
    office = stage.grid.agency("customs").office
    found = breakglass.right(office, "police")
    demand(found == Right(clock=found.clock), "a right was touched")
    return "books" if believed else ""
