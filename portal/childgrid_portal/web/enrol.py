"""Enrolment: an invited officer makes a login passkey and a signing passkey.

The invitation's code is used up on entering. Both passkeys are put in force together,
and the officer's other sessions end, also one at which somebody was enrolling as them.
The signing passkey's public key is not kept: the page shows the entry for the agency's
staff list, agency IT writes it there, and from then on the node believes it. The rule:
two different keys, made with the person verified, and the signing one bound to its
device.
"""

from __future__ import annotations

from starlette.responses import Response

from childgrid_portal.web import passkeys
from childgrid_portal.web.accounts import FAILURES, Login
from childgrid_portal.web.passkeys import Made, NotAccepted, Why
from childgrid_portal.web.site import Call, onward
from childgrid_wire import canonical

_LOGIN, _SIGNING = b"\x01", b"\x02"


def form(call: Call) -> Response:
    """Who was invited, and by which code?"""
    return call.page("enrol.html", failed=False)


def begin(call: Call) -> Response:
    """Use the code up."""
    session, accounts = call.known, call.site.accounts
    officer = call.said("officer").strip().lower()[:64]
    if accounts.enter(officer, call.said("code")[:200]):
        session.enrolling, session.login = officer, None
        return onward("/enrol/login")
    session.failures += 1
    if session.failures >= FAILURES:
        call.site.sessions.drop(session)
        return call.shut()
    return call.page("enrol.html", 403, failed=True)


def ask_login(call: Call) -> Response:
    """Ask the browser for the first passkey."""
    return _ask(call, "enrol-login")


def ask_signing(call: Call) -> Response:
    """Ask the browser for the second passkey."""
    if call.known.login is None:
        return onward("/enrol/login")
    return _ask(call, "enrol-signing")


def _ask(call: Call, step: str, fault: Why | None = None) -> Response:
    site, session = call.site, call.known
    officer = site.accounts.officer(session.enrolling)
    if officer is None:
        return onward("/enrol")
    signs = step == "enrol-signing"
    name = f"{officer.id} – {'SIGNING' if signs else 'login'}"
    handle = officer.handle + (_SIGNING if signs else _LOGIN)
    challenge = session.challenge(step, site.sessions.clock())
    return call.page(
        "touch.html",
        200 if fault is None else 400,
        step=step,
        claimed=officer.id,
        options=passkeys.creation(site.config, name, handle, challenge),
        trainee=False,
        locked=False,
        fault=fault,
    )


def take_login(call: Call) -> Response:
    """Take the login passkey; it counts once the second is made."""
    try:
        made = _made(call, "enrol-login")
    except NotAccepted as error:
        return _ask(call, "enrol-login", error.why)
    call.known.login = Login(made.id, made.key, made.counter)
    return onward("/enrol/signing")


def take_signing(call: Call) -> Response:
    """Take the signing passkey and put both in force."""
    site, session = call.site, call.known
    login, officer = session.login, session.enrolling
    try:
        made = _made(call, "enrol-signing")
        if login is None:
            raise NotAccepted(Why.LATE)
        entry = _entry(call, made, login)
    except NotAccepted as error:
        return _ask(call, "enrol-signing", error.why)
    site.accounts.enrol(officer, login, made.id)
    session.entry, session.enrolling, session.login = entry, "", None
    site.sessions.end(officer)
    return onward("/enrol/done")


def done(call: Call) -> Response:
    """The entry for the staff list."""
    if not call.known.entry:
        return onward("/enrol")
    return call.page("enrolled.html", entry=call.known.entry)


def _made(call: Call, step: str) -> Made:
    session = call.known
    challenge = session.answer(step, call.site.sessions.clock())
    if not session.enrolling:
        raise NotAccepted(Why.LATE)
    made = passkeys.made(call.site.config, call.said("answer"), challenge)
    if call.site.accounts.is_known(made.id):
        raise NotAccepted(Why.SAME)
    return made


def _entry(call: Call, made: Made, login: Login) -> str:
    """The lines for staff.toml.

    Raises:
        NotAccepted: a synced key, or the login passkey again.
    """
    if made.synced:
        raise NotAccepted(Why.SYNCED)
    if made.id == login.id or made.key == login.key:
        raise NotAccepted(Why.SAME)
    config = call.site.config
    return (
        f'id = "{call.known.enrolling}"\n'
        'algorithm = "webauthn"\n'
        f'key = "{canonical.to_b64(made.spki)}"\n'
        f'rp_id = "{config.rp_id}"\n'
        f'origins = ["{config.origin}"]\n'
    )
