"""The examples of a TLS proxy before the portal, each tried as a running server.

What stands behind it here says what it was sent, so that the proxy can be seen to pass
on the name and nothing else.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from deploy.processes import free_port, until
from deploy.zones import ROOT

HOST = "desk.police.example"
FORGED = {
    "Forwarded": "for=9.9.9.9;host=evil.example",
    "X-Forwarded-For": "9.9.9.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Real-IP": "9.9.9.9",
}
CADDY = ROOT / ".venv-deploy" / "bin" / "caddy"


class Echo(BaseHTTPRequestHandler):
    """Says what it was sent; `/stream` waits for `go` before its second line."""

    protocol_version = "HTTP/1.1"
    go: threading.Event
    asked: list[str]

    def do_GET(self) -> None:
        """Answer with the request's own headers."""
        self.asked.append(self.path)
        if self.path == "/stream":
            self._stream()
            return
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Cache-Control", "public, max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take the body and answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.go.wait(30)
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Proxy:
    """A running proxy, and what came through it."""

    ca: trustme.CA
    tls: int
    plain: int
    asked: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def connect(
        self, name: str = HOST, most: ssl.TLSVersion | None = None
    ) -> http.client.HTTPSConnection:
        """A connection on which the certificate's `name` is demanded."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if most is not None:
            context.maximum_version = most
        made = http.client.HTTPSConnection(name, self.tls, timeout=30)
        raw = socket.create_connection(("127.0.0.1", self.tls), 30)
        made.sock = context.wrap_socket(raw, server_hostname=name)
        return made

    def get(
        self, path: str = "/", headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, dict[str, str]]:
        """The answer, and the headers that the portal would have seen."""
        made = self.connect()
        made.request("GET", path, headers={"Host": HOST, **(headers or {})})
        answer = made.getresponse()
        seen = json.loads(answer.read())
        made.close()
        return answer, {name.lower(): text for name, text in seen.items()}


def written(name: str, folder: Path, tls: int, plain: int, behind: int) -> str:
    """The example with this machine's ports and files, and nothing else changed."""
    text = (ROOT / "deploy" / "proxy" / name).read_text("utf-8")
    text = text.replace("/etc/childgrid/proxy", str(folder))
    text = text.replace("/var/log/nginx", str(folder))
    text = text.replace("127.0.0.1:8443", f"127.0.0.1:{behind}")
    if name == "Caddyfile":
        ports = f"https_port {tls}\n\thttp_port {plain}\n\tdefault_bind 127.0.0.1\n"
        return text.replace("\tadmin off\n", f"\tadmin off\n\t{ports}")
    text = re.sub(r"listen \[::\]:.*\n", "", text)
    text = text.replace("listen 443", f"listen 127.0.0.1:{tls}")
    text = text.replace("listen 80", f"listen 127.0.0.1:{plain}")
    places = "".join(
        f"{one}_temp_path {folder}/{one};\n"
        for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{places}{text}}}\n"
    )


COMMANDS = {
    "Caddyfile": [str(CADDY), "run", "--adapter", "caddyfile", "--config"],
    "nginx.conf": ["nginx", "-e", "stderr", "-c"],
}


@contextmanager
def running(name: str, folder: Path) -> Iterator[Proxy]:
    """Start the portal's stand-in and the proxy before it."""
    ca = trustme.CA()
    issued = ca.issue_cert(HOST, "other.example")
    issued.private_key_pem.write_to_path(folder / "desk.key")
    for one in issued.cert_chain_pems:
        one.write_to_path(folder / "desk.crt", append=True)
    proxy = Proxy(ca, free_port(), free_port())
    kind = type("Portal", (Echo,), {"go": proxy.go, "asked": proxy.asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    text = written(name, folder, proxy.tls, proxy.plain, server.server_address[1])
    (folder / name).write_text(text, "utf-8")
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [*COMMANDS[name], str(folder / name)],
            stdout=said,
            stderr=said,
            env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    try:
        until(f"{name} listens", 30, lambda: _listens(process, proxy, folder))
        yield proxy
    finally:
        proxy.go.set()
        process.terminate()
        process.wait(30)
        server.shutdown()


def _listens(process: subprocess.Popen[bytes], proxy: Proxy, folder: Path) -> bool:
    assert process.poll() is None, (folder / "said").read_text()
    with socket.socket() as one, socket.socket() as two:
        found = [one.connect_ex(("127.0.0.1", proxy.tls))]
        found.append(two.connect_ex(("127.0.0.1", proxy.plain)))
    return found == [0, 0]


@pytest.fixture(scope="module", params=COMMANDS)
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Each example in turn."""
    if shutil.which(COMMANDS[request.param][0]) is None:
        pytest.skip("run `make deploy-install` for Caddy; nginx is the system's")
    with running(request.param, tmp_path_factory.mktemp("proxy")) as one:
        yield one


def test_the_portal_gets_its_name_and_no_forged_address(proxy: Proxy) -> None:
    """Host as the browser sent it; what a client claims to be forwarded is dropped."""
    _, seen = proxy.get("/inbox", FORGED)
    assert seen["host"] == HOST
    assert not {name.lower() for name in FORGED} & seen.keys()
    assert "9.9.9.9" not in str(seen)
    assert "evil" not in str(seen)


def test_a_browser_is_told_to_come_by_tls_only(proxy: Proxy) -> None:
    """HSTS for two years on every answer; plain http is sent on, to this name only."""
    answer, _ = proxy.get()
    assert answer.getheader("Strict-Transport-Security") == "max-age=63072000"
    assert not re.search("[0-9]", answer.getheader("Server") or "")
    plain = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=30)
    plain.request("GET", "/inbox?x=1", headers={"Host": HOST})
    moved = plain.getresponse()
    assert moved.status in (301, 308)
    where = moved.getheader("Location") or ""
    assert re.fullmatch(rf"https://{re.escape(HOST)}(:{proxy.tls})?/inbox\?x=1", where)


def test_old_tls_and_other_names_get_nothing(proxy: Proxy) -> None:
    """TLS 1.2 is refused, and so is a name that is not the portal's."""
    before = list(proxy.asked)
    with pytest.raises(ssl.SSLError):
        proxy.connect(most=ssl.TLSVersion.TLSv1_2)
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        proxy.connect("other.example").request("GET", "/")
        proxy.connect("other.example").getresponse()
    assert proxy.asked == before


def test_nothing_is_kept_by_the_proxy(proxy: Proxy) -> None:
    """What may be cached is asked for anew each time."""
    before = proxy.asked.count("/style.css")
    for _ in range(2):
        proxy.get("/style.css")
    assert proxy.asked.count("/style.css") == before + 2


def test_a_body_that_no_page_sends_is_refused(proxy: Proxy) -> None:
    """More than a megabyte is too much; less goes through."""
    for size, status in ((500_000, 200), (3_000_000, 413)):
        made = proxy.connect()
        try:
            made.request("POST", "/ask", body=b"x" * size, headers={"Host": HOST})
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # refused while it was still being sent; the answer is there
        assert made.getresponse().status == status
        made.close()


def test_a_page_that_waits_is_told_at_once(proxy: Proxy) -> None:
    """The first event arrives while the portal still holds the next one back."""
    proxy.go.clear()
    made = proxy.connect()
    made.request("GET", "/stream", headers={"Host": HOST})
    answer = made.getresponse()
    assert answer.readline() == b"data: first\n"
    assert not proxy.go.is_set()
    proxy.go.set()
    assert b"second" in answer.read()
    made.close()
