"""An index: the encodings of one register, with what a hit needs to be found again.

``Index.build`` writes a file whole or not at all; ``Index.open`` refuses one that is
damaged or was made under another scheme, key epoch or linkage key; ``Index.of`` holds
rows in memory only. Beside each encoding stand the source key, the SHA-256 of the
encoding (a disclosure re-encodes the live row and compares) and the guard byte. Rows
whose guard forbids a search are never handed to it: that is the indexer's duty.

Rows lie in segments, each with its own tombstones, so that changes can be appended as
further segments without rewriting. Raw values are never held.
"""

from __future__ import annotations

import mmap
import os
import secrets
import tempfile
from bisect import bisect_right
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from childgrid_node.index_errors import (
    IndexFileError,
    WrongEpoch,
    WrongLinkageKey,
    WrongScheme,
)
from childgrid_node.index_file import (
    HEAD_BYTES,
    REBUILD,
    Frames,
    Header,
    Keys,
    read_frames,
)
from childgrid_node.segments import (
    Block,
    Seen,
    Segment,
    encoding_digest,
    payloads,
    segment_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

PRIVATE = 0o600

__all__ = ["Block", "Header", "Index", "Origin", "Segment", "encoding_digest"]


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
        self, scheme: Scheme, header: Header, segments: tuple[Segment, ...]
    ) -> None:
        self.scheme = scheme
        self.header = header
        self.segments = segments
        self._firsts = [segment.first for segment in segments]

    @classmethod
    def of(cls, scheme: Scheme, origin: Origin, blocks: Iterable[Block]) -> Index:
        """Return an index in memory that no file stands behind.

        Raises:
            DuplicateSource: two rows have the same source key.
        """
        segments: list[Segment] = []
        first, seen = 0, Seen()
        for rows, payload in payloads(scheme, blocks, seen):
            segments.append(segment_of(scheme, first, rows, memoryview(payload)))
            first += rows
        header = replace(_header(scheme, 0, b"", origin, clear=True), rows=first)
        return cls(scheme, header, tuple(segments))

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
        with _replacing(path) as descriptor, os.fdopen(descriptor, "wb") as file:
            file.write(bytes(HEAD_BYTES))
            frames, seen = Frames(file, keys, header), Seen()
            for rows, payload in payloads(scheme, blocks, seen):
                frames.add(rows, payload)
            header = replace(
                header,
                rows=frames.rows,
                frames=frames.frames,
                length=frames.length,
                sha256=frames.digest(),
            )
            file.seek(0)
            file.write(header.pack(keys.mac))
            file.flush()
            os.fsync(file.fileno())
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
        view = _mapped(path)
        header = Header.unpack(bytes(view[:HEAD_BYTES]), Keys.derive(index_key, "").mac)
        _expect(header, scheme, epoch, key_check)
        frames = read_frames(view, header, Keys.derive(index_key, header.file_id))
        segments, first = [], 0
        for frame in frames:
            segments.append(segment_of(scheme, first, frame.rows, frame.payload))
            first += frame.rows
        return cls(scheme, header, tuple(segments))

    def __len__(self) -> int:
        return sum(len(segment.rows) for segment in self.segments)

    @property
    def living(self) -> int:
        """Number of rows that are not deleted."""
        return len(self) - sum(int(segment.dead.sum()) for segment in self.segments)

    def key(self, row: int) -> str:
        """Return the source key of a row."""
        segment, local = self._find(row)
        return segment.key(local)

    def digest(self, row: int) -> bytes:
        """Return the SHA-256 of a row's encoding, as ``encoding_digest`` gives it."""
        segment, local = self._find(row)
        return bytes(segment.digests[local])

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
        row = self._by_key.get(key)
        if row is None:
            return None
        segment, local = self._find(row)
        return None if segment.dead[local] else row

    def bury(self, keys: Iterable[str]) -> int:
        """Mark the rows of these source keys as deleted, in memory.

        Returns the number of rows that were living until now.
        """
        buried = 0
        for key in keys:
            if (row := self.row_of(key)) is not None:
                segment, local = self._find(row)
                segment.dead[local] = 1
                buried += 1
        return buried

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {
            segment.key(local): segment.first + local
            for segment in self.segments
            for local in range(len(segment.rows))
        }

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


def _expect(header: Header, scheme: Scheme, epoch: int, key_check: bytes) -> None:
    if header.scheme != scheme.digest.hex():
        raise WrongScheme(f"the index was made under another scheme; {REBUILD}")
    if header.epoch != epoch:
        raise WrongEpoch(
            f"the index has key epoch {header.epoch}, the node has {epoch}; {REBUILD}"
        )
    if header.key_check != key_check.hex():
        raise WrongLinkageKey(f"the index has another linkage key; {REBUILD}")


def _mapped(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise IndexFileError(
            f"the index cannot be read ({error.strerror}); check the path in node.toml"
        ) from error


@contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """Yield a private temporary file that takes ``path``'s place if all goes well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, PRIVATE)
        yield descriptor
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
