"""How quick the portal is over a full store, and with many officers at once.

The pages of one agency's portal are read through its own application, whose line goes
by mutual TLS to a real desk over the journal that `portal_cases` writes. Portal and
node are one process here, so that processor time counts both. For many officers at
once the portal's own web server is asked over sockets, one connection each.
"""

from __future__ import annotations

import http.client
import importlib
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import portal_cases
from bench.portal_cases import BOSS, CUSTODIAN, PROSECUTOR, Life
from childgrid_page.engine import STATIC
from childgrid_portal.web import clock, reading, rooms
from childgrid_portal.web.site import TEMPLATES

_FOLDERS = (STATIC, TEMPLATES.parent / "static")
_LOADED = re.compile(r'(?:href|src)="/static/([a-z0-9_.-]+\.(?:css|js))"')
_WALK = ("/", "/queries", "/queries?page=1", "/directory", "/ask")


@contextmanager
def open_portal(count: int) -> Iterator[tuple[Life, Any]]:
    """The police's portal over so many cases: what was written, and the stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        life = Life(portal_cases.grid(folder / "grid"), count)
        life.live()
        stages = importlib.import_module("portal.stage")
        stations = importlib.import_module("portal.test_command_line")
        wire = importlib.import_module("childgrid_wire.certificates")
        root = wire.new_root("bench", life.grid.now)
        station = stations.Station(life.grid, folder, root)
        every = (*rooms.ROOMS, *reading.ROOMS)
        before, clock.now = clock.now, lambda: life.grid.now
        try:
            with stages.joined(station, "police", every) as stage:
                yield life, stage
        finally:
            clock.now = before


def pages(life: Life, stage: Any, rounds: int) -> dict[str, dict[str, float]]:  # noqa: ANN401 - the tests' modules are no package
    """Bytes and milliseconds of each page of a portal that is open."""
    at = {name: _seated(stage, name) for name in _readers(life)}
    found = {
        page: _measured(at[officer], path, rounds)
        for page, (officer, path) in _paths(life).items()
    }
    asker = at[_asker(life)]
    found["ask, drafted"] = _timed(lambda: _drafted(asker, life), rounds)
    return found


def _asker(life: Life) -> str:
    """Who asked a query to which a record came."""
    journal = life.grid.agency("police").office.journal
    return str(journal.find(life.profiles[-1]).officer)


def _readers(life: Life) -> tuple[str, ...]:
    return (_asker(life), BOSS, CUSTODIAN, PROSECUTOR)


def _paths(life: Life) -> dict[str, tuple[str, str]]:
    asker, last = _asker(life), life.profiles[-1]
    return {
        "inbox": (asker, "/"),
        "inbox, superior": (BOSS, "/"),
        "inbox, custodian": (CUSTODIAN, "/"),
        "docket": (asker, "/queries"),
        "docket, superior": (BOSS, "/queries"),
        "docket, last page": (BOSS, f"/queries?page={life.count // 50 - 1}"),
        "query and answers": (asker, f"/query/{last}"),
        "decide on a query": (BOSS, f"/query/{life.names[-1]}/decide"),
        "request": (BOSS, f"/request/{life.requests[-1]}"),
        "profile": (asker, f"/profile/{last}"),
        "packs": (PROSECUTOR, "/packs"),
        "directory": (asker, "/directory"),
        "limits": (BOSS, "/lift"),
        "silent hits": (CUSTODIAN, "/silent"),
        "ask": (asker, "/ask"),
    }


def _seated(stage: Any, officer: str) -> Any:  # noqa: ANN401 - the tests' modules
    return importlib.import_module("portal.hands").seated(stage, officer)


def _measured(hands: Any, path: str, rounds: int) -> dict[str, float]:  # noqa: ANN401
    answer = hands.browser.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path.split('/')[1]} answered {answer.status}")
    found = {"bytes": len(answer.body), "loaded": _loaded(answer.text)}
    return {**found, **_timed(lambda: hands.browser.get(path), rounds)}


def _loaded(html: str) -> int:
    """Bytes of the style sheets and scripts that a page names."""
    names = set(_LOADED.findall(html))
    files = [next(f / n for f in _FOLDERS if (f / n).is_file()) for n in names]
    return sum(one.stat().st_size for one in files)


def _timed(call: Callable[[], object], rounds: int) -> dict[str, float]:
    """Median milliseconds by the clock and by the processor."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "ms": round(1_000 * statistics.median(walls), 1),
        "cpu_ms": round(1_000 * statistics.median(cpus), 1),
    }


def _drafted(hands: Any, life: Life) -> None:  # noqa: ANN401
    """One question up to its signing page: the case is attested, the query drafted."""
    place = portal_cases.officers().index(_asker(life))
    asked = {
        "token": hands.token,
        "name": "Kabir Vankhede",
        "phone": "9812345670",
        "case": portal_cases.reference(place),
        "purpose": "investigation",
        "section": "BNS:143",
        "hours": "24",
        "step": "sign",
    }
    answer = hands.browser.post("/ask", asked)
    if answer.status != 303:
        raise RuntimeError(f"ask answered {answer.status}")


def at_once(stage: Any, officers: int, rounds: int = 4) -> dict[str, Any]:  # noqa: ANN401
    """So many officers, each reading one page after the other; no pause for reading."""
    names = portal_cases.officers()
    seats = [_seated(stage, names[place % len(names)]) for place in range(officers)]
    walls: list[float] = []
    faults: list[str] = []
    gate = threading.Barrier(officers + 1)
    threads = [
        threading.Thread(
            target=_walk,
            args=(stage, one.browser.cookies, rounds, gate, walls, faults),
        )
        for one in seats
    ]
    for one in threads:
        one.start()
    gate.wait()
    begun = time.perf_counter()
    for one in threads:
        one.join()
    seconds = time.perf_counter() - begun
    walls.sort()
    return {
        "officers": officers,
        "pages": len(walls),
        "errors": len(faults),
        "pages_s": round(len(walls) / seconds, 1),
        "median_ms": round(1_000 * statistics.median(walls), 1),
        "p99_ms": round(1_000 * walls[int(0.99 * (len(walls) - 1))], 1),
    }


def _walk(
    stage: Any,  # noqa: ANN401
    cookies: Mapping[str, str],
    rounds: int,
    gate: threading.Barrier,
    walls: list[float],
    faults: list[str],
) -> None:
    line = http.client.HTTPConnection("127.0.0.1", stage.config.bound[1], timeout=60)
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = {"host": stage.config.host, "cookie": jar}
    gate.wait()
    for path in _WALK * rounds:
        begun = time.perf_counter()
        try:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            faults.append(type(error).__name__)
            line.close()
            continue
        walls.append(time.perf_counter() - begun)
        if answer.status != 200:
            faults.append(str(answer.status))
    line.close()
