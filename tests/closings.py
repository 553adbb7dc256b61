"""A log is closed in the tests: what a member asks, and what founders sign for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from childgrid_authority import succession
from childgrid_log import lineage, plea
from childgrid_wire import envelope
from childgrid_wire.book import Book
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.pb.witness_pb2 import CosignRequest

Relay = Callable[[WitnessRequest], WitnessResponse]


def heir(own: Identity) -> Identity:
    """A member that has prepared the key of the log after its present one."""
    return replace(own, next_log_key=hashlib.sha256(own.log_key).digest())


def heired(own: Identity) -> Identity:
    """The same member once the founders have named that key."""
    key = heir(own).next_log_key
    return replace(own, log_key=key, closed_log_keys=(own.log_key,))


def words(relay: Relay, member: str) -> dict[str, bytes]:
    """What each witness says that it cosigned last of the member's log in force."""
    reply = relay(WitnessRequest(call=CosignRequest(log=member), wait_ms=1))
    return {who: one.latest.encode() for who, one in reply.replies.items()}


def asked(book: Book, own: Identity, said: Sequence[bytes], now: int) -> bytes:
    """The member's request to close its present log."""
    log = lineage.present(book.latest(now).member(own.member))
    return plea.make(heir(own), log.number, said)


def closing(
    book: Book, request: bytes, founders: Sequence[SeedSigner], now: int
) -> bytes:
    """The directory that two of the founders sign on a request."""
    (draft,) = succession.close_log(book, request, now)
    return envelope.sign(draft.kind, draft.payload, founders[:2])


def close(
    book: Book,
    own: Identity,
    relay: Relay,
    founders: Sequence[SeedSigner],
    now: int,
) -> bytes:
    """The directory that closes a member's log where its witnesses saw it last."""
    said = [one for one in words(relay, own.member).values() if one]
    return closing(book, asked(book, own, said, now), founders, now)
