"""The board: signed documents by way of the coordinator, believed by none.

Each document is verified by the shelf that takes it. One that does not verify is named
and passed over, so that a coordinator can't stop an auditor with a bad page.
"""

from __future__ import annotations

from typing import Any

from childgrid_audit import spool
from childgrid_audit.config import Settings
from childgrid_audit.station import Station
from childgrid_wire import channel
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import WireError
from childgrid_wire.pb.coordinator_pb2 import FetchRequest, PublishRequest
from childgrid_wire.pb.coordinator_pb2_grpc import BoardServiceStub
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.shelf import Shelf

SECONDS = 30.0


def fetch(stub: Any, shelf: Shelf, cursor: int = 0) -> tuple[int, list[str]]:  # noqa: ANN401
    """Take in everything behind `cursor`.

    Args:
        stub: a `BoardServiceStub`.
        shelf: where verified documents go.
        cursor: what an earlier call returned.

    Returns:
        The new cursor, and what was wrong with each document that was passed over.

    Raises:
        Refused, Unreachable: the coordinator did not answer.
    """
    faults: list[str] = []
    while True:
        page = channel.call(stub.Fetch, FetchRequest(cursor=cursor), SECONDS)
        for document in page.documents:
            try:
                shelf.add(document.payload)
            except WireError as error:
                faults.append(f"{error.reason.value} {error.detail}".rstrip())
        if not page.documents or page.cursor <= cursor:
            return max(cursor, page.cursor), faults
        cursor = page.cursor


def publish(station: Station, settings: Settings, document: bytes) -> None:
    """Hang a document of this station on the board; repeating it is harmless.

    Raises:
        Refused, Unreachable: the coordinator said no, or nothing; the witness at work
            tries again.
    """
    dialer = Dialer(station.identity.credentials("auditor", station.clock))
    peer = Peer(settings.coordinator, "coordinator")
    try:
        stub = BoardServiceStub(dialer.channel(settings.coordinator_address, peer))
        hang(stub, document)
        spool.forget(station.folder, document)
    finally:
        dialer.close()


def hang(stub: Any, document: bytes) -> None:  # noqa: ANN401
    """Hang a document up by `stub`, a `BoardServiceStub`; raises as `publish`."""
    asked = PublishRequest(document=Envelope(payload=document))
    channel.call(stub.Publish, asked, SECONDS)
