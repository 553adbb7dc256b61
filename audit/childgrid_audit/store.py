"""The mirror on disk: what the station has seen of every log, in a bundle's layout.

Entries arrive at the end of a file and count once a checkpoint that covers them has
been verified and stored; a tail that no checkpoint covers may be continued or cut off.
Nothing that counts is removed, except salt and envelope of what its own log has
shredded. One process writes at a time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from childgrid_audit import bundle
from childgrid_audit.bundle import WIDTH, Folder, Line
from childgrid_audit.errors import MirrorInUse
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.note import Note
from childgrid_wire import keyfile
from childgrid_wire.shelf import Shelf


class Store:
    """The folder of one mirror."""

    def __init__(self, folder: Path, root: str) -> None:
        """Open or make the mirror of the grid with this root fingerprint."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = folder / "lock"
        self._root = folder / "copy"
        self._root.mkdir(exist_ok=True, mode=0o700)
        self.board = Shelf.create(folder / "board", root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only process that writes; raises MirrorInUse."""
        with self._lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MirrorInUse("this mirror is being written: try later") from error
            yield

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Everything that a bundle takes over: documents, then logs and proofs."""
        for number, data in enumerate(self.board.documents(), 1):
            yield bundle.document(number), data
        for path, data in Folder(self._root).items():
            kept = self._kept(path, data)
            if kept:
                yield path, kept

    def _kept(self, path: str, data: bytes) -> bytes:
        """The part of a file that a checkpoint covers."""
        folder, _, rest = path.partition("/")
        member, _, name = rest.partition("/")
        if folder != "logs" or not name.startswith(("entries/", "leaves/")):
            return data
        number = int(Path(name).stem)
        lines = data.splitlines(keepends=True)
        return b"".join(lines[: max(0, self.size(member) - number * WIDTH)])

    def members(self) -> list[str]:
        """Whose logs are here, in order."""
        return sorted(path.name for path in (self._root / "logs").glob("*"))

    def note(self, member: str) -> bytes:
        """The newest verified note of a log; empty before the first."""
        path = self._root / bundle.checkpoint(member)
        return path.read_bytes() if path.exists() else b""

    def size(self, member: str) -> int:
        """How many entries of a log count."""
        note = self.note(member)
        return Checkpoint.parse(Note.parse(note).text).size if note else 0

    def sealed(self, member: str) -> float:
        """When a log's newest note was stored, Unix seconds; 0 before the first."""
        path = self._root / bundle.checkpoint(member)
        return path.stat().st_mtime if path.exists() else 0.0

    def hashes(self, member: str) -> list[bytes]:
        """The leaf hashes on disk, the tail included; a torn last line is cut off."""
        found: list[bytes] = []
        while True:
            start = len(found)
            entries, leaves = (
                self._lines(path(member, start))
                for path in (bundle.entries, bundle.leaves)
            )
            whole = min(len(entries), len(leaves), WIDTH)
            found += [bytes.fromhex(line.decode()) for line in leaves[:whole]]
            if whole < WIDTH:
                self.cut(member, len(found))
                return found

    def _lines(self, path: str) -> list[bytes]:
        file = self._root / path
        if not file.exists():
            return []
        lines = file.read_bytes().splitlines(keepends=True)
        return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]

    def cut(self, member: str, size: int) -> None:
        """Drop the tail beyond `size` entries; never what a checkpoint covers.

        Raises:
            ValueError: a checkpoint covers more than `size`.
        """
        if size < self.size(member):
            raise ValueError("what a checkpoint covers is not cut")
        for path in (bundle.entries(member, size), bundle.leaves(member, size)):
            lines = self._lines(path)[: size % WIDTH]
            file = self._root / path
            if file.exists() and b"".join(lines) != file.read_bytes():
                keyfile.write_private(file, b"".join(lines))
            for later in sorted(file.parent.glob("*")):
                if later.name > file.name:
                    later.unlink()

    def extend(self, member: str, lines: Sequence[Line]) -> None:
        """Append entries to the tail, durably."""
        by_file: dict[str, list[bytes]] = {}
        for line in lines:
            at = bundle.entries(member, line.index), bundle.leaves(member, line.index)
            by_file.setdefault(at[0], []).append(line.encode())
            by_file.setdefault(at[1], []).append(line.hash.hex().encode() + b"\n")
        for path, pieces in by_file.items():
            self._append(path, b"".join(pieces))

    def _append(self, path: str, data: bytes) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.open("ab") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())

    def seal(self, member: str, note: bytes) -> None:
        """Store a verified note; the one before it joins the history."""
        old = self.note(member)
        if old == note:
            return
        if old and self.size(member) != Checkpoint.parse(Note.parse(note).text).size:
            self._append(bundle.history(member), bundle.note_line(old))
        path = self._root / bundle.checkpoint(member)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        keyfile.write_private(path, note)

    def lines(self, member: str, start: int, stop: int) -> Iterator[Line]:
        """Read entries back."""
        for first in range(start - start % WIDTH, stop, WIDTH):
            pieces = self._lines(bundle.entries(member, first))
            for index in range(max(start, first), min(stop, first + WIDTH)):
                yield bundle.read_line(pieces[index - first].removesuffix(b"\n"))

    def shred(self, member: str, indices: Sequence[int]) -> None:
        """Drop salt and envelope of entries that their own log has shredded."""
        gone = set(indices)
        for path in sorted({bundle.entries(member, index) for index in gone}):
            lines = [
                bundle.read_line(piece.removesuffix(b"\n"))
                for piece in self._lines(path)
            ]
            kept = [
                Line(one.index, one.leaf, one.entry, b"", b"", one.hash)
                if one.index in gone
                else one
                for one in lines
            ]
            data = b"".join(line.encode() for line in kept)
            keyfile.write_private(self._root / path, data)

    def keep_proof(self, name: str, data: bytes) -> None:
        """Keep a proof that was handed over with the statement `name`."""
        path = self._root / bundle.proof(name)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        keyfile.write_private(path, data)
