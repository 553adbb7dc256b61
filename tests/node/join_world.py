"""A grid, and an agency that wants to come in."""

from pathlib import Path
from typing import Any

import pytest

from childgrid_authority import directory
from childgrid_node import ceremony, join
from childgrid_node.join import JoinState
from childgrid_wire.book import Book
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Details
from founders import (
    NOW,
    PASSPHRASE,
    SCHEME,
    TWO,
    Hub,
    admit,
    details,
    grid,
    light_locks,
    make_token,
)

DIGEST = bytes.fromhex(SCHEME)
THREE = ["alpha", "bravo", "charlie"]


class World:
    """A grid, its coordinator's board, and `delta`, which wants to join."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = grid(folder / "authority")
        self.hub = Hub(Book(self.authority.fingerprint))
        self.home = folder / "delta"
        self.path = folder / "delta.token"
        self.token = make_token(self.authority, "delta")
        self.token.write(self.path)
        self.time = float(NOW)

    def join(self, said: Details | None = None, **changes: Any) -> JoinState:
        """`delta` runs the command once more."""
        given: dict[str, Any] = {"dial": self.hub.dial, **changes}
        return join.join(
            self.home,
            self.path,
            PASSPHRASE,
            said or details("delta"),
            lambda: self.time,
            **given,
        )

    def admit(self) -> None:
        """The founders answer whoever waits, and publish."""
        waiting = list(self.hub.enrolments.values())
        for one in self.authority.admit(waiting, TWO, NOW):
            self.hub.answers[one.enrolment] = (
                one.issuer.decode(),
                one.root.decode(),
            )
        self.publish()

    def publish(self) -> None:
        """The board is level with the founders' shelf."""
        self.hub.hang(*self.authority.shelf.documents())

    @property
    def installed(self) -> bool:
        """Whether any certificate lies in the keys folder."""
        return (self.home / "keys" / "issuer.pem").exists()

    @property
    def installed_issuer(self) -> bytes:
        """The issuer's certificate in the keys folder, PEM."""
        return (self.home / "keys" / "issuer.pem").read_bytes()


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """See `World`."""
    light_locks(monkeypatch)
    return World(tmp_path)


def key_in_force(world: World) -> tuple[bytes, dict[str, Identity]]:
    """Three agencies hold a key that the directory names; returns it and them."""
    parties = admit(world.authority, world.folder, dict.fromkeys(THREE, "agency"))
    key = agreed(world, parties, 1)
    change = directory.set_epoch(world.authority.book, 1, THREE, NOW)
    world.authority.enact(change, TWO)
    return key, parties


def agreed(world: World, parties: dict[str, Identity], epoch: int) -> bytes:
    """A whole ceremony; returns the key."""
    steps: set[str] = set()
    while steps != {"key"}:
        steps = set()
        for name, own in parties.items():
            done = ceremony.advance(
                world.folder / name / "keys",
                PASSPHRASE,
                own,
                world.authority.book,
                world.authority.book.latest(NOW),
                epoch,
                THREE,
                DIGEST,
                NOW,
            )
            steps.add(done.step)
            for data in done.publish:
                world.authority.shelf.add(data)
    return ceremony.unlock(world.folder / "alpha" / "keys", epoch, PASSPHRASE)


def wrap(
    world: World, own: Identity, key: bytes, fingerprint: str, epoch: int = 1
) -> None:
    """One member wraps the key for `delta` and publishes it."""
    view = world.authority.book.latest(NOW)
    said = ceremony.wrap(own, key, epoch, view, "delta", fingerprint, DIGEST, NOW)
    world.authority.shelf.add(said)
    world.publish()
