"""How an agency comes in: keys at home, a token, the founders, the linkage key.

`join` may be repeated at any time and goes on where it stopped:

    submitted   the enrolment has just reached the founders' inbox
    pending     it waits there, or the directory that answers it is not up yet
    keyless     certificates are installed; two members must still wrap the key
    joined      the linkage key is here and is the one that the directory names

While the grid rotates its key, that of each accepted epoch is taken; `joined` speaks of
the current one.

The coordinator carries all of it and is believed in nothing: the root is pinned by
the token, the answer is held against the founders' directory, the key against its
key check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from childgrid_log.claim import Claim
from childgrid_node import ceremony
from childgrid_node.encode import key_check
from childgrid_wire import board, canonical, channel
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.enrolment import Token, keys_fingerprint
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
    Untrusted,
)
from childgrid_wire.joining import Details, Joiner
from childgrid_wire.pb.coordinator_pb2 import EnrolRequest
from childgrid_wire.pb.coordinator_pb2_grpc import (
    BoardServiceStub,
    JoiningServiceStub,
)
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.shelf import Shelf
from childgrid_wire.trust import View

SECONDS = 20.0
_ROLES = {"agency": "node", "auditor": "auditor", "coordinator": "coordinator"}

Clock = Callable[[], float]
Stubs = tuple[Any, Any]
"""A JoiningService and a BoardService stub."""
Dial = Callable[[str, Peer, Pair, bytes], AbstractContextManager[Stubs]]
"""Opens a connection: address, peer, our certificate pair, the PEM root."""


class State(StrEnum):
    """How far a member has come; see the module."""

    SUBMITTED = "submitted"
    PENDING = "pending"
    KEYLESS = "keyless"
    JOINED = "joined"


@dataclass(frozen=True)
class JoinState:
    """Where we stand, and what people compare by telephone.

    `keys` is our fingerprint for the founders and the wrappers, `root` the grid's;
    `detail` says what is awaited.
    """

    state: State
    member: str
    keys: str
    root: str
    detail: str = ""


@contextmanager
def dial(address: str, peer: Peer, pair: Pair, root: bytes) -> Iterator[Stubs]:
    """A connection to the coordinator by gRPC and mutual TLS.

    Raises:
        Unreachable: naming the address beside what the transport says.
    """
    opened = channel.connect(address, peer, pair, root)
    try:
        yield JoiningServiceStub(opened), BoardServiceStub(opened)
    except Unreachable as error:
        raise Unreachable(f"{address}, {error.detail}") from error
    finally:
        opened.close()


def join(
    folder: Path,
    token_path: Path,
    passphrase: bytes,
    details: Details,
    clock: Clock,
    dial: Dial = dial,
) -> JoinState:
    """Take the next step into the grid; see the module.

    Args:
        folder: the member's state folder.
        token_path: the founders' token, mode 600.
        passphrase: locks the member's keys, at least 12 bytes.

    Raises:
        ConfigurationRefused: token, folder or details are not usable as they are.
        Refused: the token has run out, or the coordinator refused.
        Untrusted: an answer or a document does not verify; nothing was installed.
        Unreachable: the coordinator did not answer.
    """
    token = Token.read(token_path)
    joiner = Joiner.begin(folder, token, passphrase, details, int(clock()))
    if joiner.settled:
        _refresh(joiner, token, clock, dial)
        return _standing(joiner, passphrase, clock)
    first = not joiner.handed_in
    answered = _enrol(joiner, token, clock, dial)
    if not answered:
        state = State.SUBMITTED if first else State.PENDING
        return _state(joiner, state, "the founders have not answered yet")
    return _standing(joiner, passphrase, clock)


def _enrol(joiner: Joiner, token: Token, clock: Clock, dial: Dial) -> bool:
    """Hand the enrolment in; whether it was answered and installed."""
    now = int(clock())
    if token.expires <= now:
        raise Refused(Reason.EXPIRED, "token")
    if not token.address:
        raise ConfigurationRefused("the token names no coordinator; ask for another")
    peer = Peer(token.coordinator, "coordinator")
    with dial(token.address, peer, token.joiner, token.root) as (joining, hanging):
        request = EnrolRequest(enrolment=Envelope(payload=joiner.asked.data))
        answer = channel.call(joining.Enrol, request, SECONDS)
        joiner.note_handed_in()
        if answer.state != "welcome":
            return False
        with _kept(joiner) as shelf:
            board.fetch(hanging, shelf, seconds=SECONDS)
    if answer.root.encode() != token.root:
        raise Untrusted(Reason.UNKNOWN_KEY, "root certificate")
    return _accept(joiner, answer.issuer.encode(), token.root, now)


def _accept(joiner: Joiner, issuer: bytes, root: bytes, now: int) -> bool:
    """Install the answer, unless the directory that confirms it is still to come."""
    book = joiner.shelf.book
    if not book.directories:
        return False
    known = {entry["id"] for entry in book.directories[-1]["members"]}
    if joiner.own.member not in known:
        return False
    joiner.accept(issuer, root, now)
    return True


def _refresh(joiner: Joiner, token: Token, clock: Clock, dial: Dial) -> None:
    """Fetch what hangs on the board since, with our own certificate."""
    view = joiner.shelf.book.latest(int(clock()))
    kind = view.member(joiner.own.member)["kind"]
    places = [(one["id"], one["address"]) for one in view.members("coordinator")]
    member, address = places[0] if places else (token.coordinator, token.address)
    if kind == "coordinator" or not address:
        return
    pair, root = joiner.own.credentials(_ROLES[kind], clock)()
    peer = Peer(member, "coordinator")
    with dial(address, peer, pair, root) as (_, hanging), _kept(joiner) as shelf:
        board.fetch(hanging, shelf, seconds=SECONDS)


@contextmanager
def _kept(joiner: Joiner) -> Iterator[Shelf | Book]:
    """Where the board is taken into: only in memory while a node is at work here."""
    claim = None
    if Claim.file(joiner.folder).exists():
        try:
            claim = Claim(joiner.folder)
        except ConfigurationRefused:
            yield joiner.shelf.book
            return
    try:
        yield joiner.shelf
    finally:
        if claim is not None:
            claim.release()


def status(folder: Path, passphrase: bytes, clock: Clock) -> JoinState:
    """Where we stand by what is on disk; opens wrapped keys that have come."""
    joiner = Joiner.resume(folder, passphrase)
    if not joiner.settled:
        return _state(joiner, State.PENDING, "the founders have not answered yet")
    return _standing(joiner, passphrase, clock)


def _standing(joiner: Joiner, passphrase: bytes, clock: Clock) -> JoinState:
    view = joiner.shelf.book.latest(int(clock()))
    if view.member(joiner.own.member)["kind"] != "agency":
        return _state(joiner, State.JOINED, "")
    epochs = view.directory["epochs"]
    if not epochs["current"]:
        return _state(joiner, State.KEYLESS, "no linkage key is in force yet")
    awaited = {}
    for epoch in epochs["accepted"]:
        try:
            _take_key(joiner, view, epoch, passphrase)
        except Refused as error:
            awaited[epoch] = error.detail
    if epochs["current"] in awaited:
        return _state(joiner, State.KEYLESS, awaited[epochs["current"]])
    told = "; ".join(f"epoch {epoch}: {why}" for epoch, why in awaited.items())
    return _state(joiner, State.JOINED, told)


def _take_key(joiner: Joiner, view: View, epoch: int, passphrase: bytes) -> None:
    """Make sure that the linkage key of `epoch` is here and is the grid's.

    Raises:
        Refused: it is not here and too few have wrapped it, or ours is another.
    """
    keys = joiner.folder / "keys"
    digest = scheme_digest(joiner.shelf.book.document(view.directory["scheme"]).body)
    if ceremony.linkage_file(keys, epoch).exists():
        key = ceremony.unlock(keys, epoch, passphrase)
        expected = view.directory["key_checks"].get(f"e{epoch}")
        if key_check(key, epoch, digest).hex() != expected:
            raise Refused(Reason.CEREMONY, "our linkage key is not the grid's")
        return
    key = ceremony.open_wraps(joiner.shelf.book, view, joiner.own, epoch, digest)
    ceremony.keep(keys, epoch, key, passphrase)


def scheme_digest(scheme: dict[str, Any]) -> bytes:
    """SHA-256 of the scheme document (32 bytes) that a `scheme` statement names."""
    return canonical.from_hex(str(scheme["document"]))


def _state(joiner: Joiner, state: State, detail: str) -> JoinState:
    return JoinState(
        state,
        joiner.own.member,
        keys_fingerprint(joiner.asked["member"]),
        joiner.shelf.book.root,
        detail,
    )
