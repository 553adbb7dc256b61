"""The strikes: what the coordinator's owner tries, one function for each kind.

A strike returns what its case may leave behind: nothing (''), new documents ('books'),
or anything that the oracle agrees with ('all'). Where a strike hands in what an honest
person or an accomplice is entitled to say, the oracle decides; everything else must be
refused and leave no trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from childgrid_node.courier import Parcel
from childgrid_wire import envelope, seal
from childgrid_wire.kinds import Kind
from grid import AGENCIES, DAY, HUB
from hostile_enemy import Enemy, body_of, hash_of
from hostile_exceptions import exception_forged, notice_forged
from hostile_oracle import Broken, check_proof
from hostile_releases import (
    document_forged,
    enrols_itself,
    founders_revoke,
    release_pressed,
    revocation_withheld,
    staff_withheld,
    witness_misled,
)
from hostile_spy import restart

HOUR = 3_600
_SHIFTS = (-30 * DAY, -2 * HOUR, 0, HOUR, 23 * HOUR, 80 * HOUR, 100 * DAY)


def query_bytes(enemy: Enemy) -> str:
    """A byte of a query, its attestation, an approval or its content is changed."""
    target, call = enemy.call()
    parts = ["query", "attestation", "content", *["approval"] * len(call["approvals"])]
    part = enemy.rng.choice(parts)
    if part == "content":
        call[part] = enemy.flipped(call[part])
    elif part == "approval":
        call["approvals"] = [enemy.spoiled(one) for one in call["approvals"]]
    else:
        call[part] = enemy.spoiled(call[part])
    enemy.stage.match(target, call)
    return ""


def query_fields(enemy: Enemy) -> str:
    """Fields of a query, its attestation or an approval are changed and re-signed."""
    target, call = enemy.call()
    part = enemy.rng.choice(["query", "query", "attestation", "approval"])
    if part == "approval" and call["approvals"]:
        was = call["approvals"][0]
        call["approvals"] = [enemy.signed(enemy.edited(was), Kind.APPROVAL, was)]
    else:
        part = part if part != "approval" else "query"
        kind = Kind.QUERY if part == "query" else Kind.CASE
        was = call[part]
        call[part] = enemy.signed(enemy.edited(was), kind, was)
    return _ask(enemy, target, call)


def _ask(enemy: Enemy, target: str, call: dict[str, Any]) -> str:
    stage = enemy.stage
    stage.match(target, call)
    name = hash_of(Kind.QUERY, call["query"])
    return "all" if stage.oracle.query_stands(name, stage.grid.now) else ""


def query_spliced(enemy: Enemy) -> str:
    """A query goes with another's content, attestation or approvals."""
    target, call = enemy.call()
    others = [enemy.call()[1] for _ in range(3)]
    for part, other in zip(
        ("attestation", "content", "approvals"), others, strict=True
    ):
        if enemy.rng.random() < 0.5:
            call[part] = other[part]
    said = [*call["approvals"]]
    said += [one for other in others for one in other["approvals"]]
    enemy.rng.shuffle(said)
    call["approvals"] = said[: enemy.rng.randint(0, 3)]
    return _ask(enemy, target, call)


def query_approved_by_the_enemy(enemy: Enemy) -> str:
    """A query comes with approvals signed by whomever the enemy has."""
    target, call = enemy.call()
    name = envelope.read(call["query"]).hash
    call["approvals"] = [
        enemy.speaks(
            Kind.APPROVAL,
            enemy.rng.choice(sorted(k for k in enemy.signers if "/" in k) or [HUB]),
            answers=name,
            subject=enemy.rng.choice(["query", "query", "request", "silent-hit"]),
            side=enemy.rng.choice(["requester", "holder"]),
            slot=enemy.stage.oracle.slot,
            fields=[],
            policy="",
        )
        for _ in range(enemy.rng.randint(1, 2))
    ]
    return _ask(enemy, target, call)


def query_elsewhere(enemy: Enemy) -> str:
    """A query sealed to one node is brought to another."""
    target, call = enemy.call()
    others = [one for one in AGENCIES if one != target]
    enemy.stage.match(enemy.rng.choice(others), call)
    return ""


def query_at_another_time(enemy: Enemy) -> str:
    """A genuine query comes early, late, or again after a restart."""
    stage = enemy.stage
    target, call = enemy.call()
    stage.grid.now += enemy.rng.choice(_SHIFTS)
    if enemy.rng.random() < 0.3:
        restart(stage.grid, target)
    return _ask(enemy, target, call)


def parcel_bytes(enemy: Enemy) -> str:
    """A byte of a parcel is changed: statement, content or proof."""
    reader, parcel = enemy.parcel()
    kind = envelope.read(parcel.statement).kind
    parts = ["statement"]
    if kind in (Kind.REQUEST, Kind.DISCLOSURE):
        parts.append("content")
    if kind is Kind.DISCLOSURE:
        parts += ["checkpoint", "index", "hashes", "leaf", "salt", "none"]
    spoiled = _spoiled(enemy, parcel, enemy.rng.choice(parts))
    enemy.stage.mail(reader, spoiled)
    return "all" if _delivers(enemy, reader, spoiled) else ""


def _spoiled(enemy: Enemy, parcel: Parcel, part: str) -> Parcel:
    if part == "statement":
        return replace(parcel, statement=enemy.spoiled(parcel.statement))
    if part == "content":
        return replace(parcel, content=enemy.flipped(parcel.content))
    if part == "none" or parcel.proof is None:
        return replace(parcel, proof=None)
    proof = parcel.proof
    if part == "index":
        return replace(parcel, proof=replace(proof, index=proof.index ^ 1))
    if part == "hashes":
        hashes = list(proof.hashes) or [b""]
        at = enemy.rng.randrange(len(hashes))
        hashes[at] = enemy.flipped(hashes[at])
        return replace(parcel, proof=replace(proof, hashes=tuple(hashes)))
    changed = enemy.flipped(getattr(proof, part))
    return replace(parcel, proof=replace(proof, **{part: changed}))


def _delivers(enemy: Enemy, reader: str, parcel: Parcel) -> bool:
    """Whether a parcel is what was held back, or as good: its proof still proves."""
    for other, genuine in enemy.stage.held_back:
        if (other, genuine.statement) == (reader, parcel.statement):
            if parcel == genuine or genuine.proof is None:
                return True
            try:
                check_proof(
                    parcel,
                    body_of(parcel.statement)["issuer"],
                )
            except (Broken, ValueError, IndexError, KeyError):
                return False
            return parcel.content == genuine.content
    return False


def parcel_fields(enemy: Enemy) -> str:
    """Fields of anything that travels by mail are changed and signed anew."""
    reader, parcel = enemy.parcel()
    was = parcel.statement
    kind = envelope.read(was).kind
    made = enemy.signed(enemy.edited(was), kind, was)
    content = parcel.content
    if kind is Kind.REQUEST and enemy.rng.random() < 0.5:
        body = body_of(made)
        content = b"told by the enemy"
        made = enemy.signed({**body, "justification": seal.digest(content)}, kind, was)
    enemy.stage.mail(reader, replace(parcel, statement=made, content=content))
    return "all" if enemy.stage.oracle.may_be_kept(made, reader) else ""


def parcel_elsewhere(enemy: Enemy) -> str:
    """A parcel is put into somebody else's mailbox."""
    reader, parcel = enemy.parcel()
    other = enemy.rng.choice([one for one in AGENCIES if one != reader])
    enemy.stage.mail(other, parcel)
    return ""


def parcel_again(enemy: Enemy) -> str:
    """A parcel is delivered again: later, earlier, after a restart."""
    stage = enemy.stage
    reader, parcel = enemy.rng.choice(stage.spy.delivered)
    stage.grid.now += enemy.rng.choice(_SHIFTS)
    if enemy.rng.random() < 0.3:
        restart(stage.grid, reader)
    stage.mail(reader, parcel)
    return ""


def parcel_spliced(enemy: Enemy) -> str:
    """A disclosure or request comes with what belongs to another."""
    kind = enemy.rng.choice([Kind.DISCLOSURE, Kind.REQUEST])
    reader, parcel = enemy.parcel(kind)
    _, other = enemy.parcel(kind)
    part = enemy.rng.choice(["content", "proof", "statement"])
    made = replace(parcel, **{part: getattr(other, part)})
    enemy.stage.mail(reader, made)
    return "all" if _delivers(enemy, reader, made) else ""


def decision_forged(enemy: Enemy) -> str:
    """Approvals and refusals of a request, by everybody whom the enemy has."""
    stage, rng = enemy.stage, enemy.rng
    request = rng.choice(sorted(stage.requests.values(), key=lambda one: one.hash))
    keyid = rng.choice(sorted(enemy.signers))
    holder = rng.choice([request["holder"], request["holder"], "police"])
    policy = stage.grid.agency(request["holder"]).office.view.policy(request["holder"])
    if rng.random() < 0.7:
        side = rng.choice(["requester", "holder"])
        made = enemy.speaks(
            Kind.APPROVAL,
            keyid,
            answers=request.hash,
            subject=rng.choice(["request", "request", "query", "silent-hit"]),
            side=side,
            slot=rng.choice(["custodian", "supervisor", "other"]),
            fields=rng.choice([[], ["name"], ["name", "note", "phone"]]),
            policy=rng.choice(["", policy.hash]),
        )
    else:
        made = enemy.speaks(
            Kind.REFUSAL,
            keyid,
            answers=request.hash,
            subject=rng.choice(["request", "query"]),
            reason="legal-bar",
        )
    if rng.random() < 0.3:
        made = enemy.signed(body_of(made), envelope.read(made).kind, made)
    stage.mail(holder, Parcel(0, made, b"", None))
    may = stage.oracle.may_be_kept(made, holder)
    if request.hash in (stage.requests["waiting"].hash, stage.requests["held"].hash):
        stage.release("customs", request.hash)
        may = may or bool(stage.oracle.grant(request.hash, stage.grid.now))
    return "all" if may else ""


def ending_forged(enemy: Enemy) -> str:
    """Receipts, voids and disclosures in others' names or about others' requests."""
    stage, rng = enemy.stage, enemy.rng
    reader, parcel = enemy.parcel(Kind.DISCLOSURE)
    body = body_of(parcel.statement)
    name = envelope.read(parcel.statement).hash
    keyid = rng.choice(sorted(enemy.members))
    kind = rng.choice([Kind.RECEIPT, Kind.VOID, Kind.DISCLOSURE])
    more: dict[str, Any] = {"answers": name, "disclosure": name}
    if kind is Kind.RECEIPT:
        more |= {"ciphertext": body["ciphertext"], "opened": True}
        reader = body["issuer"]
    elif kind is Kind.VOID:
        more |= {"reason": "expired"}
    else:
        request = rng.choice(sorted(stage.requests.values(), key=lambda one: one.hash))
        content = b"a record of the enemy's making"
        more = {key: value for key, value in body.items() if key not in HEADER} | {
            "answers": request.hash,
            "request": request.hash,
            "ciphertext": seal.digest(content),
            "recipient_key": request["recipient_key"],
        }
        parcel = replace(parcel, content=content)
    made = enemy.speaks(kind, keyid, **more)
    if kind is not Kind.DISCLOSURE:
        parcel = Parcel(0, made, b"", None)
    stage.mail(reader, replace(parcel, statement=made))
    own_void = kind is Kind.VOID and keyid == "prisons"
    return "all" if own_void else ""


HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


def answer_forged(enemy: Enemy) -> str:
    """The asker is told another answer than the one that the target gave."""
    stage, rng = enemy.stage, enemy.rng
    journal = stage.grid.agency("police").office.journal
    answers = journal.all(Kind.ANSWER)
    was = rng.choice(answers)
    way = rng.randrange(3)
    made = was.data
    if way == 0:
        made = enemy.spoiled(was.data)
    elif way == 1:
        made = enemy.signed(enemy.edited(was.data), Kind.ANSWER, was.data)
    stage.tell(made)
    body = stage.oracle.learn(made)
    own = body is not None and body["issuer"] == "prisons" == enemy.accomplice
    return "all" if own else ""


STRIKES: tuple[Callable[[Enemy], str], ...] = (
    query_bytes,
    query_fields,
    query_spliced,
    query_approved_by_the_enemy,
    query_elsewhere,
    query_at_another_time,
    parcel_bytes,
    parcel_fields,
    parcel_elsewhere,
    parcel_again,
    parcel_spliced,
    decision_forged,
    ending_forged,
    answer_forged,
    release_pressed,
    revocation_withheld,
    founders_revoke,
    staff_withheld,
    document_forged,
    enrols_itself,
    witness_misled,
    exception_forged,
    notice_forged,
)
