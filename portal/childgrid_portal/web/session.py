"""Sessions: who has signed in at which browser, in memory only.

A browser holds a random cookie that no script can read; what belongs to it stands here
and ends with the process: who signed in, the token of the open desk, statements that
wait for a signature, one-time challenges. The rule: a session is renewed under another
cookie when its officer signs in, ends when idle or old, and a draft or challenge is
used once.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest

from childgrid_portal.web.accounts import Login
from childgrid_portal.web.drawer import Typed
from childgrid_portal.web.visit import Person
from childgrid_wire import envelope
from childgrid_wire.keys import webauthn_challenge
from childgrid_wire.kinds import Kind

CHALLENGE_SECONDS = 300
STRANGER_SECONDS = 900
"""For so long a browser that nobody has signed in at is remembered."""

DRAFT_SECONDS = 900
"""For so long a draft waits to be signed, unless the settings say otherwise."""

LATE_SECONDS = 8 * 3_600
"""For so long a form of a session that ran out is known to be its officer's."""

MOST_STRANGERS = MOST_LATE = 1_000
MOST_DRAFTS = 16
MOST_SIGNED = 64
Clock = Callable[[], float]


@dataclass(frozen=True)
class Pending:
    """A draft that waits for its officer's signature."""

    id: str
    topic: tuple[str, ...]
    """What it is about: a newer draft about the same takes its place."""

    kind: Kind
    payload: bytes = field(repr=False)
    then: str
    since: float
    moment: int
    """When it was drafted: Unix seconds."""

    about: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    """What it is about and its bytes hold sealed, or name by a hash alone."""

    typed: Typed | None = field(default=None, repr=False)
    """The form that it was made from, to be changed."""

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return envelope.pae(self.kind.payload_type, self.payload)

    @property
    def hash(self) -> str:
        """The statement's name to be."""
        return envelope.name_of(self.kind, self.payload)

    @property
    def challenge(self) -> bytes:
        """What the signing passkey is asked to sign."""
        return webauthn_challenge(self.message)


@dataclass
class Session:
    """One browser."""

    since: float
    seen: float
    moment: int
    """When it began: Unix seconds."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """Stands in every form."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Its name in the officer's list of sessions; opens nothing."""

    officer: str = ""
    claimed: str = ""
    """Who somebody at this browser says to be, before the passkey has shown it."""

    enrolling: str = ""
    """Whose invitation was used here."""

    login: Login | None = None
    """The first of the two passkeys, while the second is being made."""

    entry: str = ""
    """What the staff list needs of who has just enrolled here."""

    failures: int = 0
    wanted: str = "/"
    """The page that was asked for before signing in."""

    whose: str = ""
    """The officer whose page that is; empty: anybody's."""

    sitting: str = ""
    person: Person | None = None
    drafts: dict[str, Pending] = field(default_factory=dict)
    signed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Hash to topic of what was signed here and taken in, the oldest first."""

    _challenges: dict[str, tuple[bytes, float]] = field(default_factory=dict)

    def challenge(self, use: str, now: float) -> bytes:
        """A fresh random challenge for one use; the one before it ends."""
        made = secrets.token_bytes(32)
        self._challenges[use] = made, now + CHALLENGE_SECONDS
        return made

    def answer(self, use: str, now: float) -> bytes | None:
        """Use a challenge up; None where there is none or it is over."""
        made, until = self._challenges.pop(use, (b"", 0.0))
        return made if made and now < until else None

    def keep(self, draft: Pending) -> None:
        """Let a draft wait; what it replaces, and the oldest of too many, go."""
        self.replace(draft.topic)
        for name in _oldest(self.drafts, MOST_DRAFTS - 1):
            self.drafts.pop(name, None)
        self.drafts[draft.id] = draft

    def replace(self, topic: tuple[str, ...]) -> None:
        """Let go of what waits about a topic."""
        for old in list(self.drafts.values()):
            if old.topic == topic:
                self.drafts.pop(old.id, None)

    def keep_again(self, draft: Pending) -> None:
        """Let a draft wait whose touch did not arrive, unless a newer one does."""
        if all(one.topic != draft.topic for one in list(self.drafts.values())):
            self.keep(draft)

    def note(self, name: str, topic: tuple[str, ...] = ()) -> None:
        """Remember that a statement was signed here, and what it was about."""
        for old in _oldest(self.signed, MOST_SIGNED - 1):
            self.signed.pop(old, None)
        self.signed[name] = topic

    def signed_before(self, draft: Pending) -> str:
        """The query signed last on the sheet on which this one is written, or empty."""
        if draft.kind is not Kind.QUERY:
            return ""
        found = (name for name, topic in self.signed.items() if topic == draft.topic)
        return next(reversed(list(found)), "")

    def forget_drafts(self, until: float) -> None:
        """Forget what waits since `until` or longer, and what its officer wrote."""
        for draft in list(self.drafts.values()):
            if draft.since <= until:
                self.drafts.pop(draft.id, None)

    def is_token(self, token: str) -> bool:
        """Whether a form carries this session's own token."""
        return compare_digest(token.encode("utf-8", "replace"), self.token.encode())


class Sessions:
    """All sessions of a portal; threads may share it."""

    def __init__(
        self,
        idle_seconds: int,
        seconds: int,
        over: Callable[[Session], None] = lambda _: None,
        clock: Clock = time.monotonic,
        *,
        draft_seconds: int = DRAFT_SECONDS,
    ) -> None:
        """`over` is told of each session that ends, so that its desk is closed."""
        self._draft_seconds = draft_seconds
        self._idle, self._seconds = idle_seconds, seconds
        self._over, self.clock = over, clock
        self._turn = threading.Lock()
        self._all: dict[str, Session] = {}
        self._late: dict[str, tuple[str, float]] = {}

    def start(self) -> tuple[str, Session]:
        """Begin one for a stranger; returns its cookie."""
        self.sweep()
        with self._turn:
            return self._begin()

    def _begin(self) -> tuple[str, Session]:
        now = self.clock()
        strangers = [name for name, one in self._all.items() if not one.officer]
        for name in _oldest(strangers, MOST_STRANGERS - 1):
            del self._all[name]
        cookie = secrets.token_urlsafe(32)
        made = self._all[cookie] = Session(now, now, int(time.time()))
        return cookie, made

    def find(self, cookie: str, *, used: bool = True) -> Session | None:
        """The session of a cookie, unless it is over; using it keeps it alive."""
        with self._turn:
            found = self._all.get(cookie)
            if found is None or self._is_over(found):
                return None
            if used:
                found.seen = self.clock()
            return found

    def renew(self, cookie: str, officer: str) -> tuple[str, Session]:
        """An officer has signed in: another cookie and nothing of who was there."""
        with self._turn:
            before = self._all.pop(cookie, None)
            cookie, made = self._begin()
            made.officer = officer
            theirs = before and before.whose in ("", officer)
            made.wanted = before.wanted if before and theirs else "/"
        if before is not None:
            self._ran_out([before] if before.officer == officer else [])
            self._over(before)
        return cookie, made

    def late(self, token: str) -> str:
        """Whose form this is, by the token of a session that ran out; else empty.

        Who signs out or is signed out has no late forms: nothing more is to come of it.
        """
        self.sweep()
        with self._turn:
            officer, ended = self._late.get(token, ("", 0.0))
        return officer if self.clock() - ended < LATE_SECONDS else ""

    def _ran_out(self, ended: Iterable[Session]) -> None:
        with self._turn:
            for one in ended:
                self._late[one.token] = one.officer, self.clock()
            for token in _oldest(self._late, MOST_LATE):
                del self._late[token]

    def left(self, session: Session) -> int:
        """Seconds until a session ends however it is used."""
        return max(0, int(session.since + self._seconds - self.clock()))

    def of(self, officer: str) -> list[Session]:
        """An officer's sessions, newest first."""
        self.sweep()
        with self._turn:
            found = [one for one in self._all.values() if one.officer == officer]
        return sorted(found, key=lambda one: -one.since)

    def keep(self, session: Session, draft: Pending) -> None:
        """Let a draft wait; a description waits at no other browser of its officer.

        What was typed is found at all of them, so that it may be corrected at each.
        """
        if draft.kind is Kind.QUERY:
            for one in self.of(session.officer):
                one.replace(draft.topic)
        session.keep(draft)

    def signed_before(self, officer: str, draft: Pending) -> str:
        """The query that an officer signed last on a draft's sheet, at any browser."""
        found = (one.signed_before(draft) for one in self.of(officer))
        return next(filter(None, found), "")

    def end(self, officer: str, id_: str = "") -> None:
        """End one session of an officer, or all; enrolling anew elsewhere ends too."""
        self._drop(
            lambda one: officer in (one.officer, one.enrolling) and id_ in ("", one.id)
        )

    def drop(self, session: Session) -> None:
        """End a session, a stranger's too."""
        self._drop(lambda one: one is session)

    def clear(self) -> None:
        """End all of them."""
        self._drop(lambda _: True)

    def forget_drafts(self, session: Session) -> None:
        """Forget what has waited too long in one session."""
        session.forget_drafts(self.clock() - self._draft_seconds)

    def sweep(self) -> None:
        """End what is over: sessions, and drafts in those that last."""
        ended = self._drop(self._is_over)
        self._ran_out(one for one in ended if one.officer)
        with self._turn:
            lasting = list(self._all.values())
        for one in lasting:
            self.forget_drafts(one)

    def _drop(self, ends: Callable[[Session], bool]) -> list[Session]:
        with self._turn:
            ended = {name: one for name, one in self._all.items() if ends(one)}
            for name in ended:
                del self._all[name]
        # Outside the turn: a desk is closed over the network.
        for one in ended.values():
            self._over(one)
        return list(ended.values())

    def _is_over(self, session: Session) -> bool:
        now = self.clock()
        idle = self._idle if session.officer else STRANGER_SECONDS
        return now - session.seen >= idle or now - session.since >= self._seconds


def _oldest(names: Collection[str], room: int) -> list[str]:
    """Those of `names`, oldest first, for which there is no room."""
    return list(names)[: max(0, len(names) - room)]
