"""The verb *succeed*: ask the founders to close our log where witnesses saw it last.

For a log that is behind its witnesses, or gone, while the keys are still here. It makes
the key of the next log, lets the coordinator ask every witness what it has cosigned
last, and writes both to one file for the founders (`childgrid_log.plea`). The node may
stand still meanwhile or not run at all; nothing of its state changes but the new key.

The rule: it writes nothing with which the founders could not close the log, nor
anything for a log that is whole: that one would go on meanwhile, and once its witnesses
have seen more than it was closed at, none of them helps its successor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from childgrid_log import lineage, plea
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.claim import Claim
from childgrid_log.errors import LogError, PleaRefused
from childgrid_log.log import Log
from childgrid_node import succession
from childgrid_node.config import NodeConfig
from childgrid_wire import board, channel, keyfile
from childgrid_wire.book import Book
from childgrid_wire.certificates import Peer
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from childgrid_wire.identity import Identity
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc as rpc
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from childgrid_wire.shelf import Shelf

Say = Callable[[str], None]
_WAIT_MS = 10_000
_SECONDS = 20.0


def succeed(
    config: NodeConfig, out: Path, clock: Callable[[], float], say: Say
) -> plea.Closing | None:
    """Write the request to close this node's log to `out`; returns what it proves.

    None where the founders have done so already. The directory that says so is kept
    then, for a node that can't start to read it.

    Raises:
        Refused: `no-quorum`, too few witnesses have answered: try again.
        Unreachable: the coordinator is away: try again.
        ConfigurationRefused: not joined, the file is there already, or the log here is
            whole and not behind.
    """
    if out.exists():
        raise ConfigurationRefused(f"{out} is there already: name another file")
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.prepare_log(config.state_dir / "keys", passphrase)
    shelf = Shelf.open(config.state_dir / "documents")
    book = shelf.book
    runs = Claim.is_held(config.state_dir)
    replies = _ask(config, identity, book if runs else shelf, clock)
    view = book.latest(int(clock()))
    log = lineage.present(view.member(identity.member))
    if succession.seed_of(identity, log) == identity.next_log_key:
        say("the founders have named the successor: `childgrid-node serve` begins it")
        return None
    words = plea.usable(view, log, [one.latest.encode() for one in replies])
    data = plea.make(identity, log.number, words)
    try:
        closing = plea.read(data, view)
    except PleaRefused as error:
        raise Refused(Reason.NO_QUORUM, str(error)) from error
    insist_behind(config.state_dir, identity, log, closing.end)
    keyfile.write_private(out, data)
    entry = {**view.member(identity.member), "log_key": closing.log_key}
    _tell(closing, keys_fingerprint(entry), out, say)
    return closing


def _tell(closing: plea.Closing, fingerprint: str, out: Path, say: Say) -> None:
    """What is compared with the founders, and where the file goes."""
    seen = ", ".join(f"{who} {size}" for who, size in closing.words.items())
    say(f"witnesses saw: {seen}")
    say(f"each founder reads before signing: closes at {closing.end.size} leaves, keys")
    say(f"  {fingerprint}: compare both with them by telephone")
    say(f"{out}: for the founders, within a day: `childgrid-authority close-log`")


def insist_behind(
    state_dir: Path, identity: Identity, log: lineage.Generation, seen: Checkpoint
) -> None:
    """Refuse where our log is whole and has all that was `seen` of it.

    Raises:
        ConfigurationRefused: it is.
    """
    seed = succession.seed_of(identity, log)
    if seed is None:
        return
    try:
        with Log.open(succession.path_of(state_dir), log.origin, seed) as own:
            own.check_against(seen)
    except (LogError, sqlite3.Error):
        return
    raise ConfigurationRefused(
        f"the log here has all {seen.size} leaves that witnesses saw: there is nothing"
        " to close; start `childgrid-node serve`"
    )


def _ask(
    config: NodeConfig,
    identity: Identity,
    into: Shelf | Book,
    clock: Callable[[], float],
) -> list[CosignResponse]:
    """What each witness says; the newest documents go `into` a shelf besides.

    A book in its place keeps none of them: a node is at work on its own.
    """
    pair, root = identity.credentials("node", clock)()
    at = config.coordinator
    opened = channel.connect(at.address, Peer(at.member, "coordinator"), pair, root)
    try:
        board.fetch(rpc.BoardServiceStub(opened), into, 0, _SECONDS)
        call = CosignRequest(log=identity.member)
        request = pb.WitnessRequest(call=call, wait_ms=_WAIT_MS)
        stub = rpc.ExchangeServiceStub(opened)
        reply = channel.call(stub.Witness, request, _WAIT_MS / 1000 + _SECONDS)
        return list(reply.replies.values())
    finally:
        opened.close()
