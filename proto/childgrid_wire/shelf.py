"""The book of documents on disk: a folder of envelopes in the order of arrival.

Whatever is read back is verified again from the pinned fingerprint on, so a folder
that someone altered can only make the program refuse, never believe.
"""

from __future__ import annotations

import threading
from pathlib import Path

from childgrid_wire import keyfile
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.statement import Statement

_ROOT = "root"


class Shelf:
    """A `Book` that remembers. Thread-safe for additions."""

    def __init__(self, folder: Path, book: Book) -> None:
        """Use `Shelf.create` or `Shelf.open`."""
        self._folder = folder
        self._lock = threading.Lock()
        self.book = book

    @classmethod
    def create(cls, folder: Path, root: str) -> Shelf:
        """Pin `root` (hex fingerprint) in `folder`; the same one again is harmless.

        Raises:
            ConfigurationRefused: another fingerprint is pinned there already.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pinned = folder / _ROOT
        if not pinned.exists():
            keyfile.write_private(pinned, root.encode("ascii"))
        if pinned.read_text("ascii") != root:
            raise ConfigurationRefused("another grid's root is pinned already")
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Shelf:
        """Read and verify everything in `folder`.

        Raises:
            ConfigurationRefused: nothing is pinned there.
            Untrusted: a document no longer verifies.
        """
        pinned = folder / _ROOT
        if not pinned.exists():
            raise ConfigurationRefused("no root fingerprint is pinned; join first")
        book = Book(pinned.read_text("ascii"))
        for path in sorted(folder.glob("*.dsse")):
            book.add(path.read_bytes())
        return cls(folder, book)

    def add(self, data: bytes) -> Statement:
        """Verify a document, keep it on disk, then believe it.

        Raises:
            Malformed, Untrusted: as `Book.add`; nothing was kept.
        """
        with self._lock:
            known = len(self.book.by_hash)
            document = self.book.add(data)
            if len(self.book.by_hash) > known:
                path = self._folder / f"{known + 1:08d}.dsse"
                keyfile.write_private(path, data)
            return document

    def documents(self) -> list[bytes]:
        """Every envelope in order of arrival."""
        with self._lock:
            return [path.read_bytes() for path in sorted(self._folder.glob("*.dsse"))]
