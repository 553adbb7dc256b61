"""Officers who walk through the rooms, without a browser: real nodes, no network.

A page's handler gets a visit over the tests' grid. What is read is read in a real
sitting at the real desk; what is to be signed is drafted by the real node, checked as
the portal checks it, signed at once by the officer's key and handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import Mock

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import compile_path

import apart
from audit.browser import Page
from childgrid_node import sitting
from childgrid_node.desk import Desk
from childgrid_node.health import read as read_health
from childgrid_node.server import DeskServicer
from childgrid_node.shows import Asked
from childgrid_page.engine import Pages
from childgrid_portal.drafts import Wanted, check_draft
from childgrid_portal.web import reading, rooms, words
from childgrid_portal.web.drawer import Drawer, Typed, typed_pairs
from childgrid_portal.web.site import TEMPLATES
from childgrid_portal.web.terms import SHARED
from childgrid_portal.web.visit import About, Person, Room
from childgrid_wire import envelope
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import desk_pb2
from childgrid_wire.pb.values_pb2 import Envelope
from grid import Grid, officer_signer

INDIA = 19_800
ROOMS = (*rooms.ROOMS, *reading.ROOMS)
Form = Mapping[str, str | Sequence[str]]


class Shut(Exception):
    """The room is not open to this role."""


@dataclass
class Shown:
    """A page as it came back."""

    status: int
    text: str
    location: str = ""

    @property
    def page(self) -> Page:
        """What it is made of."""
        return Page(self.text)

    @property
    def said(self) -> str:
        """Its text with single spaces."""
        return self.page.said()

    def hidden(self) -> dict[str, list[str]]:
        """What its forms carry along unseen."""
        found: dict[str, list[str]] = {}
        for one in self.page.all("input"):
            if one.get("type") == "hidden":
                found.setdefault(one["name"], []).append(one["value"])
        return found


@cache
def rendered() -> Pages:
    """The pages of the product, made once: templates are compiled once, too."""
    shared = {"service": "State Police, AHTU", "training": True, **SHARED}
    return Pages(TEMPLATES, INDIA, shared, words.languages())


@dataclass
class Officer:
    """One officer with an open desk; `spoken` is the language."""

    grid: Grid
    member: str
    officer: str
    spoken: str = "en"
    look: str = ""
    signed: list[str] = field(default_factory=list)
    """The hashes of what this officer signed here."""

    drawer: Drawer = field(default_factory=Drawer)
    """What this officer sent and has not signed."""

    def __post_init__(self) -> None:
        at = self.grid.agency(self.member)
        self.desk = Desk(
            at.office,
            at.holdings,
            lambda: None,
            at.folder / "cases.csv",
            health=lambda: read_health(at.office, at.holdings),
        )
        self._servicer = DeskServicer(
            lambda: self.desk, at.folder / "cases.csv", lambda: None
        )
        payload = sitting.draft(at.office, self.officer, 8 * 60)
        signer = officer_signer(self.member, self.officer)
        opened = envelope.sign(Kind.VIEW, payload, [signer])
        self.token = self.desk.sit(opened)[1]
        known = at.office.view.officer(self.member, self.officer)
        self.person = Person(
            self.member,
            self.officer,
            f"Officer {self.officer}",
            known.role,
            known.unit,
            known.rank,
            self.spoken,
        )

    @property
    def nothing(self) -> FormData:
        """A form that was not sent."""
        return FormData()

    def get(self, path: str) -> Shown:
        """Open a page."""
        return self._go("GET", path, FormData())

    def post(self, path: str, form: Form) -> Shown:
        """Send a form; a list of values is a field that stands there several times."""
        pairs: list[tuple[str, str]] = [("token", "t")]
        for name, values in form.items():
            given = [values] if isinstance(values, str) else values
            pairs += [(name, value) for value in given]
        return self._go("POST", path, FormData(pairs))

    def _go(self, method: str, path: str, form: FormData) -> Shown:
        bare, _, asked = path.partition("?")
        query = dict(part.split("=") for part in asked.split("&") if part)
        room, place = find(bare, method)
        if self.person.role not in room.roles:
            raise Shut(path)
        if form and room.keeps:
            self.drawer.put(self.officer, bare, form, room.keeps)
        visit = FakeVisit(self, place, query, form, bare)
        return shown(room.handler(visit))

    def draft(self, wanted: Wanted) -> bytes:
        """What the node writes, checked as the portal's line checks it."""
        reply = self._servicer.Draft(wanted.call, Mock())
        payload = reply.payload.encode()
        expected = {**wanted.expected, "issuer": self.member, "officer": self.officer}
        check_draft(wanted.kind, payload, expected)
        return payload

    def sign(self, wanted: Wanted) -> str:
        """Sign it at once and hand it in; returns the statement's hash."""
        signer = officer_signer(self.member, self.officer)
        signed = envelope.sign(wanted.kind, self.draft(wanted), [signer])
        call = desk_pb2.SignRequest(statement=Envelope(payload=signed))
        self.signed.append(self._servicer.Sign(call, Mock()).hash)
        return self.signed[-1]


@dataclass
class FakeVisit:
    """What a room gets; see `childgrid_portal.web.visit.Visit`."""

    by: Officer
    place: Mapping[str, str]
    query: Mapping[str, str]
    form: FormData
    path: str

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.by.person

    def read(
        self, object_: str, subject: str = "", *, page: int = 0, wait_ms: int = 0
    ) -> dict[str, Any]:
        """Read in the officer's sitting."""
        asked = Asked(object_, subject, page)
        return self.by.desk.read(self.by.token, asked, wait_ms / 1_000)

    @property
    def typed(self) -> Typed | None:
        """What was sent here and has not been signed."""
        return self.by.drawer.find(self.by.officer, self.path)

    def forget(self) -> None:
        """Forget it."""
        self.by.drawer.drop(self.typed)

    def has_signed(self, name: str) -> bool:
        """Whether this officer did."""
        return name in self.by.signed

    def sign(
        self,
        wanted: Wanted,
        then: str,
        about: About | None = None,  # noqa: ARG002 - the interface's
    ) -> Response:
        """Sign and go on."""
        name = self.by.sign(wanted)
        self.forget()
        return Response(status_code=303, headers={"location": then.format(hash=name)})

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render as the site does."""
        given = {
            "person": self.person,
            "officer": self.person.officer,
            "token": "t",
            "entered": True,
            "look": self.by.look,
            "links": [(r.path, r.name) for r in ROOMS if r.name and self._may(r)],
            "here": "/" if self.form else self.path,
            "at": self.path,
            "posted": bool(self.form),
            "typed": typed_pairs(self.form),
            **values,
        }
        html = rendered().render(template, self.by.spoken, **given)
        return Response(html, status, media_type="text/html")

    def _may(self, room: Room) -> bool:
        return self.person.role in room.roles


def find(path: str, method: str) -> tuple[Room, dict[str, str]]:
    """The room of an address, and what its path names."""
    for room in ROOMS:
        found = compile_path(room.path)[0].match(path)
        if found and method in room.methods:
            return room, found.groupdict()
    raise LookupError(path)


def shown(answer: Response) -> Shown:
    """What a browser would see of an answer."""
    text = bytes(answer.body).decode()
    return Shown(answer.status_code, text, answer.headers.get("location", ""))


def heard(answer: Response) -> list[bytes]:
    """The pieces of a streamed answer, to its end.

    Read in a thread of its own, since a browser's loop may be at work in this one.
    """

    async def read() -> list[bytes]:
        return [bytes(one) async for one in answer.body_iterator]  # type: ignore[attr-defined]

    return apart.run(read())
