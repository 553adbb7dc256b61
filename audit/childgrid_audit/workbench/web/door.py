"""The door: who may look at the workbench.

Whoever starts the command has opened the station with its passphrase, or holds the
exported directory. The command prints an address with a code that lets one browser in,
once and for a quarter of an hour; the browser gets a session cookie that no other site
and no script can use. Every form carries the session's own token.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

COOKIE = "workbench"
CODE_SECONDS = 900
IDLE_SECONDS = 3_600
SESSION_SECONDS = 12 * 3_600


@dataclass
class Session:
    """One browser that was let in; `token` stands in its forms."""

    token: str
    since: float
    seen: float


class Door:
    """Codes and sessions, in memory only; threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._code = ""
        self._until = 0.0
        self._sessions: dict[str, Session] = {}

    def new_code(self) -> str:
        """A fresh code; the one before it ends."""
        with self._turn:
            self._code = secrets.token_urlsafe(32)
            self._until = self._clock() + CODE_SECONDS
            return self._code

    def enter(self, code: str) -> str:
        """Use a code up; returns a new session's cookie, empty if it is no good."""
        with self._turn:
            good = bool(self._code) and compare_digest(
                code.encode("utf-8", "replace"), self._code.encode()
            )
            if not good or self._clock() >= self._until:
                return ""
            self._code = ""
            cookie, now = secrets.token_urlsafe(32), self._clock()
            self._sessions[cookie] = Session(secrets.token_urlsafe(32), now, now)
            return cookie

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie, unless it has run out."""
        with self._turn:
            found, now = self._sessions.get(cookie), self._clock()
            if found is None:
                return None
            idle, age = now - found.seen, now - found.since
            if idle >= IDLE_SECONDS or age >= SESSION_SECONDS:
                del self._sessions[cookie]
                return None
            found.seen = now
            return found

    def leave(self, cookie: str) -> None:
        """End a session."""
        with self._turn:
            self._sessions.pop(cookie, None)


def is_token(session: Session, token: str) -> bool:
    """Whether a form carries its session's own token."""
    return compare_digest(token.encode("utf-8", "replace"), session.token.encode())
