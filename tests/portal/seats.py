"""Officers who have sat down at the portal, and what their browsers are made to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page
from starlette.responses import Response
from webauthn.helpers import bytes_to_base64url

from childgrid_portal import drafts
from childgrid_portal.web.training import SoftKey
from childgrid_portal.web.visit import Room, Visit
from portal.chromium import Seat, seated
from portal.stage import Stage

_TOUCH = "async (options) => told(await navigator.credentials.get(asked(options)))"


def approve(visit: Visit) -> Response:
    """Approve what the address names."""
    return visit.sign(drafts.approve(visit.person.officer, visit.place["subject"]), "/")


def refuse(visit: Visit) -> Response:
    """Refuse what the address names."""
    wanted = drafts.refuse(
        visit.person.officer, visit.place["subject"], "not-necessary"
    )
    return visit.sign(wanted, "/")


def reading(visit: Visit) -> Response:
    """A room that reads at the node."""
    visit.read("inbox")
    return visit.page("home.html", service="reading")


def broken(_: Visit) -> Response:
    """A room with a fault."""
    raise RuntimeError("Kabir Vankhede")


BARE = (
    Room("/approve/{subject}", approve),
    Room("/refuse/{subject}", refuse),
    Room("/reading", reading),
    Room("/broken", broken),
    Room("/it", broken, roles=("agency-it",)),
)
"""Bare rooms: the pages of the first two are the signing page."""


def sign_in(seat: Seat, stage: Stage, officer: str) -> None:
    """As far as the touch of the login passkey."""
    seat.page.goto(f"{stage.origin}/sign-in")
    seat.page.get_by_label("Officer’s id").fill(officer)
    seat.press("Continue")


@contextmanager
def standing(browser: Browser, stage: Stage, officer: str) -> Iterator[Seat]:
    """An officer with both passkeys before the page that asks for the login one."""
    keys = stage.passkeys.get(officer) or stage.enrol(officer)
    with seated(browser) as seat:
        for key in keys:
            seat.hold(key)
        sign_in(seat, stage, officer)
        yield seat


@contextmanager
def sitting(
    browser: Browser, stage: Stage, officer: str, first: str = "Your desk is open"
) -> Iterator[Seat]:
    """An officer signed in, the desk open; `first` is the first page's heading."""
    with standing(browser, stage, officer) as seat:
        seat.press("Touch the passkey")
        seat.press("Sign with the passkey")
        assert seat.heading() == first
        yield seat


def options(page: Page) -> dict[str, Any]:
    """What the page asks the browser for."""
    asked = page.locator("form[data-passkey]").get_attribute("data-options")
    return dict(json.loads(asked or "{}"))


def bent(page: Page, **changes: Any) -> None:
    """The page asks for something else than the portal wrote."""
    page.evaluate(
        "(text) => { document.querySelector('form[data-passkey]')"
        ".dataset.options = text; }",
        json.dumps({**options(page), **changes}),
    )


def touched(page: Page, **changes: Any) -> str:
    """What the authenticator answers to the page's question, changed or not."""
    return str(page.evaluate(_TOUCH, {**options(page), **changes}))


def only(key: SoftKey) -> list[dict[str, str]]:
    """Ask that one passkey alone."""
    return [{"id": bytes_to_base64url(key.id), "type": "public-key"}]
