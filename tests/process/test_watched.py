"""A grid that is watched while a case is played: health, figures, and what is printed.

Whoever runs the machines sees counts, times and reasons. Of the person who is sought,
of the case, of officers and of statements nothing reaches a log line or a figure.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from childgrid_node.config import load
from childgrid_wire import channel, health
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused, WireError
from deploy.processes import until
from deploy.sample.story import FIR, SUSPECT
from deploy.yard import HUB
from process.players import Case, Cast
from process.reckoning import await_receipts, log_path, rows
from process.yardstick import AGENCIES, SECONDS, SERVERS, STATION, Grid, ports

ROLES = {HUB: "coordinator", STATION: "auditor"}


@pytest.fixture(scope="module")
def figures(still: Grid) -> Iterator[dict[str, int]]:
    """A running grid of which every node and the coordinator shows its figures."""
    taken = dict(zip((HUB, *AGENCIES), ports().values(), strict=False))
    for name, port in taken.items():
        file = "coordinator.toml" if name == HUB else "node.toml"
        path = still.folder / name / file
        line = f'metrics = "127.0.0.1:{port}"\n'
        path.write_text(line + path.read_text("utf-8"), "utf-8")
        if name != HUB:
            still.configs[name] = load(path)
    still.start()
    return taken


def serves(grid: Grid, member: str, asker: str, role: str) -> bool:
    """Ask a process in a member's name whether it serves."""
    pair, root = grid.identity(asker).credentials(role)()
    peer = Peer(member, ROLES.get(member, "node"))
    with channel.connect(grid.yard.address(member), peer, pair, root) as way:
        return health.serves(way, 20)


def page(port: int) -> str:
    """The figures of a process."""
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request("GET", "/metrics")
        return line.getresponse().read().decode()
    finally:
        line.close()


def _secrets(grid: Grid, case: Case) -> set[str]:
    """What must not be told: the person, the case, the officers, every statement."""
    values = [one for value in SUSPECT.values() for one in value]
    words = {part for one in values for part in one.split()}
    said = {
        str(name)
        for member in (*AGENCIES,)
        for (name,) in rows(log_path(grid, member), "SELECT hash FROM said")
    }
    officers = {"si-rao", "sp-nair", "cu-mehta", "cu-singh"}
    found = {one for one in words if len(one) > 3} | said | officers | {FIR}
    return found | {case.query, case.request, *map(str, _values(case.record))}


def _values(record: dict[str, object]) -> Iterator[str]:
    fields = record["fields"]
    assert isinstance(fields, dict)
    for values in fields.values():
        yield from (one for one in values if one and len(one) > 3)


def _told(secret: str, text: str) -> bool:
    """Whether a text has it, plain, in hex or in base64."""
    raw = secret.encode()
    forms = {secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")}
    return any(form.lower() in text.lower() for form in forms)


@pytest.mark.threat("T2", "T8")
def test_a_case_leaves_no_trace_where_machines_are_watched(
    still: Grid, figures: dict[str, int], tmp_path: Path
) -> None:
    """Everybody serves; a granted and a denied case; counts, and nothing of whom."""
    cast = Cast.of(still)
    until("all serve", SECONDS, lambda: all(_serves(still, one) for one in SERVERS))
    granted = cast.play(Case("customs"))
    denied = cast.play(Case("prisons", granted=False))
    await_receipts(still, [granted])
    pages = {name: page(port) for name, port in figures.items()}
    assert 'childgrid_answers_total{outcome="hit"} 1.0' in pages["customs"]
    assert all("childgrid_ready 1.0" in text for text in pages.values())
    assert 'method="ExchangeService/Submit",outcome="ok"} 2.0' in pages[HUB]

    with pytest.raises(Refused) as refusal:
        serves(still, "customs", "prisons", "node")
    assert refusal.value.reason is Reason.WRONG_ROLE

    secrets = _secrets(still, granted) | {denied.query, denied.request}
    assert len(secrets) > 20
    assert _told(FIR, f"in hex: {FIR.encode().hex().upper()}")
    told = {**pages, **{f"{name}.txt": still.output(name) for name in SERVERS}}
    assert [
        (where, secret)
        for where, text in told.items()
        for secret in secrets
        if _told(secret, text)
    ] == []
    assert "matched" in told["customs.txt"]

    log_path(still, "customs").rename(tmp_path / "log.db")
    assert not serves(still, "customs", HUB, "coordinator")
    text = page(figures["customs"])
    assert "childgrid_ready 0.0" in text
    assert 'childgrid_fault{fault="log-refused"} 1.0' in text


def _serves(grid: Grid, member: str) -> bool:
    try:
        if member == HUB:
            return serves(grid, member, "police", "node")
        return serves(grid, member, STATION, "auditor")
    except WireError:
        return False
