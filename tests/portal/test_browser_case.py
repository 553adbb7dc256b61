"""A whole case through two portals in a real browser: asked, approved, disclosed, read.

Every signature is a passkey's touch; the officers' pages are the product's own, and
what travels between the agencies is carried by the test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from childgrid_portal.web import clock, reading, rooms
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, Grid
from portal.chromium import Seat
from portal.seats import sitting
from portal.stage import Stage, joined, staged

ROOMS = (*rooms.ROOMS, *reading.ROOMS)
SIGN = "Sign with the passkey"


@dataclass
class Case:
    """Three officers at their desks, two agencies, one grid."""

    police: Stage
    asker: Seat
    boss: Seat
    custodian: Seat
    customs: Stage

    @property
    def grid(self) -> Grid:
        """The grid behind the desks."""
        return self.police.grid

    def open(self, seat: Seat, path: str) -> Page:
        """An officer opens a page of the own portal."""
        stage = self.customs if seat is self.custodian else self.police
        seat.page.goto(f"{stage.origin}{path}")
        return seat.page

    def last(self, kind: Kind, member: str = "police") -> Statement:
        """What an agency's node took in last."""
        return self.grid.agency(member).office.journal.all(kind)[-1]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Case]:
    """The desks are open."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("case")
        police = stack.enter_context(staged(folder, ROOMS))
        patch.setattr(clock, "now", lambda: police.grid.now + 60)
        customs = stack.enter_context(joined(police.station, "customs", ROOMS))
        at = [(police, "si-rao"), (police, "sp-nair"), (customs, "cu-mehta")]
        seats = [
            stack.enter_context(sitting(chromium, stage, officer, "Inbox"))
            for stage, officer in at
        ]
        yield Case(police, *seats, customs)


def asked(case: Case) -> Statement:
    """The Sub-Inspector asks: form, check, signature."""
    page = case.open(case.asker, "/ask")
    for name, text in {
        "name": "Kabir Vankhede @ Kallu",
        "relative": "Madhav Vankhede",
        "birth_date": "17-03-1984",
        "phone": "9812345670",
        "case": CASE,
        "section": "BNS:143",
    }.items():
        page.locator(f"#{name}").fill(text)
    page.locator("#purpose").check()
    case.asker.press("Check what is sent")
    case.asker.press("Go on to sign")
    assert "Kabir" not in page.locator(".statement").inner_text()
    case.asker.press(SIGN)
    return case.last(Kind.QUERY)


def approved(case: Case, seat: Seat, path: str) -> None:
    """Whoever decides approves on the page and signs."""
    page = case.open(seat, path)
    page.locator("input[name='decision'][value='approve']").check()
    seat.press("Go on to sign")
    assert seat.heading() == "I approve exactly what is named here"
    seat.press(SIGN)


def test_a_case_from_the_question_to_the_profile(case: Case) -> None:
    """Approved by a superior, requested, narrowed by the custodian, and read."""
    query = asked(case)
    approved(case, case.boss, f"/query/{query.hash}/decide")
    case.grid.submit(query)
    page = case.open(case.asker, f"/query/{query.hash}")
    assert "A lead, not an identification" in page.locator("main").inner_text()

    page.locator("a[href*='/request/customs/']").first.click()
    page.wait_for_url("**/request/customs/**")
    for name in ("name", "note"):
        page.locator(f"input[name='field'][value='{name}']").check()
    page.locator("#justification").fill("to find the accused before the hearing")
    case.asker.press("Go on to sign")
    case.asker.press(SIGN)
    request = case.last(Kind.REQUEST)
    approved(case, case.boss, f"/request/{request.hash}")
    case.grid.carry()

    page = case.open(case.custodian, f"/request/{request.hash}")
    page.locator("input[name='field'][value='name']").check()
    page.locator("input[name='decision'][value='approve']").check()
    case.custodian.press("Go on to sign")
    case.custodian.press(SIGN)
    case.grid.settle()

    assert case.last(Kind.DISCLOSURE, "customs")["fields"] == ["name"]
    text = case.open(case.asker, f"/profile/{query.hash}").locator("main").inner_text()
    assert "VANKHEDE KABIR" in text
    assert "AI-302" not in text
    assert case.customs.site.accounts.officer("si-rao") is None


def test_no_address_holds_anything_of_a_person(case: Case) -> None:
    """Wherever officers go: hashes, ids and page numbers."""
    seen: list[str] = []
    case.asker.page.on("request", lambda it: seen.append(it.url))
    asked(case)
    case.open(case.asker, "/queries")
    assert seen
    for url in seen:
        assert re.fullmatch(r"[a-z0-9:/._?=&-]*", url.lower())
        assert not re.search(r"kabir|vankhede|9812345670|fir|kotwali", url.lower())
