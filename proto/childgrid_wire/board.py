"""Reading the board: every document that hangs there, verified before it is kept."""

from __future__ import annotations

from typing import Any

from childgrid_wire import channel
from childgrid_wire.book import Book
from childgrid_wire.errors import Malformed
from childgrid_wire.pb.coordinator_pb2 import FetchRequest
from childgrid_wire.shelf import Shelf


def fetch(
    board: Any,  # noqa: ANN401 - a BoardServiceStub; grpc's stubs are untyped
    shelf: Shelf | Book,
    cursor: int = 0,
    seconds: float = 10.0,
) -> int:
    """Take what hangs after `cursor` into `shelf`; returns the next cursor.

    A `Book` in its place keeps it in memory only.

    Raises:
        Malformed, Untrusted: a document does not verify; those before it were kept.
        Refused, Unreachable: as `channel.call`.
    """
    while True:
        page = channel.call(board.Fetch, FetchRequest(cursor=cursor), seconds)
        for document in page.documents:
            shelf.add(document.payload)
        if not page.documents:
            return cursor
        if page.cursor <= cursor:
            raise Malformed("the board's cursor does not move")
        cursor = page.cursor
