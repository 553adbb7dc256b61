"""An index: the encodings of one register, with what a hit needs to be found again.

``Index.build`` writes a file whole or not at all; ``Index.open`` refuses one that is
damaged or was made under another scheme, key epoch or linkage key; ``Index.of`` holds
rows in memory only. Beside each encoding stand the source key, the SHA-256 of the
encoding (a disclosure re-encodes the live row and compares) and the guard byte. Rows
whose guard forbids a search are never handed to it: that is the indexer's duty.

An index is a snapshot. ``changed`` commits upserts and deletions, which are appended to
the file, and returns the index after them; whoever searches the one before goes on
undisturbed. ``compacted`` writes the file anew. Raw values are never held.
"""

from __future__ import annotations

import os
import secrets
from bisect import bisect_right
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.index_errors import (
    IndexFileError,
    WrongEpoch,
    WrongLinkageKey,
    WrongScheme,
)
from childgrid_node.index_file import (
    FRAMES_AT,
    REBUILD,
    Header,
    Keys,
    read_frames,
    read_header,
    write_frames,
    write_header,
)
from childgrid_node.index_store import (
    Home,
    commit,
    compact,
    mapped,
    replacing,
    scattered,
)
from childgrid_node.segments import (
    FRAME_ROWS,
    Block,
    Segment,
    encoding_digest,
    frames_of,
    laid_out,
    marks_of,
    tombstones,
)
from childgrid_node.soundness import Soundness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

MOST_FRAMES = 64

__all__ = [
    "Block",
    "Header",
    "Index",
    "Origin",
    "Segment",
    "encoding_digest",
    "epoch_of",
    "expect",
]


@dataclass(frozen=True)
class Origin:
    """Where and when the rows come from. Times are seconds since 1970, UTC."""

    agency: str
    category: str
    as_of: int
    created: int


class Index:
    """Rows of one register under one scheme, key epoch and linkage key."""

    def __init__(
        self,
        scheme: Scheme,
        header: Header,
        segments: tuple[Segment, ...],
        home: Home | None = None,
    ) -> None:
        """Take over segments; without ``home`` they can be searched, not changed."""
        self.scheme = scheme
        self.header = header
        self.segments = segments
        self._kept = home
        self._firsts = [segment.first for segment in segments]
        self._living = sum(segment.living for segment in segments)

    @classmethod
    def of(cls, scheme: Scheme, origin: Origin, blocks: Iterable[Block]) -> Index:
        """Return an index in memory that no file stands behind.

        Raises:
            DuplicateSource: two rows have the same source key.
        """
        header = _header(scheme, 0, b"", origin, clear=True)
        keys = Keys.derive(secrets.token_bytes(32), header.file_id)
        segments = laid_out(scheme, (), frames_of(scheme, blocks, keys.marks))
        rows = sum(len(segment.rows) for segment in segments)
        return cls(scheme, replace(header, rows=rows), segments, Home(None, keys))

    @classmethod
    def build(
        cls,
        path: Path,
        blocks: Iterable[Block],
        *,
        scheme: Scheme,
        epoch: int,
        key_check: bytes,
        origin: Origin,
        index_key: bytes,
        clear: bool = False,
    ) -> Header:
        """Write an index to ``path``; a crash leaves the old file or the new one.

        Args:
            path: the file; its folder must exist. Mode 600.
            blocks: the rows that the guard admitted, in any number of blocks.
            scheme: the scheme they were encoded under.
            epoch: their key epoch.
            key_check: the linkage key's key-check value, 32 bytes.
            origin: agency, category and times.
            index_key: 32 bytes, the node's own; seals the file.
            clear: leave rows unencrypted, to be mapped; only where the operator
                declares the disk encrypted.

        Raises:
            DuplicateSource: two rows have the same source key; nothing was changed.
        """
        header = _header(scheme, epoch, key_check, origin, clear=clear)
        keys = Keys.derive(index_key, header.file_id)
        with replacing(path) as descriptor, os.fdopen(descriptor, "wb") as file:
            file.write(bytes(FRAMES_AT))
            frames = frames_of(scheme, blocks, keys.marks)
            header = write_frames(file, header, keys, frames)
            write_header(file, header, keys)
        return header

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        scheme: Scheme,
        epoch: int,
        key_check: bytes,
        index_key: bytes,
    ) -> Index:
        """Open a file that must have been made under exactly these.

        An encrypted file is decrypted once, into memory; one in the clear is mapped.

        Raises:
            NotAnIndex: another kind or version of file.
            Damaged: truncated or altered, or another index key.
            WrongScheme, WrongEpoch, WrongLinkageKey: made under another one.
        """
        view = mapped(path)
        header = read_header(view, Keys.derive(index_key, "").mac)
        expect(header, scheme, epoch, key_check)
        keys = Keys.derive(index_key, header.file_id)
        return cls._over(view, scheme, header, path, keys)

    @classmethod
    def _over(
        cls, view: memoryview, scheme: Scheme, header: Header, path: Path, keys: Keys
    ) -> Index:
        # Sealed frames are read whole just now, and authenticated; their file is let
        # go of. Of frames in the clear only the heads are looked at.
        with scattered(view) if header.clear else nullcontext(None) as soon:
            segments = laid_out(scheme, (), read_frames(view, header, keys, soon))
        sound = Soundness(view, header) if header.clear else None
        return cls(scheme, header, segments, Home(path, keys, sound))

    def __len__(self) -> int:
        return sum(len(segment.rows) for segment in self.segments)

    @property
    def living(self) -> int:
        """Number of rows that are not deleted; every query asks, so none counts."""
        return self._living

    def key(self, row: int) -> str:
        """Return the source key of a row."""
        segment, local = self._find(row)
        return segment.key(local)

    def digest(self, row: int) -> bytes:
        """Return the SHA-256 of a row's encoding, as ``encoding_digest`` gives it."""
        segment, local = self._find(row)
        return bytes(segment.digests[local])

    def named(self, row: int) -> tuple[str, bytes]:
        """Return the source key and the digest of a row."""
        return self.key(row), self.digest(row)

    def keys_of(self, rows: Sequence[int]) -> list[str]:
        """Return the source keys of rows."""
        return [self.key(row) for row in rows]

    def unseen(self, seen: NDArray[np.bool_]) -> list[int]:
        """Return the living rows that ``seen``, ``bool[len(self)]``, does not mark."""
        return [
            segment.first + local
            for segment in self.segments
            for local in np.flatnonzero(segment.dead == 0).tolist()
            if not seen[segment.first + local]
        ]

    def guard(self, row: int) -> int:
        """Return the guard byte of a row."""
        segment, local = self._find(row)
        return int(segment.guards[local])

    def encoding(self, row: int) -> NDArray[np.uint64]:
        """Return a row's encoding, ``uint64[words]``, read-only."""
        segment, local = self._find(row)
        found: NDArray[np.uint64] = segment.rows[local]
        return found

    def row_of(self, key: str) -> int | None:
        """Return the living row with this source key, or None."""
        return self.rows_of([key]).get(key)

    def rows_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the living rows of those source keys that are here."""
        if not keys:
            return {}
        marks = np.sort(marks_of(keys, self._home.keys.marks))
        wanted, found = set(keys), {}
        for segment in self.segments:
            near = np.minimum(np.searchsorted(marks, segment.marks), len(marks) - 1)
            for local in np.flatnonzero(marks[near] == segment.marks).tolist():
                key = segment.key(local)
                if key in wanted and not segment.dead[local]:
                    found[key] = segment.first + local
        return found

    def all_rows_of(self, keys: Sequence[str]) -> list[int]:
        """Return every living row of those source keys; here each has one at most."""
        return list(self.rows_of(keys).values())

    def changed(
        self,
        upserts: Iterable[Block] = (),
        deletes: Iterable[str] = (),
        *,
        as_of: int | None = None,
    ) -> Index:
        """Commit new, altered and deleted rows; return the index after them.

        This one stays as it was for those who search it. With a file behind it, the
        commit is on the disk when this returns; a crash leaves all of it or nothing.
        Rows that stand here already, unaltered, are not written again.

        Args:
            upserts: rows that replace those with the same source keys.
            deletes: source keys of rows to delete; unknown ones are no error.
            as_of: time of the view of the source, if it is newer.

        Raises:
            DuplicateSource: two of ``upserts`` have the same source key.
            IndexFileError: somebody else changed the file since this was opened.
        """
        blocks = [self._altered(block) for block in upserts]
        gone = {key for block in blocks for key in block.keys} | set(deletes)
        buried = list(self.rows_of(sorted(gone)).values())
        frames = [tombstones(buried)] if buried else []
        frames += frames_of(self.scheme, blocks, self._home.keys.marks)
        header = replace(self.header, as_of=as_of or self.header.as_of)
        header = commit(self._home, self.header, header, frames)
        segments = laid_out(self.scheme, self.segments, frames)
        return Index(self.scheme, header, segments, self._home)

    def _altered(self, block: Block) -> Block:
        """Return the rows of ``block`` that do not stand here as they are."""
        rows = self.rows_of(block.keys)
        kept = [
            at
            for at, key in enumerate(block.keys)
            if key not in rows
            or self.guard(rows[key]) != block.guards[at]
            or not np.array_equal(self.encoding(rows[key]), block.encodings[at])
        ]
        keys = [block.keys[at] for at in kept]
        return Block(keys, block.encodings[kept], block.guards[kept])

    @property
    def loose(self) -> bool:
        """Whether ``compacted`` would save much: many small or dead parts."""
        dead = len(self) - self.living
        frames = len(self.segments) - len(self) // FRAME_ROWS
        return dead > len(self) // 4 or frames > MOST_FRAMES

    def compacted(self) -> Index:
        """Write the file anew without deleted rows; return the index of it.

        A crash leaves the old file or the new one; those who search this index keep
        the old one until they let go of it.

        Raises:
            Damaged: a row to be kept was altered; new checksums would hide that.
            IndexFileError: there is no file, or somebody else changed it.
        """
        self.verify()
        home = self._home
        header = compact(self.scheme, home, self.header, self.segments)
        path = home.path or Path()
        return self._over(mapped(path), self.scheme, header, path, home.keys)

    @property
    def damaged(self) -> bool:
        """Whether ``verify`` found damage, here or in a state before this one."""
        sound = self._kept.soundness if self._kept else None
        return sound is not None and sound.damaged

    def verify(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read a file in the clear, which ``open`` only maps, and check it, once.

        Args:
            stopped: asked now and then; where it says so, nothing is known yet.

        Raises:
            Damaged: a byte was altered since it was written.
        """
        if self._kept and self._kept.soundness:
            self._kept.soundness.verify(stopped)

    @property
    def _home(self) -> Home:
        if self._kept is None:
            raise IndexFileError("this index is for searching only; open its file")
        return self._kept

    def _find(self, row: int) -> tuple[Segment, int]:
        if not 0 <= row < len(self):
            raise IndexFileError("no such row in this index")
        segment = self.segments[bisect_right(self._firsts, row) - 1]
        return segment, row - segment.first


def _header(
    scheme: Scheme, epoch: int, key_check: bytes, origin: Origin, *, clear: bool
) -> Header:
    return Header(
        scheme=scheme.digest.hex(),
        epoch=epoch,
        key_check=key_check.hex(),
        words=scheme.layout.words,
        created=origin.created,
        as_of=origin.as_of,
        agency=origin.agency,
        category=origin.category,
        clear=int(clear),
        file_id=secrets.token_hex(16),
    )


def epoch_of(path: Path, index_key: bytes) -> int:
    """The key epoch of an index file; raises `IndexFileError` if it can't be read."""
    return read_header(mapped(path), Keys.derive(index_key, "").mac).epoch


def expect(header: Header, scheme: Scheme, epoch: int, key_check: bytes) -> None:
    """Insist that a file was made under exactly these; raises as ``Index.open``."""
    if header.scheme != scheme.digest.hex():
        raise WrongScheme(f"the index was made under another scheme; {REBUILD}")
    if header.epoch != epoch:
        raise WrongEpoch(
            f"the index has key epoch {header.epoch}, the node has {epoch}; {REBUILD}"
        )
    if header.key_check != key_check.hex():
        raise WrongLinkageKey(f"the index has another linkage key; {REBUILD}")
