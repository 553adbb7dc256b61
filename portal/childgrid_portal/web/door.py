"""The door: signing in by the login passkey, opening the desk, leaving.

Whoever comes says who they are and shows it by a touch; five wrong ones lock that
officer out for a while and end the browser's session. A signing passkey opens nothing
here. After it the desk is opened by one touch of the signing passkey, and the officer
sees in which browsers they are signed in and can end each.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from childgrid_portal.web import display, passkeys, signing
from childgrid_portal.web.accounts import FAILURES
from childgrid_portal.web.passkeys import NotAccepted, Why
from childgrid_portal.web.site import Call, onward
from childgrid_wire.errors import WireError


def sign_in(call: Call) -> Response:
    """Who are you? Trainees are offered by name."""
    session = call.session
    if session and session.officer:
        return onward("/desk")
    training = call.site.training
    return call.page("signin.html", trainees=training.trainees if training else {})


def claim(call: Call) -> Response:
    """Somebody says who they are."""
    call.known.claimed = call.said("officer").strip().lower()[:64]
    return onward("/sign-in/passkey")


def ask(call: Call) -> Response:
    """Ask for a touch of the login passkey."""
    if not call.known.claimed:
        return onward("/sign-in")
    return _ask(call)


def _ask(call: Call, fault: Why | None = None) -> Response:
    site, session = call.site, call.known
    challenge = session.challenge("login", site.sessions.clock())
    ids = [one.id for one in site.accounts.logins(session.claimed)]
    training = site.training
    return call.page(
        "touch.html",
        200 if fault is None else 403,
        step="login",
        claimed=session.claimed,
        options=passkeys.question(
            site.config, challenge, ids or [site.accounts.decoy(session.claimed)]
        ),
        trainee=training is not None and session.claimed in training.trainees,
        locked=site.accounts.locked(session.claimed),
        fault=fault,
    )


def enter(call: Call) -> Response:
    """Sign in; the session goes on under another cookie."""
    site, session = call.site, call.known
    officer, now = session.claimed, site.sessions.clock()
    challenge = session.answer("login", now)
    try:
        login = passkeys.entered(
            site.config,
            _answer(call, challenge),
            challenge,
            site.accounts.logins(officer),
        )
    except NotAccepted as error:
        return _failed(call, error.why)
    site.accounts.entered(officer, login.id, login.counter)
    cookie, call.session = site.sessions.renew(call.cookie, officer)
    try:
        return site.seal(signing.open_desk(site, call.session), cookie)
    except WireError as error:
        return site.seal(call.problem(error), cookie)


def _answer(call: Call, challenge: bytes | None) -> str:
    training, officer = call.site.training, call.known.claimed
    if training and challenge and call.said("trainee") and officer in training.trainees:
        return training.trainees[officer].login.touch(challenge)
    return call.said("answer")


def _failed(call: Call, why: Why) -> Response:
    """Count it; too many end this session."""
    session = call.known
    if why is not Why.LATE:
        call.site.accounts.failed(session.claimed)
        session.failures += 1
    if session.failures >= FAILURES:
        call.site.sessions.drop(session)
        return call.shut()
    return _ask(call, why)


def desk(call: Call) -> Response:
    """Whether the desk is open, and the button that opens it."""
    if call.known.sitting:
        return onward("/")
    return call.page("desk.html", kept=call.latest)


def open_desk(call: Call) -> Response:
    """Draft the opening of the desk."""
    return signing.open_desk(call.site, call.known)


def sessions(call: Call) -> Response:
    """Where this officer is signed in."""
    own = call.known
    return call.page("sessions.html", own=own, all=call.site.sessions.of(own.officer))


def end(call: Call) -> Response:
    """End one of the own sessions, or all others."""
    own, named = call.known, call.said("session")
    for one in call.site.sessions.of(own.officer):
        if one.id == named or (named == "others" and one is not own):
            call.site.sessions.end(own.officer, one.id)
    return onward("/sessions")


def look(call: Call) -> Response:
    """How pages are to look: any reader's choice, kept in the browser alone.

    A form that was filled comes along and is sent again to the page that it stood on.
    """
    site = call.site
    answer = display.choose(call.form, site.languages, secure=site.config.secure)
    if call.said("again") and answer.headers["location"] == call.said("back"):
        answer.status_code = 307
    return answer


def leave(call: Call) -> Response:
    """Sign out; what was typed and not signed goes too."""
    call.site.drawer.forget(call.known.officer)
    call.site.sessions.drop(call.known)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(
        call.site.cookie,
        httponly=True,
        samesite="strict",
        secure=call.site.config.secure,
        path="/",
    )
    return answer
