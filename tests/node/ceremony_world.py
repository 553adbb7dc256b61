"""Agencies that come to share a linkage key, step by step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox

from childgrid_authority import directory
from childgrid_authority.authority import Authority
from childgrid_node import ceremony
from childgrid_node.ceremony import Progress
from childgrid_wire import canonical, statement
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import ceremony as gather
from founders import DAY, NOW, PASSPHRASE, SCHEME, TWO, admit, grid, light_locks

DIGEST = bytes.fromhex(SCHEME)
THREE = ["alpha", "bravo", "charlie"]


@dataclass
class World:
    """A grid whose founders' shelf serves as the board."""

    authority: Authority
    members: dict[str, Identity]
    home: Path

    @property
    def view(self) -> Any:
        """The newest documents."""
        return self.authority.book.latest(NOW)

    def say(self, *documents: bytes) -> None:
        """Hang documents up."""
        for data in documents:
            self.authority.shelf.add(data)

    def record(self, epoch: int = 1) -> Any:
        """The ceremony's record so far."""
        return gather(self.authority.book, self.view, epoch, THREE)

    def keys(self, name: str) -> Path:
        """A member's keys folder."""
        return self.home / name / "keys"

    def advance(self, name: str, epoch: int = 1, **changes: Any) -> Progress:
        """One member's next step; what it says is hung up."""
        given: dict[str, Any] = {
            "epoch": epoch,
            "members": THREE,
            "scheme_digest": DIGEST,
            "now": NOW,
            **changes,
        }
        done = ceremony.advance(
            self.keys(name),
            PASSPHRASE,
            self.members[name],
            self.authority.book,
            self.view,
            **given,
        )
        self.say(*done.publish)
        return done

    def round(self, epoch: int = 1) -> list[str]:
        """Every member's next step; returns the steps."""
        return [self.advance(name, epoch).step for name in THREE]

    def agree(self, epoch: int = 1) -> bytes:
        """A whole ceremony and its epoch; returns the key."""
        while set(self.round(epoch)) != {"key"}:
            pass
        book = self.authority.book
        change = directory.set_epoch(book, epoch, THREE, NOW, at_once=True)
        self.authority.enact(change, TWO)
        return ceremony.unlock(self.keys("alpha"), epoch, PASSPHRASE)

    def rotation(self, name: str, step: str, epoch: int = 1, **body: Any) -> bytes:
        """A step of a member that does not follow the rules."""
        given: dict[str, Any] = {
            "member": "",
            "commitment": "",
            "transcript": "",
            "key_check": "",
            "shares": {},
            **body,
        }
        own = self.members[name]
        return statement.make(
            Kind.ROTATION,
            own.signer,
            issuer=name,
            now=NOW,
            seconds=DAY,
            epoch=epoch,
            step=step,
            **given,
        )

    def sealed(self, content: bytes, names: list[str]) -> dict[str, str]:
        """`content` sealed to members' wrap keys."""
        return {
            name: canonical.to_b64(
                bytes(
                    SealedBox(
                        PublicKey(
                            canonical.from_b64(self.view.member(name)["wrap_key"])
                        )
                    ).encrypt(content)
                )
            )
            for name in names
        }


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Four agencies, an auditor and a coordinator; no key yet."""
    light_locks(monkeypatch)
    authority = grid(tmp_path / "authority")
    kinds = dict.fromkeys([*THREE, "delta"], "agency")
    kinds |= {"aud-one": "auditor", "hub": "coordinator"}
    return World(authority, admit(authority, tmp_path, kinds), tmp_path)


def wrapped(world: World, name: str, key: bytes, member: str = "delta") -> bytes:
    """An honest wrap of `key` for a member whose fingerprint was compared."""
    fingerprint = keys_fingerprint(world.view.member(member))
    own = world.members[name]
    return ceremony.wrap(own, key, 1, world.view, member, fingerprint, DIGEST, NOW)
