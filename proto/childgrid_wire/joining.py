"""A node's way into the grid, kept in its state folder; step by step, repeatable.

    keys/            its own secrets, and the founders' certificates once they came
    documents/       the book, from the fingerprint that its token pinned
    enrolment.dsse   what it asked; the same bytes are sent again
    joining.json     which enrolment was handed in, which was answered

Nothing here dials; nothing is installed that the founders' directory does not confirm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from childgrid_wire import canonical, enrolment, keyfile
from childgrid_wire.certificates import Pair
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement

_ENROLMENT, _NOTES = "enrolment.dsse", "joining.json"


@dataclass(frozen=True)
class Details:
    """What a member says of itself; see the directory's schema for the values."""

    title: str
    address: str
    uses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass
class Joiner:
    """A party between its token and its place in the directory."""

    folder: Path
    own: Identity
    shelf: Shelf
    asked: Statement

    @classmethod
    def begin(
        cls, folder: Path, token: Token, passphrase: bytes, details: Details, now: int
    ) -> Joiner:
        """Make keys and the enrolment, or go on with those that are there.

        Raises:
            ConfigurationRefused: the folder is another member's or another grid's,
                or it enrolled with other details under this token already.
            Refused: the token has run out.
        """
        own = Identity.create(folder / "keys", token.member, passphrase)
        shelf = Shelf.create(folder / "documents", token.fingerprint)
        entry = own.entry(
            title=details.title,
            kind=token.kind,
            uses=list(details.uses),
            categories=list(details.categories),
            address=details.address,
        )
        asked = _enrolment(folder, own, token, entry, now)
        return cls(folder, own, shelf, asked)

    @classmethod
    def resume(cls, folder: Path, passphrase: bytes) -> Joiner:
        """Go on where `begin` stopped, without the token.

        Raises:
            ConfigurationRefused: nothing was begun in this folder.
        """
        own = Identity.open(folder / "keys", passphrase)
        shelf = Shelf.open(folder / "documents")
        asked = _kept(folder)
        if asked is None:
            raise ConfigurationRefused("no enrolment here; join with a token first")
        return cls(folder, own, shelf, asked)

    @property
    def handed_in(self) -> bool:
        """Whether this enrolment reached the founders' inbox."""
        return _notes(self.folder).get("handed_in") == self.asked.hash

    @property
    def settled(self) -> bool:
        """Whether this enrolment was answered and its certificates are installed."""
        return self.own.joined and _notes(self.folder).get("settled") == self.asked.hash

    def note_handed_in(self) -> None:
        """Remember that the inbox has this enrolment."""
        _note(self.folder, handed_in=self.asked.hash)

    def accept(self, issuer: bytes, root: bytes, now: int) -> None:
        """Install the founders' certificates (PEM), if the directory confirms them.

        Raises:
            Untrusted: as `enrolment.install`; nothing was installed.
        """
        view = self.shelf.book.latest(now)
        keys = self.folder / "keys"
        enrolment.install(keys, self.own, self.asked, view, issuer, root)
        _note(self.folder, settled=self.asked.hash)
        self.own = replace(
            self.own, issuer=Pair(self.own.issuer.key, issuer), root=root
        )


def _enrolment(
    folder: Path, own: Identity, token: Token, entry: dict[str, Any], now: int
) -> Statement:
    """The enrolment that is kept for this token, or a new one."""
    kept = _kept(folder)
    if kept is not None and kept["token"] == token.name:
        if kept["member"] == entry:
            return kept
        if _notes(folder).get("handed_in") == kept.hash:
            raise ConfigurationRefused("enrolled with other details; get a new token")
    data = enrolment.make(own, token, entry, now)
    keyfile.write_private(folder / _ENROLMENT, data)
    return enrolment.verify(data)


def _kept(folder: Path) -> Statement | None:
    path = folder / _ENROLMENT
    return enrolment.verify(path.read_bytes()) if path.exists() else None


def _notes(folder: Path) -> dict[str, Any]:
    path = folder / _NOTES
    return canonical.loads(path.read_bytes()) if path.exists() else {}


def _note(folder: Path, **said: str) -> None:
    keyfile.write_private(folder / _NOTES, canonical.dumps({**_notes(folder), **said}))
