"""A visit: one request of an officer who has signed in and opened the desk.

What every room is given, and all that it may use: who asks, reading in that officer's
sitting, and having a statement signed. A room never sees a session, a token or a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.datastructures import FormData
from starlette.responses import Response

from childgrid_portal.drafts import Wanted
from childgrid_portal.web.drawer import Typed

About = Mapping[str, Sequence[str]]
"""What a statement is about, field to values. Holds personal data: never log it."""


@dataclass(frozen=True)
class Person:
    """Who sits at the browser; `name` stays at this agency."""

    member: str
    officer: str
    name: str
    role: str
    unit: str
    rank: int
    language: str
    """A catalogue's code: `en` or `hi`."""


class Visit(Protocol):
    """What a room is given for one request."""

    @property
    def person(self) -> Person:
        """Who asks."""

    @property
    def place(self) -> Mapping[str, str]:
        """What the path names, such as `query`: hex digests and ids, checked."""

    @property
    def query(self) -> Mapping[str, str]:
        """The address's query: page numbers and such, never anything of a case."""

    @property
    def form(self) -> FormData:
        """What was posted; empty for a GET."""

    @property
    def typed(self) -> Typed | None:
        """What this officer sent here lately and has not signed; see `Room.keeps`."""

    def forget(self) -> None:
        """Forget what `typed` holds."""

    def has_signed(self, name: str) -> bool:
        """Whether this session signed the statement of that hash."""

    def read(
        self, object_: str, subject: str = "", *, page: int = 0, wait_ms: int = 0
    ) -> dict[str, Any]:
        """Read from the own node in this officer's sitting; it is logged there.

        Raises:
            WireError: what the node says; the site shows its next step.
        """

    def sign(self, wanted: Wanted, then: str, about: About | None = None) -> Response:
        """Have the node draft something and send the officer to the signing page.

        `then` is where to go afterwards; `{hash}` in it becomes the statement's.
        `about` is what the statement is about and holds sealed, or names by a hash
        alone: the signing page shows it beside the bytes.

        Raises:
            WireError: the node would not draft it; nothing is kept.
        """

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render a template in the officer's language."""


Handler = Callable[[Visit], Response]
READERS = ("investigator", "supervising-officer", "custodian", "prosecutor")
EVERYBODY = (*READERS, "agency-it")


@dataclass(frozen=True)
class Room:
    """One page as data: where it is, who may enter, what it does.

    `path` is a Starlette path with `{query}`, `{request}` (64 hex digits) and such.
    """

    path: str
    handler: Handler
    methods: Sequence[str] = ("GET",)
    roles: Sequence[str] = READERS
    name: str = ""
    """Of its entry in the navigation; empty where it has none."""

    keeps: Sequence[str] = ()
    """Fields of its form that are kept in memory until it is signed; see `drawer`."""
