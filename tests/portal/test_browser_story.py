"""An officer at a real browser: invited, enrolled, signed in, the desk open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from childgrid_wire.kinds import Kind
from portal.chromium import seated
from portal.seats import sitting
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


def test_a_passkey_that_is_copied_elsewhere_signs_nothing(
    stage: Stage, chromium: Browser
) -> None:
    """It may open the door; for signing it is refused, and nothing is enrolled."""
    code = stage.site.accounts.invite("si-joshi", "Dev Joshi")
    with seated(chromium, defaultBackupEligibility=True) as seat:
        page = seat.page
        page.goto(f"{stage.origin}/enrol")
        page.get_by_label("Officer’s id").fill("si-joshi")
        page.get_by_label("Code").fill(code)
        seat.press("Continue")
        seat.press("Make the passkey")
        seat.press("Make the passkey")
        alert = page.get_by_role("alert").first.inner_text()
    assert "must stay on one device" in alert
    assert stage.site.accounts.logins("si-joshi") == []
    assert stage.site.accounts.signing("si-joshi") == []


def test_a_used_code_and_a_browser_without_a_passkey_are_told(
    stage: Stage, chromium: Browser
) -> None:
    """The page says what to do next."""
    code = stage.site.accounts.invite("sp-khan", "Sara Khan")
    stage.site.accounts.enter("sp-khan", code)
    with seated(chromium) as seat:
        page = seat.page
        page.goto(f"{stage.origin}/enrol")
        page.get_by_label("Officer’s id").fill("sp-khan")
        page.get_by_label("Code").fill(code)
        seat.press("Continue")
        assert "Ask agency IT for another one" in page.get_by_role("alert").inner_text()

        page.goto(f"{stage.origin}/sign-in")
        page.get_by_label("Officer’s id").fill("sp-khan")
        seat.press("Continue")
        page.get_by_role("button", name="Touch the passkey").click()
        page.locator("[data-trouble]").wait_for(state="visible")
        assert page.evaluate("document.activeElement.dataset.trouble") == ""


@pytest.mark.threat("T28")
def test_nothing_is_left_in_the_browser_s_storage(
    stage: Stage, chromium: Browser
) -> None:
    """One cookie that no script can read, and nothing else."""
    with sitting(chromium, stage, "sp-nair") as seat:
        left = seat.page.evaluate(
            "async () => [localStorage.length, sessionStorage.length,"
            " (await caches.keys()).length, (await indexedDB.databases()).length,"
            " document.cookie]"
        )
        kept = seat.context.cookies()
    assert left == [0, 0, 0, 0, ""]
    assert [one["name"] for one in kept] == ["police-session"]
    assert [(one["httpOnly"], one["sameSite"]) for one in kept] == [(True, "Strict")]
