"""A small grid in memory for tests of founders and joiners; nothing listens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from childgrid_authority import floor
from childgrid_authority.authority import Authority
from childgrid_authority.directory import successor
from childgrid_authority.drafts import Draft
from childgrid_authority.founding import Charter, found
from childgrid_wire import enrolment, keyfile
from childgrid_wire.book import Book
from childgrid_wire.enrolment import Token
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Details, Joiner
from childgrid_wire.pb.coordinator_pb2 import (
    EnrolRequest,
    EnrolResponse,
    FetchRequest,
    FetchResponse,
    PendingRequest,
    PendingResponse,
    PublishRequest,
    PublishResponse,
    WelcomeRequest,
    WelcomeResponse,
)
from childgrid_wire.pb.values_pb2 import Envelope

NOW = 1_790_000_000
DAY = 86_400
SCHEME = "5c" * 32
PASSPHRASE = b"a passphrase for tests"
FOUNDERS = ("asha", "bilal", "chitra")
ALL = dict.fromkeys((*FOUNDERS, "root"), PASSPHRASE)
TWO = dict.fromkeys(("asha", "bilal", "root"), PASSPHRASE)
ONE = dict.fromkeys(("asha", "root"), PASSPHRASE)
HUB = ("ncrb-hub", "hub.example:7400")


def light_locks(patch: pytest.MonkeyPatch) -> None:
    """Make locked files cheap to open; the format stays the same."""
    patch.setattr(keyfile, "PASSES", 1)
    patch.setattr(keyfile, "MEMORY_BYTES", 2**16)


def charter(**changes: Any) -> Charter:
    """Three founders, of whom two must sign, of a training grid."""
    given: dict[str, Any] = {
        "name": "Test grid",
        "kind": "training",
        "founders": FOUNDERS,
        "threshold": 2,
        "floor": floor.parse(floor.default()),
        "scheme": SCHEME,
        "profile": "test",
    }
    return Charter(**{**given, **changes})


def grid(folder: Path, now: int = NOW) -> Authority:
    """A freshly founded grid without members."""
    return found(folder, charter(), ALL, now)


def details(member: str) -> Details:
    """What a member says of itself."""
    return Details(
        f"Agency {member}",
        f"{member}.example:7410",
        ("provider", "user"),
        ("police-record",),
    )


def make_token(
    authority: Authority,
    member: str,
    kind: str = "agency",
    now: int = NOW,
    **changes: Any,
) -> Token:
    """A token by which `member` may enrol."""
    given: dict[str, Any] = {"coordinator": HUB, **changes}
    return authority.token(member, kind, ALL, now, **given)


def joiner(
    authority: Authority,
    folder: Path,
    member: str,
    kind: str = "agency",
    now: int = NOW,
) -> Joiner:
    """A party with keys and an enrolment that has not been handed in."""
    token = make_token(authority, member, kind, now)
    return Joiner.begin(folder / member, token, PASSPHRASE, details(member), now)


def admit(
    authority: Authority, folder: Path, members: Mapping[str, str]
) -> dict[str, Identity]:
    """Enrol and admit members (id to kind) in one directory version."""
    parties = [joiner(authority, folder, name, kind) for name, kind in members.items()]
    authority.admit([one.asked.data for one in parties], TWO, NOW)
    return {one.own.member: one.own for one in parties}


def amended(book: Book, member: str, now: int, **changes: object) -> list[Draft]:
    """A directory that says something else of a member, as no command makes one."""
    members = book.latest(now).directory["members"]
    changed = [one | changes if one["id"] == member else one for one in members]
    return [successor(book, now, members=changed)]


def unpack(party: Joiner, pack: Path, now: int = NOW) -> None:
    """Take in the founders' answer from the folder that they packed."""
    for path in sorted((pack / "documents").iterdir()):
        party.shelf.add(path.read_bytes())
    issuer, root = ((pack / name).read_bytes() for name in ("issuer.pem", "root.pem"))
    party.accept(issuer, root, now)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, to tell whether anything changed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Hub:
    """A coordinator's board and inbox, as stubs call them."""

    book: Book
    enrolments: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)

    def Enrol(self, request: EnrolRequest, **_: object) -> EnrolResponse:  # noqa: N802
        asked = enrolment.verify(request.enrolment.payload)
        self.enrolments[asked.hash] = asked.data
        if asked.hash not in self.answers:
            return EnrolResponse(state="pending")
        issuer, root = self.answers[asked.hash]
        return EnrolResponse(state="welcome", issuer=issuer, root=root)

    def Pending(self, _: PendingRequest, **__: object) -> PendingResponse:  # noqa: N802
        open_ones = [
            Envelope(payload=data)
            for name, data in self.enrolments.items()
            if name not in self.answers
        ]
        return PendingResponse(enrolments=open_ones)

    def Welcome(self, request: WelcomeRequest, **_: object) -> WelcomeResponse:  # noqa: N802
        self.answers[request.enrolment] = (request.issuer, request.root)
        return WelcomeResponse()

    def Publish(self, request: PublishRequest, **_: object) -> PublishResponse:  # noqa: N802
        self.book.add(request.document.payload)
        return PublishResponse()

    def Fetch(self, request: FetchRequest, **_: object) -> FetchResponse:  # noqa: N802
        documents = [one.data for one in self.book.by_hash.values()]
        page = documents[request.cursor : request.cursor + 2]
        return FetchResponse(
            documents=[Envelope(payload=data) for data in page],
            cursor=request.cursor + len(page),
        )

    @contextmanager
    def dial(self, address: str, *_: object) -> Iterator[tuple[Any, Any]]:
        """Stands for a connection to this coordinator."""
        self.dialled.append(address)
        yield self, self

    def hang(self, *documents: bytes) -> None:
        """Put documents on the board."""
        for data in documents:
            self.book.add(data)
