"""How long the workbench's pages take on the synthetic year, over real HTTP.

Every kind of page once, three times each, the slowest counted; the server is the one
that `childgrid-audit serve` runs, on loopback.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import uvicorn

from childgrid_audit.workbench.web.answers import LINKS
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import Door
from childgrid_audit.workbench.work import Work

_TIMES = 3


@dataclass
class _Ready:
    """A desk on which everything has been worked out."""

    work: Work
    title: str = "the synthetic year"
    behind: bool = False

    def current(self) -> Work:
        return self.work


def measure(work: Work) -> dict[str, Any]:
    """Milliseconds and kilobytes of each kind of page, the slowest first."""
    door, port = Door(), _free_port()
    web = application(_Ready(work), door, [f"127.0.0.1:{port}"])
    server = uvicorn.Server(
        uvicorn.Config(web, port=port, log_level="error", lifespan="off")
    )
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.01)
    link = http.client.HTTPConnection("127.0.0.1", port)
    cookie = _enter(link, door, port)
    found = {path: _timed(link, path, cookie) for path in _paths(work)}
    server.should_exit = True
    running.join()
    slowest = sorted(found.items(), key=lambda one: -one[1][0])
    return {path: {"ms": ms, "kB": size} for path, (ms, size) in slowest}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _enter(link: http.client.HTTPConnection, door: Door, port: int) -> str:
    headers = {
        "origin": f"http://127.0.0.1:{port}",
        "content-type": "application/x-www-form-urlencoded",
    }
    link.request("POST", "/enter", urlencode({"code": door.new_code()}), headers)
    answer = link.getresponse()
    answer.read()
    return answer.headers["set-cookie"].partition(";")[0]


def _paths(work: Work) -> list[str]:
    """Each section, and the fullest page of each kind."""
    quarter = next(iter(work.quarters))
    case = max(work.cases, key=lambda one: len(work.cases[one]))
    person = max(work.people.values(), key=lambda one: len(one.searches))
    flag = max(work.flags, key=lambda one: len(work.flags[one].events))
    return [
        *(path for path, _ in LINKS),
        f"/scorecards/{quarter}",
        f"/scorecards/{quarter}/json",
        f"/samples/{quarter}",
        f"/cases/{case}",
        f"/people/{person.id}",
        f"/patterns/{work.flags[flag].pattern}",
        f"/flags/{flag}",
        f"/statements/{person.searches[0].hash}",
    ]


def _timed(
    link: http.client.HTTPConnection, path: str, cookie: str
) -> tuple[float, float]:
    """The slowest of a few loads in milliseconds, and the size in kilobytes."""
    slowest, size = 0.0, 0
    for _ in range(_TIMES):
        start = time.perf_counter()
        link.request("GET", path, headers={"cookie": cookie})
        answer = link.getresponse()
        size = len(answer.read())
        slowest = max(slowest, time.perf_counter() - start)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
    return round(1_000 * slowest, 1), round(size / 1_000, 1)
