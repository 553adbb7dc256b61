"""What an enemy makes of a real browser's passkeys: refused by the node, each time.

The enemy has the portal's own place: bends its pages, keeps what passkeys answered,
hands envelopes in at the desk. What it never has is the officer's signing key over the
bytes that it would like signed. Every test ends with nobody's memory changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from webauthn.helpers import bytes_to_base64url

from childgrid_node import approve
from childgrid_portal import drafts, web
from childgrid_portal.web import passkeys
from childgrid_wire import envelope
from childgrid_wire.envelope import Signature
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.keys import webauthn_challenge
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from portal.chromium import Seat
from portal.seats import bent, only, options, sitting, standing, touched
from portal.stage import Stage

APPROVER = "sp-nair"
SCRIPT = Path(web.__file__).parent / "static/passkey.js"


@pytest.fixture(scope="module")
def stage(police: Stage) -> Stage:
    """The police's portal with bare rooms: approve and refuse."""
    return police


@pytest.fixture(scope="module")
def seat(stage: Stage, chromium: Browser) -> Iterator[Seat]:
    """The supervising officer at the open desk."""
    with sitting(chromium, stage, APPROVER) as made:
        yield made


@pytest.fixture
def query(stage: Stage) -> Statement:
    """A query that waits for approval."""
    return stage.ask()


@contextmanager
def unchanged(stage: Stage) -> Iterator[None]:
    """Whatever is tried, no agency's memory changes by it."""
    before = stage.state()
    yield
    assert stage.state() == before


def to_approve(seat: Seat, stage: Stage, query: Statement) -> None:
    """Open the page that signs the approval."""
    seat.page.goto(f"{stage.origin}/approve/{query.hash}")
    assert seat.heading() == "I approve exactly what is named here"


def challenge(kind: Kind, payload: bytes) -> str:
    """What a passkey would have to sign, as pages say it."""
    message = envelope.pae(kind.payload_type, payload)
    return bytes_to_base64url(webauthn_challenge(message))


def draft(stage: Stage, query: Statement) -> bytes:
    """An approval that the enemy has had drafted for the officer."""
    return stage.site.line.draft(APPROVER, drafts.approve(APPROVER, query.hash))


def refused_by_node(stage: Stage, kind: Kind, payload: bytes, answer: str) -> Reason:
    """Hand bytes in with a passkey's answer; why the node refuses them."""
    signature = Signature(f"police/{APPROVER}", passkeys.touched(answer).signature)
    with pytest.raises(WireError) as caught:
        stage.site.line.hand_in(envelope.assemble(kind, payload, [signature]))
    return caught.value.reason


def said(seat: Seat) -> str:
    """The node's word on the page that says so."""
    assert seat.heading() == "This was not done"
    return seat.page.locator("main code").inner_text()


@pytest.mark.threat("T25", "T28")
def test_a_page_that_has_other_bytes_signed(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """The officer sees one statement, the passkey is asked for another's hash."""
    wanted = draft(stage, query)
    to_approve(seat, stage, query)
    with unchanged(stage):
        bent(seat.page, challenge=challenge(Kind.APPROVAL, wanted))
        seat.press("Sign with the passkey")
        assert said(seat) == "bad-signature"


@pytest.mark.threat("T25", "T28")
def test_bytes_that_the_node_never_drafted(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """A touch over the enemy's own wording is a signature of nothing the node knows."""
    wanted = draft(stage, query).replace(b'"slot":"', b'"slot":"x')
    to_approve(seat, stage, query)
    with unchanged(stage):
        answer = touched(seat.page, challenge=challenge(Kind.APPROVAL, wanted))
        reason = refused_by_node(stage, Kind.APPROVAL, wanted, answer)
        assert reason is Reason.UNKNOWN


@pytest.mark.threat("T25", "T28")
def test_a_login_whose_challenge_is_an_approval_s_hash(
    stage: Stage, chromium: Browser, query: Statement
) -> None:
    """The login passkey answers it, and the node knows no such key; it is no login."""
    wanted = draft(stage, query)
    with standing(chromium, stage, APPROVER) as other, unchanged(stage):
        bent(other.page, challenge=challenge(Kind.APPROVAL, wanted))
        answer = touched(other.page)
        reason = refused_by_node(stage, Kind.APPROVAL, wanted, answer)
        assert reason is Reason.BAD_SIGNATURE
        other.press("Touch the passkey")
        assert other.page.get_by_role("alert").first.is_visible()
        assert other.heading() == "Touch your login passkey"


@pytest.mark.threat("T25", "T28")
def test_the_signing_passkey_opens_no_session(stage: Stage, chromium: Browser) -> None:
    """A touch of the right person's other passkey over the right login challenge."""
    with standing(chromium, stage, APPROVER) as other:
        bent(other.page, allowCredentials=only(stage.passkeys[APPROVER][1]))
        other.press("Touch the passkey")
        assert other.heading() == "Touch your login passkey"
        other.page.goto(f"{stage.origin}/sessions")
        assert other.heading() == "Sign in"


@pytest.mark.threat("T25", "T28")
def test_the_login_passkey_signs_nothing(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """Asked for the right hash, at the portal and past it."""
    to_approve(seat, stage, query)
    payload = _shown(stage, seat.page)
    with unchanged(stage):
        bent(seat.page, allowCredentials=only(stage.passkeys[APPROVER][0]))
        answer = touched(seat.page)
        seat.press("Sign with the passkey")
        assert seat.page.get_by_role("alert").first.is_visible()
        reason = refused_by_node(stage, Kind.APPROVAL, payload, answer)
        assert reason is Reason.BAD_SIGNATURE


def _shown(stage: Stage, page: Page) -> bytes:
    """The bytes of the draft that a page shows."""
    name = page.url.rsplit("/", 1)[1]
    waiting = [one.drafts for one in stage.site.sessions.of(APPROVER)]
    return next(drafts[name].payload for drafts in waiting if name in drafts)


@pytest.mark.threat("T9")
def test_an_answer_that_was_given_before(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """A kept assertion fits no other draft, although it says the very same."""
    to_approve(seat, stage, query)
    kept = touched(seat.page)
    to_approve(seat, stage, query)
    with unchanged(stage):
        reason = refused_by_node(stage, Kind.APPROVAL, _shown(stage, seat.page), kept)
        assert reason is Reason.BAD_SIGNATURE


@pytest.mark.threat("T25", "T28")
def test_an_answer_from_another_page_of_the_same_domain(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """Another port of the host may ask the same passkey; its origin isn't enrolled."""
    to_approve(seat, stage, query)
    payload, asked = _shown(stage, seat.page), options(seat.page)
    elsewhere = f"http://{stage.config.rp_id}:9"
    seat.context.route(
        f"{elsewhere}/**", lambda it: it.fulfill(body="<p>", content_type="text/html")
    )
    with unchanged(stage):
        seat.page.goto(f"{elsewhere}/")
        seat.page.add_script_tag(path=SCRIPT)
        answer = str(
            seat.page.evaluate(
                "async (wish) => told(await navigator.credentials.get(asked(wish)))",
                asked,
            )
        )
        reason = refused_by_node(stage, Kind.APPROVAL, payload, answer)
        assert reason is Reason.BAD_SIGNATURE


@pytest.mark.threat("T25", "T28")
def test_an_answer_without_the_person_being_verified(
    stage: Stage, seat: Seat, chromium: Browser, query: Statement
) -> None:
    """Whoever finds the key on the desk can touch it, and no more."""
    to_approve(seat, stage, query)
    seat.verify_users(False)
    with unchanged(stage):
        bent(seat.page, userVerification="discouraged")
        seat.press("Sign with the passkey")
        assert said(seat) == "bad-signature"
    seat.verify_users(True)
    with standing(chromium, stage, APPROVER) as other:
        other.verify_users(False)
        bent(other.page, userVerification="discouraged")
        other.press("Touch the passkey")
        assert other.heading() == "Touch your login passkey"


@pytest.mark.threat("T5")
def test_nobody_approves_what_they_asked_themselves(
    stage: Stage, chromium: Browser, query: Statement
) -> None:
    """The node drafts no such approval, and takes none in that was never drafted."""
    with sitting(chromium, stage, "si-rao") as asker, unchanged(stage):
        asker.page.goto(f"{stage.origin}/approve/{query.hash}")
        assert said(asker) == "own-request"


@pytest.mark.threat("T25")
def test_a_second_tab_with_a_stale_statement(
    stage: Stage, seat: Seat, query: Statement
) -> None:
    """The other tab has refused meanwhile: neither the portal nor the node goes on."""
    to_approve(seat, stage, query)
    payload, kept = _shown(stage, seat.page), touched(seat.page)
    tab = seat.context.new_page()
    cdp = seat.context.new_cdp_session(tab)
    cdp.send("WebAuthn.enable")
    tab.goto(f"{stage.origin}/refuse/{query.hash}")
    refusal = _shown(stage, tab)
    answer = stage.passkeys[APPROVER][1].touch(
        webauthn_challenge(envelope.pae(Kind.REFUSAL.payload_type, refusal))
    )
    tab.evaluate(
        "(answer) => { const form = document.querySelector('form[data-passkey]');"
        " form.elements.answer.value = answer; form.submit(); }",
        answer,
    )
    tab.wait_for_url(f"{stage.origin}/")
    assert approve.closed(stage.grid.agency("police").office, query.hash)
    with unchanged(stage):
        seat.press("Sign with the passkey")
        assert seat.heading() == "This statement is no longer valid"
        reason = refused_by_node(stage, Kind.APPROVAL, payload, kept)
        assert reason in (Reason.DECIDED, Reason.CLOSED)
    tab.close()
