"""A browser without a network: it calls an ASGI application and keeps its cookies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import apart

HOST = "audit-north.localhost:7430"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Browser:
    """One browser; `headers` are sent along with every request."""

    app: Any
    host: str = HOST
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        """Read an address."""
        return self.send("GET", path, b"", headers)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form, as a page of this host would; `origin=""` leaves it out."""
        given = {
            "origin": f"http://{self.host}",
            "content-type": "application/x-www-form-urlencoded",
            **headers,
        }
        return self.send("POST", path, urlencode(form).encode(), given)

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        parts = urlsplit(path)
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"host": self.host, "cookie": jar, **self.headers, **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in sent.items()
                if value
            ],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 7_430),
        }
        answer = apart.run(_call(self.app, scope, body))
        self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        made = answer.headers.get("set-cookie", "")
        name, _, rest = made.partition("=")
        value = rest.partition(";")[0].strip('"')
        if name and value:
            self.cookies[name] = value
        elif name:
            self.cookies.pop(name, None)


async def _call(app: Any, scope: dict[str, Any], body: bytes) -> Answer:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.sleep(3_600)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    start = next(one for one in said if one["type"] == "http.response.start")
    pieces = [one.get("body", b"") for one in said if "body" in one]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(pieces))


class Page(HTMLParser):
    """What a page is made of: its tags with attributes, links, ids and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def links(self) -> list[str]:
        """Where its links lead."""
        return [one["href"] for one in self.all("a")]

    def said(self) -> str:
        """Its text with single spaces."""
        return " ".join(" ".join(self.text).split())
