"""The book of documents on disk: a folder of envelopes in the order of arrival.

Whatever is read back is verified again from the pinned fingerprint on, so a folder
that someone altered can only make the program refuse, never believe. `newest` says
how many there are, lest one be lost from the end. A whole folder set back to an
earlier day is not seen here; the witnesses' freshness replies show it.
"""

from __future__ import annotations

import threading
from pathlib import Path

from childgrid_wire import keyfile
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused, Reason, Untrusted
from childgrid_wire.statement import Statement

_ROOT = "root"
_NEWEST = "newest"


class Shelf:
    """A `Book` that remembers. Thread-safe for additions."""

    def __init__(self, folder: Path, book: Book) -> None:
        """Use `Shelf.create` or `Shelf.open`."""
        self._folder = folder
        self._lock = threading.Lock()
        self._unwritten: list[bytes] = []
        self._written = len(book.by_hash)
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
            Malformed, Untrusted: a document no longer verifies, or is missing.
        """
        pinned = folder / _ROOT
        if not pinned.exists():
            raise ConfigurationRefused("no root fingerprint is pinned; join first")
        book = Book(pinned.read_text("ascii"))
        paths = _whole(folder)
        for path in paths:
            book.add(path.read_bytes())
        if len(book.by_hash) != len(paths):
            raise Untrusted(Reason.OLD_VERSION, "a document is shelved twice")
        return cls(folder, book)

    def add(self, data: bytes) -> Statement:
        """Verify a document, believe it and keep it on disk before returning.

        Raises:
            Malformed, Untrusted: as `Book.add`; nothing was kept.
            OSError: the disk failed; the next call writes it first.
        """
        with self._lock:
            known = len(self.book.by_hash)
            document = self.book.add(data)
            if len(self.book.by_hash) > known:
                self._unwritten.append(data)
            self._write()
            return document

    def _write(self) -> None:
        while self._unwritten:
            number = self._written + 1
            keyfile.write_private(_path(self._folder, number), self._unwritten[0])
            keyfile.write_private(self._folder / _NEWEST, str(number).encode("ascii"))
            self._written = number
            del self._unwritten[0]

    def documents(self) -> list[bytes]:
        """Every envelope in order of arrival."""
        with self._lock:
            return [path.read_bytes() for path in _whole(self._folder)]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.dsse"


def _whole(folder: Path) -> list[Path]:
    """The documents' files in order: as many as `newest` says, or more.

    A crash may leave one more, and a process that reads beside the one that writes may
    see several. The count is read first, since files are only ever added.
    """
    newest = folder / _NEWEST
    said = newest.read_text("ascii") if newest.exists() else "0"
    paths = sorted(folder.glob("*.dsse"))
    expected = [_path(folder, number + 1) for number in range(len(paths))]
    if paths != expected or not said.isdecimal() or len(paths) < int(said):
        raise Untrusted(Reason.OLD_VERSION, "a shelved document is missing")
    return paths
