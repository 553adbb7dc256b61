"""Strikes at a release: the witnesses' words, revocations, documents, witnesses.

As in `hostile_strikes`, each returns what its case may leave behind.
"""

from __future__ import annotations

from typing import Any

from childgrid_log import names
from childgrid_log.keys import COSIGNATURE
from childgrid_log.keys import Signer as WitnessKey
from childgrid_log.note import Note, cosign
from childgrid_node.courier import Parcel
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from grid import AGENCIES, AUDITORS, DAY, HUB, Grid, identity, officer_signer, seed
from hostile_enemy import Enemy, body_of
from hostile_oracle import demand

HOUR = 3_600
WITNESSES = (*AGENCIES, *AUDITORS)


def release_pressed(enemy: Enemy) -> str:
    """A node tries to release while the enemy carries the witnesses' words."""
    stage, rng = enemy.stage, enemy.rng
    name = rng.choice([*["sealed"] * 4, "lapsed", "late", "refused", "waiting"])
    skew = rng.choice([0, 0, 0, 90, -90, 200, -200, -HOUR, HOUR])
    twist = Twist(enemy, rng.choice([0, 1, 1, 2, 6]))
    stage.spy.twist = twist
    request = stage.requests[name].hash
    was = stage.state_of(request)
    state = stage.release("customs", request, skew)
    if state == "released" != was:
        demand(name == "sealed", f"{name} was released")
        demand(abs(skew) <= 120, "released by a wrong clock")
        demand(len(twist.good) >= 4, "released without a quorum of fresh witnesses")
        demand("police" in twist.good, "released without the requester's own word")
    return "all" if name in ("sealed", "lapsed") else ""


class Twist:
    """What the enemy makes of the witnesses' replies; `good` are those left whole."""

    def __init__(self, enemy: Enemy, drop: int = 6, liar: bool = True) -> None:
        self.enemy, self.drop = enemy, drop
        self.liar = liar and enemy.accomplice == "prisons"
        self.good: set[str] = set()

    def __call__(self, request: WitnessRequest, response: WitnessResponse) -> None:
        """Leave out, exchange, replay, repeat or spoil some of the replies."""
        rng = self.enemy.rng
        present = sorted(response.replies)
        whole = set(present)
        if self.liar and "prisons" in response.replies:
            lie(self.enemy, request, response.replies["prisons"])
        for name in rng.sample(present, rng.randint(0, min(self.drop, len(present)))):
            way = rng.choice(["drop", "drop", "copy", "replay", "spoil", "size"])
            if way == "drop" or not self._twisted(way, name, response):
                del response.replies[name]
            whole.discard(name)
        self.good = whole if response.replies else self.good

    def _twisted(self, way: str, name: str, response: WitnessResponse) -> bool:
        rng, reply = self.enemy.rng, response.replies[name]
        if way == "copy":
            others = [one for one in sorted(response.replies) if one != name]
            if others:
                reply.CopyFrom(response.replies[rng.choice(others)])
            return bool(others)
        if way == "replay":
            old = [
                one for one in self.enemy.stage.spy.replies[:-1] if name in one.replies
            ]
            if old:
                reply.CopyFrom(rng.choice(old).replies[name])
            return bool(old)
        if way == "size":
            reply.refusal = rng.choice(["conflict", "split-view"])
            reply.size = rng.choice([0, 1, reply.size, reply.size + 1])
            return True
        data = bytearray(reply.freshness.payload or b"-")
        data[rng.randrange(len(data))] ^= 1
        reply.freshness.payload = bytes(data)
        return True


def lie(enemy: Enemy, request: WitnessRequest, reply: CosignResponse) -> None:
    """The accomplice cosigns, and swears that nothing has changed since the start."""
    call = request.calls.get("prisons", request.call)
    if not call.checkpoint or reply.refusal:
        return
    own = identity("prisons")
    key = WitnessKey(names.witness("prisons"), COSIGNATURE, own.witness_key)
    now = enemy.stage.grid.now
    time = now + enemy.rng.choice([-DAY, 0, DAY])
    text = Note.parse(call.checkpoint.encode()).text
    reply.cosignature = cosign(text, key, time).encode().decode()
    reply.freshness.payload = statement.make(
        Kind.FRESHNESS,
        own.signer,
        issuer="prisons",
        now=now,
        seconds=300,
        nonce=call.nonce,
        time=time,
        directory=1,
        floor=1,
        staff={},
        revocations={},
    )


def revocation_withheld(enemy: Enemy) -> str:
    """Somebody who signed is revoked; the enemy shows that to as few as it can."""
    stage, rng = enemy.stage, enemy.rng
    issuer, person = rng.choice(
        [("police", "si-rao"), ("police", "sp-nair"), ("customs", "cu-mehta")]
    )
    grid = stage.grid
    made = revocation(grid, issuer, issuer, person)
    for name in {issuer, *rng.sample(["childcare", *AUDITORS], rng.randint(0, 1))}:
        stage.hang(name, made)
    stage.oracle.revoked.add(f"{issuer}/{person}")
    return _press_sealed(enemy)


def revocation(grid: Grid, issuer: str, member: str, officer: str) -> bytes:
    """A genuine first revocation of an officer, by the own agency or a founder."""
    founder = grid.founders.signers[0]
    return statement.make(
        Kind.REVOCATION,
        founder if issuer == "founders" else identity(issuer).signer,
        issuer=issuer,
        now=grid.now,
        seconds=365 * DAY,
        number=1,
        target="officer",
        member=member,
        subject=officer,
        serial="",
        cause="left",
    )


def _press_sealed(enemy: Enemy) -> str:
    stage = enemy.stage
    stage.spy.twist = Twist(enemy, drop=1)
    request = stage.requests["sealed"].hash
    was = stage.state_of(request)
    state = stage.release("customs", request)
    demand(state != "released" or was == state, "released after a revocation")
    return "all"


def founders_revoke(enemy: Enemy) -> str:
    """The founders revoke, two honest witnesses hear of it, and the holder doesn't."""
    stage, rng = enemy.stage, enemy.rng
    made = revocation(stage.grid, "founders", "police", "sp-nair")
    for name in rng.sample(["police", "childcare", *AUDITORS], 2):
        stage.hang(name, made)
    stage.oracle.revoked.add("police/sp-nair")
    return _press_sealed(enemy)


def staff_withheld(enemy: Enemy) -> str:
    """An agency strikes a signer off its staff list; the holder is kept in the dark."""
    stage = enemy.stage
    office = stage.grid.agency("police").office
    body = body_of(office.view.staff["police"].data)
    left = [one for one in body["officers"] if one["id"] != "sp-nair"]
    made = office.speak(
        Kind.STAFF, seconds=DAY, version=body["version"] + 1, officers=left
    )
    stage.hang("police", made.data)
    stage.oracle.revoked.add("police/sp-nair")
    return _press_sealed(enemy)


def document_forged(enemy: Enemy) -> str:
    """Documents are changed, signed by the wrong party, or shown again."""
    stage, rng = enemy.stage, enemy.rng
    every = stage.grid.members["audit-north"].shelf.documents()
    was = rng.choice(every)
    kind = envelope.read(was).kind
    way = rng.randrange(4)
    if way == 0:
        made = enemy.spoiled(was)
    elif way == 1:
        made = was
    elif way == 2:
        body = enemy.edited(was)
        body["version"] = body.get("version", 1) + rng.choice([0, 1, 1, 2])
        body = body if "version" in body_of(was) else _less(body)
        made = enemy.signed(body, kind, was)
    else:
        made = _document(enemy)
    return _hung(enemy, made)


def _less(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "version"}


def _hung(enemy: Enemy, made: bytes) -> str:
    if not enemy.stage.publish(made):
        return ""
    issuer = body_of(made)["issuer"]
    demand(issuer in enemy.members, f"a document of {issuer} was forged")
    return "books"


def _document(enemy: Enemy) -> bytes:
    """A document in the form that it must have, by a key that has no right to it."""
    rng = enemy.rng
    keyid = rng.choice(sorted(enemy.signers))
    victim = rng.choice(["police", "customs", "prisons"])
    officer = rng.choice(["cu-mehta", "sp-nair", "pr-singh"])
    kind = rng.choice([Kind.REVOCATION, Kind.STAFF, Kind.SEALING_KEY, Kind.POLICY])
    now = enemy.stage.grid.now
    bodies: dict[Kind, dict[str, Any]] = {
        Kind.REVOCATION: {
            "number": 1, "target": rng.choice(["officer", "member", "key"]),
            "member": victim, "subject": officer, "serial": "", "cause": "expelled",
        },
        Kind.STAFF: {"version": 2, "officers": [_officer(enemy, "custodian")]},
        Kind.SEALING_KEY: {
            "key": canonical.to_b64(seal.public_of(seed("enemy"))),
            "valid_from": now - 300, "valid_until": now + DAY,
        },
        Kind.POLICY: {
            "version": 2, "rules": [], "query_slots": [], "break_glass": [],
        },
    }  # fmt: skip
    made = enemy.speaks(kind, keyid, **bodies[kind])
    if rng.random() < 0.5:
        body = body_of(made) | {"issuer": victim}
        made = enemy.signed(body, kind, made)
    return made


def _officer(enemy: Enemy, role: str) -> dict[str, Any]:
    signer = officer_signer(HUB, f"own-{role}")
    now = enemy.stage.grid.now
    return {
        "id": f"own-{role}", "role": role, "unit": "unit-1", "rank": 9,
        "algorithm": "ed25519", "key": canonical.to_b64(signer.public), "rp_id": "",
        "origins": [], "training": False, "valid_from": now - DAY,
        "valid_until": now + DAY,
    }  # fmt: skip


def enrols_itself(enemy: Enemy) -> str:
    """The coordinator publishes officers of its own and lets them sign everything."""
    stage, rng = enemy.stage, enemy.rng
    roles = ("investigator", "supervising-officer", "custodian")
    staff = enemy.speaks(
        Kind.STAFF, HUB, version=1, officers=[_officer(enemy, role) for role in roles]
    )
    stage.publish(staff)
    before = stage.grid.state("customs"), stage.grid.state("police")
    role = rng.choice(roles)
    signer = officer_signer(HUB, f"own-{role}")
    target, call = enemy.call()
    subject = rng.choice(
        [envelope.read(call["query"]).hash, stage.requests["waiting"].hash]
    )
    made = statement.make(
        Kind.APPROVAL, signer, issuer=HUB, officer=f"own-{role}", now=stage.grid.now,
        seconds=HOUR, answers=subject, subject=rng.choice(["query", "request"]),
        side=rng.choice(["requester", "holder"]),
        slot=rng.choice(["custodian", "supervisor"]), fields=["name"], policy="",
    )  # fmt: skip
    stage.match(target, {**call, "approvals": [made]})
    stage.mail("customs", Parcel(0, made, b"", None))
    stage.release("customs", stage.requests["waiting"].hash)
    after = stage.grid.state("customs"), stage.grid.state("police")
    demand(before == after, "an officer of the coordinator was listened to")
    return "books"


def witness_misled(enemy: Enemy) -> str:
    """A witness is shown notes that no log signed so, or that don't follow."""
    stage, rng = enemy.stage, enemy.rng
    log = stage.grid.agency("customs").office.journal.log
    note = log.latest_cosigned() or b""
    lines = note.decode()
    call = CosignRequest(
        log=rng.choice(["customs", "prisons", "police", HUB, "nobody"]),
        old_size=rng.choice([0, 1, log.size(), 2**40]),
        checkpoint=lines,
        nonce=rng.choice(["", rng.randbytes(16).hex(), "short"]),
        proof=[canonical.to_b64(rng.randbytes(32)) for _ in range(rng.randint(0, 3))],
    )
    if rng.random() < 0.7:
        call.checkpoint = enemy.flipped(note).decode("utf-8", "replace")
    name = rng.choice(WITNESSES)
    try:
        reply = stage.grid.members[name].servicer.Cosign(call, None)
    except WireError:
        return ""
    told = call.checkpoint.partition("\n\n")[0]
    true = told == lines.partition("\n\n")[0]
    demand(reply.refusal or true, "a false note was cosigned")
    demand(name != call.log, "a witness cosigned its own log")
    return ""
