"""Checks of what a node must refuse: every query here is wrong in one respect.

A refusal is a reason of the error table in place of an answer; where the reason is part
of the interface it must be that one. `match.hit` is the same query with nothing wrong.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace

from childgrid_conformance.cast import (
    ASKER,
    CLERK,
    NOVICE,
    SECOND,
    SUPERVISOR,
    investigator,
)
from childgrid_conformance.check import Check, add, check, demand, refused
from childgrid_conformance.door import ask
from childgrid_conformance.founding import DAY, EPOCH
from childgrid_conformance.scene import HOUR, Call, Scene
from childgrid_wire import canonical, envelope, seal
from childgrid_wire.envelope import Signature
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.node_pb2 import MatchRequest
from childgrid_wire.pb.values_pb2 import Envelope, Sealed

Make = Callable[[Scene], Call]
_LARGE = 4 * 2**20 + 1
QUERY, STATEMENTS = "architecture: a query", "architecture: statements"
APPROVALS, ENCODING = "approvals", "encoding: keys"
JOINING = "joining: probation"


def _wrong(id_: str, source: str, sent: str, *reasons: str) -> Callable[[Make], Make]:
    """Register the query that the function below makes: it must be refused."""
    must = "refused" + (f" with `{'` or `'.join(reasons)}`" if reasons else "")

    def register(make: Make) -> Make:
        def work(scene: Scene) -> str:
            return refused(scene.match(make(scene)), *reasons)

        add(Check(id_, source, f"a query {sent}", must, work))
        return make

    return register


@_wrong("query.expired", STATEMENTS, "that has expired", "expired")
def _late(scene: Scene) -> Call:
    return scene.call(query={"issued": scene.now - 2 * HOUR, "seconds": HOUR})


@_wrong("query.early", STATEMENTS, "dated an hour ahead", "not-yet")
def _early(scene: Scene) -> Call:
    ahead = {"issued": scene.now + HOUR}
    return scene.call(query=ahead, approval=ahead)


@_wrong("query.endless", QUERY, "that lives 8 days", "expired")
def _endless(scene: Scene) -> Call:
    return scene.call(query={"seconds": 8 * DAY})


@_wrong("query.target", QUERY, "for another member", "target")
def _elsewhere(scene: Scene) -> Call:
    target = scene.target(scene.content("known", secrets.token_hex(16), ASKER))
    return scene.call(query={"targets": {SECOND: target}})


@_wrong("query.epoch", ENCODING, "under another key epoch", "epoch")
def _epoch(scene: Scene) -> Call:
    return scene.call(query={"epoch": EPOCH + 1}, sealed={"epoch": EPOCH + 1})


@_wrong("query.scheme", ENCODING, "under another scheme", "scheme")
def _scheme(scene: Scene) -> Call:
    return scene.call(query={"scheme": secrets.token_hex(32)})


@_wrong("query.purpose", APPROVALS, "for prevention without an order", "case")
def _purpose(scene: Scene) -> Call:
    return scene.call(query={"purpose": "prevention"})


@_wrong("query.sections", APPROVALS, "of a section not in the floor", "purpose")
def _sections(scene: Scene) -> Call:
    return scene.call(query={"sections": ["BNS:999"]}, case={"sections": ["BNS:999"]})


@_wrong("query.probation", JOINING, "of a member on probation", "probation")
def _probation(scene: Scene) -> Call:
    return scene.call(asker=NOVICE, officer=investigator(0))


@_wrong("approval.missing", QUERY, "without an approval", "not-approved")
def _alone(scene: Scene) -> Call:
    return replace(scene.call(), approvals=())


def _forger(scene: Scene, name: str) -> SeedSigner:
    return SeedSigner(name, scene.cast.seed(f"forger of {name}"))


@_wrong(
    "approval.forged",
    QUERY,
    "with a forged approval",
    "bad-signature",
)
def _forged_approval(scene: Scene) -> Call:
    return scene.call(approval={"sign": _forger(scene, f"{ASKER}/{SUPERVISOR}")})


@_wrong("approval.own", APPROVALS, "approved by its own asker")
def _own_approval(scene: Scene) -> Call:
    officer = scene.cast.next_officer()
    return scene.call(officer=officer, approver=officer)


@_wrong("approval.role", APPROVALS, "approved by another investigator")
def _colleague(scene: Scene) -> Call:
    return scene.call(approver=investigator(0))


@_wrong("approval.rank", APPROVALS, "approved by too low a rank", "not-approved")
def _low_rank(scene: Scene) -> Call:
    return scene.call(approver=CLERK)


@_wrong("approval.other", QUERY, "with another query's approval")
def _other_approval(scene: Scene) -> Call:
    return replace(scene.call(), approvals=scene.call().approvals)


@_wrong("approval.side", APPROVALS, "approved for the holder's side")
def _other_side(scene: Scene) -> Call:
    return scene.call(approval={"side": "holder"})


@_wrong("approval.foreign", APPROVALS, "approved by another agency's officer")
def _foreign_approval(scene: Scene) -> Call:
    call = scene.call()
    approved = scene.approval(call.query, "query", f"{SECOND}/{SUPERVISOR}")
    return replace(call, approvals=(approved,))


@_wrong("approval.expired", STATEMENTS, "with an approval that has expired")
def _old_approval(scene: Scene) -> Call:
    return scene.call(approval={"issued": scene.now - 2 * HOUR, "seconds": HOUR})


@_wrong("case.other", QUERY, "with another case's attestation")
def _other_case(scene: Scene) -> Call:
    return replace(scene.call(), attestation=scene.call().attestation)


@_wrong("case.asker", QUERY, "attested for another officer", "case")
def _others_case(scene: Scene) -> Call:
    return scene.call(case={"asker": investigator(0)})


@_wrong("case.forged", QUERY, "with a forged attestation", "bad-signature")
def _forged_case(scene: Scene) -> Call:
    return scene.call(case={"sign": _forger(scene, ASKER)})


@_wrong("case.foreign", QUERY, "attested by another agency", "case")
def _foreign_case(scene: Scene) -> Call:
    officer = scene.cast.next_officer()
    attested = scene.attestation(SECOND, officer)
    name = envelope.read(attested).hash
    case = canonical.loads(envelope.read(attested).payload)["case"]
    call = scene.call(officer=officer, query={"attestation": name, "case": case})
    return replace(call, attestation=attested)


@_wrong("query.officer", STATEMENTS, "of an officer in no staff list")
def _unknown_officer(scene: Scene) -> Call:
    return scene.call(officer="si-nobody")


@_wrong("query.role", APPROVALS, "of an officer in another role")
def _supervisor_asks(scene: Scene) -> Call:
    return scene.call(officer="sp-1", approver="sp-3")


@_wrong("query.signature", STATEMENTS, "with a flipped signature")
def _bad_signature(scene: Scene) -> Call:
    call = scene.call()
    outer = envelope.read(call.query)
    (was,) = outer.signatures
    flipped = bytes([was.sig[0] ^ 1]) + was.sig[1:]
    made = [Signature(was.keyid, flipped)]
    return replace(call, query=envelope.assemble(outer.kind, outer.payload, made))


@_wrong("query.edited", STATEMENTS, "whose purpose was changed afterwards")
def _edited(scene: Scene) -> Call:
    call = scene.call()
    outer = envelope.read(call.query)
    body = {**canonical.loads(outer.payload), "purpose": "prosecution"}
    made = envelope.assemble(outer.kind, canonical.dumps(body), outer.signatures)
    return replace(call, query=made)


@_wrong("content.altered", STATEMENTS, "whose ciphertext is altered")
def _altered(scene: Scene) -> Call:
    call = scene.call()
    content = call.content[:-1] + bytes([call.content[-1] ^ 1])
    return replace(call, content=content)


@_wrong("content.named", STATEMENTS, "that names an altered ciphertext")
def _altered_and_named(scene: Scene) -> Call:
    content = bytearray(scene.content("known", secrets.token_hex(16), ASKER))
    content[-1] ^= 1
    call = scene.call(query={"targets": {scene.member: scene.target(bytes(content))}})
    return replace(call, content=bytes(content))


@_wrong("content.replayed", STATEMENTS, "with an earlier query's ciphertext")
def _replayed(scene: Scene) -> Call:
    """An earlier query's ciphertext under a new query that names it rightly."""
    old = scene.call().content
    call = scene.call(query={"targets": {scene.member: scene.target(old)}})
    return replace(call, content=old)


def _spelled(scene: Scene, spell: Callable[[str], str]) -> Call:
    """A query whose payload is spelled otherwise, signed and approved as it stands."""
    call = scene.call()
    outer = envelope.read(call.query)
    body = canonical.loads(outer.payload)
    signer = scene.cast.officer(ASKER, body["officer"])
    payload = spell(outer.payload.decode()).encode()
    asked = envelope.sign(Kind.QUERY, payload, [signer])
    approved = scene.approval(asked, "query", f"{ASKER}/{SUPERVISOR}")
    return replace(call, query=asked, approvals=(approved,))


@_wrong("form.unknown", STATEMENTS, "with an unknown field", "malformed")
def _unknown_field(scene: Scene) -> Call:
    return _spelled(scene, lambda text: '{"a":1,' + text[1:])


@_wrong(
    "form.twice",
    STATEMENTS,
    "with a key that stands twice",
    "malformed",
)
def _twice(scene: Scene) -> Call:
    return _spelled(scene, lambda text: '{"answers":"",' + text[1:])


@_wrong("form.float", STATEMENTS, "with a float", "malformed")
def _float(scene: Scene) -> Call:
    return _spelled(scene, lambda text: text.replace('"epoch":1', '"epoch":1.0'))


@_wrong(
    "form.spaces",
    STATEMENTS,
    "in JSON that is not canonical",
    "malformed",
)
def _spaced(scene: Scene) -> Call:
    return _spelled(scene, lambda text: json.dumps(json.loads(text), sort_keys=True))


@_wrong("form.kind", STATEMENTS, "signed as another kind")
def _other_kind(scene: Scene) -> Call:
    """A payload signed as another kind of statement."""
    call = scene.call()
    outer = envelope.read(call.query)
    signer = scene.cast.officer(ASKER, canonical.loads(outer.payload)["officer"])
    return replace(call, query=envelope.sign(Kind.REQUEST, outer.payload, [signer]))


@check(
    "form.large",
    "proto/node.proto",
    "a query whose content has more than 4 MiB",
    "refused before it is read",
)
def _(scene: Scene) -> str:
    call = scene.call()
    message = MatchRequest(
        query=Envelope(payload=call.query),
        attestation=Envelope(payload=call.attestation),
        approvals=[Envelope(payload=one) for one in call.approvals],
        content=Sealed(ciphertext=bytes(_LARGE)),
    )
    reply = ask(scene.door.unlimited().node.Match, message)
    demand(reply.status == "RESOURCE_EXHAUSTED" or reply.refused, str(reply))
    return f"refused: {reply.status.lower()}"


@check(
    "form.resealed",
    STATEMENTS,
    "content sealed rightly that is no encoding",
    "refused",
)
def _(scene: Scene) -> str:
    name = secrets.token_hex(16)
    key = scene.hub.shelf.book.sealing_key(scene.member, scene.now)
    bound = seal.Binding("query", name, ASKER, scene.member, EPOCH)
    content = seal.seal(b"no encoding", canonical.from_b64(key["key"]), bound)
    call = scene.call(
        query={"id": name, "targets": {scene.member: scene.target(content)}}
    )
    return refused(scene.match(replace(call, content=content)))
