"""A visit without a network: documents are given, pages are the site's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from childgrid_page.engine import Pages
from childgrid_portal.drafts import Wanted
from childgrid_portal.web import words
from childgrid_portal.web.drawer import Typed
from childgrid_portal.web.site import TEMPLATES
from childgrid_portal.web.terms import SHARED
from childgrid_portal.web.visit import About, Person

RAO = Person("police", "si-rao", "S. Rao", "investigator", "unit-1", 1, "en")
_SHARED = {
    **SHARED,
    "service": "Test portal",
    "member": "police",
    "training": True,
    "token": "",
    "person": None,
    "links": [],
    "look": "",
}
PAGES = Pages(TEMPLATES, 19_800, _SHARED, words.languages())


@dataclass
class Visitor:
    """A `Visit` over `answer(object, subject, page)`; keeps what was read."""

    answer: Callable[[str, str, int], dict[str, Any]]
    place: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    form: FormData = field(default_factory=FormData)
    read_: list[tuple[str, str]] = field(default_factory=list)

    @property
    def person(self) -> Person:
        """Who asks."""
        return replace(RAO, language=self.language)

    def read(
        self,
        object_: str,
        subject: str = "",
        *,
        page: int = 0,
        wait_ms: int = 0,  # noqa: ARG002 - the interface's
    ) -> dict[str, Any]:
        """Give the document, and note that it was read."""
        self.read_.append((object_, subject))
        return self.answer(object_, subject, page)

    @property
    def typed(self) -> Typed | None:
        """Nothing is kept."""
        return None

    def forget(self) -> None:
        """There is nothing to forget."""

    def has_signed(self, name: str) -> bool:
        """Nothing here is signed."""
        return not name

    def sign(
        self,
        wanted: Wanted,
        then: str,
        about: About | None = None,  # noqa: ARG002 - the interface's
    ) -> Response:
        """Nothing here is signed."""
        raise AssertionError(wanted.kind, then)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render a page of the site."""
        return HTMLResponse(PAGES.render(template, self.language, **values), status)
