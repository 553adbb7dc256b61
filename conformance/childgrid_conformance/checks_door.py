"""Checks of the listener: TLS, names, who may call what, and for how long."""

from __future__ import annotations

import ssl

from childgrid_conformance.cast import ASKER, AUDITORS, HUB, stranger
from childgrid_conformance.check import check, demand, refused
from childgrid_conformance.door import Reply, Stubs, ask
from childgrid_conformance.scene import Scene
from childgrid_wire.pb.desk_pb2 import GreetRequest
from childgrid_wire.pb.log_pb2 import CheckpointRequest


def _kept_out(reply: Reply) -> str:
    """No connection came about: an answer or a handler's word would be one."""
    demand(reply.status == "UNAVAILABLE", str(reply))
    return "no connection"


@check(
    "tls.version",
    "threat model, 7",
    "handshakes of TLS 1.2 and of TLS 1.3 with the coordinator's certificate",
    "only TLS 1.3 is spoken",
)
def _(scene: Scene) -> str:
    door = scene.door
    demand(door.speaks(ssl.TLSVersion.TLSv1_3), "TLS 1.3 is not spoken")
    demand(not door.speaks(ssl.TLSVersion.TLSv1_2), "TLS 1.2 is spoken")
    return "TLS 1.3 only"


@check("tls.none", "threat model, 7", "a call without a certificate", "no connection")
def _(scene: Scene) -> str:
    reply = ask(scene.door.anonymous().node.Match, scene.call().message)
    return _kept_out(reply)


@check(
    "tls.stranger",
    "threat model, 7",
    "a call as coordinator by a certificate of another root",
    "no connection",
)
def _(scene: Scene) -> str:
    other = stranger(scene.cast.identities[HUB], scene.now)
    stubs = Stubs.over(scene.door.channel(other, "coordinator"))
    return _kept_out(ask(stubs.node.Match, scene.call().message))


@check(
    "tls.name",
    "threat model, 7",
    "a call that expects another member at this address",
    "no connection: the node shows its own name only",
)
def _(scene: Scene) -> str:
    stubs = scene.door.expecting(ASKER)
    return _kept_out(ask(stubs.node.Match, scene.call().message))


@check(
    "tls.posing",
    "threat model, 7",
    "a call as `coordinator` by an agency's own issuer",
    "refused: the directory says who is a coordinator",
)
def _(scene: Scene) -> str:
    stubs = scene.door.as_(ASKER, "coordinator")
    return refused(ask(stubs.node.Match, scene.call().message), "wrong-role")


@check(
    "calls.match",
    "proto/node.proto",
    "`Match` by another agency's node and by an auditor",
    "refused",
)
def _(scene: Scene) -> str:
    message = scene.call().message
    for member, role in ((ASKER, "node"), (AUDITORS[0], "auditor")):
        stubs = scene.door.as_(member, role)
        saw = refused(ask(stubs.node.Match, message), "wrong-role")
    return saw


@check(
    "calls.log",
    "proto/log.proto",
    "`Checkpoint` by the coordinator and by another agency's node",
    "refused: auditors alone read a log",
)
def _(scene: Scene) -> str:
    for member, role in ((HUB, "coordinator"), (ASKER, "node")):
        stubs = scene.door.as_(member, role)
        saw = refused(ask(stubs.log.Checkpoint, CheckpointRequest()), "wrong-role")
    return saw


@check(
    "calls.cosign",
    "proto/witness.proto",
    "`Cosign` by an auditor",
    "refused: the coordinator carries checkpoints",
)
def _(scene: Scene) -> str:
    tree, size = scene.tree()
    call = tree.call(size, size)
    return refused(ask(scene.door.auditor().witness.Cosign, call), "wrong-role")


@check(
    "calls.desk",
    "proto/desk.proto",
    "a desk's call at the grid listener",
    "not served there",
)
def _(scene: Scene) -> str:
    reply = ask(scene.door.hub().desk.Greet, GreetRequest())
    demand(reply.status == "UNIMPLEMENTED" or reply.refused, str(reply))
    return "not served"


@check(
    "calls.deadline",
    "errors: deadline",
    "a query without a deadline, and one with an hour",
    "refused with `deadline`",
)
def _(scene: Scene) -> str:
    message = scene.call().message
    for seconds in (None, 3_600.0):
        reply = ask(scene.door.hub().node.Match, message, seconds)
        saw = refused(reply, "deadline")
    return saw
