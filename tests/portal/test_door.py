"""The door: who comes in, who doesn't, and what each page and form insists on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from childgrid_portal.web.accounts import FAILURES
from childgrid_wire.errors import Unreachable
from portal.hands import Hands, said, seated
from portal.stage import Stage


@pytest.fixture(scope="module")
def stage(police: Stage) -> Stage:
    """The police's portal; si-rao and sp-nair have passkeys."""
    return police


@pytest.fixture
def hands(stage: Stage) -> Iterator[Hands]:
    """A stranger's browser; failures are forgotten afterwards."""
    yield Hands.at(stage)
    with stage.site.accounts._writing() as writing:
        writing.execute("UPDATE officer SET failures = 0, locked = 0")
    stage.site.accounts._strangers.clear()


def test_an_officer_signs_in_and_opens_the_desk(stage: Stage) -> None:
    """Two touches, then the page that shows who sits there."""
    hands = seated(stage, "si-rao")
    assert hands.last.status == 200
    assert "Officer si-rao" in said(hands.last)


@pytest.mark.threat("T28")
def test_the_cookie_is_no_script_s_and_no_other_site_s(
    stage: Stage, hands: Hands
) -> None:
    """And changes when somebody signs in."""
    first = hands.browser.get("/sign-in")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=strict" in first.headers["set-cookie"]
    before = dict(hands.browser.cookies)
    hands.claim("si-rao")
    hands.touch(stage.passkeys["si-rao"][0], "/sign-in/passkey")
    assert hands.browser.cookies != before
    assert list(hands.browser.cookies) == ["police-session"]


@pytest.mark.parametrize("path", ["/", "/desk", "/sessions", "/approve/" + "0" * 64])
def test_a_stranger_is_led_to_the_door(hands: Hands, path: str) -> None:
    """From every page."""
    hands.get(path)
    assert hands.heading.startswith("Sign in")


def test_the_page_that_was_asked_for_comes_after_the_desk_is_open(
    stage: Stage, hands: Hands
) -> None:
    """A link in a colleague's message leads there in the end."""
    hands.get("/sessions")
    hands.post("/sign-in", officer="si-rao")
    login, signing = stage.passkeys["si-rao"]
    hands.touch(login, "/sign-in/passkey")
    hands.sign(signing)
    assert hands.heading.startswith("Where you are signed in")


@pytest.mark.threat("T28")
def test_a_form_without_its_session_s_token_does_nothing(
    stage: Stage, hands: Hands
) -> None:
    """Another session's token, none, or a form that is none."""
    other = Hands.at(stage)
    other.get("/sign-in")
    hands.get("/sign-in")
    for token in ("", "x", other.token):
        answer = hands.browser.post("/sign-in", {"officer": "si-rao", "token": token})
        assert answer.status == 403
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = hands.browser.post(
        "/sign-in", {"officer": "si-rao", "token": hands.token}, **kind
    )
    assert answer.status == 403
    hands.get("/sign-in/passkey")
    assert hands.heading.startswith("Sign in")


@pytest.mark.threat("T28")
def test_a_form_from_elsewhere_or_too_long_does_nothing(
    stage: Stage, hands: Hands
) -> None:
    """Refused before it is read."""
    hands.get("/sign-in")
    form = {"officer": "si-rao", "token": hands.token}
    for origin in ("http://evil.example", "null", ""):
        assert hands.browser.post("/sign-in", form, origin=origin).status == 403
    long = {**form, "more": "x" * 600_000}
    assert hands.browser.post("/sign-in", long).status == 403
    many = {**form, **{f"f{n}": "" for n in range(600)}}
    assert hands.browser.post("/sign-in", many).status == 403


@pytest.mark.threat("T25")
def test_a_signing_passkey_does_not_sign_in(stage: Stage, hands: Hands) -> None:
    """Nor does another officer's login passkey."""
    for key in (stage.passkeys["si-rao"][1], stage.passkeys["sp-nair"][0]):
        hands.claim("si-rao")
        assert hands.touch(key, "/sign-in/passkey").status == 403
    hands.get("/sessions")
    assert hands.heading.startswith("Sign in")


def test_a_challenge_is_good_for_one_touch(stage: Stage, hands: Hands) -> None:
    """What was answered once is not an answer again."""
    hands.claim("si-rao")
    answer = stage.passkeys["si-rao"][0].touch(hands.challenge)
    hands.claim("si-rao")
    assert hands.post("/sign-in/passkey", answer=answer).status == 403


@pytest.mark.threat("T28")
def test_five_failures_lock_the_officer_out(stage: Stage, hands: Hands) -> None:
    """In whichever browser; the right passkey waits as well, a colleague doesn't."""
    hands.claim("si-rao")
    for _ in range(FAILURES):
        hands.post("/sign-in/passkey", answer="{}")
    assert hands.last.status == 403
    own = Hands.at(stage)
    own.claim("si-rao")
    assert "Locked" in said(own.last)
    assert "data-options" not in own.last.text
    assert seated(stage, "sp-nair").last.status == 200


@pytest.mark.threat("T28")
def test_the_lock_tells_no_stranger_who_is_an_officer(
    stage: Stage, hands: Hands
) -> None:
    """Five failures for an id that nobody has show the page that an officer's would."""
    pages = []
    for name in ("si-rao", "nobody-here"):
        tries = Hands.at(stage)
        tries.claim(name)
        for _ in range(FAILURES):
            tries.post("/sign-in/passkey", answer="{}")
        own = Hands.at(stage)
        own.claim(name)
        pages.append((own.last.status, said(own.last).replace(name, "")))
    assert pages[0] == pages[1]
    assert "Locked" in pages[0][1]


def test_the_page_tells_no_stranger_who_has_a_passkey(
    stage: Stage, hands: Hands
) -> None:
    """It asks for one in any case."""
    hands.claim("nobody-here")
    asked = [one for one in hands.page.all("form") if "data-options" in one]
    assert '"id"' in asked[0]["data-options"]
    stage.site.accounts.invite("si-new", "New")
    hands.claim("si-new")
    assert hands.last.status == 200


def test_an_officer_ends_a_session_elsewhere(stage: Stage) -> None:
    """The other browser is out, and its desk is closed at the node."""
    here, there = seated(stage, "si-rao"), seated(stage, "si-rao")
    here.get("/sessions")
    here.post("/sessions", session="others")
    there.get("/sessions")
    assert there.heading.startswith("Sign in")
    here.get("/sessions")
    assert here.heading.startswith("Where you are signed in")


def test_a_live_page_does_not_count_as_use(stage: Stage) -> None:
    """What a browser asks by itself is told by its header."""
    hands = seated(stage, "si-rao")
    session = stage.site.sessions.of("si-rao")[0]
    session.seen -= 100
    before = session.seen
    hands.browser.get("/reading", accept="text/event-stream")
    assert session.seen == before
    hands.browser.get("/reading")
    assert session.seen > before


def test_signing_out_ends_the_session(stage: Stage) -> None:
    """The cookie opens nothing afterwards, whoever kept it."""
    hands = seated(stage, "si-rao")
    kept = dict(hands.browser.cookies)
    hands.get("/sessions")
    hands.post("/sign-out")
    hands.browser.cookies.update(kept)
    hands.get("/sessions")
    assert hands.heading.startswith("Sign in")


def test_whoever_is_forgotten_is_out_at_once(stage: Stage) -> None:
    """Although signed in."""
    stage.enrol("sp-khan")
    hands = seated(stage, "sp-khan")
    stage.site.accounts.forget("sp-khan")
    del stage.passkeys["sp-khan"]
    hands.get("/")
    assert hands.heading.startswith("Sign in")


def test_a_closed_desk_is_opened_again_and_leads_back(stage: Stage) -> None:
    """The node has ended the sitting: the officer signs anew, and goes on."""
    hands = seated(stage, "sp-nair")
    (session, *_) = stage.site.sessions.of("sp-nair")
    assert hands.get("/reading").status == 200
    stage.site.line.rise(session.sitting)
    hands.get("/reading")
    assert hands.heading.startswith("Open the desk")
    hands.post("/desk")
    hands.sign(stage.passkeys["sp-nair"][1])
    assert hands.heading.startswith("Your desk")
    assert "reading" in said(hands.last)


def test_a_key_that_the_staff_list_lacks_is_told(stage: Stage) -> None:
    """Enrolled here, not yet listed there: the page says whose turn it is."""
    login, _ = stage.enrol("si-joshi")
    fresh = stage.key()
    with stage.site.accounts._writing() as writing:
        writing.execute("UPDATE signing SET id = ? WHERE officer = 'si-joshi'",
                        (fresh.id,))  # fmt: skip
    hands = Hands.at(stage)
    hands.claim("si-joshi")
    hands.touch(login, "/sign-in/passkey")
    before = stage.state()
    hands.sign(fresh)
    assert "agency IT has still to put it into the staff list" in said(hands.last)
    assert stage.state() == before


def test_a_node_that_is_away_loses_no_draft(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and the same draft can be signed once it is back."""
    hands = Hands.at(stage)
    hands.claim("si-rao")
    login, signing = stage.passkeys["si-rao"]
    hands.touch(login, "/sign-in/passkey")
    page = hands.last

    def away(_: bytes) -> None:
        raise Unreachable("desk")

    with monkeypatch.context() as patch:
        patch.setattr(stage.site.line, "hand_in", away)
        assert hands.sign(signing).status == 503
    hands.last = page
    assert hands.sign(signing).status == 200


def test_a_desk_whose_officer_is_not_told_is_no_open_desk(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node goes away between the two answers: closed there too, and opened anew."""
    hands = Hands.at(stage)
    hands.claim("si-rao")
    login, signing = stage.passkeys["si-rao"]
    hands.touch(login, "/sign-in/passkey")
    (session, *_) = stage.site.sessions.of("si-rao")
    sittings = stage.grid.agency("police").office.journal.rows
    before = sittings("SELECT token FROM sitting")

    def away(*_: object) -> None:
        raise Unreachable("desk")

    with monkeypatch.context() as patch:
        patch.setattr(stage.site.line, "read", away)
        assert hands.sign(signing).status == 503
    assert (session.sitting, session.person) == ("", None)
    assert sittings("SELECT token FROM sitting") == before
    hands.get("/desk")
    hands.post("/desk")
    hands.sign(signing)
    assert hands.heading.startswith("Your desk")


def test_a_room_s_fault_is_a_page_and_a_log_line_without_the_data(
    stage: Stage,
) -> None:
    """Where it failed, and nothing of what it failed on."""
    hands = seated(stage, "si-rao")
    with capture_logs() as told:
        hands.get("/broken")
    assert hands.last.status == 500
    assert "Kabir" not in hands.last.text
    assert [one["event"] for one in told] == ["failed"]
    assert "Kabir" not in str(told)
    assert "seats.py" in told[0]["where"]


def test_a_room_of_another_role_is_shut_and_an_unknown_page_absent(
    stage: Stage,
) -> None:
    """Nothing of the address comes back."""
    hands = seated(stage, "si-rao")
    assert hands.get("/it").status == 403
    for path in ("/nothing-here", "/approve/xyz", "/approve/" + "A" * 64, "/sign/..x"):
        answer = hands.get(path)
        assert answer.status == 404
        assert path.rsplit("/", 1)[1] not in said(answer)


@pytest.mark.threat("T28")
def test_every_answer_forbids_caches_and_foreign_scripts(
    stage: Stage, hands: Hands
) -> None:
    """Only the pages of passkeys load a script, their own; files may be kept."""
    for path, scripts in (("/sign-in", False), ("/enrol", False), ("/none", False)):
        headers = hands.browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert ("script-src" in headers["content-security-policy"]) is scripts
    hands.claim("si-rao")
    assert "script-src 'self'" in hands.last.headers["content-security-policy"]
    for path in ("/static/passkey.js", "/static/page.css"):
        assert "max-age" in hands.browser.get(path).headers["cache-control"]
    assert hands.browser.get("/static/../app.py").status == 404
