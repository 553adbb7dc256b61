"""Checks of a node's log and of the node as a witness of another's."""

from __future__ import annotations

import secrets
from typing import Any

from childgrid_conformance.cast import QUORUM
from childgrid_conformance.check import Wrong, check, demand, refused
from childgrid_conformance.door import Reply, ask
from childgrid_conformance.scene import Scene
from childgrid_conformance.tree import Tree
from childgrid_log.checkpoint import Checkpoint, open_checkpoint
from childgrid_log.entry import opens
from childgrid_log.keys import Verifier
from childgrid_log.merkle import leaf_hash, root_of
from childgrid_log.note import Note, SignatureLine, verify_line
from childgrid_log.service import log_key, witness_key
from childgrid_wire.errors import Unreachable
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.log_pb2 import CheckpointRequest, EntriesRequest
from childgrid_wire.pb.witness_pb2 import CosignRequest

_PAGE = 1_000
COVERED = 10.0
"""Seconds after which what was answered must stand under a cosigned checkpoint."""


def head(scene: Scene) -> Checkpoint:
    """The newest checkpoint, verified with its cosignatures.

    Raises:
        NoteError: signature or quorum don't hold.
    """
    reply = ask(scene.door.auditor().log.Checkpoint, CheckpointRequest())
    demand(reply.status == "OK", f"refused: {reply}")
    view = scene.hub.shelf.book.latest(scene.now)
    eyes = [witness_key(view, one["id"]).vkey for one in view.witnesses(scene.member)]
    note = reply.value.checkpoint.encode()
    key = log_key(view, scene.member).vkey
    return open_checkpoint(note, key, eyes, QUORUM).checkpoint


def entries(scene: Scene, size: int) -> list[Any]:
    """The first `size` entries."""
    found: list[Any] = []
    while len(found) < size:
        call = EntriesRequest(start=len(found), count=min(_PAGE, size - len(found)))
        reply = ask(scene.door.auditor().log.Entries, call)
        demand(reply.status == "OK", f"refused: {reply}")
        demand(reply.value.entries, "entries are missing")
        found += reply.value.entries
    return found


def covering(scene: Scene, name: bytes) -> tuple[Checkpoint, list[Any]]:
    """A checkpoint and its entries, once the statement `name` (bytes) is among them."""

    def there() -> tuple[Checkpoint, list[Any]] | None:
        at = head(scene)
        found = entries(scene, at.size)
        said = {one.statement.payload for one in found}
        return (at, found) if name in said else None

    try:
        return scene.hub.wait("the log", COVERED, there)
    except Unreachable as error:
        raise Wrong("under no cosigned checkpoint in time") from error


def _root(found: list[Any]) -> bytes:
    return root_of(leaf_hash(one.leaf.encode()) for one in found)


@check(
    "log.checkpoint",
    "architecture: logs",
    "`Checkpoint` by an auditor",
    "a note signed by the log's key in the directory and cosigned by a quorum",
)
def _(scene: Scene) -> str:
    at = head(scene)
    demand(at.size > 0, "an empty log")
    scene.kept["head"] = at
    return f"size {at.size}"


@check(
    "log.inclusion",
    "architecture: logs",
    "`Entries` after a query was answered",
    "query and answer are leaves that their salts open, under the checkpoint's root",
)
def _(scene: Scene) -> str:
    call = scene.call("known")
    said = scene.answer(call)
    at, found = covering(scene, said.data)
    demand(_root(found) == at.root, "the entries are not the checkpoint's")
    scene.kept["log"] = call, said, found
    for data in (call.query, said.data):
        leaves = [one for one in found if one.statement.payload == data]
        demand(leaves, "the query is not in the log")
        (leaf,) = leaves
        good = opens(leaf.leaf.encode(), bytes.fromhex(leaf.salt), data)
        demand(good, "the leaf is of something else")
    return f"leaf of {at.size}"


@check(
    "log.grows",
    "architecture: logs",
    "checkpoints and `Entries` before and after a query",
    "the earlier checkpoint's leaves are the first of the later one",
)
def _(scene: Scene) -> str:
    old = head(scene)
    said = scene.answer(scene.call("stranger"))
    new, found = covering(scene, said.data)
    demand(new.size > old.size, "the log does not grow")
    demand(_root(found[: old.size]) == old.root, "the earlier leaves are others")
    demand(_root(found) == new.root, "the entries are not the checkpoint's")
    return f"{old.size} to {new.size}"


@check(
    "log.bare",
    "architecture: statements",
    "`Entries` by an auditor",
    "a leaf is a commitment: nothing of officer, case or candidate",
)
def _(scene: Scene) -> str:
    demand("log" in scene.kept, "no query was found in the log")
    call, said, found = scene.kept["log"]
    secrets_ = [one["handle"] for one in said["candidates"]]
    secrets_ += [call.hash, said.hash]
    for one in found:
        demand(not any(word in one.leaf for word in secrets_), "a leaf says too much")
    return f"{len(found)} leaves"


def _cosign(scene: Scene, call: CosignRequest) -> Reply:
    return ask(scene.door.hub().witness.Cosign, call)


def _denied(reply: Reply, *kinds: str) -> str:
    """No cosignature, by a refusal of the protocol or an error of the table."""
    if reply.status == "OK":
        demand(not reply.value.cosignature, "cosigned")
        demand(reply.value.refusal in kinds, f"said `{reply.value.refusal}`")
        return f"refused: {reply.value.refusal}"
    return refused(reply)


def _grown(scene: Scene) -> tuple[Tree, int]:
    """The kit's log, grown by three leaves that the node has cosigned."""
    tree, size = scene.tree()
    reply = _cosign(scene, tree.call(size, size + 3))
    demand(reply.status == "OK" and reply.value.cosignature, f"not cosigned: {reply}")
    scene.kept["size"] = size + 3
    return tree, size + 3


@check(
    "witness.cosigns",
    "proto/witness.proto",
    "a checkpoint of another member's log that has grown, with a nonce",
    "a cosignature by the witness key in the directory, and a `freshness` statement "
    "under the nonce",
)
def _(scene: Scene) -> str:
    tree, size = scene.tree()
    nonce = secrets.token_hex(16)
    call = tree.call(size, size + 3, nonce)
    reply = _cosign(scene, call)
    demand(reply.status == "OK" and reply.value.cosignature, f"not cosigned: {reply}")
    scene.kept["size"] = size + 3
    line = SignatureLine.parse(reply.value.cosignature.removesuffix("\n"))
    key: Verifier = witness_key(scene.hub.shelf.book.latest(scene.now), scene.member)
    verify_line(Note.parse(call.checkpoint.encode()).text, line, key)
    fresh = scene.verified(reply.value.freshness.payload, Kind.FRESHNESS)
    demand(fresh["nonce"] == nonce, "freshness under another nonce")
    return "cosigned"


@check(
    "witness.fork",
    "architecture: logs",
    "another root for a size that it has cosigned",
    "no cosignature; it is called `split-view`",
)
def _(scene: Scene) -> str:
    tree, size = _grown(scene)
    fork = Tree(tree.member, tree.seed, "forked")
    return _denied(_cosign(scene, fork.call(size, size)), "split-view")


@check(
    "witness.rollback",
    "architecture: logs",
    "a smaller checkpoint than the last that it has cosigned",
    "no cosignature",
)
def _(scene: Scene) -> str:
    tree, size = _grown(scene)
    saw = _denied(
        _cosign(scene, tree.call(size, size - 1, proof=())), "conflict", "split-view"
    )
    _denied(_cosign(scene, tree.call(size - 2, size - 1)), "conflict", "split-view")
    return saw


@check(
    "witness.proof",
    "architecture: logs",
    "a larger checkpoint whose consistency proof does not hold",
    "no cosignature",
)
def _(scene: Scene) -> str:
    tree, size = _grown(scene)
    fork = Tree(tree.member, tree.seed, "forked")
    return _denied(_cosign(scene, fork.call(size, size + 1)), "conflict")


@check(
    "witness.key",
    "architecture: logs",
    "a checkpoint signed by another key than the directory's",
    "no cosignature",
)
def _(scene: Scene) -> str:
    tree, size = _grown(scene)
    forged = Tree(tree.member, scene.cast.seed("forged log"))
    return _denied(_cosign(scene, forged.call(size, size + 1)))


@check(
    "witness.own",
    "architecture: logs",
    "a checkpoint of its own log",
    "no cosignature: a log's owner does not count",
)
def _(scene: Scene) -> str:
    tree = Tree(scene.member, scene.cast.seed("own"))
    return _denied(_cosign(scene, tree.call(0, 1)))
