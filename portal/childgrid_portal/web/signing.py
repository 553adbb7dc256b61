"""Signing: one statement, shown from its exact bytes, signed by one touch.

The node drafts; the draft waits here, bound to its officer's session, until it is
signed, replaced, or over. The page shows the bytes and asks the signing passkey for
their hash. What the browser answers goes to the node with the very bytes that were
kept; the node verifies, and what it refuses has changed nothing. The rule: a form must
name the hash that it showed, and a draft is signed once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from starlette.responses import Response

from childgrid_portal import drafts
from childgrid_portal.drafts import Wanted
from childgrid_portal.line import Handed
from childgrid_portal.web import passkeys, statements
from childgrid_portal.web.drawer import Typed
from childgrid_portal.web.passkeys import NotAccepted, Touch, Why
from childgrid_portal.web.session import Pending, Session
from childgrid_portal.web.site import Call, Site, now, onward
from childgrid_portal.web.visit import About, Person
from childgrid_wire import envelope
from childgrid_wire.envelope import Signature
from childgrid_wire.errors import Unreachable, WireError
from childgrid_wire.kinds import Kind

_ABOUT = ("answers", "query", "holder", "handle", "scope", "subject")
_DECISIONS = (Kind.APPROVAL, Kind.REFUSAL)
_SHORTEST_MINUTES = 5
_PAPER_SIGNS = 32


@dataclass(frozen=True)
class Described:
    """What a draft is about, in parts, and the form that it was made from."""

    about: About = field(default_factory=dict)
    typed: Typed | None = None
    paper: str = ""
    """The sheet that was written on; what is corrected on it replaces its draft."""


NOTHING = Described()


def offer(
    site: Site,
    session: Session,
    wanted: Wanted,
    then: str,
    described: Described = NOTHING,
) -> Response:
    """Have something drafted and lead its officer to the page that signs it.

    Raises:
        WireError: the node would not draft it; nothing is kept.
    """
    payload = site.line.draft(session.officer, wanted)
    draft = Pending(
        secrets.token_hex(16),
        _topic(wanted, described.paper),
        wanted.kind,
        payload,
        then,
        site.sessions.clock(),
        now(),
        described.about,
        described.typed,
    )
    site.sessions.keep(session, draft)
    return onward(f"/sign/{draft.id}")


def _topic(wanted: Wanted, paper: str) -> tuple[str, ...]:
    """What a draft is about: approving and refusing are about the same.

    A query is about the person of its sheet: two windows can hold two, and who corrects
    a description leaves no earlier one to be signed by mistake.
    """
    if wanted.kind is Kind.QUERY:
        return (wanted.kind.value, paper[:_PAPER_SIGNS] or secrets.token_hex(16))
    kind = "decision" if wanted.kind in _DECISIONS else wanted.kind.value
    return (kind, *(str(wanted.expected.get(name, "")) for name in _ABOUT))


def open_desk(site: Site, session: Session) -> Response:
    """Offer the `view` that opens the desk for the rest of the session.

    Raises:
        WireError: the node would not draft it.
    """
    left = site.sessions.left(session) // 60
    minutes = min(site.config.sitting_minutes, max(left, _SHORTEST_MINUTES))
    wanted = drafts.sitting(session.officer, minutes)
    return offer(site, session, wanted, session.wanted)


def show(call: Call) -> Response:
    """The page that shows a draft and asks for the touch."""
    draft = _waiting(call)
    if draft is None:
        return call.stale()
    return _page(call, draft)


def take(call: Call) -> Response:
    """Sign: hand the kept bytes in with what the passkey answered."""
    draft = _waiting(call)
    if draft is None or call.said("statement") != draft.hash:
        return call.stale()
    try:
        touch = _touch(call, draft)
    except NotAccepted as error:
        return _page(call, draft, error.why)
    session = call.known
    if session.drafts.pop(draft.id, None) is None:
        return call.stale()
    try:
        handed = call.site.line.hand_in(_signed(call, draft, touch))
    except Unreachable:
        session.keep_again(draft)
        raise
    session.note(handed.hash, draft.topic)
    call.site.drawer.drop(draft.typed)
    if handed.sitting:
        return _seated(call, handed, draft.then)
    return onward(draft.then.replace("{hash}", handed.hash))


def _waiting(call: Call) -> Pending | None:
    """The draft that the address names, while it may still be signed."""
    call.site.sessions.forget_drafts(call.known)
    return call.known.drafts.get(call.place["draft"])


def _page(call: Call, draft: Pending, fault: Why | None = None) -> Response:
    site = call.site
    ids = site.accounts.signing(call.known.officer)
    return call.page(
        "sign.html",
        200 if fault is None else 400,
        said=statements.read(draft.kind, draft.payload),
        draft=draft,
        earlier=site.sessions.signed_before(call.known.officer, draft),
        open_for=int(site.sessions.clock() - draft.since),
        minutes=site.config.draft_minutes,
        options=passkeys.question(site.config, draft.challenge, ids),
        trainee=_is_trainee(call),
        fault=fault,
    )


def _is_trainee(call: Call) -> bool:
    training = call.site.training
    return training is not None and call.known.officer in training.trainees


def _touch(call: Call, draft: Pending) -> Touch:
    """What the passkey answered; a login passkey's answer is none.

    Raises:
        NotAccepted: no answer, or another passkey's than the officer's for signing.
    """
    training, officer = call.site.training, call.known.officer
    answer = call.said("answer")
    if training is not None and call.said("trainee") and _is_trainee(call):
        answer = training.trainees[officer].signing.touch(draft.challenge)
    touch = passkeys.touched(answer)
    if touch.id not in call.site.accounts.signing(officer):
        raise NotAccepted(Why.WRONG)
    return touch


def _signed(call: Call, draft: Pending, touch: Touch) -> bytes:
    keyid = f"{call.site.config.member}/{call.known.officer}"
    signature = Signature(keyid, touch.signature)
    return envelope.assemble(draft.kind, draft.payload, [signature])


def _seated(call: Call, handed: Handed, then: str) -> Response:
    """The desk is open: remember by which token, and learn who sits there.

    Both or neither: a desk at which nobody is known to sit is closed again, and so is
    one that was opened at this browser before.
    """
    site, session = call.site, call.known
    try:
        said = site.line.read(handed.sitting, "directory")["officer"]
    except WireError:
        _rise(site, handed.sitting)
        raise
    known = site.accounts.officer(session.officer)
    person = Person(
        site.config.member,
        session.officer,
        known.name if known else session.officer,
        str(said["role"]),
        str(said["unit"]),
        int(said["rank"]),
        call.language,
    )
    close_desk(site, session)
    session.sitting, session.person = handed.sitting, person
    return onward(then)


def close_desk(site: Site, session: Session) -> None:
    """Close the desk at the node; it closes by itself where the node is away."""
    token, session.sitting, session.person = session.sitting, "", None
    if token:
        _rise(site, token)


def _rise(site: Site, token: str) -> None:
    try:
        site.line.rise(token)
    except WireError:
        pass
