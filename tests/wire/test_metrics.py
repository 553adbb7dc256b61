"""Figures are shown on loopback, where a setting says so, and to nobody else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry

from childgrid_wire import metrics
from childgrid_wire.errors import ConfigurationRefused


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry in which some calls were counted."""
    made = CollectorRegistry()
    observe = metrics.observer(made)
    for outcome in ("ok", "ok", "budget"):
        observe("/childgrid.v1.NodeService/Match", outcome)
    return made


@pytest.fixture
def port(registry: CollectorRegistry) -> Iterator[int]:
    """The port of its page."""
    number, stop = metrics.serve("127.0.0.1:0", registry)
    yield number
    stop()


def get(port: int, path: str = "/metrics", host: str = "") -> tuple[int, str]:
    """Status and text of a page."""
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request("GET", path, headers={"Host": host} if host else {})
        reply = line.getresponse()
        return reply.status, reply.read().decode()
    finally:
        line.close()


def test_calls_are_counted_by_method_and_outcome(port: int) -> None:
    """As Prometheus reads them."""
    status, text = get(port)
    assert status == 200
    name = "childgrid_calls_total"
    assert f'{name}{{method="NodeService/Match",outcome="ok"}} 2.0' in text
    assert f'{name}{{method="NodeService/Match",outcome="budget"}} 1.0' in text


@pytest.mark.threat("T2")
@pytest.mark.parametrize("host", ["evil.example:9400", "evil.example", "10.0.0.1:9400"])
def test_a_strange_name_for_this_machine_gets_nothing(port: int, host: str) -> None:
    """A page elsewhere that leads a browser here by its own name learns no figure."""
    status, text = get(port, host=host)
    assert status == 403
    assert "childgrid" not in text


def test_there_is_nothing_else_there(port: int) -> None:
    """No index, no other path, no other method."""
    assert get(port, "/")[0] == get(port, "/metrics/x")[0] == 404
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("POST", "/metrics")
    assert line.getresponse().status == 501
    line.close()


def test_nothing_listens_unless_it_is_declared(registry: CollectorRegistry) -> None:
    """Off by default, and stopping it is harmless."""
    port, stop = metrics.serve("", registry)
    stop()
    assert port == 0


@pytest.mark.threat("T2")
@pytest.mark.parametrize("address", ["0.0.0.0:9400", "[::]:9400", "agency.test:9400"])
def test_it_listens_on_loopback_only(registry: CollectorRegistry, address: str) -> None:
    """Neither the settings nor the function take another address."""
    assert not re.match(metrics.LOOPBACK, address)
    with pytest.raises(ConfigurationRefused, match="loopback"):
        metrics.serve(address, registry)


def test_a_port_in_use_is_named(registry: CollectorRegistry) -> None:
    """The program doesn't start, and says where."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationRefused, match=address):
            metrics.serve(address, registry)
