"""Archived tiles: what of an old log lies in files beside its database, and reading it.

The files are those of C2SP tlog-tiles, as a log is published: `tile/0/…` holds the
hashes of 256 leaves, `tile/entries/…` their entries, and only full tiles are here.
`notes/N` holds the signed and cosigned checkpoints of sizes below N, each after its
length like an entry. Salts and envelopes are never here: they are shredded where they
are, in the database.

It writes nothing (`archiving` does). The rule: not a byte is believed before it leads
to the hash over its 256 leaves that stayed in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from childgrid_log.errors import ArchiveDamaged, ProofError
from childgrid_log.merkle import HASH_BYTES, leaf_hash
from childgrid_log.tiles import (
    TILE_WIDTH,
    Tile,
    nodes_from_tiles,
    tile_root,
    unpack_entries,
)

SUFFIX = ".tiles"
"""What stands instead of `.db` in the name of the folder."""

_REMEMBERED = 16
"""Tiles whose proven content is kept; of 8 KiB, and of about 80 KiB with entries."""


class Archive:
    """The archived tiles of one log. Threads may share it."""

    def __init__(self, folder: Path, root_of: Callable[[int], bytes]) -> None:
        """`root_of(n)` is the 32-byte hash over leaves 256·n to 256·n + 255."""
        self.folder = folder
        self._root_of = root_of
        self._proven_hashes = lru_cache(_REMEMBERED)(self._hashes)
        self._proven_entries = lru_cache(_REMEMBERED)(self._entries)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree of fewer than 256 leaves; ArchiveDamaged."""
        full = ((index << level) // TILE_WIDTH + 1) * TILE_WIDTH
        return nodes_from_tiles(self._fetch, full)(level, index)

    def hashes(self, number: int) -> bytes:
        """The 8,192 bytes of hash tile `number`; raises ArchiveDamaged."""
        return self._proven_hashes(number)

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries of leaves start..stop-1; raises ArchiveDamaged."""
        while start < stop:
            number, at = divmod(start, TILE_WIDTH)
            end = min(stop, (number + 1) * TILE_WIDTH)
            yield from self._proven_entries(number)[at : at + end - start]
            start = end

    def notes(self, stop: int, digest: bytes) -> list[bytes]:
        """The checkpoints that were archived up to `stop`, `digest` their SHA-256."""
        path = self.notes_path(stop)
        data = self._read(path)
        if hashlib.sha256(data).digest() != digest:
            raise self._damaged(path, "is not what was archived")
        return _unpacked(data)

    def insist_there(self, stop: int) -> None:
        """Raise ArchiveDamaged unless every file of the first `stop` leaves is there.

        It looks at names and lengths only; see `check`.
        """
        for number in range(stop // TILE_WIDTH):
            hashes, entries = self.path(0, number), self.path(None, number)
            if self._length(hashes) != TILE_WIDTH * HASH_BYTES:
                raise self._damaged(hashes, "is cut off or too long")
            self._length(entries)

    def check(self, start: int, stop: int) -> None:
        """Read the files of leaves start..stop-1 anew; raises ArchiveDamaged."""
        for number in range(start // TILE_WIDTH, stop // TILE_WIDTH):
            self._entries(number)

    def path(self, level: int | None, number: int) -> Path:
        """Where a full tile lies, `level` 0 or None for its entries."""
        return self.folder / Tile(level, number).path

    def notes_path(self, stop: int) -> Path:
        """Where the checkpoints lie that were archived up to `stop`."""
        return self.folder / "notes" / str(stop)

    def _fetch(self, tile: Tile) -> bytes:
        return self.hashes(tile.index)

    def _hashes(self, number: int) -> bytes:
        path = self.path(0, number)
        data = self._read(path)
        if len(data) != TILE_WIDTH * HASH_BYTES:
            raise self._damaged(path, "is cut off or too long")
        if tile_root(data) != self._root_of(number):
            raise self._damaged(path, "is not what was archived")
        return data

    def _entries(self, number: int) -> list[bytes]:
        path = self.path(None, number)
        data = self._read(path)
        try:
            entries = unpack_entries(data, TILE_WIDTH)
        except ProofError:
            raise self._damaged(path, "is cut off or too long") from None
        if b"".join(map(leaf_hash, entries)) != self._hashes(number):
            raise self._damaged(path, "is not what was archived")
        return entries

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._damaged(path, "is missing or can't be read") from error

    def _length(self, path: Path) -> int:
        try:
            return path.stat().st_size
        except OSError as error:
            raise self._damaged(path, "is missing or can't be read") from error

    def _damaged(self, path: Path, what: str) -> ArchiveDamaged:
        name = path.relative_to(self.folder.parent)
        return ArchiveDamaged(
            f"{name} {what}: bring this file back from a backup; until then nothing is"
            " proven from it"
        )


def _unpacked(data: bytes) -> list[bytes]:
    """The notes of a file whose checksum held."""
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : end])
        at = end
    return found
