"""How a station joins: its enrolment, then what the founders return.

The keys are made at home and stay there. The enrolment answers the founders' token and
goes to them by the coordinator or as a file; their answer is believed once it verifies
from the token's fingerprint on.
"""

from __future__ import annotations

from pathlib import Path

import grpc

from childgrid_audit.config import Settings
from childgrid_audit.station import Station
from childgrid_log.errors import LogExists
from childgrid_wire import channel, enrolment, keyfile
from childgrid_wire.certificates import Peer
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.pb.coordinator_pb2 import (
    EnrolRequest,
    EnrolResponse,
    FetchRequest,
)
from childgrid_wire.pb.coordinator_pb2_grpc import BoardServiceStub, JoiningServiceStub
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.shelf import Shelf

KIND = "auditor"
SECONDS = 30.0
_ENROLMENT = "enrolment.dsse"


def enrol(
    settings: Settings,
    passphrase: bytes,
    token: Token,
    title: str,
    address: str,
    now: int,
) -> tuple[bytes, str]:
    """Make the station (or open it), pin the grid, and write the enrolment.

    Repeating it with the same token and entry gives the same bytes.

    Returns:
        The envelope, and the fingerprint that the founders compare aloud.

    Raises:
        ConfigurationRefused: a short or wrong passphrase, or another's token.
        Refused: the token has run out.
        Malformed: title or address are not in form.
    """
    if (token.member, token.kind) != (settings.member, KIND):
        raise ConfigurationRefused("the token is not for this auditor")
    folder = settings.state_dir
    try:
        Station.create(folder, token.member, passphrase, token.fingerprint).close()
    except LogExists:
        Station.open(folder, passphrase).close()
        Shelf.create(folder / "documents", token.fingerprint)
    own = Identity.open(folder / "keys", passphrase)
    entry = own.entry(title=title, kind=KIND, uses=[], categories=[], address=address)
    kept = folder / _ENROLMENT
    if not kept.exists() or enrolment.verify(kept.read_bytes())["member"] != entry:
        keyfile.write_private(kept, enrolment.make(own, token, entry, now))
    return kept.read_bytes(), enrolment.keys_fingerprint(entry)


def hand_in(token: Token, envelope: bytes) -> EnrolResponse:
    """Hand the enrolment in at the coordinator; ask again until it is answered.

    Returns:
        State `pending` or `welcome`, and with the latter the PEM certificates.

    Raises:
        ConfigurationRefused: the token names no coordinator.
        Refused, Unreachable: the coordinator said no, or nothing.
    """
    asked = EnrolRequest(enrolment=Envelope(payload=envelope))
    with _link(token) as link:
        stub = JoiningServiceStub(link)
        answer: EnrolResponse = channel.call(stub.Enrol, asked, SECONDS)
        return answer


def fetch_documents(token: Token) -> list[bytes]:
    """Everything on the board; nothing of it is believed yet.

    Raises:
        ConfigurationRefused, Refused, Unreachable: as `hand_in`.
    """
    documents: list[bytes] = []
    cursor = 0
    with _link(token) as link:
        stub = BoardServiceStub(link)
        while True:
            page = channel.call(stub.Fetch, FetchRequest(cursor=cursor), SECONDS)
            documents += [one.payload for one in page.documents]
            if not page.documents or page.cursor <= cursor:
                return documents
            cursor = page.cursor


def _link(token: Token) -> grpc.Channel:
    if not token.coordinator:
        raise ConfigurationRefused("the token names no coordinator: use files")
    peer = Peer(token.coordinator, "coordinator")
    return channel.connect(token.address, peer, token.joiner, token.root)


def install(
    settings: Settings,
    passphrase: bytes,
    documents: list[bytes],
    issuer: bytes,
    root: bytes,
    now: int,
) -> int:
    """Take the founders' answer: documents in any order, and two certificates (PEM).

    Returns:
        How many documents are known now.

    Raises:
        ConfigurationRefused: `join` has not been run, or a document does not verify.
        Untrusted: the certificates are not what the directory says of us.
    """
    shelf = Shelf.open(settings.state_dir / "documents")
    _take_all(shelf, documents)
    try:
        asked = enrolment.verify((settings.state_dir / _ENROLMENT).read_bytes())
    except OSError as error:
        raise ConfigurationRefused("no enrolment was made; join first") from error
    keys = settings.state_dir / "keys"
    own = Identity.open(keys, passphrase)
    enrolment.install(keys, own, asked, shelf.book.latest(now), issuer, root)
    return len(shelf.documents())


def _take_all(shelf: Shelf, waiting: list[bytes]) -> None:
    while waiting:
        left = [data for data in waiting if not _added(shelf, data)]
        if len(left) == len(waiting):
            raise ConfigurationRefused("a document does not verify here")
        waiting = left


def _added(shelf: Shelf, data: bytes) -> bool:
    try:
        shelf.add(data)
    except WireError:
        return False
    return True


def read_pack(folder: Path) -> tuple[list[bytes], bytes, bytes]:
    """Read the founders' answer: `documents/*.dsse`, `issuer.pem` and `root.pem`.

    Raises:
        ConfigurationRefused: a file is missing.
    """
    try:
        paths = sorted((folder / "documents").glob("*.dsse"))
        issuer, root = ((folder / n).read_bytes() for n in ("issuer.pem", "root.pem"))
        return [path.read_bytes() for path in paths], issuer, root
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {error.filename}") from error
