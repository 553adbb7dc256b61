"""Servers for the channel's tests; the wire is imported before grpc."""

from collections.abc import Iterator

import pytest

import childgrid_wire  # noqa: F401 - sets what grpc reads once, at its import
from wire.door import Door, opened


@pytest.fixture(scope="module")
def shared() -> Iterator[Door]:
    """One server for all tests that don't change it."""
    door = Door()
    server = opened(door)
    yield door
    server.stop(0)


@pytest.fixture
def door(shared: Door) -> Door:
    """The shared server with nothing noted."""
    shared.asked.clear()
    return shared


@pytest.fixture
def own() -> Iterator[Door]:
    """A server that the test may change."""
    door = Door()
    server = opened(door)
    yield door
    server.stop(0)
