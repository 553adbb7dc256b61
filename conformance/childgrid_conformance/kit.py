"""The kit at work: it waits for the node under test and makes every check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from childgrid_conformance import (
    cast,
    checks_door,
    checks_log,
    checks_match,
    checks_refused,
    checks_release,
    checks_revoked,
    pack,
)
from childgrid_conformance.check import CHECKS, FAMILIES, Check, Verdict, carried_out
from childgrid_conformance.door import Door
from childgrid_conformance.hub import Hub
from childgrid_conformance.scene import Scene
from childgrid_wire.errors import ConfigurationRefused, Untrusted
from childgrid_wire.shelf import Shelf

MODULES = (
    checks_door,
    checks_match,
    checks_refused,
    checks_log,
    checks_release,
    checks_revoked,
)
"""Where the checks stand; importing them registers them."""

Say = Callable[[str], None]


def chosen(prefixes: Sequence[str]) -> list[Check]:
    """The checks whose ids begin so; all of them where none are given.

    Raises:
        ConfigurationRefused: a prefix that no id has.
    """
    for prefix in prefixes:
        if not any(one.id.startswith(prefix) for one in CHECKS):
            raise ConfigurationRefused(f"no check begins with {prefix}")
    every = sorted(CHECKS, key=lambda one: FAMILIES.index(one.family))
    return [one for one in every if not prefixes or one.id.startswith(tuple(prefixes))]


@contextmanager
def opened(folder: Path, desk_pass: Path) -> Iterator[Scene]:
    """The test grid of `folder`, served; the node under test may join and start.

    Raises:
        ConfigurationRefused: nothing was prepared there, or the port is taken.
    """
    people, places = cast.load(folder), pack.places_of(folder)
    hub = Hub(people, Shelf.open(folder / "documents"), folder)
    door = Door(people, places.node)
    server = hub.start(places.listen)
    try:
        yield Scene(people, hub, door, places.desk, desk_pass)
    finally:
        door.close()
        server.stop(0.5).wait()
        hub.close()


def ready(scene: Scene, seconds: float, say: Say) -> None:
    """Wait until the node has joined, published its papers and serves.

    Raises:
        Unreachable: naming what it did not do in time.
    """
    until = time.monotonic() + seconds
    steps = (
        ("the node has not joined", lambda: _joined(scene)),
        ("its policy and sealing key do not hang", lambda: _papers(scene)),
        ("nobody listens at its address", lambda: scene.door.listens() or None),
        ("its desk pass is not there", lambda: scene.desk_pass.exists() or None),
    )
    for what, there in steps:
        say(f"waiting: {what}")
        scene.hub.wait(what, until - time.monotonic(), there)


def _joined(scene: Scene) -> bool | None:
    view = scene.hub.shelf.book.latest(scene.now)
    return scene.member in {one["id"] for one in view.members("agency")} or None


def _papers(scene: Scene) -> bool | None:
    book = scene.hub.shelf.book
    try:
        book.latest(scene.now).policy(scene.member)
        book.sealing_key(scene.member, scene.now)
    except Untrusted:
        return None
    return True


def tried(scene: Scene, checks: list[Check]) -> Iterator[Verdict]:
    """Hold the node against these checks; nothing of an earlier trial is used."""
    scene.kept.clear()
    return carried_out(scene, checks)
