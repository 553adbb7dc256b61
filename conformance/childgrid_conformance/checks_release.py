"""Checks of the one thing that cannot be taken back: what leaves, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from childgrid_conformance.cast import ASKER, QUORUM, SUPERVISOR
from childgrid_conformance.check import Check, Wrong, add, check, demand
from childgrid_conformance.scene import SECONDS, Asked, Call, Scene
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.entry import opens
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_log.service import log_key, witness_key
from childgrid_wire import canonical, seal
from childgrid_wire.errors import Unreachable, WireError
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import SendRequest
from childgrid_wire.statement import Statement

QUIET = 1.0
"""Seconds for which nothing may come after something else has been released."""


def _asked(scene: Scene) -> tuple[Call, Statement]:
    call = scene.call("known")
    answer = scene.answer(call)
    demand(answer["candidates"], "no candidate to ask for")
    return call, answer


def _released(scene: Scene, asked: Asked) -> SendRequest:
    def there() -> SendRequest | None:
        found = scene.hub.disclosed(asked.hash)
        gone = found is None and scene.hub.voids(asked.before)
        demand(not gone, "it took a release back")
        return found

    return scene.hub.wait("nothing was released", SECONDS, there)


@dataclass
class Held:
    """Requests that nobody may answer, by what is wrong with their approvals."""

    requests: dict[str, list[Asked]]
    fault: str = ""
    """Why a good request after them was not released, which makes silence worthless."""


def _held(scene: Scene) -> Held:
    """Make these requests once, and a good one after them.

    Where that has been released and nothing follows for a while, they were held back.
    """
    if "held" not in scene.kept:
        made = Held({name: make(scene) for name, make in _HOLD.items()})
        scene.kept["held"] = made
        try:
            _release(scene)
        except (WireError, Wrong) as error:
            made.fault = f"a good request was not released: {error}"
        _wait_for_any(scene, [one for some in made.requests.values() for one in some])
    held: Held = scene.kept["held"]
    return held


def _release(scene: Scene) -> None:
    good = scene.request(*_asked(scene), ["name"])
    scene.supervise(good)
    scene.decide(good, ["name"])
    _released(scene, good)


def _wait_for_any(scene: Scene, requests: list[Asked]) -> None:
    """Wait for a while in which a release that must not be would come."""

    def slipped() -> bool | None:
        return all(scene.hub.disclosed(one.hash) for one in requests) or None

    try:
        scene.hub.wait("quiet", QUIET, slipped)
    except Unreachable:
        return


def _check_held(scene: Scene, what: str) -> str:
    held = _held(scene)
    for one in held.requests[what]:
        demand(scene.hub.disclosed(one.hash) is None, "released")
    demand(not held.fault, held.fault)
    return "nothing released"


def _by_custodian(scene: Scene) -> list[Asked]:
    asked = scene.request(*_asked(scene), ["name"])
    scene.decide(asked, ["name"])
    return [asked]


def _by_supervisor(scene: Scene) -> list[Asked]:
    one = scene.request(*_asked(scene), ["name"])
    scene.supervise(one)
    return [one, scene.request(*_asked(scene), ["name"])]


def _forged(scene: Scene) -> list[Asked]:
    name = f"{ASKER}/{SUPERVISOR}"
    one = scene.request(*_asked(scene), ["name"])
    scene.supervise(one, sign=SeedSigner(name, scene.cast.seed("forger")))
    scene.decide(one, ["name"])
    two = scene.request(*_asked(scene), ["name"])
    scene.supervise(two, by=_person(two))
    scene.decide(two, ["name"])
    return [one, two]


_HOLD = {
    "custodian": _by_custodian,
    "supervisor": _by_supervisor,
    "forged": _forged,
}


def _verified(scene: Scene, asked: Asked, sent: SendRequest) -> Statement:
    said = scene.verified(sent.statement.payload, Kind.DISCLOSURE)
    demand(said["request"] == asked.hash, "it names another request")
    told = seal.digest(sent.content.ciphertext)
    demand(told == said["ciphertext"], "it names another ciphertext")
    return said


def _opened(asked: Asked, said: Statement, sent: SendRequest) -> dict[str, Any]:
    """The record, opened with the request's key alone."""
    own = canonical.loads(canonical.from_b64(canonical.loads(asked.data)["payload"]))
    bound = seal.Binding("disclosure", own["id"], said.issuer, ASKER, 0)
    return canonical.loads(seal.unseal(sent.content.ciphertext, asked.private, bound))


@check(
    "release.approved",
    "architecture: a disclosure",
    "a request approved by the requester's supervisor, and for two of three fields by "
    "the holder's custodian",
    "a `disclosure` sealed to the request's key, of just those two fields",
)
def _(scene: Scene) -> str:
    asked = scene.request(*_asked(scene), ["name", "note", "phone"])
    scene.supervise(asked)
    scene.decide(asked, ["name", "note"])
    sent = _released(scene, asked)
    said = _verified(scene, asked, sent)
    demand(said["fields"] == ["name", "note"], "other fields than were granted")
    given = _opened(asked, said, sent)["fields"]
    demand(sorted(given) == ["name", "note"], "other fields than it says")
    demand(given["note"] == ["ward 4"], "another record than the candidate's")
    scene.kept["release"] = asked, sent
    scene.hub.post(_receipt(scene, said))
    return "name, note"


def _receipt(scene: Scene, said: Statement) -> bytes:
    return scene.say(
        Kind.RECEIPT,
        ASKER,
        answers=said.hash,
        disclosure=said.hash,
        ciphertext=said["ciphertext"],
        opened=True,
    )


@check(
    "release.proof",
    "architecture: a disclosure, logs",
    "the proof that came with the disclosure",
    "its leaf stands in the node's log under a checkpoint that a quorum has cosigned",
)
def _(scene: Scene) -> str:
    demand("release" in scene.kept, "nothing was released")
    asked, sent = scene.kept["release"]
    said = _verified(scene, asked, sent)
    view = scene.hub.shelf.book.latest(scene.now)
    eyes = [witness_key(view, one["id"]).vkey for one in view.witnesses(scene.member)]
    proof = sent.proof
    opened = open_checkpoint(
        proof.checkpoint.encode(), log_key(view, scene.member).vkey, eyes, QUORUM
    )
    verify_inclusion(
        leaf_hash(proof.leaf.encode()),
        proof.index,
        opened.checkpoint.size,
        [canonical.from_b64(one) for one in proof.hashes],
        opened.checkpoint.root,
    )
    salt = bytes.fromhex(proof.salt)
    demand(opens(proof.leaf.encode(), salt, said.data), "the leaf is of another")
    return f"leaf {proof.index}, {len(opened.cosigned)} cosignatures"


_WORDS = (
    ("custodian", "a request that the custodian alone approved"),
    (
        "supervisor",
        "a request that the requester's side alone approved; another that nobody did",
    ),
    (
        "forged",
        "requests that the custodian approved, and the supervisor by a forged "
        "signature; or the asker in the supervisor's place",
    ),
)
for _what, _sent in _WORDS:
    add(
        Check(
            f"release.{_what}",
            "approvals",
            _sent,
            "nothing is released",
            partial(_check_held, what=_what),
        )
    )


def _person(asked: Asked) -> str:
    body = canonical.loads(canonical.from_b64(canonical.loads(asked.data)["payload"]))
    return f"{body['issuer']}/{body['officer']}"


@check(
    "release.quorum",
    "architecture: a disclosure, logs",
    "a request with every approval, while too few witnesses can be reached",
    "nothing is released until a quorum is back",
)
def _(scene: Scene) -> str:
    hub = scene.hub
    asked = scene.request(*_asked(scene), ["name"])
    scene.supervise(asked)
    reachable, before = set(hub.reachable), hub.nonces
    hub.reachable = set(sorted(reachable)[: QUORUM - 1])
    try:
        scene.decide(asked, ["name"])
        hub.wait("it asks no witness", SECONDS, lambda: hub.nonces > before or None)
        try:
            hub.wait("quiet", QUIET, lambda: hub.disclosed(asked.hash))
        except Unreachable:
            pass
        demand(hub.disclosed(asked.hash) is None, "released without a quorum")
    finally:
        hub.reachable = reachable
    _released(scene, asked)
    return "waits, then releases"
