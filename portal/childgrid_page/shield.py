"""What every answer carries and every request must: headers, host, size, origin.

A page may load its own style sheet and fonts and nothing else, is framed by nobody and
kept in no cache. Where an answer of the application asks for it, a page may load the
application's scripts too, and a file that is the same for everybody may be kept. A
request must name a host that the application listens as, so that a foreign name that
resolves to this machine (DNS rebinding) gets nothing; one that changes something must
come from a page of that host.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SCRIPTED = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""For a page that needs a script file of its own; inline ones stay forbidden."""

KEPT = "public, max-age=3600"
"""`cache-control` of what says nothing of anybody: style sheets, scripts, fonts."""

# With `no-referrer` browsers send `Origin: null` along with the page's own forms.
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_SECURE = ((b"strict-transport-security", b"max-age=31536000"),)
_MAY_SAY = {
    (b"content-security-policy", SCRIPTED.encode()),
    (b"cache-control", KEPT.encode()),
}
_SAFE = ("GET", "HEAD")


class Shield:
    """ASGI: refuses what does not come from here, puts headers on what goes out.

    Args:
        app: the application inside.
        hosts: `host:port` values of the Host header that are this application.
        scheme: `http` on loopback, `https` elsewhere.
        admit: a further check of the connection; False refuses it.
    """

    def __init__(
        self,
        app: App,
        hosts: Collection[str],
        scheme: str = "https",
        admit: Callable[[Scope], bool] = lambda _: True,
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"{scheme}://{host}" for host in hosts)
        self._admit = admit
        self._more = list(_SECURE if scheme == "https" else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP is left unanswered."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = _shielded(message["headers"]) + self._more
                message = {**message, "headers": headers}
            await send(message)

        fault = self._fault(scope)
        if fault:
            await _refuse(fault, outward)
            return
        await self._app(scope, receive, outward)

    def _fault(self, scope: Scope) -> str:
        """Why a request is refused; empty if it is not."""
        headers = scope["headers"]
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return "this server does not go by that name"
        if not self._admit(scope):
            return "this server is another user's"
        if scope["method"] not in _SAFE and not self._is_ours(dict(headers)):
            return "the form is not of this server"
        return ""

    def _is_ours(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the browser says that a page of this host sent the form."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        site = headers.get(b"sec-fetch-site", b"same-origin")
        return origin in self._origins and site == b"same-origin"


_OURS = frozenset(name for name, _ in HEADERS)
Headers = Iterable[tuple[bytes, bytes]]


def _shielded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The application's headers and ours; of ours it chooses only among `_MAY_SAY`."""
    given = list(headers)
    chosen = dict(pair for pair in given if pair in _MAY_SAY)
    kept = [pair for pair in given if pair[0] not in _OURS]
    return [*kept, *((name, chosen.get(name, value)) for name, value in HEADERS)]


async def _refuse(why: str, send: Send) -> None:
    body = f"Refused: {why}.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
