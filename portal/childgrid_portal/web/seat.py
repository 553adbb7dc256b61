"""A seat at the open desk: the `Visit` that rooms are given, over a real session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from childgrid_portal.drafts import Wanted
from childgrid_portal.web import signing
from childgrid_portal.web.drawer import Typed, typed_pairs
from childgrid_portal.web.forms import PAPER
from childgrid_portal.web.site import Call
from childgrid_portal.web.visit import About, Person


@dataclass(frozen=True)
class Seat:
    """One request of an officer whose desk is open; see `visit.Visit`."""

    call: Call

    @property
    def person(self) -> Person:
        """Who asks, in the language of this request."""
        person = self.call.known.person
        if person is None:
            raise LookupError("person")
        return replace(person, language=self.call.language)

    @property
    def place(self) -> Mapping[str, str]:
        """What the path names, checked."""
        return self.call.place

    @property
    def query(self) -> Mapping[str, str]:
        """The address's query."""
        return self.call.query

    @property
    def form(self) -> FormData:
        """What was posted, its token checked."""
        return self.call.form

    @property
    def typed(self) -> Typed | None:
        """What this officer sent here lately and has not signed."""
        return self.call.typed

    def forget(self) -> None:
        """Forget what `typed` holds."""
        self.call.site.drawer.drop(self.call.typed)

    def has_signed(self, name: str) -> bool:
        """Whether this session signed the statement of that hash."""
        return name in self.call.known.signed

    def read(
        self, object_: str, subject: str = "", *, page: int = 0, wait_ms: int = 0
    ) -> dict[str, Any]:
        """Read from the own node in this officer's sitting."""
        token = self.call.known.sitting
        return self.call.site.line.read(
            token, object_, subject, page=page, wait_ms=wait_ms
        )

    def sign(self, wanted: Wanted, then: str, about: About | None = None) -> Response:
        """Have something drafted, and go to the page that signs it."""
        paper = self.call.said(PAPER)
        described = signing.Described(about or {}, self.call.typed, paper)
        return signing.offer(self.call.site, self.call.known, wanted, then, described)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render a template in the officer's language; what was sent can be resent."""
        given = {"typed": typed_pairs(self.call.form), **values}
        return self.call.page(template, status, **given)
