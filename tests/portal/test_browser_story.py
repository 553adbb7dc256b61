"""An officer at a real browser: invited, enrolled, signed in, the desk open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from childgrid_wire.kinds import Kind
from portal.chromium import seated
from portal.stage import Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal."""
    with staged(tmp_path_factory.mktemp("portal")) as made:
        yield made


def test_from_the_invitation_to_the_open_desk(stage: Stage, chromium: Browser) -> None:
    """Two passkeys are made; the signing one works once agency IT has listed it."""
    code = stage.site.accounts.invite("si-rao", "Meera Rao")
    with seated(chromium) as seat:
        page = seat.page
        page.goto(f"{stage.origin}/enrol")
        page.get_by_label("Officer’s id").fill("si-rao")
        page.get_by_label("Code").fill(code)
        seat.press("Continue")
        seat.press("Make the passkey")
        seat.press("Make the passkey")
        assert seat.heading() == "Both passkeys are made"
        assert len(seat.keys()) == 2
        stage.write_entry("si-rao", page.locator("pre").inner_text())

        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        page.get_by_label("Officer’s id").fill("si-rao")
        seat.press("Continue")
        seat.press("Touch the passkey")
        assert seat.heading() == "I open my desk and read at it; each reading is logged"
        shown = page.locator("#hash").inner_text()
        seat.press("Sign with the passkey")
        assert "Meera Rao" in page.locator("main").inner_text()

    journal = stage.grid.agency("police").office.journal
    opened = journal.get(shown, Kind.VIEW)
    assert (opened.officer, opened["object"]) == ("si-rao", "desk")
    assert journal.answers(shown, Kind.VIEW)[-1]["reader"] == "si-rao"
